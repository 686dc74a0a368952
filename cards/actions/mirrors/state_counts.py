"""How many cards there are in each state, with each set of holds: by how many each grew and shrank."""

from collections import Counter

from cards.actions.bulk import insert_rows
from cards.models import StateTally

TALLY_COLUMNS = ("cards", "day", "action", "state", "holds")


def mirror(written):
    sums = Counter()
    for card, before, done, keys, _seqs in written:
        if done and (was := (done.from_state, before["holds"])) != (now := (done.to_state, card.holds)):
            key = done.change.on, str(done.change.action)
            sums[key + now] += len(keys)
            if done.from_state:
                sums[key + was] -= len(keys)
    insert_rows(StateTally, TALLY_COLUMNS, [(cards, *key) for key, cards in sums.items() if cards])
