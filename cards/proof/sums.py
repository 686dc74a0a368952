"""The proof of the kept sums: as many cards in each state as there are, in all and of each customer."""

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
DIFFERENCES_BY_CUSTOMER = """
    SELECT customer_id, state, holds, SUM(counted), SUM(kept) FROM (
        SELECT customer_id, state, holds, COUNT(*) AS counted, 0 AS kept FROM cards_card
        WHERE customer_id IS NOT NULL GROUP BY customer_id, state, holds
        UNION ALL SELECT customer_id, state, holds, 0, SUM(tallied) FROM cards_customertally
        GROUP BY customer_id, state, holds
    ) AS both_of_them
    GROUP BY customer_id, state, holds HAVING SUM(counted) <> SUM(kept) ORDER BY customer_id, state, holds
"""


def prove_sums() -> Iterator[Problem]:
    """The kept sums say how many cards there are in each state, with each set of holds, in all and of each customer."""
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES)
        for state, holds, counted, kept in cursor.fetchall():
            sentence = _("there are {counted} cards “{state}” with the holds “{holds}”, but the sums say {kept}")
            said = {"state": label_of(State, state), "holds": holds_in_words(holds)}
            yield Problem(None, "sum", sentence.format(counted=counted, kept=kept, **said))
        cursor.execute(DIFFERENCES_BY_CUSTOMER)
        for customer_id, state, holds, counted, kept in cursor.fetchall():
            sentence = _(
                "customer {customer} has {counted} cards “{state}” with the holds “{holds}”, but the sums say {kept}"
            )
            said = {"customer": customer_id, "state": label_of(State, state), "holds": holds_in_words(holds)}
            yield Problem(None, "sum", sentence.format(counted=counted, kept=kept, **said))
