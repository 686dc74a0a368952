"""When more waits for an endpoint than it can make use of: of each card only the latest of each type is sent."""

from django.db.models import Max

from simportal.api.choices import DeliveryOutcome
from simportal.api.models import Delivery

MOST_WAITING = 1_000


def merge_storms(endpoint_ids):
    """Of each of these endpoints for which too much waits, leave out what a later event says anew."""
    for endpoint_id in endpoint_ids:
        waiting = Delivery.objects.filter(endpoint=endpoint_id, due_at__isnull=False, worker="")
        if waiting[: MOST_WAITING + 1].count() > MOST_WAITING:
            of_cards = waiting.filter(event__card__isnull=False)
            latest = of_cards.order_by().values("event__card", "event__type").annotate(latest=Max("event"))
            outdated = of_cards.exclude(event__among=list(latest.values_list("latest", flat=True)))
            keys = list(outdated.values_list("pk", flat=True))
            Delivery.objects.filter(pk__among=keys, worker="").update(due_at=None, outcome=DeliveryOutcome.MERGED)
