"""Master data in the admin. Cards appear read-only: they change by actions, in the console."""

from urllib.parse import urlencode

from django.contrib import admin
from django.core.paginator import Paginator
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cards.admin.customers import CustomerAdmin
from cards.admin.groups import PortalGroupAdmin
from cards.admin.policies import CarrierPolicyAdmin
from cards.admin.users import PortalUserAdmin
from cards.calendar import last_day
from cards.models import CancellingRules, Card, Tag

__all__ = [
    "CancellingRulesAdmin",
    "CardAdmin",
    "CarrierPolicyAdmin",
    "CustomerAdmin",
    "PortalGroupAdmin",
    "PortalUserAdmin",
    "TagAdmin",
]

ROWS_COUNTED = 10_000


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    """Tags come into being on cards, where their names stand and stay; one that is on no card any more can go."""

    list_display = ["name", "created_at", "its_cards"]
    actions = None

    @admin.display(description=_("SIM cards"))
    def its_cards(self, tag):
        url = f"{reverse('console:card-list')}?{urlencode({'tag': tag.name})}"
        return format_html('<a href="{}">{}</a>', url, _("Show these cards"))

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and (obj is None or not obj.card_rows.exists())


@admin.register(CancellingRules)
class CancellingRulesAdmin(admin.ModelAdmin):
    """One row, that is there from its migration on."""

    list_display = ["__str__", "most_alone", "days", "approval_days"]
    actions = None

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class CappedPaginator(Paginator):
    """Counts no further than 10,000: nobody turns so many pages, and counting all cards costs more than they do."""

    @cached_property
    def count(self):
        return self.object_list[:ROWS_COUNTED].count()


@admin.register(Card)
class CardAdmin(admin.ModelAdmin):
    """Cards to be looked at. What changes one is an action, and those stand on its page in the console."""

    list_display = ["iccid", "carrier", "state", "customer", "opened_on", "last_day_of_service", "console_page"]
    list_select_related = ["customer"]
    list_per_page = 50
    ordering = ["-pk"]
    sortable_by = []
    search_fields = ["iccid__exact"]
    search_help_text = _("Full ICCID only; use the console for other searches")
    show_full_result_count = False
    paginator = CappedPaginator
    actions = None

    @admin.display(description=_("last day of service"))
    def last_day_of_service(self, card):
        return card.service_until and last_day(card.service_until)

    @admin.display(description=_("console"))
    def console_page(self, card):
        return format_html('<a href="{}">{}</a>', reverse("console:card", args=[card.iccid]), _("Open in the console"))

    def get_search_results(self, request, queryset, search_term):
        return (queryset.numbered(search_term) if search_term.strip() else queryset), False

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
