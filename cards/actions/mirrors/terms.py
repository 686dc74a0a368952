"""The terms' own rows: which has started, and which has left its card's queue without having started."""

from cards.actions.bulk import delete_rows, update_classes
from cards.models import ServiceTerm

KEY = ("card_id", "number")


def mirror(written):
    # A card that is taken over has brought the row of its term as it stands.
    known = (entry for entry in written if entry.before["state"])
    started = [(entry.keys, entry.card) for entry in known if entry.differs("term_number")]
    classes = [(keys, (card.term_number, card.service_from, card.service_until)) for keys, card in started]
    update_classes(ServiceTerm, ("starts_on", "service_until"), classes, key=KEY)
    waited = [(entry, entry.before["queue"][-1].number) for entry in written if entry.before["queue"]]
    undone = [(entry.keys, number) for entry, number in waited if number > entry.card.last_term_number]
    delete_rows(ServiceTerm, [(key, number) for keys, number in undone for key in keys], key=KEY)
