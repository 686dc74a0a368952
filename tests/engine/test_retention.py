"""What is kept how long: of each kind the day before, the day, the day after; and that nothing else is missed."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone, translation

from billing.actions.notices import gather
from billing.models import Digest, Notice
from cards.actions import old_usage, throttle
from cards.actions.imports import usage_file
from cards.actions.jobs import control, engine, worker
from cards.actions.retention import forget
from cards.actions.selections import freeze_ids, ids_of, rename
from cards.actions.usage import Reading, apply_readings
from cards.calendar import end_of
from cards.choices import JobKind, JobStatus, Quarantine
from cards.errors import InvariantBroken
from cards.kept import first_day_told, last_day_over, last_instant_over
from cards.models import (
    CardEvent,
    CarrierPolicy,
    Customer,
    DeletedUsage,
    Invitation,
    Job,
    JobChunk,
    PastCycle,
    QuarantinedReading,
    StagedFile,
    Tries,
    UsageDay,
    UsageTally,
)
from cards.models.card import MB
from cards.proof import Proof
from simportal.env import KEPT
from simportal.retention import KINDS_KEPT, apply_retention
from tests.billing import build as b
from tests.build import card_in_use, do, member, on_day, open_card, spoil, staff, swept, use
from tests.console.pages import logged_in, superuser, text

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
TODAY = date(2026, 11, 29)
OCT_31, OCTOBER_IS_OVER, NOVEMBER_IS_OVER = date(2025, 10, 31), date(2026, 12, 1), date(2026, 12, 30)
ONE = timedelta(days=1)
AROUND = (timedelta(minutes=1), timedelta(), timedelta(minutes=-1))  # younger, as old as may be, older


@pytest.fixture(autouse=True)
def today():
    with on_day(TODAY), translation.override("en"):
        yield


def days_of(card):
    return list(UsageDay.objects.filter(card=card).order_by("day").values_list("day", flat=True))


def used_around(card):
    """The card with readings of the last days of October 2025, and of the day after."""
    for day in (OCT_31 - ONE, OCT_31, OCT_31 + ONE):
        use(card, day, 1)
    return swept(card, TODAY)


def cycles_of(card):
    rows = PastCycle.objects.filter(card=card).order_by("cycle_from")
    return [(str(row.cycle_from), str(row.cycle_until), row.bytes / MB) for row in rows]


def said(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "cards.actions.retention"]


# how long


@pytest.mark.once
@pytest.mark.parametrize(
    ("setting", "count", "today", "last"),
    [
        ("USAGE_MONTHS", 13, date(2026, 3, 31), date(2025, 2, 28)),
        ("USAGE_MONTHS", 13, date(2026, 4, 1), date(2025, 3, 1)),
        ("REAL_NAME_YEARS", 3, date(2028, 2, 29), date(2025, 2, 28)),
        ("JOB_DAYS", 90, date(2026, 3, 1), date(2025, 12, 1)),
    ],
)
def test_years_and_months_are_of_the_calendar_and_days_are_days(setting, count, today, last):
    with on_day(today), override_settings(**{setting: count}):
        assert last_day_over(setting) == last


def test_a_day_counts_as_long_as_its_cycle_is_kept_whole():
    """Whatever day a carrier's cycle begins on."""
    for day in (date(2026, 1, 1) + number * ONE for number in range(400)):
        with on_day(day):
            assert (
                first_day_told(day) - timedelta(days=31)
                <= last_day_over("USAGE_MONTHS")
                < first_day_told(day) - 27 * ONE
            )


# usage


def test_a_month_is_deleted_once_all_of_it_is_thirteen_months_ago():
    """Of each cycle the sum stays, of all its days: that of October is kept before its days go."""
    card = used_around(card_in_use(date(2025, 10, 1)))
    sums = list(UsageTally.objects.order_by("day").values_list("day", "bytes"))
    october, november = ("2025-10-01", "2025-11-01", 2), ("2025-11-01", "2025-12-01", 1)
    with on_day(OCTOBER_IS_OVER - ONE):
        assert (apply_retention()["usage"], len(days_of(card)), cycles_of(card)) == (0, 3, [])
    for deleted in (2, 0):
        with on_day(OCTOBER_IS_OVER):
            assert (apply_retention()["usage"], days_of(card), cycles_of(card)) == (deleted, [OCT_31 + ONE], [october])
    with on_day(NOVEMBER_IS_OVER - ONE):
        assert (apply_retention()["usage"], days_of(card)) == (0, [OCT_31 + ONE])
    with on_day(NOVEMBER_IS_OVER):
        assert (apply_retention()["usage"], days_of(card), cycles_of(card)) == (1, [], [october, november])
    assert list(UsageTally.objects.order_by("day").values_list("day", "bytes")) == sums
    assert list(Proof().problems()) == []


def test_a_cycle_that_is_no_month_is_kept_whole_and_once():
    card = card_in_use(date(2025, 9, 1))
    CarrierPolicy.objects.filter(carrier=card.carrier).update(cycle_day=27)
    for day, mb in ((date(2025, 10, 26), 1), (date(2025, 10, 27), 2), (OCT_31, 4), (date(2025, 11, 26), 8)):
        use(card, day, mb)
    use(card, date(2025, 11, 27), 0)
    swept(card, TODAY)
    first, second = ("2025-09-27", "2025-10-27", 1), ("2025-10-27", "2025-11-27", 14)
    with on_day(OCTOBER_IS_OVER):
        assert (apply_retention()["usage"], cycles_of(card)) == (3, [first, second])
    with on_day(NOVEMBER_IS_OVER):
        assert (apply_retention()["usage"], cycles_of(card), days_of(card)) == (2, [first, second], [])


def test_of_a_cycle_whose_days_the_code_of_before_deleted_nothing_is_kept():
    """It deleted day by day: what is left of that cycle is not all of it."""
    card = used_around(card_in_use(date(2025, 10, 1)))
    DeletedUsage.objects.create(pk=1, day=OCT_31 - ONE, through_card=None)
    UsageDay.objects.filter(day__lt=OCT_31).delete()
    with on_day(OCTOBER_IS_OVER):
        assert (apply_retention()["usage"], cycles_of(card), days_of(card)) == (1, [], [OCT_31 + ONE])
    with on_day(NOVEMBER_IS_OVER):
        assert (apply_retention()["usage"], cycles_of(card)) == (1, [("2025-11-01", "2025-12-01", 1)])


def bars_of(card, client):
    """What the chart on the card's page says of each cycle in which anything was used."""
    page = client.get(f"/console/cards/{card.iccid}/")
    return [(str(bar.on), bar.used_bytes / MB) for bar in page.context["by_cycle"].bars if bar.used_bytes]


def test_the_chart_says_of_a_cycle_what_it_said_before_its_days_went():
    """All of them, as of March's, or half, as of April's; or none, as of May's."""
    card, client = card_in_use(date(2026, 2, 10)), superuser()
    CarrierPolicy.objects.filter(carrier=card.carrier).update(cycle_day=27)
    left = {date(2026, 5, 1): 8, date(2026, 5, 26): 16, date(2026, 5, 27): 32}
    gone = {date(2026, 2, 12): 1, date(2026, 4, 26): 2, date(2026, 4, 27): 4}
    for day, mb in (gone | left).items():
        use(card, day, mb)
    swept(card, TODAY)
    before = [("2026-02-10", 1), ("2026-03-27", 2), ("2026-04-27", 28), ("2026-05-27", 32)]
    assert bars_of(card, client) == before
    with override_settings(USAGE_MONTHS=6):
        assert (apply_retention()["usage"], days_of(card)) == (3, list(left))
    assert bars_of(card, client) == before
    PastCycle.objects.all().delete()  # the code of before kept none
    assert bars_of(card, client) == [("2026-04-27", 24), ("2026-05-27", 32)]


def test_how_long_is_said_and_said_anew():
    card = used_around(card_in_use(date(2025, 10, 1)))
    with on_day(OCTOBER_IS_OVER):
        with override_settings(USAGE_MONTHS=14):
            assert apply_retention()["usage"] == 0
        assert (apply_retention()["usage"], days_of(card)) == (2, [OCT_31 + ONE])
        with override_settings(USAGE_MONTHS=24):
            assert apply_retention()["usage"] == 0


def test_days_that_a_meter_still_counts_stay():
    """Those of a test that is not swept yet, and of a card that is parked. Once service has ended nothing counts."""
    since = date(2024, 12, 1)
    ended, parked, cancelled = (card_in_use(since, plan="M1-100") for _ in range(3))
    in_test = open_card(opened_on=since, test_months=9, test_quota_mb=30)
    for card in (ended, parked, cancelled, in_test):
        use(card, since + ONE, 1)
    do("protect", ended, since + ONE)
    swept(ended, date(2025, 1, 1))
    do("cancel", cancelled, since + ONE)
    spoil(parked, parked=InvariantBroken("no_cycle").written(), next_due_on=None)
    apply_retention()
    assert {card.pk: days_of(card) for card in (ended, parked, cancelled, in_test)} == {
        **{card.pk: [since + ONE] for card in (parked, in_test)},
        **{card.pk: [] for card in (ended, cancelled)},
    }


def test_a_reading_of_a_day_that_is_kept_no_longer_is_stale(tmp_path):
    """It brings no day back and is counted nowhere, however it comes; the first day that counts is taken."""
    card, first = used_around(card_in_use(date(2025, 10, 1))), first_day_told(TODAY)
    assert first == date(2025, 11, 29)
    with on_day(OCTOBER_IS_OVER):
        apply_retention()
    sums = list(UsageTally.objects.order_by("day").values_list("day", "bytes"))
    file = tmp_path / "usage.csv"
    rows = [f"{card.iccid},{day},{5 * MB},2026-11-28T08:00," for day in (OCT_31 - ONE, OCT_31 + ONE, first - ONE)]
    file.write_text("\n".join(["iccid,day,bytes,read_at,imei", *rows]))
    for dry_run in (True, False, False):
        found = usage_file.import_usage(file, dry_run=dry_run)
        assert (found.created, found.updated, found.stale, found.errors) == (0, 0, 3, [])
    counts, _outcomes = apply_readings([Reading(card.pk, OCT_31, 7, timezone.now())])
    assert (dict(counts), days_of(card)) == ({"stale": 1}, [OCT_31 + ONE])
    assert list(UsageTally.objects.order_by("day").values_list("day", "bytes")) == sums
    file.write_text("\n".join(["iccid,day,bytes,read_at,imei", f"{card.iccid},{first},{MB},2026-11-28T08:00,"]))
    assert [usage_file.import_usage(file, dry_run=dry_run).created for dry_run in (True, False)] == [1, 1]
    assert (days_of(card), list(Proof().problems())) == ([OCT_31 + ONE, first], [])


def test_deleting_stops_anywhere_and_goes_on(monkeypatch, caplog):
    """Two cards at a time and two days at a time; killed after a part, that part is done anew. The log says how far."""
    cards = [used_around(card_in_use(date(2025, 10, 1))) for _ in range(3)]
    monkeypatch.setattr(old_usage, "CARDS_LOOKED_AT", 2)
    monkeypatch.setattr(old_usage, "DAYS_AT_ONCE", {"postgresql": 2, "sqlite": 2})
    with on_day(OCTOBER_IS_OVER):
        assert (old_usage.days_behind(), forget(KINDS_KEPT, seconds=0)["usage"]) == (0, 2)
        assert (said(caplog), old_usage.days_behind()) == (["Retention: usage 2; more to do: usage"], 1)
        with transaction.atomic():
            old_usage.delete_old_days()
            transaction.set_rollback(True)
        assert (apply_retention()["usage"], [days_of(card) for card in cards]) == (4, [[OCT_31 + ONE]] * 3)
        assert [cycles_of(card) for card in cards] == [[("2025-10-01", "2025-11-01", 2)]] * 3
        assert said(caplog)[1:] == ["Retention: usage 4; more to do: nothing"]
        assert (old_usage.days_behind(), old_usage.delete_old_days()) == (0, (0, False))
    for day, behind in ((NOVEMBER_IS_OVER, 0), (NOVEMBER_IS_OVER + 2 * ONE, 1)):
        with on_day(day):
            assert old_usage.days_behind() == behind


def test_who_takes_a_shorter_time_back_midway_keeps_what_is_left():
    card = used_around(card_in_use(date(2025, 10, 1)))
    DeletedUsage.objects.create(pk=1, day=date(2025, 11, 30))
    with on_day(OCTOBER_IS_OVER):
        assert (apply_retention()["usage"], days_of(card), DeletedUsage.objects.get().day) == (
            2,
            [OCT_31 + ONE],
            OCT_31,
        )


# jobs


def job_done(ops, *cards, status=JobStatus.DONE):
    """A job that stopped cards of which some were stopped before, and what came of it."""
    selection = freeze_ids([card.pk for card in cards], owner=ops, asked={"from": "page"})
    job = control.draft(selection, "suspend", user=ops)
    job = worker.work_off(control.start(job, user=ops, reason="not paid"))
    Job.objects.filter(pk=job.pk).update(status=status)
    return job


def ended(job, ago):
    Job.objects.filter(pk=job.pk).update(finished_at=last_instant_over("JOB_DAYS") + ago)


def test_of_a_job_its_row_and_its_totals_stay():
    ops = staff("suspend", "resume")
    cards = [card_in_use(TODAY - 30 * ONE) for _ in range(3)]
    do("suspend", cards[0], TODAY)
    job = job_done(ops, *cards)
    totals, client, page = engine.totals(job), logged_in(ops), f"/console/jobs/{job.pk}/"
    for ago, emptied in zip(AROUND, (0, 1, 0), strict=True):
        ended(job, ago)
        forgotten = apply_retention()
        assert (forgotten["jobs"], forgotten["chunks"]) == (emptied, emptied)
    job = Job.objects.get()
    assert (engine.totals(job), JobChunk.objects.count(), job.params, job.reason) == (totals, 0, {}, "not paid")
    assert (totals.counts["done"], totals.counts["refused"]) == (2, 1)
    shown = text(client.get(page, headers=ENGLISH))
    assert "The details of this job were deleted 90 days after it ended." in shown
    assert not any(button in shown for button in ("Undo", "Retry failed cards", "Download the failures"))
    assert {client.post(f"{page}again/{step}/").status_code for step in ("undo", "retry")} == {404}
    listed = client.get("/console/jobs/?failed=1", headers=ENGLISH)
    assert f'href="{page}"' in listed.content.decode()
    assert page in client.get(f"/console/cards/{cards[1].iccid}/", headers=ENGLISH).content.decode()
    assert (list(Proof().problems()), CardEvent.objects.filter(job=job).count()) == ([], 2)


def test_an_emptied_job_that_had_failed_is_not_tried_again_nor_found_to_be_done():
    job = job_done(staff("suspend"), card_in_use(TODAY - 30 * ONE), status=JobStatus.FAILED)
    ended(job, timedelta())
    apply_retention()
    assert (engine.reopen(job, None), engine.stop(job, None)) == (False, False)
    assert "Try again" not in text(logged_in(job.owner).get(f"/console/jobs/{job.pk}/", headers=ENGLISH))
    assert worker.work_off(job).status == JobStatus.FAILED


def test_a_job_that_goes_on_and_one_of_an_order_stay_whole():
    ops = staff("suspend")
    at_work = job_done(ops, card_in_use(TODAY - 30 * ONE), status=JobStatus.PAUSED)
    of_order = job_done(ops, card_in_use(TODAY - 30 * ONE))
    Job.objects.filter(pk=of_order.pk).update(kind=JobKind.ORDER)
    for job in (at_work, of_order):
        ended(job, timedelta(days=-1))
    forgotten = apply_retention()
    assert (forgotten["jobs"], JobChunk.objects.count(), sum(forgotten.values())) == (0, 2, 0)


def test_a_draft_that_nobody_starts_is_discarded_by_a_rule():
    ops = staff("suspend", "resume")
    job = control.draft(freeze_ids([card_in_use(TODAY - 30 * ONE).pk], owner=ops, asked={}), "suspend", user=ops)
    for ago, discarded in zip(AROUND, (0, 1, 0), strict=True):
        Job.objects.filter(pk=job.pk).update(created_at=last_instant_over("JOB_DAYS") + ago)
        assert apply_retention()["unstarted_jobs"] == discarded
    job = Job.objects.get()
    assert (job.status, list(job.steps.values_list("step", "by"))) == (JobStatus.STOPPED, [("discarded", None)])


def test_a_selection_without_a_name_loses_its_cards():
    ops, card = staff("suspend"), card_in_use(TODAY - 30 * ONE)
    plain, named = (freeze_ids([card.pk], owner=ops, asked={}) for _ in range(2))
    rename(named, "Acme's")
    for ago, emptied in zip(AROUND, (0, 1, 0), strict=True):
        for selection in (plain, named):
            type(selection).objects.filter(pk=selection.pk).update(created_at=last_instant_over("JOB_DAYS") + ago)
        assert apply_retention()["selections"] == emptied
    assert [list(ids_of(selection)) for selection in (plain, named)] == [[], [[card.pk]]]
    page = text(logged_in(ops).get(f"/console/selections/{plain.pk}/", headers=ENGLISH))
    assert "There is no card in this selection." in page


def test_an_import_that_is_started_after_its_rows_were_thrown_away_says_so(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    ops, card = staff("import"), card_in_use(TODAY - 30 * ONE)
    file = ContentFile(f"iccid,day,bytes\n{card.iccid},{TODAY - ONE},5\n".encode(), name="usage.csv")
    job = worker.work_off(control.upload(JobKind.IMPORT_USAGE, file, user=ops))
    for ago, gone in zip(AROUND, (0, 1, 0), strict=True):
        StagedFile.objects.update(kept_until=timezone.now() + ago)
        assert apply_retention()["staged_files"] == gone
    job = worker.work_off(control.start(job, user=ops))
    assert (job.status, job.message) == (JobStatus.FAILED, "The file is no longer kept: upload it again.")
    assert days_of(card) == []


# rows that go


def test_a_try_counts_while_retention_deletes_what_is_over():
    def deletes_first(execute, sql, params, many, context):
        if sql.startswith("UPDATE"):
            Tries.objects.filter(until__lte=timezone.now()).delete()
        return execute(sql, params, many, context)

    limit = throttle.CONFIRMATIONS
    for _time in range(limit.most):
        throttle.hit(limit, "alice")
    Tries.objects.update(until=timezone.now())
    with connection.execute_wrapper(deletes_first):
        assert [throttle.hit(limit, "alice") for _time in range(limit.most + 1)] == [True] * limit.most + [False]


def invitation(at):
    alice = member("Acme", "alice")
    return Invitation.objects.create(customer=Customer.objects.get(), role="viewer", by=alice, until=at)


def session(at):
    return Session.objects.create(session_key="k", session_data="", expire_date=at + timedelta(days=14))


def tries(at):
    return Tries.objects.create(key="k", count=1, until=at)


def quarantined(at):
    card = open_card(opened_on=date(2025, 10, 1))
    day = timezone.localdate(at)
    return QuarantinedReading.objects.create(
        card=card, day=day, bytes=1, read_at=at, told_at=at, status=Quarantine.DROPPED
    )


def notice(at):
    """As far from the day that is over as the instant is from the instant that is: the portal's day stands still."""
    day = last_day_over("NOTICE_DAYS") + (timezone.localdate(at) - timezone.localdate(last_instant_over("NOTICE_DAYS")))
    digest = Digest.objects.create(customer=b.customer("Acme"), day=day, sent_at=at)
    given = b.notice("Acme", on=day)
    Notice.objects.filter(pk=given.pk).update(created_at=at, digest=digest)
    return given


def instant_of(setting):
    return lambda: last_instant_over(setting)


def before_first_day_told():
    return end_of(first_day_told(TODAY) - ONE) - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("name", "make", "over", "step"),
    [
        ("invitations", invitation, instant_of("INVITATION_DAYS"), timedelta(minutes=1)),
        ("sessions", session, instant_of("SESSION_DAYS"), timedelta(minutes=1)),
        ("tries", tries, timezone.now, timedelta(minutes=1)),
        ("quarantine", quarantined, before_first_day_told, ONE),
        ("notices", notice, lambda: last_instant_over("NOTICE_DAYS") - ONE, 2 * ONE),
    ],
)
@pytest.mark.parametrize(("side", "gone"), [(1, 0), (0, 1), (-1, 1)])
def test_rows_stay_before_their_time_and_go_from_then_on(name, make, over, step, side, gone):
    row = make(over() + side * step)
    assert (apply_retention()[name], type(row).objects.filter(pk=row.pk).count()) == (gone, 1 - gone)
    assert (apply_retention()[name], list(Proof().problems())) == (0, [])


def test_a_notice_of_what_still_lasts_stays_so_that_nobody_is_told_anew():
    """A wallet that has been low ever since."""
    long_ago = last_instant_over("NOTICE_DAYS") - 30 * ONE
    b.agree("Acme", low_below=Decimal(100))
    Customer.objects.update(created_at=long_ago)
    gather(timezone.localdate(long_ago))
    Notice.objects.update(created_at=long_ago)
    assert (apply_retention()["notices"], Notice.objects.count()) == (0, 1)
    b.agree("Acme", low_below=None)
    assert (apply_retention()["notices"], Notice.objects.count()) == (1, 0)


# the table of the page


def rows_of(page):
    """(settings, bounds, names in the log) of each row of the table, and its first number."""
    section = (settings.BASE_DIR / "docs" / page).read_text().split("\n## 10 ")[1].split("\n## 11 ")[0]
    table = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")][1:]
    return [
        (re.findall(r"`(\w+)` \((\d+)–(\d+)\)", setting), re.findall(r"\d+", long)[:1], re.findall(r"`(\w+)`", names))
        for _what, _why, long, setting, names in table
    ]


def test_the_table_of_the_page_has_every_kind_and_every_setting_with_its_figures():
    rows = rows_of("operations.md")
    assert rows_of("zh/operations.md") == rows
    assert {name for _said, _long, names in rows for name in names} == {kind.name for kind in KINDS_KEPT}
    told = {(setting, name) for said, _long, names in rows for setting, _least, _most in said for name in names}
    assert told == {(setting, kind.name) for kind in KINDS_KEPT for setting in kind.settings}
    for said, long, _names in rows:
        for setting, least, most in said:
            usual, *bounds = KEPT[setting]
            assert (setting, list(map(int, (least, most)))) == (setting, bounds)
            assert not long or int(long[0]) == usual
    assert {setting for said, *_rest in rows for setting, *_bounds in said} == set(KEPT)
