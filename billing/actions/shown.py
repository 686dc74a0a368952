"""What somebody was shown of an order before they agreed to it, and whether it is still true.

The check of a draft keeps the terms of every plan that it looked at, with the number of cards that can be sold on them;
the lines of a placed order have their terms themselves.
"""

from collections import Counter

from django.db.models import Count

from billing.actions.lines import Offers, sum_of_checks
from billing.models import MoneyRules, PriceBook
from billing.money import ZERO
from billing.rules import Shown, Terms, digest_of, terms_of
from cards.calendar import civil_today
from cards.models import JobChunk, Plan


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
    return terms_by_job([job.pk])[job.pk]


def terms_by_job(job_ids):
    """The same of many drafts, by the keys of their jobs."""
    cards = {pk: Counter() for pk in job_ids}
    chunks = JobChunk.objects.filter(job__in=job_ids).order_by("job", "number")
    for pk, rows in chunks.values_list("job", "check_result__terms"):
        for *terms, count, _examples in rows or []:
            cards[pk][Terms(*terms)] += count
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


def outdated_among(drafts):
    """Those of these drafts of which a plan that the check looked at is sold on other terms today, no longer, or again.

    It takes as many queries for many as for one.
    """
    checked = terms_by_job([order.job_id for order in drafts])
    plans = Plan.objects.in_bulk({terms.plan for cards in checked.values() for terms in cards}, field_name="code")
    book, rules, today = PriceBook.read({order.customer_id for order in drafts}), MoneyRules.read(), civil_today()

    def is_as_today(order, terms):
        return terms_of(order, plans.get(terms.plan), book, today, rules.tax_on(order.kind)) == terms

    return [
        order
        for order in drafts
        if not checked[order.job_id] or not all(is_as_today(order, terms) for terms in checked[order.job_id])
    ]
