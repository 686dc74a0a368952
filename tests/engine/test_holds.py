"""The set of a card's holds: in Python and in SQL the same, by whole codes, with room in the columns."""

import re
from datetime import date
from itertools import combinations

import pytest
from django.conf import settings
from django.db import connection
from django.utils.translation import override

from cards import rules
from cards.choices import HOLD_MAY_BE_PLACED_FROM, HOLDS_THAT_END_WITH_A_CYCLE, Hold, State
from cards.columns.expressions import hold_labels
from cards.errors import InvariantBroken
from cards.holds import Holds, has_sql, shown
from cards.models import Card, CardEvent, StateTally
from cards.querysets import FirstHold
from cards.sentences import customer_text, explain

SETS = [Holds(holds) for size in range(len(Hold) + 1) for holds in combinations(Hold, size)]


def test_holds_stand_by_precedence_whatever_order_they_come_in():
    assert Holds([Hold.VOLUNTARY, Hold.ANOMALY, Hold.CREDIT, Hold.ANOMALY]) == ("anomaly", "credit", "voluntary")
    assert Holds.read("voluntary,anomaly") == Holds.read("anomaly,voluntary") == (Hold.ANOMALY, Hold.VOLUNTARY)


def test_what_is_written_of_holds_is_read_as_the_same():
    assert [Holds.read(str(holds)) for holds in SETS] == SETS
    assert (str(Holds()), str(Holds.read("voluntary,credit"))) == ("", "credit,voluntary")


def test_a_code_that_no_hold_has_stays_as_it_is_behind_the_others():
    holds = Holds.read("of_tomorrow,credit,Credit,voluntary")
    assert (holds, holds.unknown) == (("credit", "voluntary", "Credit", "of_tomorrow"), ["Credit", "of_tomorrow"])
    assert Holds.read(str(holds.without(Hold.CREDIT))) == ("voluntary", "Credit", "of_tomorrow")
    assert (Holds.read("credit,"), Holds.read("credit").unknown) == ((Hold.CREDIT,), [])


def test_a_card_with_a_hold_that_no_rule_knows_contradicts_itself():
    card = Card.new(state=State.SUSPENDED, holds="credit,of_tomorrow", resumes_to=State.TESTING, test_until=date.max)
    with pytest.raises(InvariantBroken) as broken:
        rules.check(card)
    assert broken.value.written() == '["unknown_hold", {"hold": "of_tomorrow"}]'
    card.holds = "credit"
    assert rules.check(card) is None


def test_holds_join_and_go_and_leave_the_others():
    holds = Holds.read("credit,voluntary")
    assert holds.joined_by(Hold.REBIND) == (Hold.REBIND, Hold.CREDIT, Hold.VOLUNTARY)
    assert holds.joined_by(Hold.CREDIT) == holds
    assert (holds.without(Hold.CREDIT, Hold.REBIND), holds.without(*Hold)) == ((Hold.VOLUNTARY,), ())
    assert holds == Holds.read("credit,voluntary")


def test_a_suspended_card_shows_its_first_hold_and_any_other_its_state():
    assert [shown(State.SUSPENDED, str(holds)) for holds in SETS[1:]] == [holds[0] for holds in SETS[1:]]
    assert [shown(state, "rebind") for state in State] == [
        *("testing", "unused", "in_use"),
        "rebind",
        *("shut_down", "cancelled"),
    ]


def test_every_column_has_room_for_all_holds_and_as_much_again():
    widths = {model._meta.get_field("holds").max_length for model in (Card, CardEvent, StateTally)}
    assert min(widths) >= 2 * len(str(Holds(Hold)))


def test_the_first_letters_tell_the_holds_apart():
    """By them an index finds the cards that show a hold: `FirstHold`."""
    assert len({hold[: FirstHold.FIRST_LETTERS] for hold in Hold}) == len(Hold)


def test_every_hold_has_its_colour_in_one_place():
    styles = " ".join(path.read_text() for path in (settings.BASE_DIR / "simportal" / "static").rglob("*.css"))
    assert [len(re.findall(rf"\.is-{hold}\b", styles)) for hold in Hold] == [1] * len(Hold)


def test_what_is_said_of_holds_is_said_of_every_one():
    tables = (
        explain.BY_HOLD,
        customer_text.HEADLINES,
        customer_text.REASONS,
        customer_text.WAYS,
        HOLD_MAY_BE_PLACED_FROM,
    )
    assert [set(table) for table in tables] == [set(Hold)] * len(tables)
    assert set(explain.BACK_WITH_THE_CYCLE) == set(HOLDS_THAT_END_WITH_A_CYCLE)


@pytest.mark.django_db
def test_the_database_knows_a_hold_by_its_whole_code():
    found = {hold: set(standing(hold)) for hold in Hold}
    assert found == {hold: {str(holds) for holds in SETS if hold in holds} for hold in Hold}


def standing(hold):
    """The texts of holds, and of what only looks like them, in which the database finds this one."""
    texts = [*map(str, SETS), "no_credit", "credits", "no_credit,voluntarily", "realxname"]
    with connection.cursor() as cursor:
        for text in texts:
            cursor.execute(f"SELECT {has_sql('holds', hold)} FROM (SELECT CAST(%s AS text) AS holds) AS one", [text])
            if cursor.fetchone()[0]:
                yield text


@pytest.mark.django_db
def test_the_database_writes_the_words_of_holds_as_python_does():
    StateTally.objects.bulk_create(
        StateTally(day="2026-03-02", action="suspend", state="suspended", holds=str(holds), cards=1) for holds in SETS
    )
    with override("en"):
        written = dict(StateTally.objects.values_list("holds", hold_labels("holds", "; ")))
        assert written == {str(holds): "; ".join(str(hold.label) for hold in holds) or None for holds in SETS}
    assert StateTally.objects.filter(holds__has=Hold.CREDIT).count() == len(SETS) / 2
