"""The proof of the kept sums: as many cards in each state, and with each day, as there are."""

from collections.abc import Iterator

from django.db import connection
from django.utils.translation import gettext as _

from cards.choices import State, label_of
from cards.proof.problem import Problem, holds_in_words
from cards.triggers import DAYS_COUNTED

# One statement sees cards and sums at the same moment, whoever writes meanwhile.
DIFFERENCES = """
    SELECT {key}, SUM(counted), SUM(kept) FROM (
        SELECT {key}, COUNT(*) AS counted, 0 AS kept FROM cards_card {which} GROUP BY {key}
        UNION ALL SELECT {key}, 0, SUM({amount}) FROM {sums} GROUP BY {key}
    ) AS both_of_them GROUP BY {key} HAVING SUM(counted) <> SUM(kept) ORDER BY {key}
"""
DIFFERENCES_IN_ALL = DIFFERENCES.format(key="state, holds", which="", sums="cards_statetally", amount="cards")
DIFFERENCES_BY_CUSTOMER = DIFFERENCES.format(
    key="customer_id, state, holds", which="WHERE customer_id IS NOT NULL", sums="cards_customertally", amount="tallied"
)
# The same of the days that cards have, on PostgreSQL, which alone keeps sums of them.
DIFFERENCES_BY_DAY = f"""
    SELECT kind, day, SUM(counted), SUM(kept) FROM (
        SELECT kind, day, tallied AS counted, 0 AS kept FROM ({DAYS_COUNTED}) AS counted
        UNION ALL SELECT kind, day, 0, tallied FROM cards_daytally
    ) AS both_of_them WHERE day IS NOT NULL GROUP BY kind, day HAVING SUM(counted) <> SUM(kept) ORDER BY kind, day
"""


def prove_sums() -> Iterator[Problem]:
    """The kept sums say how many cards there are in each state, with each set of holds, in all and of each customer;
    and how many have which day.
    """
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES_IN_ALL)
        for *key, counted, kept in cursor.fetchall():
            sentence = _("there are {counted} cards “{state}” with the holds “{holds}”, but the sums say {kept}")
            yield _problem(sentence, *key, counted=counted, kept=kept)
        cursor.execute(DIFFERENCES_BY_CUSTOMER)
        for customer_id, *key, counted, kept in cursor.fetchall():
            sentence = _(
                "customer {customer} has {counted} cards “{state}” with the holds “{holds}”, but the sums say {kept}"
            )
            yield _problem(sentence, *key, customer=customer_id, counted=counted, kept=kept)
        if connection.vendor == "sqlite":
            return
        cursor.execute(DIFFERENCES_BY_DAY)
        for kind, day, counted, kept in cursor.fetchall():
            sentence = _("{counted} cards count on {day} as “{kind}”, but the sums say {kept}")
            yield Problem(None, "sum", sentence.format(kind=kind, day=day, counted=counted, kept=kept))


def _problem(sentence: str, state: str, holds: str, **numbers: int) -> Problem:
    said = {"state": label_of(State, state), "holds": holds_in_words(holds)}
    return Problem(None, "sum", sentence.format(**said, **numbers))
