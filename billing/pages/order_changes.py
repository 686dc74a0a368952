"""What became of a draft since it was shown: the plans that it sells on other terms, each before and now."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from billing.money import yuan
from billing.rules import Terms
from cards.actions.jobs.bulk import EXAMPLES_PER_REASON
from cards.models import Card, Plan
from cards.phrases import listed


@dataclass(frozen=True)
class TermsChange:
    """A plan (None: a card itself) that a draft sells on other terms than before; `cards` are some of the `count`."""

    plan: Plan | None
    before: str
    now: str
    count: int
    cards: list


def changes_of(job):
    """What a draft sells on other terms than before it was checked anew, by plan."""
    before, now = {}, {}
    for were, are in job.chunks.order_by("number").values_list("check_result__were", "check_result__terms"):
        _gather(before, are if were is None else were)
        _gather(now, are)
    changed = [code for code in sorted({*before, *now}) if _is_seen(before.get(code), now.get(code))]
    plans = Plan.objects.in_bulk(changed, field_name="code")
    named = dict(Card.objects.filter(pk__among=_examples(before, now)).values_list("pk", "iccid"))
    changes = []
    for code in changed:
        was, becomes = before.get(code), now.get(code)
        told = becomes if becomes and becomes.count else was or becomes
        texts = _told(was, becomes), _told(becomes, was)
        changes.append(TermsChange(plans.get(code), *texts, told.count, [named[pk] for pk in told.card_ids]))
    return changes


@dataclass
class _Sold:
    """On what terms a check found a plan sold, to how many cards, and some of them."""

    terms: Terms
    count: int
    card_ids: list


def _gather(sold, rows):
    for *terms, count, card_ids in rows or []:
        of_plan = sold.setdefault(terms[0], _Sold(Terms(*terms), 0, []))
        of_plan.count += count
        of_plan.card_ids += card_ids[: EXAMPLES_PER_REASON - len(of_plan.card_ids)]


def _examples(*checks):
    return {pk for check in checks for sold in check.values() for pk in sold.card_ids}


def _is_seen(was, becomes):
    """Whether people see a difference: what was sold to nobody and is sold to nobody has none."""
    sides = [side for side in (was, becomes) if side and side.count]
    return bool(sides) and (was and was.terms) != (becomes and becomes.terms)


def _told(sold, other):
    """The price, and of the other terms those that differ."""
    if sold is None or sold.terms.price is None:
        return _("not sold")
    terms, parts = sold.terms, [yuan(Decimal(sold.terms.price))]
    if other and terms[2:-1] != other.terms[2:-1]:
        parts.append(terms.as_plan.description)
    if other and terms.tax_rate != other.terms.tax_rate:
        parts.append(_("{rate}% tax included").format(rate=terms.tax_rate))
    return listed(parts)
