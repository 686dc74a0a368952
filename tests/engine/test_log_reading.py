"""The log is one list, whatever it is read from: each deed once, in order, page by page; days, and where it stops."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.contrib.auth.models import User

from billing.models import TermsRecord
from cards import audit_log
from cards.audit_log import LOG_SOURCES, LogQuestion, log_places, read_all, read_page
from cards.choices import AuditAction, JobKind, Rule, Step
from cards.models import AuditEntry, Job, JobStep, SweptDay

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def of_all(**asked):
    """A question of somebody who may see every source."""
    return LogQuestion(sources=LOG_SOURCES, **asked)


def lived(random, deeds=60, out_of_order=timedelta()):
    """Rows of four sources, in the order of time but for so much; many of the same instant."""
    by = User.objects.create_superuser("boss")
    job = Job.objects.create(kind=JobKind.ACTION, action="cancel", owner=by)
    at = NOON
    for number in range(deeds):
        at += random.choice([0, 0, 1, 5]) * HOUR
        moment = at - random.random() * out_of_order
        match random.choice(["audit", "jobs", "terms", "nights"]):
            case "audit":
                action = random.choice([AuditAction.LOGIN, AuditAction.EXPORTED])
                AuditEntry.objects.create(at=moment, action=action, actor_kind="staff", actor_name="boss", by=by)
            case "jobs":
                JobStep.objects.filter(pk=JobStep.objects.create(job=job, step=Step.PAUSED, by=by).pk).update(at=moment)
            case "terms":
                TermsRecord.objects.create(deed="terms", before={}, after={}, by=by, at=moment)
            case "nights":
                day = (NOON + number * timedelta(days=1)).date()
                SweptDay.objects.create(day=day, counts={Rule.EXPIRE: 1})
                SweptDay.objects.filter(day=day).update(started_at=moment)


def told(runs):
    return [(run.source.name, row.pk, getattr(row, run.source.moment)) for run in runs for row in run.rows]


def whole(asked):
    return [deed for _source, runs in read_all(asked) for deed in told(runs)]


def page_by_page(asked, size):
    """All that the pages tell, each begun where the one before has ended, as its address says."""
    deeds, place = [], ""
    while True:
        page = read_page(asked, log_places(place) if place else {}, size)
        deeds += told(page.runs)
        if not page.after:
            return deeds
        place = page.after


@pytest.mark.parametrize("seed", range(8))
def test_pages_of_any_size_are_the_whole_log_each_deed_once_the_newest_first(seed):
    lived(Random(seed))
    deeds = whole(of_all())
    order = [source.name for source in LOG_SOURCES]
    assert deeds == sorted(deeds, key=lambda deed: (-deed[2].timestamp(), order.index(deed[0])))  # the rest as it is
    assert len(deeds) == len(set(deeds)) == 60
    for size in (1, 2, 3, 7, 59, 60, 61):
        assert page_by_page(of_all(), size) == deeds
        assert page_by_page(of_all(each=True), size) == [deed for deed in deeds if deed[0] != "nights"]


@pytest.mark.parametrize("seed", range(4))
def test_rows_that_were_written_out_of_order_are_told_once_and_on_their_days(seed):
    lived(Random(seed), out_of_order=timedelta(hours=20))
    deeds = whole(of_all())
    assert len(set(deeds)) == 60
    assert page_by_page(of_all(), 7) == deeds
    for hours in range(-30, 200, 17):
        since, until = NOON + hours * HOUR, NOON + (hours + 40) * HOUR
        within = whole(of_all(since=since, until=until))
        assert set(within) == {deed for deed in deeds if since <= deed[2] < until}
        assert page_by_page(of_all(since=since, until=until), 5) == within
        assert set(whole(of_all(since=since))) == {deed for deed in deeds if since <= deed[2]}
        assert set(whole(of_all(until=until))) == {deed for deed in deeds if deed[2] < until}


def test_a_log_without_deeds_has_none_on_any_day():
    assert page_by_page(of_all(since=NOON, until=NOON + HOUR), 5) == []


def test_a_search_stops_after_so_many_keys_says_where_and_goes_on(monkeypatch):
    monkeypatch.setattr(audit_log, "KEYS_LOOKED_AT", 10)
    by = User.objects.create_superuser("boss")
    for number in range(35):
        kind = "guest" if number == 3 else "staff"
        AuditEntry.objects.create(at=NOON + number * HOUR, action="login", actor_kind=kind, actor_name="boss", by=by)
    asked, stops, place = of_all(kind="guest"), [], {}
    while True:
        page = read_page(asked, place)
        stops.append((page.looked_back_to, len(page.runs)))
        if not page.after:
            break
        place = log_places(page.after)
    back = [NOON + number * HOUR for number in (24, 14, 4)]
    assert stops == [*((instant, 0) for instant in back), (None, 1)]
    assert len(whole(asked)) == 1
    assert read_page(of_all(), {}).looked_back_to is None


def is_place(text):
    try:
        return bool(log_places(text))
    except ValueError:
        return False


def test_what_is_no_place_is_said_to_be_none():
    texts = ("", "x", "x:1", "audit:", "audit:-1", "nights:1", "nights:2026-02-30", "audit:1,terms:x", "audit:1")
    assert [text for text in texts if is_place(text)] == ["audit:1"]
    assert log_places("audit:7,nights:0") == {"audit": 7, "nights": None}
