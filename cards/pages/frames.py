"""The frames that pages stand in: the console, which is for staff, and the customers' own pages.

A page that both have is written once and given its frame: who may enter, what stands around the page, where its
addresses lead, and what things are called there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from urllib.parse import quote

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods

from cards.errors import NamelessRefused, Refused
from cards.models import Customer
from cards.pages.addresses import address
from cards.pages.way_back import way_back
from cards.permissions import Actor
from cards.scope import Scope

SAFE = ("GET", "HEAD")
SELLING = (pgettext_lazy("menu", "Public renewals"), "buying:selling")  # for an enterprise's owners alone
OF_OWNERS = (  # for owners alone
    (pgettext_lazy("menu", "API keys"), "my-api:keys"),
    (_("Webhooks"), "webhooks:list"),
)
MENU = (
    (_("Home"), "my:home"),
    (_("My cards"), "my:card-list"),
    (pgettext_lazy("orders", "Orders"), "buying:order-list"),
    (_("Wallet"), "buying:wallet"),
    SELLING,
    (_("Requests"), "my:requests"),
    (_("Members"), "my:members"),
    *OF_OWNERS,
    (pgettext_lazy("login", "Account"), "account:account"),
)


_ANY = "any"  # in the place of what an address is of
_UNQUOTED = "!$&'()*+,;=/~:@"  # as `reverse` leaves it


@dataclass(frozen=True)
class Link:
    title: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Frame:
    """What the pages of one audience share.

    `name` is that of its folder of templates and the namespace of its addresses, `money` the namespace of billing's.
    `enter` and `act` make decorators of views, for whoever may look and for whoever may change something, of the
    permission that staff need; `refuse` is the answer to somebody who may not. `layout` gives what the frame's template
    needs around a page. `title` and `show_all` are what the list of cards is called, and the way to all of them.
    """

    name: str
    money: str
    layout: Callable
    enter: Callable
    act: Callable
    refuse: Callable
    title: Promise
    show_all: Promise
    for_staff: bool = False

    @property
    def base(self):
        """The template around its pages."""
        return f"{self.name}/base.html"

    def page(self, request, template, context=None, status=None):
        """A page in this frame: the template with what stands around it and its own context."""
        return render(request, template, self.context(request) | (context or {}), status=status)

    def context(self, request):
        return {"frame": self, "way_back": way_back(request), **self.layout(request)}

    @property
    def refusals(self):
        """The class that makes the sentences of what became of many cards: customers read no name of the staff."""
        return Refused if self.for_staff else NamelessRefused

    def url(self, name, *args):
        """An address of cards and what is done to them: `job` is `console:job` or `my:job`."""
        return reverse(f"{self.name}:{name}", args=args) if args else address(f"{self.name}:{name}")

    def urls(self, name):
        """A function that gives the addresses of this name, each for the text in its place, for many of them."""
        before, _mark, behind = self.url(name, _ANY).partition(_ANY)
        return lambda text: f"{before}{quote(text, safe=_UNQUOTED)}{behind}"

    def money_url(self, name, *args):
        """An address of money: `order` is `money:order` or `buying:order`."""
        return reverse(f"{self.money}:{name}", args=args)


class Framed:
    """Pages that both audiences have. Its methods that answer requests are decorated with `entering` or `acting`.

    `asks` is the permission without which no member of the staff sees them; members see what is their customers'.
    """

    asks: str

    def __init__(self, frame):
        self.frame = frame


def _answering(guard, *methods):
    """A method that answers requests made by these HTTP methods, from anyone whom the frame's `guard` lets pass."""

    def decorate(view):
        @wraps(view)
        def guarded(self, request, *args, **kwargs):
            answer = require_http_methods(methods)(partial(view, self))
            return getattr(self.frame, guard)(self.asks)(answer)(request, *args, **kwargs)

        return guarded

    return decorate


entering, acting = partial(_answering, "enter"), partial(_answering, "act")


def _staff_required(view):
    """The view is for staff: a stranger is asked to log in, and for anybody else the page does not exist."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if admin.site.has_permission(request):
            return view(request, *args, **kwargs)
        if request.user.is_authenticated:
            raise Http404
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))

    return guarded


def permitted(*permissions):
    """The view is for staff with one of these permissions, such as `billing.pay_order`; other staff get a 403.

    There is no other way into the console: each of its views says what it asks, and `asks` tells.
    """

    def guard(view):
        @_staff_required
        @wraps(view)
        def guarded(request, *args, **kwargs):
            if not any(map(request.user.has_perm, permissions)):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.asks = permissions
        return guarded

    return guard


def asks_of(view):
    """The permissions of which the console asks one for a view; none where it is no view of the console."""
    pages = getattr(view, "__self__", None)
    if isinstance(pages, Framed):
        return (pages.asks,) if pages.frame.for_staff else ()
    return getattr(view, "asks", ())


def takes_up_to(size):
    """The view takes forms with files, of so many bytes together, from who has a permission that it asks for.

    Others take what a form without files may have.
    """

    def mark(view):
        view.largest_request = size
        return view

    return mark


def largest_request_of(view):
    return getattr(view, "largest_request", 0)


def member_required(view):
    """The view is for customers: a stranger is asked to log in, and for staff the page does not exist."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if Scope.of(request.user).is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def acting_required(view):
    """The view changes something: it is for members who may act for one of their customers at least."""

    @wraps(view)
    @member_required
    def guarded(request, *args, **kwargs):
        return view(request, *args, **kwargs) if Actor.of(request.user).customers else read_only(request)

    return guarded


def read_only(request):
    """The answer to a customer's member who may look and change nothing."""
    return MY.page(request, "my/read_only.html", status=403)


def _denied(request):
    raise PermissionDenied


def _console_layout(request):
    return admin.site.each_context(request)


def _my_layout(request):
    """The menu; for a stranger there is none."""
    if not request.user.is_authenticated:
        return {}
    menu, home = [], reverse("my:home")
    scope = Scope.of(request.user)
    shows = {SELLING: Customer.objects.enterprises_owned(scope).exists()}
    shows |= dict.fromkeys(OF_OWNERS, bool(scope.owns))
    for title, name in (entry for entry in MENU if shows.get(entry, True)):
        url = reverse(name)
        is_current = request.path == url if url == home else request.path.startswith(url)
        menu.append(Link(title, url, is_current))
    return {"menu": menu, "may_act": bool(scope.acts_for)}


CONSOLE = Frame(
    name="console",
    money="money",
    layout=_console_layout,
    enter=permitted,
    act=permitted,
    refuse=_denied,
    title=_("SIM cards"),
    show_all=_("Show all cards"),
    for_staff=True,
)
MY = Frame(
    name="my",
    money="buying",
    layout=_my_layout,
    enter=lambda _asked: member_required,
    act=lambda _asked: acting_required,
    refuse=read_only,
    title=_("My cards"),
    show_all=_("Show all my cards"),
)
console_page, my_page = CONSOLE.page, MY.page


def frame_of(request):
    """The frame that whoever reads the page is used to."""
    return CONSOLE if Scope.of(request.user).is_staff else MY


def public_page(request, template, context=None, status=None):
    """A page that is for everybody, in the frame that they are used to."""
    return frame_of(request).page(request, template, context, status)
