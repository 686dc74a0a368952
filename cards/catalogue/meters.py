"""What readings told before a meter began."""

from django.db.models import Sum

from cards.models import Card, UsageDay


def bytes_told(card: Card) -> int:
    """The bytes that are told already of the days of the meter that begins now: they are not counted in it."""
    days = UsageDay.objects.filter(card_id=card.pk, day__gte=card.meter_from)
    return days.aggregate(told=Sum("bytes"))["told"] or 0
