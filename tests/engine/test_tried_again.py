"""What failed for good stands in a queue, rings, and has one button: it goes on where it stopped."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone, translation

from billing.actions import orders, refunds
from billing.actions.kinds import work_off_order
from billing.models import Order
from cards.actions.jobs import control, engine, export, worker
from cards.choices import JobKind
from cards.models import Job, JobChunk
from simportal.health import FULL
from tests.billing import build as b
from tests.build import OPENED_ON as DAY
from tests.build import card_in_use, member, on_day, open_card, staff
from tests.console.pages import logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    with on_day(DAY), translation.override("en"):
        yield


@pytest.fixture
def boss():
    user = staff(username="boss")
    user.is_superuser = True
    user.save()
    return user


def imported(kind, lines):
    def upload(user):
        return control.upload(kind, ContentFile("\n".join(lines()).encode(), name="file.csv"), user=user)

    return upload


def card_lines():
    return ["iccid,carrier,certification,opened_on,plan", f"89860000000000000009,cmcc,enterprise,{DAY},Y1-30"]


def usage_lines():
    return ["iccid,day,bytes,read_at", f"{card_in_use().iccid},{DAY},1048576,{DAY}T08:00+08:00"]


IMPORTS = {
    "cards": imported(JobKind.IMPORT_CARDS, card_lines),
    "usage": imported(JobKind.IMPORT_USAGE, usage_lines),
}


def pressed(job, client, url="/console/jobs/{}/reopen/"):
    """The job after its button was pressed twice; the page offers it once."""
    url = url.format(job.pk)
    assert f'action="{url}"' in client.get(f"/console/jobs/{job.pk}/", follow=True).content.decode()
    for _ in range(2):
        assert client.post(url).status_code == 302
    return Job.objects.get(pk=job.pk)


def went(job):
    job = worker.work_off(job)
    return job.status, job.message, [step.step for step in job.steps.all()]


@pytest.mark.parametrize("what", IMPORTS)
def test_an_import_goes_on_from_where_it_failed(what, boss):
    client = logged_in(boss)
    job = IMPORTS[what](boss)
    engine.fail(job, "the disk is full")
    job = pressed(job, client)
    assert job.is_being_read
    assert worker._work_once("reader", job)
    engine.fail(job, "the disk is full")
    assert went(pressed(job, client)) == ("ready", "", ["resumed", "resumed"])
    job = control.start(job, user=boss)
    engine.fail(job, "the disk is full")
    job = pressed(job, client)
    assert (job.is_running, went(job)) == (True, ("done", "", ["resumed", "resumed", "started", "resumed"]))


def test_an_export_is_written_again(boss):
    client = logged_in(boss)
    job = export.order_export(boss, "csv", "cards.csv")
    engine.fail(job, "the disk is full")
    assert went(pressed(job, client)) == ("done", "", ["resumed"])


def test_a_draft_of_an_order_is_checked_again_and_a_paid_one_served(boss):
    b.price("Y1-30", "30")
    b.fund("100")
    client = logged_in(boss)
    order = b.drafted(cards=[card_in_use(customer="Acme")])
    Job.objects.update(status="checking")
    JobChunk.objects.update(checked_at=None)
    engine.fail(order.job, "the disk is full")
    go_on = f"/console/orders/{order.pk}/go-on/"
    assert work_off_order(pressed(order.job, client, go_on)).status == "ready"
    order = orders.pay(orders.place(b.fresh(order), user=None), user=None)
    engine.fail(order.job, "the disk is full")
    assert work_off_order(pressed(order.job, client, go_on)).status == "done"
    assert (b.fresh(order).state, b.balance()) == ("fulfilled", 70)


def test_nobody_else_tries_it_again_and_what_did_not_fail_is_not_tried(boss):
    job = export.order_export(boss, "csv", "cards.csv")
    engine.fail(job, "the disk is full")
    for other, status in ((staff(username="other"), 403), (member(), 404)):
        client = logged_in(other)
        assert client.post(f"/console/jobs/{job.pk}/reopen/").status_code == status
    assert client.post(f"/my/jobs/{job.pk}/reopen/").status_code == 404
    assert Job.objects.get().has_failed
    done = worker.work_off(export.order_export(boss, "xlsx", "cards.xlsx"))
    client = logged_in(boss)
    assert client.post(f"/console/jobs/{done.pk}/reopen/").status_code == 302
    assert Job.objects.get(pk=done.pk).status == "done"


def test_a_customer_tries_their_own_export_again():
    open_card(customer="Acme")
    alice = member()
    job = export.order_export(alice, "csv", "cards.csv")
    engine.fail(job, "the disk is full")
    client = logged_in(alice)
    url = f"/my/jobs/{job.pk}/reopen/"
    assert f'action="{url}"' in client.get(f"/my/jobs/{job.pk}/").content.decode()
    assert client.post(url).status_code == 302
    assert went(Job.objects.get()) == ("done", "", ["resumed"])


# what rings


def rung(part):
    return FULL[part]()


def test_a_failed_job_rings_until_somebody_looks_at_it(boss):
    assert rung("failed_jobs") == {"ok": True, "count": 0}
    jobs = [export.order_export(boss, form, f"cards.{form}") for form in ("csv", "xlsx")]
    for job in jobs:
        engine.fail(job, "the disk is full")
    assert rung("failed_jobs") == {"ok": False, "count": 2}
    assert (engine.stop(jobs[0], boss), engine.stop(jobs[0], boss)) == (True, False)
    assert (engine.reopen(jobs[0], boss), engine.reopen(jobs[1], boss)) == (False, True)
    assert rung("failed_jobs") == {"ok": True, "count": 0}
    assert [step.step for step in jobs[0].steps.all()] == ["discarded"]


@pytest.fixture
def paid():
    b.price("Y1-30", "30")
    b.fund("100")
    return orders.pay(b.placed(cards=[card_in_use(customer="Acme")]), user=None)


def minutes_ago(minutes):
    return timezone.now() - timedelta(minutes=minutes)


@pytest.mark.parametrize(("minutes", "is_well"), [(9, True), (11, False)])
def test_an_order_that_is_paid_and_not_served_rings_after_ten_minutes(paid, minutes, is_well):
    Order.objects.update(paid_at=minutes_ago(minutes))
    assert rung("paid_and_not_served") == {"ok": is_well, "count": int(not is_well)}
    JobChunk.objects.update(worker="one", leased_until=timezone.now() + timedelta(seconds=80))
    assert rung("paid_and_not_served") == {"ok": True, "count": 0}
    JobChunk.objects.update(worker="", leased_until=None)
    work_off_order(paid.job)
    assert rung("paid_and_not_served") == {"ok": True, "count": 0}


def test_an_order_rings_at_once_when_its_job_has_failed(paid, boss):
    engine.fail(paid.job, "the disk is full")
    assert (rung("paid_and_not_served")["count"], rung("failed_jobs")["count"]) == (1, 1)
    orders.resume_order(b.fresh(paid), user=boss)
    assert (rung("paid_and_not_served")["count"], rung("failed_jobs")["count"]) == (0, 0)


def test_a_refund_that_waits_is_checked_again(boss):
    b.price("Y1-30", "30")
    b.fund("100")
    refund = refunds.request_refund(b.paid(cards=[card_in_use(customer="Acme")]), user=boss, reason="because")
    Job.objects.filter(pk=refund.job_id).update(status="checking")
    refund.job.chunks.update(checked_at=None)
    engine.fail(refund.job, "the disk is full")
    refunds.resume_refund(refund, user=boss)
    assert work_off_order(refund.job).status == "ready"
    assert refunds.approve(refund, user=boss).state == "done"
