"""Work in lanes: the results come in the order of the parts, and behind a part that fails none is begun any more."""

import threading
import time

import pytest
from django.db import connection

from cards.actions.lanes import LANES_AT_ONCE, in_lanes

with_lanes = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer, and no lanes")


class Broken(Exception):
    pass


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_results_come_in_the_order_of_their_parts():
    assert list(in_lanes(lambda part: part * part, range(7))) == [0, 1, 4, 9, 16, 25, 36]
    assert list(in_lanes(lambda part: part, [])) == []


@with_lanes
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_whoever_is_done_has_another_part_at_once():
    """While the first part is not done, the other lane works on the second, and the third is at hand for the first."""
    given, first_may_end = [], threading.Event()

    def parts():
        for part in range(4):
            given.append(part)
            if part == LANES_AT_ONCE:
                first_may_end.set()
            yield part

    def do(part):
        assert first_may_end.wait(30)
        return part

    assert list(in_lanes(do, parts(), at_hand=1)) == given == [0, 1, 2, 3]


@with_lanes
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_whoever_stops_after_a_part_has_only_those_done_that_were_being_done():
    """The sweep's brake stops after the first chunk, and the one beside it is finished too."""
    begun, results = [], in_lanes(lambda part: begun.append(part), range(20))
    next(results)
    time.sleep(0.2)  # for whoever would go on
    results.close()
    assert sorted(begun) == list(range(LANES_AT_ONCE))


@pytest.mark.parametrize("at_hand", [0, 1])
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_behind_a_part_that_fails_none_is_begun_that_was_not_at_hand(at_hand):
    begun = []

    def do(part):
        begun.append(part)
        if part == 0:
            raise Broken
        return part

    with pytest.raises(Broken):
        list(in_lanes(do, range(20), at_hand))
    assert max(begun) < LANES_AT_ONCE + at_hand
