"""Becoming somebody here: by an invitation, of a customer or of the dealer, or with an account of one's own to claim a
card."""

from django.db import transaction
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cards.actions import throttle
from cards.errors import BadInput
from cards.forms import say_at_field
from cards.links import secret_in
from cards.models import Invitation, StaffInvitation
from cards.pages.frames import public_page
from cards.people import accounts, devices, sessions
from cards.people.forms import NewColleagueForm, NewPersonForm
from cards.people.members import accept
from cards.people.people_lines import told_together
from cards.people.staff import join_staff
from cards.people.views.login import ask_to_set_up
from cards.scope import Scope
from cards.visitors import visitor_address

INVITED, INVITED_AS_STAFF = "invited by", "invited as staff by"  # of the session: an invitation's token


@require_http_methods(["GET", "HEAD", "POST"])
def join(request):
    """An invitation: whoever is logged in joins, and somebody new makes an account first.

    Its secret is posted first, and kept in the session: also while somebody logs in.
    """
    if Scope.of(request.user).is_staff:
        raise Http404
    if "link" in request.POST:
        return _opened(request, secret_in(request.POST["link"]))
    if INVITED not in request.session:
        return public_page(request, "account/join_link.html")
    invitation = Invitation.of_token(request.session[INVITED])
    if invitation is None:
        return _is_over(request)
    if request.user.is_authenticated:
        return _join_as_oneself(request, invitation)
    return _join_as_somebody_new(request, invitation)


@require_safe
def join_by_path(request, token):
    """A link of version 0.7, good for a week; it goes with the next version."""
    if Scope.of(request.user).is_staff:
        raise Http404
    return _opened(request, token)


@require_http_methods(["GET", "HEAD", "POST"])
def new_account(request):
    """An account for somebody with a card to claim; by itself it shows and opens nothing."""
    target = request.POST.get("next", request.GET.get("next", ""))
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        target = reverse("my:home")
    if request.user.is_authenticated:
        return redirect(target)
    form = NewPersonForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid() and _may_try(request, form) and (user := _made(form)):
        sessions.log_in(request, user)
        return devices.with_cookie(redirect(target), user)
    context = {"form": form, "next": target}
    return public_page(request, "account/new.html", context, status=422 if form.errors else None)


@require_http_methods(["GET", "HEAD", "POST"])
def join_as_staff(request):
    """An invitation to work for the dealer: always a new account, which is led to the second step where it must be."""
    if request.user.is_authenticated:
        return public_page(request, "account/join_logged_in.html", status=409 if request.method == "POST" else None)
    if "link" in request.POST:
        token = secret_in(request.POST["link"])
        if StaffInvitation.of_token(token) is None:
            return _is_over(request)
        request.session[INVITED_AS_STAFF] = token
        return redirect("account:join")
    if INVITED_AS_STAFF not in request.session:
        return public_page(request, "account/join_link.html")
    invitation = StaffInvitation.of_token(request.session[INVITED_AS_STAFF])
    return _is_over(request) if invitation is None else _join_as_colleague(request, invitation)


def _join_as_colleague(request, invitation):
    form = NewColleagueForm(request.POST or None, initial={"email": invitation.email}, label_suffix="")
    if request.method == "POST" and form.is_valid() and _may_try(request, form):
        try:
            user = join_staff(invitation, **form.values())
        except BadInput as bad:
            say_at_field(form, bad)
        else:
            return _let_in(request, user) if user else _is_over(request)
    may, may_not = told_together(invitation.roles)
    context = {"invitation": invitation, "form": form, "may": may, "may_not": may_not}
    return public_page(request, "account/join_staff.html", context, status=422 if form.errors else None)


def _let_in(request, user):
    """Somebody who has just chosen their password."""
    del request.session[INVITED_AS_STAFF]
    if sessions.must_take_two_steps(user):
        return ask_to_set_up(request, user, reverse("home"))
    sessions.log_in(request, user)
    return devices.with_cookie(redirect("home"), user)


def _opened(request, token):
    """The link's own page; nothing is kept of a link that opens nothing."""
    if Invitation.of_token(token) is None:
        return _is_over(request)
    request.session[INVITED] = token
    return redirect("my:join")


def _join_as_oneself(request, invitation):
    complaint = ""
    if request.method == "POST":
        try:
            return _joined(request) if accept(invitation, request.user) else _is_over(request)
        except BadInput as bad:
            complaint = str(bad.sentence)
    return public_page(request, "account/join.html", {"invitation": invitation, "complaint": complaint})


def _join_as_somebody_new(request, invitation):
    """The account and the membership come to be together, or neither; the try is counted all the same."""
    form = NewPersonForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid() and _may_try(request, form):
        with transaction.atomic():
            user = _made(form)
            joined = user and accept(invitation, user)
            transaction.set_rollback(not joined)
        if joined:
            sessions.log_in(request, user)
            return devices.with_cookie(_joined(request), user)
        if user:
            return _is_over(request)
    context = {"invitation": invitation, "form": form}
    return public_page(request, "account/join.html", context, status=422 if form.errors else None)


def _may_try(request, form):
    """Whether another account may be asked for from here today; the form says so if not."""
    if throttle.hit(throttle.ACCOUNTS_OF_ADDRESS, visitor_address(request.META)):
        return True
    form.add_error(None, _("Too many accounts were created from here today. Try again tomorrow."))
    return False


def _made(form):
    """The new person; None if that cannot be, and the form says why."""
    try:
        return accounts.make_person(**form.values())
    except BadInput as bad:
        say_at_field(form, bad)


def _joined(request):
    del request.session[INVITED]
    return redirect("my:home")


def _is_over(request):
    for kind in (INVITED, INVITED_AS_STAFF):
        request.session.pop(kind, None)
    return public_page(request, "account/join_over.html", status=404)
