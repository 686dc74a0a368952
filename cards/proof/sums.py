"""The proof of the kept sums: as many cards in each state as there are."""

from collections.abc import Iterator

from django.db import connection
from django.utils.translation import gettext as _

from cards.choices import State, label_of
from cards.proof.problem import Problem, holds_in_words

# One statement sees cards and sums at the same moment, whoever writes meanwhile.
DIFFERENCES = """
    SELECT state, holds, SUM(counted), SUM(kept) FROM (
        SELECT state, holds, COUNT(*) AS counted, 0 AS kept FROM cards_card GROUP BY state, holds
        UNION ALL SELECT state, holds, 0, SUM(cards) FROM cards_statetally GROUP BY state, holds
    ) AS both_of_them GROUP BY state, holds HAVING SUM(counted) <> SUM(kept) ORDER BY state, holds
"""


def prove_sums() -> Iterator[Problem]:
    """The kept sums say how many cards there are in each state, with each set of holds."""
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES)
        for state, holds, counted, kept in cursor.fetchall():
            sentence = _("there are {counted} cards “{state}” with the holds “{holds}”, but the sums say {kept}")
            said = {"state": label_of(State, state), "holds": holds_in_words(holds)}
            yield Problem(None, "sum", sentence.format(counted=counted, kept=kept, **said))
