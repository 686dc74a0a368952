"""Selections: cards that somebody chose, frozen on the server, so that no form ever carries their keys."""

from cards.actions.once import once
from cards.actions.write import CHUNK, chunked
from cards.models import Selection, SelectionPart

LONGEST_NAME = Selection._meta.get_field("name").max_length


def freeze(cards, *, owner, asked, name="", key=None):
    """Keep which cards a queryset means at this moment; the same `key` twice is the same selection.

    `asked` says for people what was asked for. A million cards take a second or two.
    """

    def make(key):
        selection = Selection.objects.create(key=key, owner=owner, asked=asked, name=name)
        is_known = isinstance(cards, list)
        card_ids = cards if is_known else cards.order_by("pk").values_list("pk", flat=True).iterator(CHUNK)
        for number, chunk in enumerate(chunked(card_ids), start=1):
            SelectionPart.objects.create(selection=selection, number=number, card_ids=chunk)
            selection.size += len(chunk)
        selection.save(update_fields=["size"])
        return selection

    return once(Selection, key, make, owner=owner)


def freeze_ids(card_ids, *, owner, asked, name="", key=None):
    """The same for keys that are known already."""
    return freeze(sorted(card_ids), owner=owner, asked=asked, name=name, key=key)


def rename(selection, name):
    """Give a selection a name by which it is found again, or none; a longer one is cut."""
    selection.name = " ".join(name.split())[:LONGEST_NAME]
    selection.save(update_fields=["name"])


def ids_of(selection):
    """The keys of a selection's cards, list by list."""
    yield from selection.parts.order_by("number").values_list("card_ids", flat=True).iterator(20)
