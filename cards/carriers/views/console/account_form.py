"""Accounts at carriers made, changed and tried out in the console."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cards.actions.accounts_elsewhere import kept_secrets
from cards.carriers.actions.account_saving import save_account
from cards.carriers.actions.first_contact import first_contact, sim_of_number
from cards.carriers.forms import CarrierAccountForm
from cards.carriers.models import CarrierAccount
from cards.carriers.pages.account_settings import MAY_CHANGE_ACCOUNTS
from cards.carriers.protocols import PROTOCOLS
from cards.errors import BadInput
from cards.forms import say_at_field
from cards.identifiers import bare
from cards.pages.frames import console_page, permitted


@permitted(MAY_CHANGE_ACCOUNTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_carrier_account(request):
    """Make an account; first its protocol is chosen, which says what the form asks for."""
    name = request.POST.get("protocol") or request.GET.get("protocol", "")
    if not name:
        protocols = [(protocol.NAME, protocol.LABEL) for protocol in PROTOCOLS.values()]
        return console_page(request, "console/carriers/account_new.html", {"protocols": protocols})
    if name not in PROTOCOLS:
        raise Http404
    form = CarrierAccountForm(PROTOCOLS[name], request.POST or None)
    return _saved_or_asked(request, form, None)


@permitted(MAY_CHANGE_ACCOUNTS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_account(request, pk):
    """Change how an account is set; its carrier and its protocol stay."""
    account = get_object_or_404(CarrierAccount, pk=pk, protocol__in=PROTOCOLS)
    form = CarrierAccountForm(PROTOCOLS[account.protocol], request.POST or None, account, kept_secrets(account))
    return _saved_or_asked(request, form, account)


@permitted("carriers.look_at_carrier")
@require_http_methods(["GET", "HEAD", "POST"])
def try_account(request, pk):
    """The first contact: the carrier is asked about one card, and nothing is changed there or here."""
    account = get_object_or_404(CarrierAccount, pk=pk, protocol__in=PROTOCOLS)
    iccid, steps, complaint = bare(request.POST.get("iccid", "")), None, ""
    if request.method == "POST" and not iccid:
        complaint = _("Say the ICCID of a card that is on this account.")
    elif request.method == "POST":
        try:
            steps = first_contact(account, sim_of_number(iccid))
        except BadInput as bad:
            complaint = str(bad.sentence)
    context = {"account": account, "iccid": iccid, "steps": steps, "complaint": complaint}
    return console_page(request, "console/carriers/account_try.html", context, status=422 if complaint else None)


def _saved_or_asked(request, form, account):
    """Save what was posted, or the form again with what is wrong."""
    if request.method == "POST" and form.is_valid():
        name = account.name if account else form.cleaned_data["name"]
        try:
            if account is None and CarrierAccount.objects.filter(name=name).exists():
                raise BadInput("name", _("There is an account of this name already."))
            saved = save_account(name, by=request.user, protocol=form.protocol.NAME, **form.told())
        except BadInput as bad:
            say_at_field(form, bad)
        else:
            messages.success(request, _("Saved."))
            return redirect("carriers:account", pk=saved.pk)
    context = {"form": form, "account": account, "protocol": form.protocol}
    status = 422 if request.method == "POST" else None
    return console_page(request, "console/carriers/account_form.html", context, status=status)
