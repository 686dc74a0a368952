"""The terms' own rows: which has started, and which has left its card's queue without having started."""

from cards.actions.bulk import delete_rows, update_rows
from cards.models import ServiceTerm

KEY = ("card_id", "number")


def mirror(written):
    started = [card for card, before, _ in written if card.term_number != before["term_number"]]
    rows = [(card.pk, card.term_number, card.service_from, card.service_until) for card in started]
    update_rows(ServiceTerm, ("starts_on", "service_until"), rows, key=KEY)
    waited = [(card, before["queue"][-1].number) for card, before, _ in written if before["queue"]]
    undone = [(card.pk, number) for card, number in waited if number > card.last_term_number]
    delete_rows(ServiceTerm, undone, key=KEY)
