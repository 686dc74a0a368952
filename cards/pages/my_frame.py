"""What all of the customers' own pages share: they are for customers, and they stand in a frame of their own."""

from dataclasses import dataclass
from functools import wraps

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cards.permissions import Actor
from cards.scope import Scope

MENU = (
    (_("Home"), "my:home"),
    (_("My cards"), "my:card-list"),
    (_("Orders"), "buying:order-list"),
    (_("Wallet"), "buying:wallet"),
    (_("Requests"), "my:requests"),
    (_("Members"), "my:members"),
    (_("Account"), "account:account"),
)


@dataclass(frozen=True)
class Link:
    title: str
    url: str
    is_current: bool


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
        return view(request, *args, **kwargs) if Actor.of(request.user).customers else only_looks(request)

    return guarded


def my_page(request, template, context=None, status=None):
    """A page of a customer: the template with the menu around its own context."""
    return render(request, template, _my_frame(request) | (context or {}), status=status)


def anyones_page(request, template, context=None, status=None):
    """A page that is for everybody; it stands in the frame that whoever reads it is used to."""
    return render(request, template, frame_of(request) | (context or {}), status=status)


def frame_of(request):
    """What the template `frame` needs around a page that is for everybody."""
    if Scope.of(request.user).is_staff:
        return admin.site.each_context(request) | {"frame": "console/base.html"}
    mine = _my_frame(request) if request.user.is_authenticated else {}
    return mine | {"frame": "my/base.html"}


def only_looks(request):
    """The answer to somebody who may look and change nothing."""
    return my_page(request, "my/only_looks.html", status=403)


def _my_frame(request):
    return {"menu": menu(request), "may_act": bool(Actor.of(request.user).customers)}


def menu(request):
    return [_link(request.path, title, reverse(name)) for title, name in MENU]


def _link(path, title, url):
    is_current = path == url if url == reverse("my:home") else path.startswith(url)
    return Link(title, url, is_current)
