"""What one person may do with money alone: up to an amount per customer within some days; more waits for a colleague.

Counted is what somebody did without a second person: what two agreed on is not. No netting: a credit and a charge of
¥600 each are ¥1,200. Call these within `acting_alone`, so that of two things at once the second sees the first.
"""

from django.db import IntegrityError, transaction
from django.db.models import Sum

from billing.errors import MoneyRefused
from billing.models import DoneAlone, MoneyRules, Proposal
from billing.money import LARGEST, ZERO, yuan
from cards.actions.once import AnothersForm
from cards.calendar import civil_today


def earlier_deeds(by, customer, day=None):
    """What this person did alone for the customer (None: with prices that are not for one) and counts on that day.

    What was done for those who were merged into the customer counts too.
    """
    counting = DoneAlone.objects.counting(day or civil_today(), MoneyRules.read().second_person_days)
    if customer is None:
        return counting.filter(by=by, customer=None)
    return counting.filter(by=by, customer__in=[customer.pk, *customer.merged_customers.values_list("pk", flat=True)])


def sum_alone(by, customer, day=None):
    """What `earlier_deeds` come to."""
    return earlier_deeds(by, customer, day).aggregate(amount=Sum("amount"))["amount"] or ZERO


def needs_second(amount, *, user, customer):
    """Whether so much, with what this person did alone before, needs a second one."""
    return amount > ZERO and amount + sum_alone(user, customer) > MoneyRules.read().second_person_above


def not_alone(amount, *, user, customer):
    """The refusal of what this person may not do, or approve, alone."""
    rules, whole = MoneyRules.read(), amount + sum_alone(user, customer)
    limit = yuan(rules.second_person_above)
    return MoneyRefused("second_person", sum=yuan(whole), days=rules.second_person_days, limit=limit)


def count_alone(deed, amount, *, user, customer, **what):
    """Write down that this was done without a second person; what comes to nothing does not count."""
    if amount > ZERO:
        DoneAlone.objects.create(deed=deed, by=user, customer=customer, amount=amount, **what)


def propose(deed, amount, *, user, subject, **what):
    """Let something wait for a second person. Raises `MoneyRefused` where the same waits already."""
    _refuse_twice(subject)
    try:
        with transaction.atomic():
            return Proposal.objects.create(
                deed=deed, amount=min(amount, LARGEST), asked_by=user, subject=subject, **what
            )
    except IntegrityError:  # a colleague asked for it at this very moment
        _refuse_twice(subject)
        raise


def waiting_for(subject):
    """What waits for a second person about this, or None."""
    return Proposal.objects.select_related("asked_by", "customer").filter(subject=subject).waiting().first()


def proposed(key, user):
    """What came of this form of the person's before, or None; `AnothersForm` for somebody else's form."""
    known = Proposal.objects.select_related("receipt").filter(key=key).first()
    if known and known.asked_by_id != user.pk:
        raise AnothersForm
    return known


def _refuse_twice(subject):
    if waiting := waiting_for(subject):
        raise MoneyRefused("waits_already", by=waiting.asked_by.get_username(), number=waiting.pk)
