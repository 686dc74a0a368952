"""Accounts at payment providers in the console: how they are doing, made, changed and tried out."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.actions.payments import TRIAL_AMOUNT, start_trial
from billing.actions.provider_saving import account_protocols, save_provider_account
from billing.actions.providers import provider_names
from billing.choices import PaymentWay
from billing.forms import ProviderAccountForm, TrialForm
from billing.models import ProviderAccount
from billing.money import read_amount
from billing.pages.provider_rows import MAY_CHANGE_PROVIDERS, fields_told, provider_rows, trials_of, ways_told
from billing.views.paying import to_its_page
from cards.actions.accounts_elsewhere import kept_secrets
from cards.errors import BadInput
from cards.forms import say_at_field
from cards.pages.frames import console_page, permitted

MAY_SEE_PROVIDERS = "billing.view_provideraccount"
MAY_TRY_PROVIDERS = "billing.pay_order"


@permitted(MAY_SEE_PROVIDERS)
@require_safe
def provider_list(request):
    """Every account, in the order in which payers see them."""
    context = {
        "rows": provider_rows(_accounts()),
        "takers": provider_names(),
        "local_only": settings.LOCAL_PAYMENTS,
        "may_change": request.user.has_perm(MAY_CHANGE_PROVIDERS),
        "may_try": request.user.has_perm(MAY_TRY_PROVIDERS),
    }
    return console_page(request, "console/money/providers.html", context)


@permitted(MAY_SEE_PROVIDERS)
@require_safe
def provider_page(request, pk):
    """One account: how it is set, what goes through it, its trials; never its secrets."""
    account = _find(pk)
    context = {
        "account": account,
        "row": provider_rows([account])[0],
        "fields": fields_told(account),
        "ways": ways_told(account),
        "trials": trials_of(account),
        "may_change": request.user.has_perm(MAY_CHANGE_PROVIDERS),
        "may_try": request.user.has_perm(MAY_TRY_PROVIDERS),
    }
    return console_page(request, "console/money/provider.html", context)


@permitted(MAY_CHANGE_PROVIDERS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_provider(request):
    """Make an account; first its provider is chosen, which says what the form asks for."""
    protocols = account_protocols()
    name = request.POST.get("protocol") or request.GET.get("protocol", "")
    if not name:
        return console_page(request, "console/money/provider_new.html", {"protocols": protocols.values()})
    if name not in protocols:
        raise Http404
    return _saved_or_asked(request, ProviderAccountForm(protocols[name], request.POST or None), None)


@permitted(MAY_CHANGE_PROVIDERS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_provider(request, pk):
    """Change how an account is set; its name and its provider stay."""
    account = _find(pk)
    provider = account_protocols()[account.protocol]
    form = ProviderAccountForm(provider, request.POST or None, account, kept_secrets(account))
    return _saved_or_asked(request, form, account)


@permitted(MAY_TRY_PROVIDERS)
@require_http_methods(["GET", "HEAD", "POST"])
def try_provider(request, pk):
    """Pay ¥0.01 through the account, in use or not; the money goes back by itself."""
    account = _find(pk)
    row, ways = provider_rows([account])[0], ways_told(account)
    form = TrialForm(ways, request.POST or None)
    if request.method == "POST" and not row.complaint and form.is_valid():
        way, key = PaymentWay(form.cleaned_data["way"]), form.cleaned_data["key"]
        return to_its_page(request, start_trial(account, user=request.user, way=way, key=key))
    context = {
        "account": account,
        "row": row,
        "form": form,
        "amount": read_amount(TRIAL_AMOUNT),
        "trials": trials_of(account),
    }
    status = 422 if request.method == "POST" else None
    return console_page(request, "console/money/provider_try.html", context, status=status)


def _accounts():
    return ProviderAccount.objects.filter(protocol__in=account_protocols())


def _find(pk):
    return get_object_or_404(_accounts(), pk=pk)


def _saved_or_asked(request, form, account):
    """Save what was posted, or the form again with what is wrong."""
    if request.method == "POST" and form.is_valid():
        name = account.name if account else form.cleaned_data["name"]
        try:
            if account is None and ProviderAccount.objects.filter(name=name).exists():
                raise BadInput("name", _("There is an account of this name already."))
            saved = save_provider_account(name, by=request.user, protocol=form.provider.name, **form.told())
        except BadInput as bad:
            say_at_field(form, bad)
        else:
            messages.success(request, _("Saved."))
            return redirect("money:provider", pk=saved.pk)
    context = {"form": form, "account": account, "provider": form.provider}
    status = 422 if request.method == "POST" else None
    return console_page(request, "console/money/provider_form.html", context, status=status)
