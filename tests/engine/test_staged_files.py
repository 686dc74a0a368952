"""Usage files on their way through staging: whatever their form, and whenever they are stopped."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from cards.actions.imports import usage_file
from cards.actions.imports.usage_applying import READINGS_AT_ONCE, apply_range, begin_applying, ranges_of
from cards.actions.imports.usage_staging import discard, open_file, stage
from cards.actions.imports.usage_uneventful import preview_counts
from cards.errors import BadInput
from cards.models import RefusedRow, StagedFile, StagedReading, UsageDay
from simportal.retention import apply_retention
from tests.build import card_in_use, fresh, on_day

pytestmark = pytest.mark.django_db

HEADER = "iccid,day,bytes,read_at,imei"
IMEI = "490154203237518"
LINES = [
    f"89860000000000000001,2026-01-20,5,2026-01-21T01:00,{IMEI}",
    "",
    f"89860000000000000001,2026-01-32,5,2026-01-21T01:00,{IMEI}",
    "89860000000000000001,2026-01-19,7,2026-01-21 01:00:30+08:00,",
    "89860000000000000001,2026-01-18,seven,2026-01-21T01:00,",
    "89860000000000000009,2026-01-18,1,2026-01-21T01:00,",
    "89860000000000000001,2026-01-18",
    "89860000000000000001,２０２６-01-17, 9 ,2026-01-21T01:00,",
    f"8986000000000000002,2026-01-16,3,2026-01-21T01:00,{IMEI}",
]
PLAIN_LINES = [line.replace("２０２６", "2026") for line in LINES]
STAGED = [
    (1, date(2026, 1, 17), 9, 9),
    (1, date(2026, 1, 19), 5, 7),
    (1, date(2026, 1, 20), 2, 5),
    (2, date(2026, 1, 16), 10, 3),
]
REFUSED = [(4, "day"), (6, "bytes"), (7, "iccid"), (8, "")]

FORMS = {
    "plain": "\n".join([HEADER, *PLAIN_LINES]).encode(),
    "of Windows": "\r\n".join([HEADER, *PLAIN_LINES, ""]).encode("utf-8-sig"),
    "full width": "\n".join([HEADER, *LINES]).encode(),
    "Chinese": "\n".join([HEADER, *LINES]).encode("gb18030"),
    "semicolons": "\n".join([HEADER, *LINES]).replace(",", ";").encode(),
    "quoted": "\n".join([HEADER.replace("iccid", '"iccid"'), *LINES]).encode(),
    "Macintosh": "\r".join([HEADER, *PLAIN_LINES]).encode(),
}


@pytest.fixture(autouse=True)
def _today():
    with on_day(date(2026, 1, 25)):
        yield


@pytest.fixture
def bring(tmp_path):
    """Stage a file of these bytes."""

    def staged(content):
        path, file = tmp_path / "usage.csv", open_file()
        path.write_bytes(content)
        stage(path, file)
        return file

    return staged


QUERIES_OF_A_RANGE = {"postgresql": 24, "sqlite": 19}


def readings(days, start=date(2026, 1, 16)):
    return [f"89860000000000000001,{start + timedelta(days=day)},1,2026-01-25T01:00," for day in range(days)]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_file_is_staged_alike(bring, form):
    first, second = card_in_use(), card_in_use(iccid="89860000000000000021")
    file = bring(FORMS[form])
    of_cards = {first.pk: 1, second.pk: 2}
    found = StagedReading.objects.order_by("card_id", "day").values_list("card_id", "day", "number", "bytes")
    assert [(of_cards[card_id], *rest) for card_id, *rest in found] == STAGED
    assert list(RefusedRow.objects.order_by("number").values_list("number", "field")) == REFUSED
    assert (file.rows, UsageDay.objects.count()) == (8, 0)


def test_what_is_staged_twice_is_staged_once(bring, tmp_path):
    card_in_use()
    file = bring("\n".join([HEADER, *readings(3), "nothing"]).encode())
    stage(tmp_path / "usage.csv", file)
    assert (StagedReading.objects.count(), RefusedRow.objects.count(), file.rows) == (3, 1, 4)


def test_ranges_divide_no_card_and_wait_for_none_another(bring):
    first, second = card_in_use(), card_in_use()
    lines = readings(5) + [line.replace("0001,", "0002,") for line in readings(4)]
    file = bring("\n".join([HEADER, *lines]).encode())
    ranges = ranges_of(file, at_once=2)
    assert [(of.first <= card.pk <= of.last) for of in ranges for card in (first, second)] == [True, False, False, True]
    assert apply_range(file, ranges[1]).counts["created"] == 4
    assert [fresh(card).used_bytes for card in (first, second)] == [0, 4]
    assert apply_range(file, ranges[0]).counts["created"] == 5
    assert [fresh(card).used_bytes for card in (first, second)] == [5, 4]
    assert ranges_of(file, after=second.pk) == []


@pytest.mark.parametrize(("readings", "ranges"), [(4, [4]), (5, [3, 2]), (8, [4, 4]), (10, [3, 3, 3, 1])])
def test_where_a_range_is_not_enough_each_lane_has_as_many_and_as_long_ones(bring, monkeypatch, readings, ranges):
    monkeypatch.setitem(READINGS_AT_ONCE, connection.vendor, 4)
    cards = [card_in_use() for _ in range(readings)]
    file = bring("\n".join([HEADER, *(f"{card.iccid},2026-01-20,1,2026-01-21T01:00," for card in cards)]).encode())
    found = ranges_of(file)
    assert [sum(of.first <= card.pk <= of.last for card in cards) for of in found] == ranges


def test_cards_are_found_wherever_in_the_file_they_stand_and_under_either_number(bring):
    """The first and the last of a portion are filed under their other number, and the one in the middle is unknown."""
    numbers = ["8986000000000000001", "89860000000000000035", "89860000000000000057"]
    first, second, third = (card_in_use(iccid=iccid) for iccid in numbers)
    filed = ["8986000000000000005", numbers[1], "89860000000000000044", "8986000000000000001F"]
    file = bring("\n".join([HEADER, *(f"{iccid},2026-01-20,1,2026-01-21T01:00," for iccid in filed)]).encode())
    staged = StagedReading.objects.order_by("number").values_list("number", "card_id")
    assert list(staged) == [(2, third.pk), (3, second.pk), (5, first.pk)]
    assert list(RefusedRow.objects.values_list("number", "field")) == [(4, "iccid")]
    assert file.rows == 4


@pytest.mark.parametrize("cards", [1, 40])
def test_a_range_asks_the_same_however_many_cards_it_has(bring, cards, django_assert_num_queries):
    numbers = [card_in_use().iccid for _ in range(cards)]
    file = bring("\n".join([HEADER, *(f"{iccid},2026-01-20,1,2026-01-21T01:00," for iccid in numbers)]).encode())
    (of_all,) = ranges_of(file)
    file.told_on = begin_applying(file)
    with django_assert_num_queries(QUERIES_OF_A_RANGE[connection.vendor]):
        assert apply_range(file, of_all).counts["created"] == cards


def test_what_is_foretold_is_what_becomes_of_readings_that_repeat_a_day(bring):
    card_in_use()
    day = "89860000000000000001,2026-01-20"
    lines = [f"{day},{used},2026-01-21T0{hour}:00," for used, hour in ((3, 2), (4, 3), (5, 3), (2, 1), (5, 0))]
    file = bring("\n".join([HEADER, *lines]).encode())
    counts = {"created": 1, "updated": 0, "stale": 2, "quarantined": 0}
    assert preview_counts(file) == counts | {"refused": 0}
    assert list(RefusedRow.objects.values_list("number", flat=True)) == [3, 4]
    (taken,) = (apply_range(file, cards) for cards in ranges_of(file))
    assert {name: taken.counts[name] for name in counts} == counts | {"stale": 0}


def test_what_a_crash_of_the_database_has_taken_is_missed(bring):
    card_in_use()
    file = bring("\n".join([HEADER, *readings(2)]).encode())
    (cards,) = ranges_of(file)
    StagedReading.objects.all().delete()
    with pytest.raises(BadInput):
        apply_range(file, cards)


@pytest.mark.parametrize("dry_run", [True, False])
def test_nothing_stays_staged(tmp_path, dry_run):
    card_in_use()
    (tmp_path / "usage.csv").write_text("\n".join([HEADER, *readings(2)]))
    usage_file.import_usage(tmp_path / "usage.csv", dry_run=dry_run)
    with pytest.raises(BadInput):
        usage_file.import_usage(tmp_path / "no such file", dry_run=dry_run)
    assert (StagedFile.objects.count(), StagedReading.objects.count()) == (0, 0)


def test_what_a_killed_import_has_left_is_thrown_away_after_its_time_and_nothing_else(bring):
    card_in_use()
    left, waiting = (bring("\n".join([HEADER, *readings(2)]).encode()) for _ in range(2))
    StagedFile.objects.filter(pk=left.pk).update(kept_until=timezone.now() - timedelta(hours=1))
    assert (apply_retention()["staged_files"], apply_retention()["staged_files"]) == (1, 0)
    assert set(StagedReading.objects.values_list("file_id", flat=True)) == {waiting.pk}
    discard(waiting)
    assert StagedReading.objects.count() == 0


def test_the_staged_readings_are_not_logged():
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'cards_stagedreading'")
            assert cursor.fetchone() == ("u",)
