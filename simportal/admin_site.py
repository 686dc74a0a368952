"""The admin site of the portal: master data, the login for all staff, and the menu that console and admin share."""

from dataclasses import dataclass
from functools import partial, wraps
from html import escape

from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import SimpleLazyObject, cached_property
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.pages.addresses import address
from cards.paging import count_label
from cards.people.views.login import LoginDoor
from cards.permissions import has_role
from simportal.audited_admin import Audited
from simportal.find import FINDS_ANYTHING
from simportal.waiting import MOST_IN_MENU, waiting_at, waiting_in_menu


@dataclass(frozen=True)
class MenuLink:
    """A link of a menu, by the name of its page."""

    title: str
    name: str
    menu: "Menu"

    @cached_property
    def url(self):
        return address(self.name)

    @property
    def is_current(self):
        path = self.menu.request.path
        return path == self.url if self.name == "dashboard" else path.startswith(self.url)

    @property
    def waiting(self):
        """How much waits there for whoever looks, and up to one more than `MOST_IN_MENU`."""
        return self.menu.counts[self.name]

    @property
    def waiting_url(self):
        """Where all of that is listed."""
        return waiting_at(self.menu.request.user, self.name)

    @property
    def count_label(self):
        return count_label(self.waiting, MOST_IN_MENU)


@dataclass(frozen=True)
class MenuSection:
    title: str
    links: list


# What the menu shows, each with the permission that lets somebody look at it: that of the page itself, or a narrower.
CONSOLE_MENU = (
    (_("Dashboard"), "dashboard", "cards.view_card"),
    (_("SIM cards"), "console:card-list", "cards.view_card"),
    (_("Customers"), "money:customer-list", "cards.view_customer"),
    (_("Queues"), "console:queues", "cards.view_card"),
    (_("Requests"), "console:requests", "cards.view_cardrequest"),
    (_("Jobs"), "console:job-list", "cards.view_job"),
    (_("Import"), "console:imports", "cards.import_card"),
    (_("Carriers"), "carriers:accounts", "carriers.view_carrieraccount"),
    (_("Nightly sweep"), "console:sweep", "cards.view_sweptday"),
)
MONEY = (
    (pgettext_lazy("orders", "Orders"), "money:order-list", "billing.view_order"),
    (_("Openings not paid"), "money:not-paid", "billing.view_order"),
    (_("Receipts"), "money:receipt-list", "billing.view_receipt"),
    (_("Payments to clear"), "money:unmatched-list", "billing.add_receipt"),
    (_("Provider bills"), "bills:bills", "bills.view_bill"),
    (_("Refunds to payers"), "money:payer-refund-list", "billing.settle_payerrefund"),
    (_("Withdrawals"), "money:withdrawal-list", "billing.pay_withdrawal"),
    (_("Approvals"), "money:approvals", "billing.view_proposal"),
    (_("Missed renewals"), "money:missed-renewals", "billing.view_order"),
    (_("Payment providers"), "money:providers", "billing.view_provideraccount"),
    (_("Prices"), "money:prices", "billing.view_price"),
    (_("Notices"), "money:notice-list", "billing.view_notice"),
    (_("Margin"), "money:margin", "billing.view_order"),
    (_("Free service"), "money:grants", "billing.view_order"),
    (_("Revenue at risk"), "money:at-risk", "billing.view_order"),
)

# Of the admin; its customers are opened from the console's.
MASTER_DATA = (
    (_("Plans"), "admin:cards_plan_changelist", "cards.view_plan"),
    (_("Tags"), "admin:cards_tag_changelist", "cards.view_tag"),
    (_("Carrier policies"), "admin:cards_carrierpolicy_changelist", "cards.view_carrierpolicy"),
    (_("Price tiers"), "admin:billing_pricetier_changelist", "billing.view_pricetier"),
    (_("Cancellation settings"), "admin:cards_cancellingrules_changelist", "cards.view_cancellingrules"),
    (_("Billing settings"), "admin:billing_moneyrules_changelist", "billing.view_moneyrules"),
    (_("Groups"), "admin:auth_group_changelist", "auth.view_group"),
)
PEOPLE = (
    (pgettext_lazy("menu", "People"), "console:people", "auth.view_user"),
    (pgettext_lazy("menu", "API keys"), "console-api:keys", "api.view_apikey"),
    (_("Audit log"), "console:log", "cards.view_auditentry"),
)
SECTIONS = (
    (_("Operations"), CONSOLE_MENU),
    (_("Billing"), MONEY),
    (_("Master data"), MASTER_DATA),
    (_("People and audit"), PEOPLE),
)


class PortalAdminSite(AdminSite):
    """The admin; its login is the one door of staff and customers. What opens behind it is each page's business."""

    site_header = "simportal"
    site_title = "simportal"
    index_title = _("Master data")
    site_url = None
    enable_nav_sidebar = False
    login_template = "console/login.html"

    def register(self, model_or_iterable, admin_class=None, **options):
        """Whatever is registered here is audited, whoever wrote its class."""
        admin_class = admin_class or ModelAdmin
        audited = type(admin_class.__name__, (Audited, admin_class), {"__module__": admin_class.__module__})
        super().register(model_or_iterable, audited, **options)

    def get_app_list(self, request, app_label=None):
        """Django asks for it on every page; it is made where it is shown."""
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))

    def each_context(self, request):
        context = super().each_context(request) | {"shows_demo_hint": settings.DEBUG}
        if context["has_permission"]:
            context["nav"] = Menu(request)
            context["may_find"] = any(map(request.user.has_perm, FINDS_ANYTHING))
        return context

    def admin_view(self, view, cacheable=False):
        """Staff without any role may log out, and no more than that."""
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def with_a_role(request, *args, **kwargs):
            if self.has_permission(request) and view != self.logout and not has_role(request.user):
                raise PermissionDenied
            return guarded(request, *args, **kwargs)

        return with_a_role

    def password_change(self, request, extra_context=None):
        """There is one form for it, for everybody."""
        return redirect("account:password")

    def login(self, request, extra_context=None):
        """Who was on the way to no page in particular goes to their own door."""
        if request.method == "GET" and self.has_permission(request):
            return redirect("admin:index")
        asked_for = REDIRECT_FIELD_NAME in request.GET or REDIRECT_FIELD_NAME in request.POST
        home = {} if asked_for else {REDIRECT_FIELD_NAME: reverse("home")}
        context = {"title": _("Log in"), "app_path": request.get_full_path(), "username": request.user.get_username()}
        context = self.each_context(request) | context | home | (extra_context or {})
        return LoginDoor.as_view(template_name=self.login_template, extra_context=context)(request)


class Menu:
    """What somebody may use, and what waits for them beside each link; that is counted where a page shows it."""

    most = MOST_IN_MENU

    def __init__(self, request):
        self.request = request

    @cached_property
    def sections(self):
        """The sections that have a link for this person."""
        may = self.request.user.has_perm
        sections = [
            MenuSection(title, [MenuLink(label, name, self) for label, name, perm in entries if may(perm)])
            for title, entries in SECTIONS
        ]
        return [section for section in sections if section.links]

    @cached_property
    def links(self):
        """The sections as HTML, which stands on a page twice: at the side, and where a phone opens it.

        Drawn here and not by a template: every page of the console has these.
        """
        return mark_safe("".join(map(self._section, self.sections)))

    def _section(self, section):
        links = "".join(map(self._link, section.links))
        return f"<section><h2>{escape(str(section.title))}</h2><ul>{links}</ul></section>"

    def _link(self, link):
        current = ' aria-current="page"' if link.is_current else ""
        waiting = render_to_string("console/_waiting.html", {"link": link, "most": self.most}) if link.waiting else ""
        return f'<li><a href="{escape(link.url)}"{current}>{escape(str(link.title))}</a>{waiting}</li>'

    @cached_property
    def counts(self):
        return waiting_in_menu(self.request.user)

    @property
    def is_waited_for(self):
        """Whether anything waits for this person."""
        return any(link.waiting for section in self.sections for link in section.links)
