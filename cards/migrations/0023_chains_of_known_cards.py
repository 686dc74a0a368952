"""On which day of the month the running anniversary terms began, where a short month may have hidden it (rule 5).

Ends that cards have stay. A chain that began on one of the first 28 days needs no memory: each month has them.
"""

from collections import defaultdict

from django.db import migrations
from django.db.models import Q

from cards.calendar import add_months, months_between

SHORTEST_MONTH, CARDS_AT_ONCE = 28, 1_000


def fill(apps, schema_editor):
    Card, ServiceTerm = apps.get_model("cards", "Card"), apps.get_model("cards", "ServiceTerm")
    late = ServiceTerm.objects.filter(alignment="anniversary", starts_on__day__gt=SHORTEST_MONTH).values("card_id")
    taken_over = ServiceTerm.objects.filter(
        alignment="anniversary", number=1, card__activated_on__day__gt=SHORTEST_MONTH
    )
    cards = Card.objects.filter(Q(pk__in=late) | Q(pk__in=taken_over.values("card_id")), anniversary_day=None)
    last = 0
    while chunk := dict(cards.filter(pk__gt=last).order_by("pk").values_list("pk", "activated_on")[:CARDS_AT_ONCE]):
        terms, by_day = defaultdict(list), defaultdict(list)
        started = ServiceTerm.objects.filter(card_id__in=chunk).exclude(starts_on=None).select_related("plan")
        for term in started.order_by("card_id", "number"):
            terms[term.card_id].append(term)
        for card_id, of_card in terms.items():
            by_day[chain_of(of_card, chunk[card_id])].append(card_id)
        for day, card_ids in by_day.items():
            if day:
                Card.objects.filter(pk__in=card_ids).update(anniversary_day=day)
        last = max(chunk)


def chain_of(terms, activated_on):
    """The day of the month on which the chain began that the last of these terms belongs to; None if it has none."""
    day, until = None, None
    for term in terms:
        if term.alignment != "anniversary":
            day = None
        elif not day or term.starts_on != until:
            day = first_day(term, activated_on).day
        until = term.service_until
    return day


def first_day(term, activated_on):
    """A card taken over has had terms before its first one here, if they come out on the very day."""
    if term.number > 1 or activated_on is None:
        return term.starts_on
    months = months_between(activated_on, term.service_until)
    comes_out = months % term.plan.months == 0 and add_months(activated_on, months) == term.service_until
    return activated_on if comes_out else term.starts_on


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0022_chains_and_counts"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
