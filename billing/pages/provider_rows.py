"""The payment accounts as the console shows them: how each is set, what goes through it, what its trials came to."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.actions.provider_saving import account_complaint
from billing.actions.provider_use import payments_waiting, refunds_failed, refunds_underway
from billing.actions.providers import notify_url, provider_label, reach_account
from billing.choices import PayerRefundCause
from billing.models import PayerRefund, Payment, ProviderAccount
from billing.pages.order_labels import money_badge
from billing.payments import PROVIDERS
from cards.actions.accounts_elsewhere import kept_secrets
from cards.errors import BadInput
from cards.pages.badges import Badge

MAY_CHANGE_PROVIDERS = "billing.change_provideraccount"  # which nobody can be given: superusers make accounts
TRIALS_SHOWN = 5


@dataclass(frozen=True)
class ProviderRow:
    """An account with what keeps it from taking payments (`complaint`), and how many payments wait to be paid, and
    refunds to payers are on their way or have failed."""

    account: ProviderAccount
    complaint: str
    waiting: int
    going_back: int
    failed: int

    @property
    def badge(self):
        if not self.account.is_on:
            return Badge(_("Off"), "")
        if self.complaint:
            return Badge(_("Does not work"), "bad")
        if self.account.tried_at is None:
            return Badge(pgettext("provider account", "In use, never tried"), "warning")
        return Badge(pgettext("provider account", "In use"), "good")

    @property
    def provider(self):
        return provider_label(self.account.name)

    @property
    def notify_url(self):
        return notify_url(self.account.name)

    @property
    def address(self):
        """Where the provider is."""
        return self.account.base_url or PROVIDERS[self.account.protocol].base_url


@dataclass(frozen=True)
class TrialTold:
    """A trial payment, how far its money has come on its way back (None: it was not paid), and what to do next.

    `words` are the provider's, where it has refused something.
    """

    payment: Payment
    badge: Badge
    refund_badge: Badge | None
    advice: str
    words: list


def provider_rows(accounts):
    """These accounts, each with its figures."""
    accounts = list(accounts)
    names = [account.name for account in accounts]
    waiting, underway, failed = payments_waiting(names), refunds_underway(names), refunds_failed(names)
    return [
        ProviderRow(
            account,
            account_complaint(account),
            waiting.get(account.name, 0),
            underway.get(account.name, 0),
            failed.get(account.name, 0),
        )
        for account in accounts
    ]


def fields_told(account):
    """(label, value) of what an account was told; of a secret and of a key no more than whether it is there."""
    fields, kept = PROVIDERS[account.protocol].fields, {*account.fields, *kept_secrets(account)}
    are_shown = {field.name for field in fields if not (field.is_secret or field.is_text)}
    told = {name: account.fields[name] if name in are_shown else _("set") for name in kept}
    return [(field.label, told.get(field.name, _("not set"))) for field in fields]


def ways_told(account):
    """The ways in which an account takes payments; none where its secrets cannot be read."""
    try:
        reached = reach_account(account)
    except BadInput:
        return []
    return reached.provider.ways_of(reached.merchant)


def trials_of(account):
    """The latest trials of an account, the newest first."""
    trials = Payment.objects.filter(provider=account.name, customer=None).order_by("-pk")[:TRIALS_SHOWN]
    refunds = {
        refund.payment_id: refund
        for refund in PayerRefund.objects.filter(payment__in=list(trials), cause=PayerRefundCause.TRIAL)
    }
    return [_trial_told(payment, refunds.get(payment.pk)) for payment in trials]


def _trial_told(payment, refund):
    words = [each for each in (payment.words, refund.words if refund else "") if each]
    return TrialTold(payment, money_badge(payment), refund and money_badge(refund), _advice(payment, refund), words)


def _advice(payment, refund):
    """What is to be done about a trial, or what it has shown."""
    if payment.words and not payment.begun:
        return _(
            "The provider has refused it. Compare the account's fields and keys with the provider's, then try again."
        )
    if payment.is_started and not payment.begun:
        return _("The provider could not be reached. Check the address and whether this machine may call it.")
    if payment.is_started:
        return _("Pay it. What the provider says of it comes here by itself.")
    if not payment.is_paid:
        return _("It was not paid in time. Try again.")
    if refund and refund.has_failed:
        return _(
            "It is paid, and the provider does not give the money back. Give it back by hand, and ask the provider."
        )
    if refund and refund.is_over:
        return _("It is paid, and the money is back: the account works.")
    return _("It is paid, and the money is on its way back.")
