"""`status` and `jobs`: what rings and what to do about it, for somebody who has a shell and no browser."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from billing.actions import kinds
from cards.faults import Fault
from cards.models import Job
from simportal.health import BACKUP_MARK, FULL, OF_MACHINE, PUBLIC
from simportal.models import Tick
from simportal.schedule import BEAT_SCHEDULE
from tests.billing import build as b
from tests.build import OPENED_ON, on_day, open_card, staff
from tests.commands.calls import run
from tests.test_health import refuse

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def portal(settings, tmp_path):
    """All its bells are rung, and its backup is made."""
    settings.VAR_DIR = tmp_path
    (tmp_path / BACKUP_MARK).touch()
    for entry in BEAT_SCHEDULE.values():
        Tick.record(entry["task"])
    with on_day(OPENED_ON):
        yield


@pytest.fixture
def ops():
    return staff("suspend", username="ops")


def failed(kind="action", action="suspend", **more):
    return Job.objects.create(kind=kind, action=action, status="failed", message="Internal error.", **more)


def test_all_is_well():
    told = run("status", "--json")
    assert (told.code, told.err, list(told.document)) == (
        *(0, ""),
        ["ready", "database", *PUBLIC, *FULL, "broker", *OF_MACHINE],
    )
    told = run("status")
    assert (told.code, told.err, {line.split("\t")[0] for line in told.out.splitlines()}) == (0, "", {"ok"})
    assert f"ok\tdatabase\tvendor: {connection.vendor}\n" in told.out


def test_a_demo_that_was_never_backed_up_is_well_and_a_portal_in_service_is_not(settings, tmp_path):
    (tmp_path / BACKUP_MARK).unlink()
    for is_demo, word in ((True, "ok"), (False, "ALARM")):
        settings.ENV = replace(settings.ENV, debug=is_demo)
        told = run("status")
        assert (told.code, told.out.splitlines()[-1].split("\t")[:2]) == (int(not is_demo), [word, "backup"])


def test_what_rings_is_told_and_is_the_exit_code(ops):
    failed(owner=ops)
    told = run("status", "--json")
    assert (told.code, told.document["ready"], told.document["failed_jobs"]) == (1, False, {"ok": False, "count": 1})
    told = run("status")
    alarms = [line for line in told.out.splitlines() if not line.startswith("ok")]
    assert (told.code, alarms) == (1, ["ALARM\tfailed_jobs\tcount: 1"])


def test_a_database_that_is_away_is_no_traceback():
    with connection.execute_wrapper(refuse):
        told = run("status")
    assert (told.code, told.err, told.out.splitlines()[0]) == (1, "", f"ALARM\tdatabase\tvendor: {connection.vendor}")


def lines(told):
    return [(job["job"], job["status"], job["message"], job["fault"], job["tries"]) for job in told.document["jobs"]]


def test_jobs_that_failed_are_listed_with_what_is_at_work_and_what_stopped_it(ops):
    assert (run("jobs", "--json").document, run("jobs").err) == (
        {"jobs": []},
        "No job has failed, and none is at work.\n",
    )
    bad, at_work, done = failed(owner=ops), *(Job.objects.create(kind="export", owner=ops) for _ in range(2))
    Job.objects.filter(pk=done.pk).update(status="done")
    soon = timezone.now() + timedelta(minutes=30)
    Job.objects.filter(pk=at_work.pk).update(fault=Fault.FULL, tries=5, leased_until=soon)
    told = run("jobs", "--json")
    assert (told.code, told.err, lines(told)) == (
        *(1, ""),
        [(at_work.pk, "preparing", "", "full", 5), (bad.pk, "failed", "Internal error.", None, None)],
    )
    assert run("jobs").out == (
        f"{at_work.pk}: Export (ops) Reading file. Attempt 5 failed: the disk is full; "
        f"tried again at {timezone.localtime(soon):%H:%M:%S}.\n"
        f"{bad.pk}: Suspend (ops) Failed. Internal error.\n"
    )


def test_a_failed_job_is_worked_on_again_or_discarded_and_its_log_says_by_whom(ops):
    again, given_up, other = (failed(owner=ops) for _ in range(3))
    told = run("jobs", "again", again.pk, "--actor", "ops", "--json")
    assert (told.code, lines(told)) == (0, [(again.pk, "checking", "", None, None)])
    told = run("jobs", "discard", given_up.pk, "--actor", "ops")
    assert (told.code, told.out) == (0, f"{given_up.pk}: Suspend (ops) Stopped. Internal error.\n")
    assert [job.steps.values_list("step", "by__username")[0] for job in (again, given_up)] == [
        ("resumed", "ops"),
        ("discarded", "ops"),
    ]
    assert {job["job"] for job in run("jobs", "--json").document["jobs"]} == {again.pk, other.pk}


def test_the_job_of_an_order_is_worked_on_again_and_is_not_discarded():
    finance = b.financier()
    b.price("Y1-30", "30.00")
    b.fund("100")
    order = b.paid(cards=[open_card(customer="Acme")], user=finance)
    Job.objects.filter(pk=order.job_id).update(status="failed")
    refused = run("jobs", "discard", order.job_id, "--actor", "finance")
    assert (refused.code, refused.err) == (
        1,
        f"{order.job_id}: finance is not allowed to do this. Ask someone whose role allows it.\n",
    )
    assert run("jobs", "again", order.job_id, "--actor", "finance").code == 0
    kinds.work_off_order(order.job)
    assert b.fresh(order).state == "fulfilled"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("again", "{job}", "--actor", "looker"), 1, "{job}: looker is not allowed to do this. Ask someone whose role"),
        (("again", "{job}", "--actor", "nobody"), 2, "Say who does it: --actor with the name of a user."),
        (("again", "{job}"), 2, "Say who does it: --actor with the name of a user."),
        (("discard", "{job}", "999", "--actor", "ops"), 2, "There is no job 999."),
        (("discard", "--actor", "ops"), 2, "Give the numbers of the jobs."),
        (("12",), 2, "argument STEP: invalid choice: '12'"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence_and_nothing_happens(ops, arguments, code, said):
    staff(username="looker")
    job = failed(owner=ops)
    told = run("jobs", *(word.format(job=job.pk) for word in arguments))
    assert (told.code, told.out.count("Stopped")) == (code, 0)
    assert said.format(job=job.pk) in told.err
    assert Job.objects.get().status == "failed"
