"""Setting prices: always a new row from a day on, never an edit; who may not alone proposes it to a colleague."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from billing.actions.second_person import count_alone, needs_second, propose
from billing.actions.stopped_renewals import stopped_by_price
from billing.actions.terms import keep_change, written
from billing.choices import Deed
from billing.models import Price, PriceBook, PriceTier
from billing.rules import price_effect
from billing.sentences import stopped_sentence
from cards.actions.alone import acting_alone
from cards.calendar import civil_today
from cards.models import Card, Plan


def set_price(*, user, stops_renewals=False, **price):
    """A price from a day on, which is not in the past: what was sold was sold. Raises `ValidationError`.

    A price whose end leaves cards that renew themselves without any has to be meant (`stops_renewals`). What is free,
    below cost, or takes off more than `user` may alone waits for a second person: then the `Proposal`.
    """
    fresh = Price(**price)
    check_price(fresh)
    stopped = stopped_by_price(fresh)
    if stopped and not stops_renewals:
        raise ValidationError({"stops_renewals": stopped_sentence(stopped.cards, stopped.customers, stopped.next_on)})
    with acting_alone(user):
        effect = _effect(fresh)
        if effect.because or needs_second(effect.takes_off, user=user, customer=fresh.customer):
            return _propose(fresh, effect, user)
        change = keep_price(fresh, effect.before, by=user)
        count_alone(Deed.PRICE, effect.takes_off, user=user, customer=fresh.customer, change=change)
        return fresh


def set_proposed_price(proposal, user):
    """Set a price that a second person has approved; if its first day has gone by meanwhile, from today on."""
    after = proposal.after
    fresh = Price(
        kind=after["kind"],
        plan=after["plan"] and Plan.objects.get(code=after["plan"]),
        tier=after["tier"] and PriceTier.objects.get(pk=after["tier"]),
        customer=proposal.customer,
        amount=Price._meta.get_field("amount").to_python(after["amount"]),
        valid_from=max(Price._meta.get_field("valid_from").to_python(after["valid_from"]), civil_today()),
    )
    check_price(fresh)
    keep_price(fresh, _effect(fresh).before, by=proposal.asked_by, approved_by=user)


def check_price(price):
    """Raise `ValidationError` for a price that is none, or whose first day has gone by or has a price already."""
    if price.valid_from < civil_today():
        raise ValidationError({"valid_from": _("A price can only take effect today or later.")})
    price.full_clean()


def _effect(price):
    if price.customer_id:
        cards = Card.objects.filter(customer=price.customer_id)
    elif price.tier_id:
        cards = Card.objects.filter(customer__account__tier=price.tier_id)
    else:
        cards = Card.objects.exclude(customer=None)
    customers = [price.customer_id] if price.customer_id else []
    return price_effect(price, PriceBook.read(customers), cards.count())


def keep_price(price, amount_before, **who):
    """Save a price that was checked, with the record of it; the `TermsRecord`."""
    try:
        with transaction.atomic():
            price.save()
    except IntegrityError:  # a colleague set it at this very moment
        price.full_clean()
        raise
    before, after = ({"amount": written(amount)} for amount in (amount_before, price.amount))
    return keep_change(Deed.PRICE, before, after, customer=price.customer, price=price, **who)


def _propose(price, effect, user):
    after = {
        "kind": str(price.kind),
        "plan": price.plan and price.plan.code,
        "tier": price.tier_id,
        "amount": written(price.amount),
        "valid_from": str(price.valid_from),
    }
    subject = f"price:{price.kind}:{price.plan_id}:{price.tier_id or price.customer_id}:{price.valid_from}"
    before = {"amount": written(effect.before)}
    return propose(
        Deed.PRICE,
        effect.takes_off,
        user=user,
        subject=subject,
        customer=price.customer,
        because=effect.because,
        before=before,
        after=after,
    )
