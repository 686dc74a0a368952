"""What a meter began with: each story is sound, and a byte more or less than its records say is found."""

from datetime import date

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from cards.models import Card
from cards.models.card import MB
from cards.proof import Proof
from tests.build import card_in_use, do, on_day, open_card, swept, unguarded, use

pytestmark = pytest.mark.django_db

JAN_31, FEB_1, FEB_2, MARCH_1, MARCH_2, MARCH_3 = (
    date(2026, month, day) for month, day in ((1, 31), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3))
)


def found():
    return [problem.code for problem in Proof().problems()]


def found_with(**columns):
    """What is found once these columns of all cards are something else."""
    with transaction.atomic():
        unguarded()
        Card.objects.update(**columns)
        codes = found()
        transaction.set_rollback(True)
    return codes


@pytest.fixture(autouse=True)
def _today():
    with on_day(MARCH_2):
        yield


def taken_over():
    """With 3 MB of a cycle that had begun before; then 2 MB of the day itself."""
    service = {"state": "in_use", "activated_on": "2025-06-20", "service_until": "2026-06-01", "used_mb": "3"}
    return use(open_card(opened_on="2025-06-01", **service), MARCH_2, 2), 5


def taken_over_and_unparked():
    card, _used = taken_over()
    unguarded()
    Card.objects.filter(pk=card.pk).update(parked='["no_cycle", {}]', next_due_on=None)
    return do("unpark", card, MARCH_2), 5


def renewed_within_a_day():
    """Shut down, and used on the very day on which it is renewed: what was told before is not the new term's."""
    card = swept(card_in_use(date(2026, 1, 1), plan="M1-100"), MARCH_1)
    card = do("renew", use(card, MARCH_2, 4), MARCH_2, plan="M1-100")
    return use(card, MARCH_2, 6, read_at=timezone.now()), 2


def approved_within_a_day():
    """A person's card waits for its check: what was told of the day before it was approved is not its term's."""
    card = use(open_card(certification="individual"), MARCH_1, 1)
    card = use(do("submit_real_name", card, MARCH_2, name="张三丰", id_number="110101199003071234"), MARCH_2, 4)
    return do("approve_real_name", card, MARCH_2), 0


def first_used_before_its_last_record():
    """What was first used on the 1st takes effect on the day of the remark, and counts."""
    return use(do("remark", open_card(), MARCH_2, remark="found"), MARCH_1, 4, told_on=MARCH_2), 4


def in_its_next_cycle():
    card = use(card_in_use(date(2026, 1, 15)), JAN_31, 20)
    return use(card, MARCH_1, 7), 7


STORIES = [
    taken_over,
    taken_over_and_unparked,
    renewed_within_a_day,
    approved_within_a_day,
    first_used_before_its_last_record,
    in_its_next_cycle,
]
# Of nothing there is no less; and no record says whether what was first used is of a day before its meter.
LESS_IS_OPEN = (approved_within_a_day, first_used_before_its_last_record)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_counter_is_its_days_and_what_it_began_with(story):
    card, used = story()
    assert (card.used_bytes, found()) == (used * MB, [])
    assert found_with(used_bytes=F("used_bytes") + 5 * MB) == ["counter"]
    assert story in LESS_IS_OPEN or found_with(used_bytes=F("used_bytes") - 1) == ["counter"]


def test_what_is_told_of_a_cycle_that_is_over_is_history_before_anything_records_its_end():
    """The counter lacks what was told too late; from the cycle's end on that is no problem, on its last day it is."""
    card = do("top_up", card_in_use(date(2026, 1, 15)), FEB_2, plan="PACK-100")
    card = use(use(card, FEB_2, 5), date(2026, 2, 28), 3, told_on=MARCH_1)
    assert (card.used_bytes, card.cycle_until, found()) == (5 * MB, MARCH_1, [])
    with on_day(date(2026, 2, 28)):
        assert found() == ["counter"]


def test_a_limit_its_waiver_and_the_packs_are_what_the_records_say():
    card = do("set_limit", use(card_in_use(FEB_1), FEB_2, 5), FEB_2, limit_mb="4")
    card = do("top_up", do("resume", card, FEB_2), FEB_2, plan="PACK-100")
    assert (card.limit_mb, card.limit_waived, card.pack_mb, found()) == (4, True, 100, [])
    assert (found_with(limit_waived=False), found_with(pack_mb=99)) == (["waiver", "next_due"], ["packs"])
    card = swept(card, MARCH_1)
    assert (card.limit_waived, card.pack_mb, found()) == (False, 0, [])
    do("set_limit", card, MARCH_2, limit_mb="none")
    assert (found(), found_with(limit_mb=4)) == ([], ["limit"])
