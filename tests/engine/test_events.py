"""Records pulled by readers: all of them, in order, once for each reader, however their commits arrive."""

import ast
from datetime import date

import psycopg
import pytest
from django.db import connection

from cards.actions.events import pull
from cards.models import CardEvent, EventCursor
from tests.build import card_in_use, do
from tests.own_portal import ended, own_portal, python, rows, running_python
from tests.processes import wait_until

DAY = date(2026, 3, 2)


@pytest.fixture
def recorded(db):
    """The keys of six records: of three cards, each taken in and activated."""
    for _ in range(3):
        card_in_use()
    return list(CardEvent.objects.order_by("pk").values_list("pk", flat=True))


def pulled(reader="test", **how):
    """The keys handed to a reader by one pull, once what is at work beside the test (a vacuum) is over."""
    keys = []
    newest = CardEvent.objects.order_by("pk").last().pk

    def settled():
        pull(reader, lambda events: keys.extend(event.pk for event in events), **how)
        return keys or EventCursor.objects.get(pk=reader).through == newest

    wait_until(settled, what="that the records are settled")
    return keys


def test_records_come_in_order_and_once(recorded):
    assert (pulled(), pulled()) == (recorded, [])
    do("suspend", CardEvent.objects.first().card, DAY)
    assert pulled() == [CardEvent.objects.order_by("pk").last().pk]


def test_they_come_in_parts(recorded):
    assert [pulled(limit=4), pulled(limit=4), pulled(limit=4)] == [recorded[:4], recorded[4:], []]


def test_each_reader_has_a_place_of_its_own(recorded):
    assert (pulled("one"), pulled("other")) == (recorded, recorded)


def test_a_reader_of_some_actions_passes_over_the_others(recorded):
    activated = list(CardEvent.objects.filter(action="activate").order_by("pk").values_list("pk", flat=True))
    assert [pulled(actions=["activate"], limit=2) for _ in range(3)] == [activated[:2], activated[2:], []]
    assert EventCursor.objects.get().through == recorded[-1]


def test_what_could_not_be_handled_comes_again(recorded):
    def failing(events):
        EventCursor.objects.create(reader="written by the reader")
        raise ValueError("not today")

    pulled(limit=2)
    for _ in range(2):
        with pytest.raises(ValueError, match="not today"):
            wait_until(lambda: pull("test", failing, limit=2))
    assert list(EventCursor.objects.values_list("reader", "through")) == [("test", recorded[1])]
    assert pulled() == recorded[2:]


def test_without_records_there_is_nothing(db):
    assert pull("test", pytest.fail) == 0


# beside each other, as real processes on a database of their own

APPLY_CARDS = """
from datetime import date
from tests.build import card_in_use
for _ in range(100): card_in_use(date(2026, 3, 2))
"""
SEAL = """
from cards.actions.sealing import seal_next
from cards.models import Seal
from cards.proof.seals import RECORDS
seal_next(RECORDS)
print([seal.through for seal in Seal.objects.all()])
"""
PULL = """
from cards.actions.events import pull
keys = []
pull("one", lambda events: keys.extend(event.pk for event in events))
print(keys)
"""


def pull_all(reader):
    """Pulls until nothing is left: a reader waits for every older transaction of the server."""
    return f"""
import time
from cards.actions.events import pull
from cards.models import CardEvent, EventCursor
def note(events):
    keys.extend(event.pk for event in events)
    time.sleep(0.01)
keys, newest = [], CardEvent.objects.count()
while not EventCursor.objects.filter(reader="{reader}", through__gte=newest).exists(): pull("{reader}", note, limit=5)
print(keys)
"""


@pytest.fixture(scope="module")
def portal(migrated, tmp_path_factory):
    with own_portal(tmp_path_factory.mktemp("portal"), like=migrated) as portal:
        python(portal, APPLY_CARDS)
        yield portal


def test_two_pulls_at_once_hand_on_each_record_once(portal):
    one, other = map(ast.literal_eval, ended(*[running_python(portal, pull_all("other")) for _ in range(2)]))
    (count,) = rows(portal, "cards_cardevent")
    assert (sorted(one + other), one == sorted(one), other == sorted(other)) == (list(range(1, count + 1)), True, True)


RECORD = """
INSERT INTO cards_cardevent (card_id, seq, action, from_state, to_state, holds, effective_on, executed_at,
    actor_kind, actor_name, rule, reason, evidence)
SELECT card_id, MAX(seq) + 1, 'remark', 'in_use', 'in_use', '', '2026-03-02', NOW(), 'command', 'test', '', '', '{}'
FROM cards_cardevent WHERE card_id = %s GROUP BY card_id RETURNING id
"""


@pytest.mark.parametrize("late_begins_first", [True, False])
def test_a_record_that_is_committed_late_is_not_missed(portal, late_begins_first):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time: its commits are in order")
    python(portal, pull_all("one"))
    url = portal.environment["DATABASE_URL"]
    with psycopg.connect(url) as late, psycopg.connect(url) as early:
        for writer in (late, early) if late_begins_first else (early, late):
            writer.execute("SELECT 1 FROM cards_card WHERE id = %s FOR UPDATE", [1 if writer is late else 2])
        keys = [writer.execute(RECORD, [card]).fetchone()[0] for writer, card in ((late, 1), (early, 2))]
        for writer, card in ((late, 1), (early, 2)):
            writer.execute("UPDATE cards_card SET version = version + 1 WHERE id = %s", [card])
        early.commit()
        assert ast.literal_eval(python(portal, PULL)) == []
        assert not set(keys).intersection(ast.literal_eval(python(portal, SEAL)))
        late.commit()
        assert wait_until(lambda: ast.literal_eval(python(portal, PULL))) == keys == sorted(keys)
        assert ast.literal_eval(python(portal, PULL)) == []
        assert wait_until(lambda: ast.literal_eval(python(portal, SEAL))[-1:] == keys[1:]) is True
