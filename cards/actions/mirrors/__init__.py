"""What mirrors the cards' changes in rows of its own.

A `mirror(written)` gets what was written of a round of cards, or of new ones, as `write.Written`, and writes its own
rows of it in the same transaction: in a few statements for all of them, and in none if nothing of it is its concern.
The order is theirs: a companion may be the row of a term that has started already.
"""

from cards.actions.mirrors import anew, companions, devices, labels, real_name, state_counts, tags, terms

MIRRORS = tuple(module.mirror for module in (state_counts, anew, companions, terms, devices, real_name, tags, labels))
