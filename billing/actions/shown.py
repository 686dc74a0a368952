"""What somebody was shown of an order before they agreed to it, and whether it is still true.

The check of a draft keeps the terms of every plan that it looked at, with the number of cards that can be sold on them;
the lines of a placed order have their terms themselves.
"""

from collections import Counter

from django.db.models import Count

from billing.actions.lines import Offers, sum_of_checks
from billing.money import ZERO
from billing.rules import Shown, Terms, digest_of
from cards.models import Plan


def shown_by_check(job):
    """What the check of a draft shows."""
    return Shown(sum_of_checks(job), digest_of(terms_checked(job)))


def shown_by_lines(order):
    """What was placed, in the same words."""
    columns = ("plan__code", "unit_price", "months", "alignment", "quota_mb", "tax_rate")
    cards = Counter()
    for code, price, *terms, tax_rate, count in order.lines.order_by().values_list(*columns).annotate(Count("pk")):
        cards[Terms(code or "", str(price), *terms, str(tax_rate))] = count
    return Shown(order.total, digest_of(cards))


def terms_checked(job):
    """How many cards are sold on which terms, by the check of a draft; none on those that it found not to be sold."""
    cards = Counter()
    for rows in job.chunks.values_list("check_result__terms", flat=True):
        for *terms, count, _examples in rows or []:
            cards[Terms(*terms)] += count
    return cards


def shown_today(order):
    """What the check of a draft would show today; `MoneyRefused` for what it sells and is not sold any more."""
    offers, cards, total = Offers(order), Counter(), ZERO
    checked = {terms: count for terms, count in terms_checked(order.job).items() if count}
    plans = Plan.objects.in_bulk({terms.plan for terms in checked}, field_name="code")
    for terms, count in checked.items():
        plan = plans.get(terms.plan)
        total += offers.price_of(plan) * count
        cards[offers.terms_of(plan)] += count
    return Shown(total, digest_of(cards))


def is_outdated(order):
    """Whether a plan that the check of this draft looked at is sold on other terms today, no longer, or again."""
    checked, offers = terms_checked(order.job), Offers(order)
    plans = Plan.objects.in_bulk([terms.plan for terms in checked], field_name="code")
    return not checked or any(offers.terms_of(plans.get(terms.plan)) != terms for terms in checked)
