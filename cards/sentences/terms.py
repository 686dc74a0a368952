"""When a term that somebody buys will run, and what renews a card already, as people read it."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards import rules
from cards.calendar import last_day
from cards.guards import renewed_by
from cards.models import Card, PolicyBook
from cards.phrases import joined

# Counted from the running one on.
NTH_TERM = {
    2: gettext_lazy("the second term"),
    3: gettext_lazy("the third term"),
    4: gettext_lazy("the fourth term"),
    5: gettext_lazy("the fifth term"),
}


def when_it_runs(card: Card, policies: PolicyBook, is_one_more: bool = False) -> str:
    """When the last term of this card will run, by its own rules; of one more than the next one, which it would be.

    `card` is as it would be once the term is bought, and all that was ordered before it.
    """
    ahead = rules.last_term_ahead(card, policies)
    nth = NTH_TERM.get(card.terms_from_now) or _("one more term")
    if ahead is None:
        if is_one_more:
            return _("It would be {nth}, after those before it.").format(nth=nth)
        return _("It starts after the card's opening term.")
    span = {"first": ahead.starts_on, "last": last_day(ahead.until)}
    if is_one_more:
        return _("It would be {nth}, from {first}; its last day is {last}.").format(nth=nth, **span)
    return _("It starts on {first}; its last day is {last}.").format(**span)


def renewal_text(card: Card) -> str:
    """What renews the card already, and from when on; empty where nothing does."""
    renewal = renewed_by(card)
    if renewal is None:
        return ""
    starts = _("The next term is to start on {day}.").format(day=card.service_until) if card.term_runs else ""
    return joined(renewal.sentence, starts)


def restoring_text(card: Card) -> str:
    """How what is on order helps a card that is shut down; empty where nothing is on order."""
    return _on_its_way(
        card,
        _("It restores the card as soon as it is paid."),
        _("It restores the card as soon as it is served."),
    )


def preventing_text(card: Card, day: date) -> str:
    """How what is on order keeps the card from what would happen on a day; empty where nothing is on order."""
    return _on_its_way(
        card,
        _("Paid before {day}, it prevents this.").format(day=day),
        _("It prevents this as soon as it is served."),
    )


def _on_its_way(card: Card, once_paid: str, once_served: str) -> str:
    renewal = renewed_by(card)
    if renewal is None or not card.on_order:
        return ""
    return joined(renewal.sentence, once_served if card.on_order[0].is_paid else once_paid)
