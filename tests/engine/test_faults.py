"""What passes by itself is told from mistakes, and work that it stopped ends like the uninterrupted one, nothing twice.

The faults are real: a backend that is ended inside COPY, locks that are held, a deadlock, a signal, a full disk.
"""

import logging
import math
import signal
import sqlite3
import threading
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.base import ContentFile
from django.db import IntegrityError, InterfaceError, OperationalError, connection
from django.db.backends.signals import connection_created
from django.utils import timezone, translation

from billing import proof
from billing.actions import orders
from billing.actions.kinds import ORDER_JOB_KINDS
from cards.actions import sweep
from cards.actions.imports.usage_applying import READINGS_AT_ONCE
from cards.actions.jobs import control, engine, export, worker
from cards.actions.lanes import LANES_AT_ONCE
from cards.actions.selections import freeze_ids
from cards.choices import JobKind
from cards.faults import MERGED_AWAY, Fault, fault_of
from cards.management.base import explained
from cards.models import Card, CardEvent, Customer, Job, JobChunk, StagedFile, StagedReading, SweptDay, UsageDay
from tests.billing import build as b
from tests.build import OPENED_ON as DAY
from tests.build import card_in_use, fresh, on_day, open_card, staff, use
from tests.processes import free_port

pytestmark = pytest.mark.django_db

on_postgresql = pytest.mark.skipif(connection.vendor == "sqlite", reason="of PostgreSQL, with connections of their own")


def with_connections_of_their_own(test):
    return on_postgresql(pytest.mark.django_db(transaction=True, serialized_rollback=True)(test))


@pytest.fixture(autouse=True)
def today(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    with on_day(DAY), translation.override("en"):
        yield


@contextmanager
def somebody_else():
    """A connection that is not the portal's, in a transaction of its own."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        yield other


@pytest.fixture
def impatient():
    """Each connection of the portal waits for a lock for no more than a fifth of a second."""

    def told(connection, **_):
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'; SET deadlock_timeout = '50ms'")

    connection.close()
    connection_created.connect(told)
    yield
    connection_created.disconnect(told)
    connection.close()


def warnings_in(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def wait_over():
    for model in (Job, JobChunk):
        model.objects.filter(worker="").update(leased_until=None)


# telling them apart


def raised(do):
    try:
        do()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def locked(path):
    with closing(sqlite3.connect(path)) as one, closing(sqlite3.connect(path, timeout=0)) as two:
        one.execute("CREATE TABLE t (a)")
        one.execute("BEGIN IMMEDIATE")
        return raised(lambda: two.execute("INSERT INTO t VALUES (1)"))


def full(path):
    with closing(sqlite3.connect(path)) as one:
        one.execute("PRAGMA max_page_count = 2")
        one.execute("CREATE TABLE t (a)")
        return raised(lambda: one.execute("INSERT INTO t VALUES (?)", ["x" * 100_000]))


def without_table(path):
    with closing(sqlite3.connect(path)) as one:
        return raised(lambda: one.execute("SELECT * FROM nowhere"))


def full_device(_path):
    def write():
        with open("/dev/full", "wb", buffering=0) as device:
            device.write(b"x")

    return raised(write)


def nobody_listens(_path):
    return raised(lambda: psycopg.connect(host="127.0.0.1", port=free_port()))


def caused_by(cause, error, **how):
    def both():
        try:
            raise cause
        except type(cause):
            if how:
                raise error from how["told_from"]
            raise error  # noqa: B904 -- without a word about where it came from

    return lambda _path: raised(both)


TOLD = {
    "locked": (locked, Fault.HELD),
    "full": (full, Fault.FULL),
    "no table": (without_table, None),
    "device": (full_device, Fault.FULL),
    "nobody listens": (nobody_listens, Fault.AWAY),
    "deadlock": (lambda _: psycopg.errors.DeadlockDetected("…"), Fault.HELD),
    "lock": (lambda _: psycopg.errors.LockNotAvailable("…"), Fault.HELD),
    "serialization": (lambda _: psycopg.errors.SerializationFailure("…"), Fault.HELD),
    "statement": (lambda _: psycopg.errors.QueryCanceled("…"), Fault.SLOW),
    "idle": (lambda _: psycopg.errors.IdleInTransactionSessionTimeout("…"), Fault.SLOW),
    "shutdown": (lambda _: psycopg.errors.AdminShutdown("…"), Fault.AWAY),
    "recovery": (lambda _: psycopg.errors.CannotConnectNow("…"), Fault.AWAY),
    "too many": (lambda _: psycopg.errors.TooManyConnections("…"), Fault.AWAY),
    "disk of the server": (lambda _: psycopg.errors.DiskFull("…"), Fault.FULL),
    "server reads": (lambda _: psycopg.errors.IoError("…"), Fault.DISK),
    "broken": (lambda _: psycopg.OperationalError("server closed the connection unexpectedly"), Fault.AWAY),
    "closed": (lambda _: InterfaceError("connection already closed"), Fault.AWAY),
    "too long": (lambda _: SoftTimeLimitExceeded(), Fault.SLOW),
    "stale": (lambda _: OSError(116, "Stale file handle"), Fault.DISK),
    "no file": (lambda _: FileNotFoundError(2, "No such file"), None),
    "wrong table": (lambda _: psycopg.errors.UndefinedTable("…"), None),
    "twice": (lambda _: psycopg.errors.UniqueViolation("…"), None),
    "merged": (lambda _: psycopg.errors.CheckViolation(MERGED_AWAY), Fault.MERGED),
    "merged, says SQLite": (lambda _: sqlite3.IntegrityError(MERGED_AWAY), Fault.MERGED),
    "integrity": (lambda _: IntegrityError("…"), None),
    "mistake": (lambda _: KeyError("plan"), None),
    "wrapped": (caused_by(psycopg.errors.DeadlockDetected("…"), OperationalError("…")), Fault.HELD),
    "named": (caused_by(KeyError(1), ValueError("…"), told_from=OSError(28, "No space left")), Fault.FULL),
    "of its own": (caused_by(OperationalError("…"), KeyError("plan"), told_from=None), None),
}


@pytest.mark.parametrize("name", TOLD)
@pytest.mark.once
def test_a_fault_is_told_from_a_mistake_whatever_raised_it(name, tmp_path):
    error, fault = TOLD[name]
    assert fault_of(error(tmp_path / "some.sqlite3")) == fault


@pytest.mark.once
def test_a_command_that_a_fault_stopped_says_so_in_a_sentence(tmp_path):
    assert explained(full_device(tmp_path), "") == ("Stopped: the disk is full. Run it again once that is over.", 1)
    assert explained(locked(tmp_path / "some.sqlite3"), "")[0].startswith("Stopped: another change held these rows")
    assert explained(KeyError("plan"), "")[0].startswith("Internal error: KeyError")


# a usage import

READ_AT = f"{DAY}T08:00+08:00"


def usage_file(cards):
    """A reading of each card; every other row is one that we read by hand, for its instant."""
    rows = (
        f"{card.iccid},{DAY},{100 + number},{READ_AT if number % 2 else READ_AT.replace('-', '/')}"
        for number, card in enumerate(cards)
    )
    return ContentFile("\n".join(["iccid,day,bytes,read_at", *rows]).encode(), name="usage.csv")


@pytest.fixture
def in_parts(monkeypatch):
    """Two readings are a chunk."""
    monkeypatch.setitem(READINGS_AT_ONCE, connection.vendor, 2)


@pytest.fixture
def importing(in_parts):
    def importing():
        user = staff()
        user.is_superuser = True
        user.save()
        return control.upload(JobKind.IMPORT_USAGE, usage_file([card_in_use() for _ in range(6)]), user=user)

    return importing


def taken(job):
    """What is to be seen of an import in the end."""
    counts = engine.totals(job).counts
    known = sorted(UsageDay.objects.values_list("bytes", flat=True))
    left = StagedFile.objects.count(), StagedReading.objects.count(), bool(job.file)
    return job.status, job.message, counts["created"], counts["refused"], known, left


UNINTERRUPTED = ("done", "", 6, 0, [100, 101, 102, 103, 104, 105], (0, 0, False))


def lose_what_is_staged():
    """What PostgreSQL does after a crash to a table that is not logged."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE cards_stagedreading" if connection.vendor == "postgresql" else "DELETE FROM cards_stagedreading"
        )


@pytest.mark.parametrize("lost", ["never", "before the check", "before the start", "after a chunk", "after two"])
def test_what_was_staged_and_is_lost_is_read_again_from_its_file(importing, lost):
    job = importing()
    assert worker._work_once("reader", job)
    if lost == "before the check":
        lose_what_is_staged()
    job = worker.work_off(job)
    assert job.status == "ready"
    if lost == "before the start":
        lose_what_is_staged()
    job = control.start(job, user=job.owner)
    for _ in range({"after a chunk": 1, "after two": 2}.get(lost, 0)):
        assert worker._work_once("worker", job)
    if lost.startswith("after"):
        lose_what_is_staged()
    assert taken(worker.work_off(job)) == UNINTERRUPTED
    assert [step.step for step in job.steps.all()] == ["started"]


def as_version_0_14_left_it(job, done):
    """Its chunks took whichever cards were next, and the file said how far that was."""
    last = StagedReading.objects.latest("card_id").card_id
    StagedFile.objects.update(last_card=last)
    for chunk in job.chunks.all():
        cards = chunk.payload.pop("cards")
        chunk.save()
        if chunk.number == done:
            StagedFile.objects.update(taken_through=min(cards[1], last))


@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_file_that_version_0_14_has_begun_is_taken_to_its_end_once(importing, done):
    job = worker.work_off(importing())
    job = control.start(job, user=job.owner)
    for _ in range(done):
        assert worker._work_once("worker", job)
    as_version_0_14_left_it(job, done)
    assert taken(worker.work_off(job)) == UNINTERRUPTED


def test_a_worker_of_version_0_14_stumbles_over_a_file_that_it_has_not_read(importing):
    """It compares how far it is with the last card, of which there is none: its job fails, and no reading is lost."""
    worker.work_off(importing())
    assert StagedFile.objects.values_list("taken_through", "last_card").get() == (0, None)


def test_whichever_range_comes_first_the_sums_are_the_same(in_parts):
    user = staff()
    user.is_superuser = True
    user.save()
    cards = [card_in_use() for _ in range(4)]
    for card in cards:
        use(card, DAY, 1)
    earlier, later = (f"{DAY}T{hour:02}:00+08:00" for hour in (1, 2))
    rows = [f"{card.iccid},{DAY},{size},{at}" for card in cards for size, at in ((1, earlier), (2, later))]
    file = ContentFile("\n".join(["iccid,day,bytes,read_at", *rows]).encode(), name="usage.csv")
    job = worker.work_off(control.upload(JobKind.IMPORT_USAGE, file, user=user))
    control.start(job, user=user)
    first = engine.claim_chunk("slow", job)
    assert worker._work_once("quick", job)
    engine.give_back(first)
    job = worker.work_off(job)
    assert (job.status, job.chunks.get(number=1).done_at > job.chunks.get(number=2).done_at) == ("done", True)
    assert engine.totals(job).counts["stale"] == 8


def test_whose_file_is_gone_too_says_what_to_do(importing):
    job = worker.work_off(importing())
    control.start(job, user=job.owner)
    assert worker._work_once("worker", job)
    lose_what_is_staged()
    Path(job.file.path).unlink()
    job = worker.work_off(job)
    assert (job.status, job.message) == ("failed", "The file is no longer kept: upload it again.")
    assert UsageDay.objects.count() == 2


ENDED_ONCE = """
    CREATE SEQUENCE rows_copied;
    CREATE FUNCTION end_this_backend() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('rows_copied') = 2 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER end_this_backend BEFORE INSERT ON {table}
        FOR EACH ROW EXECUTE FUNCTION end_this_backend();
"""


@contextmanager
def backend_that_ends_once(table):
    """The backend that writes the second row into this table is ended by the server, inside its statement."""
    with connection.cursor() as cursor:
        cursor.execute(ENDED_ONCE.format(table=table))
    try:
        yield
    finally:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION end_this_backend CASCADE; DROP SEQUENCE rows_copied")


@with_connections_of_their_own
@pytest.mark.parametrize("table", ["cards_stagedreading", "cards_usageday"])
def test_a_backend_that_is_ended_inside_copy_or_at_work_is_a_fault(importing, table, caplog):
    job = importing()
    with backend_that_ends_once(table):
        for _ in range(2):
            job = worker.work_off(job)
            wait_over()
        assert job.status == "ready"
        job = worker.work_off(control.start(job, user=job.owner))
        wait_over()
        assert taken(worker.work_off(job)) == UNINTERRUPTED
    assert warnings_in(caplog) == [f"Job {job.pk}: away, at try 1"]


# locks, deadlocks and time limits


@pytest.fixture
def bought():
    """A paid order of two cards whose job has not begun."""

    def bought():
        b.price("Y1-30", "30")
        b.fund("100")
        return orders.pay(b.placed(cards=[card_in_use(customer="Acme"), card_in_use(customer="Acme")]), user=None)

    return bought


def served(order):
    order = b.fresh(order)
    return order.state, b.balance(), [line[1] for line in b.lines(order)], list(proof.problems())


SERVED = ("fulfilled", 40, ["fulfilled", "fulfilled"], [])


def stopped(fault):
    """Whether a chunk was given back at once, for five seconds, with this reason."""
    chunk = JobChunk.objects.get(done_at=None)
    wait = (chunk.leased_until - timezone.now()).total_seconds()
    return (chunk.worker, chunk.tries, chunk.fault, 0 < wait <= 5) == ("", 1, fault, True)


@with_connections_of_their_own
def test_a_lock_that_is_held_too_long_does_not_end_a_paid_order(bought, impatient):
    order = bought()
    with somebody_else() as other:
        other.execute("SELECT id FROM cards_card FOR UPDATE")
        worker.tick(1, ORDER_JOB_KINDS)
        assert (stopped("held"), Job.objects.get().status, b.fresh(order).state) == (True, "running", "paid")
    wait_over()
    worker.tick(1, ORDER_JOB_KINDS)
    assert served(order) == SERVED


@with_connections_of_their_own
def test_a_time_limit_within_a_chunk_of_a_paid_order_does_not_end_it(bought):
    order = bought()

    def too_long(_signal, _frame):
        raise SoftTimeLimitExceeded()  # as Celery's worker does it, by a signal too

    before = signal.signal(signal.SIGALRM, too_long)
    try:
        with somebody_else() as other:
            other.execute("SELECT id FROM cards_card FOR UPDATE")
            signal.setitimer(signal.ITIMER_REAL, 0.5)
            worker.tick(1, ORDER_JOB_KINDS)
            assert (stopped("slow"), Card.objects.exclude(parked="").count()) == (True, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    wait_over()
    worker.tick(1, ORDER_JOB_KINDS)
    assert served(order) == SERVED


@with_connections_of_their_own
def test_of_a_deadlock_the_chunk_is_free_again_after_its_wait(impatient):
    ops, cards = staff("suspend"), [card_in_use(), card_in_use()]
    selection = freeze_ids([card.pk for card in cards], owner=ops, asked={"from": "page"})
    job = control.start(control.draft(selection, "suspend", user=ops), user=ops)
    with somebody_else() as other:
        other.execute("SET deadlock_timeout = '10s'")
        other.execute("SELECT id FROM cards_card WHERE id = %s FOR UPDATE", [cards[1].pk])
        timer = threading.Timer(
            0.02, lambda: other.execute("SELECT id FROM cards_card WHERE id = %s FOR UPDATE", [cards[0].pk])
        )
        timer.start()
        worker.tick(1)
        timer.join()
        assert stopped("held")
    wait_over()
    assert worker.work_off(job).status == "done"
    assert CardEvent.objects.filter(action="suspend").count() == 2


@with_connections_of_their_own
def test_two_lanes_that_name_the_same_new_customers_never_wait_for_each_other_in_a_circle(monkeypatch, caplog):
    monkeypatch.setattr("cards.actions.jobs.cards_import.CARDS_AT_ONCE", 20)
    user = staff()
    user.is_superuser = True
    user.save()
    names = [f"Customer {number:02d}" for number in range(20)]
    shuffled = [name for chunk in range(10) for name in (names if chunk % 2 else reversed(names))]
    rows = [f"8986{n:016d},cmcc,enterprise,{DAY},Y1-30,{name}" for n, name in enumerate(shuffled)]
    file = ContentFile("\n".join(["iccid,carrier,certification,opened_on,plan,customer", *rows]).encode(), name="f.csv")
    job = control.upload(JobKind.IMPORT_CARDS, file, user=user)
    assert worker._work_once("reader", job)

    def lane():
        with on_day(DAY):
            worker.work_off(job)
        connection.close()

    def two_lanes():
        lanes = [threading.Thread(target=lane) for _ in range(2)]
        for thread in lanes:
            thread.start()
        for thread in lanes:
            thread.join()

    two_lanes()
    control.start(Job.objects.get(), user=user)
    two_lanes()
    assert (Job.objects.get().status, Job.objects.get().message) == ("done", "")
    assert (Card.objects.count(), Customer.objects.count()) == (200, 20)
    assert warnings_in(caplog) == []


@with_connections_of_their_own
def test_the_day_on_which_a_file_is_told_is_noted_before_its_first_range_is_done(importing, impatient):
    """So the next range need not wait for that; and what a fault has stopped at midnight goes on as of the day."""
    job = worker.work_off(importing())
    control.start(job, user=job.owner)
    with somebody_else() as other:
        other.execute("SELECT id FROM cards_card ORDER BY id LIMIT 1 FOR UPDATE")
        assert worker._work_once("slow", job)
        assert StagedFile.objects.values_list("told_on", flat=True).get() == DAY
        assert worker._work_once("quick", job)
    assert list(job.chunks.order_by("number").values_list("fault", "result__counts__created")) == [
        ("held", None),
        ("", 2),
        ("", None),
    ]
    wait_over()
    with on_day(DAY + timedelta(days=1)):
        assert taken(worker.work_off(job)) == UNINTERRUPTED


# the sweep


@with_connections_of_their_own
def test_a_fault_in_a_chunk_of_the_sweep_parks_nobody_and_keeps_no_other_back(monkeypatch, impatient):
    monkeypatch.setattr(sweep, "DUE_AT_ONCE", 2)
    cards = [open_card() for _ in range(6)]
    day = min(Card.objects.values_list("next_due_on", flat=True))
    with somebody_else() as other:
        other.execute("SELECT id FROM cards_card WHERE id = %s FOR UPDATE", [cards[2].pk])
        error = raised(lambda: sweep.sweep_until(day, math.inf))
        assert fault_of(error) == Fault.HELD
        due = [card.pk for card in cards if fresh(card).next_due_on == day]
        assert due == [cards[2].pk, cards[3].pk]
        assert (Card.objects.exclude(parked="").count(), SweptDay.objects.get().finished_at) == (0, None)
    assert sweep.sweep_until(day, math.inf)
    assert not Card.objects.due(day).exists()
    assert SweptDay.objects.get().finished_at is not None


@contextmanager
def connections_of_lanes():
    """Those that are opened meanwhile in other threads than this one."""
    opened = []

    def note(connection, **_):
        if threading.current_thread() is not threading.main_thread():
            opened.append(connection)

    connection_created.connect(note)
    yield opened
    connection_created.disconnect(note)


@with_connections_of_their_own
def test_a_lane_of_the_sweep_keeps_its_connection_as_long_as_it_holds(monkeypatch):
    """One that breaks takes its own chunk back, and the lane goes on with another; none is left open."""
    monkeypatch.setattr(sweep, "DUE_AT_ONCE", 2)
    for _ in range(12):
        open_card()
    day = min(Card.objects.values_list("next_due_on", flat=True))
    with connections_of_lanes() as opened, backend_that_ends_once("cards_cardevent"):
        assert fault_of(raised(lambda: sweep.sweep_until(day, math.inf))) == Fault.AWAY
    assert [each.connection for each in opened] == [None] * (LANES_AT_ONCE + 1)
    assert Card.objects.due(day).count() == 2
    with connections_of_lanes() as opened:
        assert sweep.sweep_until(day, math.inf)
    assert ([each.connection for each in opened], Card.objects.due(day).count()) == ([None], 0)


# files


def test_a_disk_that_fills_while_an_export_is_written_leaves_nothing_and_the_next_try_writes_it(monkeypatch, tmp_path):
    """The kernel's own "no space left": the file is begun where it belongs, and its bytes go to a full device."""
    open_card()
    user = staff()
    user.is_superuser = True
    user.save()
    job = export.order_export(user, "csv", "cards.csv")

    def begun_on_a_full_disk(path, mode):
        Path(path).touch()
        return open("/dev/full", mode)

    monkeypatch.setattr(export, "open", begun_on_a_full_disk, raising=False)
    job = worker.work_off(job)
    assert (job.status, job.fault, job.tries, list((tmp_path / "jobs").iterdir())) == ("preparing", "full", 1, [])
    monkeypatch.undo()
    wait_over()
    job = worker.work_off(job)
    assert (job.status, job.fault, [path.name for path in (tmp_path / "jobs").iterdir()]) == (
        "done",
        "",
        [f"export-{job.key}.csv"],
    )


def test_a_mistake_is_told_in_plain_words_and_the_log_has_the_rest(monkeypatch, caplog):
    class Broken(type(worker.KINDS["export"])):
        def prepare(self, job, alive):
            raise KeyError("secret")

    user = staff()
    job = worker.work_off(export.order_export(user, "csv", "cards.csv"), kinds={"export": Broken()})
    assert (job.status, "secret" in job.message, f"job {job.pk}" in job.message) == ("failed", False, True)
    assert "secret" in caplog.text
    assert timezone.now() - job.finished_at < timedelta(minutes=1)
