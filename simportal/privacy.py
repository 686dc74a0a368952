"""What is kept of people: a page that says it, one's own data as a file, and the end of an account.

People do it for themselves below /account/. On request, staff with the permission do it for a customer's person.
"""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model, logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.models import CustomerAccount
from billing.people import MONEY_DATA
from cards.choices import AuditAction
from cards.errors import BadInput
from cards.models import Card
from cards.pages.downloads import as_download, dated
from cards.pages.frames import CONSOLE, console_page, permitted, public_page
from cards.people.forms import ConfirmedForm
from cards.people.members import without_programs
from cards.people.personal_data import PERSONAL_DATA, close_account, data_of
from cards.scope import Scope

_KINDS = (*MONEY_DATA, *PERSONAL_DATA)  # what says who somebody is goes last
HOW_LONG = {
    "id_checks": "REAL_NAME_YEARS",
    "requests": "REQUEST_YEARS",
    "invitations": "INVITATION_DAYS",
    "bank_accounts": "REQUEST_YEARS",
}
FORM_METHODS = ["GET", "HEAD", "POST"]


@require_safe
def what_is_kept(request):
    """For everybody: what is kept, why, how long, and who sees it."""
    rows = [(kind.label, kind.purpose, _kept(kind), kind.seen_by) for kind in _KINDS]
    return public_page(request, "account/privacy.html", {"rows": rows})


@login_required
@require_safe
def own_data(request):
    """How much of what is kept of oneself, and the ways to have it and to end it."""
    context = {"counts": _counts(request.user), "may_delete": not Scope.of(request.user).is_staff}
    return public_page(request, "account/data.html", context)


@login_required
@require_safe
def own_file(request):
    return _file(request.user, by=request.user)


@login_required
@require_http_methods(FORM_METHODS)
def delete_own_account(request):
    """The end of one's own account, for who knows the password. An account of the staff is the dealer's to end."""
    if Scope.of(request.user).is_staff:
        raise PermissionDenied
    form = ConfirmedForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid() and _closed(form, request.user, by=request.user):
        logout(request)
        messages.success(request, _("Your account has been deleted."))
        return redirect("admin:login")
    context = {"form": form, "stays": _stays()}
    return public_page(request, "account/delete.html", context, status=422 if form.errors else None)


@permitted("cards.export_person", "cards.erase_person")
@require_safe
def data_of_person(request, pk):
    person = _customers_person(pk)
    return console_page(request, "console/person_data.html", {"person": person, "counts": _counts(person)})


@permitted("cards.export_person")
@require_safe
def file_of_person(request, pk):
    return _file(_customers_person(pk), by=request.user)


@permitted("cards.erase_person")
@require_http_methods(FORM_METHODS)
def delete_person(request, pk):
    """The end of a customer's person, because they asked for it; whoever does it gives their own password."""
    person, form = _customers_person(pk), ConfirmedForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid() and _closed(form, person, by=request.user):
        messages.success(request, _("The account of {person} has been deleted.").format(person=person))
        return redirect("data-of-person", pk)
    context = {"form": form, "person": person, "stays": _stays()}
    return CONSOLE.page(request, "console/person_delete.html", context, status=422 if form.errors else None)


def is_needed(customer):
    """Whether somebody has to answer for a customer: it has a card that lives, or money on either side."""
    has_money = CustomerAccount.objects.filter(customer=customer).exclude(balance=0).exists()
    return has_money or Card.objects.filter(customer=customer).not_cancelled().exists()


def _closed(form, user, *, by):
    """Whether the account is closed; the form says why it is not."""
    try:
        close_account(user, by=by, is_needed=is_needed, kinds=_KINDS)
    except BadInput as bad:
        form.add_error(None, str(bad.sentence))
        return False
    return True


def _customers_person(pk):
    return get_object_or_404(without_programs(get_user_model().objects), pk=pk, is_staff=False)


def _file(user, *, by):
    response = JsonResponse(data_of(user, _KINDS), json_dumps_params={"ensure_ascii": False, "indent": 2})
    name = dated(_("personal-data-{user}").format(user=user.get_username()), "json")
    return as_download(response, name, by=by, action=AuditAction.PERSON_EXPORTED, about=user)


def _counts(user):
    found = data_of(user, _KINDS)
    return [(kind.label, len(found[kind.name])) for kind in _KINDS]


def _stays():
    """(what, how long) of what does not go with an account."""
    return [(kind.label, _kept(kind)) for kind in _KINDS if kind.erase is None]


def _kept(kind):
    count = getattr(settings, HOW_LONG.get(kind.name, ""), "")
    return str(kind.kept).format(years=count, days=count)
