"""What became of an order that was paid, for who bought it, and the way back to the cards."""

from dataclasses import dataclass

from django.db.models import Count

from billing.choices import LineState
from cards.actions.ordered_terms import attach_ordered
from cards.actions.write import attach_queues
from cards.models import Card, Selection
from cards.pages.card_rows import next_day_of
from cards.sentences.customer_text import describe
from cards.sentences.terms import renewal_text


@dataclass(frozen=True)
class OrderOutcome:
    """How many lines were served, and of how many the money went back; `waiting` are still to be served.

    Of an order for one card that is still this member's: the `card`, what it is now (`said`), the day that matters next
    with its label, and what renews it. Of several, the `selection` that the member made for the order.
    """

    served: int
    given_back: int
    waiting: int
    card: Card | None
    said: str
    day: object
    day_label: str
    renewal: str
    selection: Selection | None

    @property
    def is_all_served(self):
        return self.served > 0 and not self.waiting and not self.given_back


def order_outcome(order, user):
    """None as long as nobody has paid."""
    if order.paid_at is None or order.job is None:
        return None
    counts = dict(order.lines.order_by().values_list("state").annotate(Count("pk")))
    line = order.lines.first() if order.size == 1 else None
    card = line and Card.objects.visible_to(user).select_related("plan").filter(pk=line.card_id).first()
    if card:
        attach_ordered(attach_queues([card]))
    day, label = next_day_of(card) if card else (None, "")
    selection = order.selection if order.selection and order.selection.owner_id == user.pk else None
    return OrderOutcome(
        served=counts.get(LineState.FULFILLED, 0),
        given_back=counts.get(LineState.REFUNDED, 0),
        waiting=counts.get(LineState.OPEN, 0),
        card=card,
        said=describe(card).sentence if card else "",
        day=day,
        day_label=label,
        renewal=renewal_text(card) if card and not card.is_over else "",
        selection=None if card else selection,
    )
