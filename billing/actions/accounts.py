"""The agreement with a customer, kept beside the wallet; who may not alone proposes a change of it to a colleague."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from billing.actions.ledger import wallet_locked
from billing.actions.second_person import count_alone, needs_second, propose
from billing.actions.terms import keep_change, written
from billing.choices import Deed
from billing.errors import MoneyRefused
from billing.models import CustomerAccount, PriceBook, PriceTier
from billing.money import ZERO, yuan
from billing.rules import tier_takes_off
from cards.actions.alone import acting_alone
from cards.calendar import civil_today
from cards.models import Card


def keep_agreement(customer, *, user, **agreement):
    """Keep these values of the agreement; raises `ValidationError` for a credit limit that the wallet exceeds.

    A higher credit limit and a cheaper tier count by what they give. Where that is more than `user` may give alone,
    nothing of it is kept, and all waits for a second person: then the `Proposal`, else the account.
    """
    with acting_alone(user), wallet_locked(customer.pk) as account:
        changed = {name: value for name, value in agreement.items() if getattr(account, name) != value}
        given = _given(account, changed)
        if needs_second(given, user=user, customer=customer):
            _check(account, changed)
            before, after = _documents(account, changed)
            subject = f"terms:{customer.pk}"
            return propose(Deed.TERMS, given, user=user, subject=subject, customer=customer, before=before, after=after)
        if changed:
            count_alone(Deed.TERMS, given, user=user, customer=customer, change=_keep(account, changed, by=user))
        return account


def keep_proposed_agreement(proposal, user):
    """Keep what a second person has approved; `MoneyRefused` if the agreement is another than the one they saw."""
    with wallet_locked(proposal.customer_id) as account:
        changed = {name: _read(name, value) for name, value in proposal.after.items()}
        if _documents(account, changed)[0] != proposal.before:
            raise MoneyRefused("agreement_changed")
        _keep(account, changed, by=proposal.asked_by, approved_by=user)


def _given(account, changed):
    """What the customer gets by these changes: credit, and lower prices."""
    more_credit = max(changed.get("credit_limit", account.credit_limit) - account.credit_limit, ZERO)
    if "tier" not in changed:
        return more_credit
    tier, day = changed["tier"], civil_today()
    before = PriceBook.read([account.pk])
    cards = Card.objects.filter(customer=account.pk).count()
    return more_credit + tier_takes_off(before, before.with_tier(account.pk, tier and tier.pk), account.pk, cards, day)


def _check(account, changed):
    if account.balance + changed.get("credit_limit", account.credit_limit) < ZERO:
        sentence = _("The wallet is already overdrawn by {amount}, so the limit cannot be lower than that.")
        raise ValidationError({"credit_limit": sentence.format(amount=yuan(-account.balance))})


def _keep(account, changed, **who):
    _check(account, changed)
    before, after = _documents(account, changed)
    for name, value in changed.items():
        setattr(account, name, value)
    account.save(update_fields=list(changed))
    return keep_change(Deed.TERMS, before, after, customer=account.customer, **who)


def _documents(account, changed):
    """These values as they are and as they would be, as the record has them."""
    before = {name: written(getattr(account, name)) for name in changed}
    return before, {name: written(value) for name, value in changed.items()}


def _read(name, value):
    """A value of the agreement as the record has it; of a tier whose name is no longer one, `MoneyRefused`."""
    if name != "tier" or value is None:
        return CustomerAccount._meta.get_field(name).to_python(value)
    tier = PriceTier.objects.filter(name=value).first()
    if tier is None:
        raise MoneyRefused("agreement_changed")
    return tier
