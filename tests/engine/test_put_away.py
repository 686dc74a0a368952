"""Previews that nobody has started within a day are put away by themselves, and can be made again."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone, translation

from cards.actions.jobs import control, engine, worker
from cards.actions.selections import freeze_ids
from cards.choices import JobStatus, Step
from cards.models import CancellingRules, Job, JobChunk
from cards.tasks import housekeeping
from tests.billing import build as b
from tests.build import OPENED_ON, card_in_use, fresh, member, on_day, staff
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db

A_DAY, A_MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _today():
    with on_day(OPENED_ON), translation.override("en"):
        yield


@pytest.fixture
def ops():
    return staff("suspend", "resume", "cancel")


def preview(user, card, action="suspend"):
    return control.draft(freeze_ids([card.pk], owner=user, asked={"from": "page"}), action, user=user)


def statuses():
    return list(Job.objects.order_by("pk").values_list("status", flat=True))


def checked_ago(job, ago):
    """The job as if it had been drafted and checked so long ago."""
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - ago)
    JobChunk.objects.filter(job=job).update(checked_at=timezone.now() - ago)
    return job


def test_a_day_after_it_was_seen_a_preview_is_put_away_and_not_a_minute_before(ops):
    card = card_in_use()
    young = checked_ago(preview(ops, card), A_DAY - A_MINUTE)
    old = checked_ago(preview(ops, card), A_DAY + A_MINUTE)
    seen_again = checked_ago(preview(ops, card), A_DAY + A_MINUTE)
    JobChunk.objects.filter(job=seen_again).update(checked_at=timezone.now() - A_MINUTE)
    housekeeping()
    assert statuses() == ["ready", "put_away", "ready"]
    assert [(step.step, step.by) for step in old.steps.all()] == [(Step.PUT_AWAY, None)]
    assert (control.put_away_previews(timezone.now()), fresh(card).state, young.steps.count()) == (0, "in_use", 0)


def test_what_goes_on_or_waits_for_somebody_else_stays(ops):
    b.price("Y1-30", "30.00")
    CancellingRules.objects.update(most_alone=0)
    card = card_in_use(customer="Acme")
    running = preview(ops, card)
    engine.launch(running, ops)
    asked = preview(ops, card, "cancel")
    control.start(asked, user=ops, reason="lost", count=1)
    draft = b.drafted(cards=[card]).job
    undo = control.undo(worker.work_off(Job.objects.get(pk=running.pk)), user=ops)
    for job in (running, asked, draft, undo):
        checked_ago(job, 2 * A_DAY)
    housekeeping()
    found = {job: Job.objects.get(pk=job.pk).status for job in (running, asked, draft, undo)}
    assert found == {running: "done", asked: "ready", draft: "ready", undo: "put_away"}
    assert engine.put_away(asked) is False


def test_what_was_started_meanwhile_is_not_put_away_and_what_was_put_away_does_not_start(ops):
    job = preview(ops, card_in_use())
    Job.objects.filter(pk=job.pk).update(status=JobStatus.RUNNING)
    assert (engine.put_away(job), statuses()) == (False, ["running"])
    Job.objects.filter(pk=job.pk).update(status=JobStatus.READY)
    assert (engine.put_away(job), engine.put_away(job), engine.launch(job, ops)) == (True, False, False)
    assert statuses() == ["put_away"]


def test_its_page_and_the_list_say_so_and_it_is_made_again_with_a_click():
    client = of_role("operations")
    user = User.objects.get(username="operations")
    job = checked_ago(preview(user, card_in_use()), 2 * A_DAY)
    housekeeping()
    page = text(client.get(f"/console/jobs/{job.pk}/", headers={"accept-language": "en"}))
    assert "Nobody started this preview within a day, so it was put away. Nothing was changed." in page
    assert "Preview again…" in page
    listed = text(client.get("/console/jobs/?status=put_away", headers={"accept-language": "en"}))
    assert f"/console/jobs/{job.pk}/" in listed
    answer = client.post(f"/console/jobs/{job.pk}/again/retry/")
    again = Job.objects.exclude(pk=job.pk).get()
    assert (answer.url, again.status, again.total, again.of) == (f"/console/jobs/{again.pk}/", "ready", 1, job)
    assert client.post(f"/console/jobs/{job.pk}/start/").url == f"/console/jobs/{job.pk}/"
    assert Job.objects.get(pk=job.pk).status == "put_away"
    assert of_role("finance").post(f"/console/jobs/{job.pk}/again/retry/").status_code == 403


def test_a_customers_preview_too():
    alice = member("Acme", "alice")
    job = checked_ago(preview(alice, card_in_use(customer="Acme")), 2 * A_DAY)
    housekeeping()
    page = text(logged_in(alice).get(f"/my/jobs/{job.pk}/", headers={"accept-language": "en"}))
    assert ("Nobody started this preview" in page, "Preview again…" in page) == (True, True)


def test_the_work_of_orders_is_listed_only_where_it_is_asked_for(ops):
    b.price("Y1-30", "30.00")
    b.fund("100")
    card = card_in_use(customer="Acme")
    order, other = b.paid(cards=[card]), preview(ops, card)
    client = of_role("operations")
    shown = {
        query: [entry.job.pk for entry in client.get(f"/console/jobs/?{query}").context["entries"]]
        for query in ("", "kind=order", "kind=action", "kind=refund")
    }
    assert shown == {"": [other.pk], "kind=order": [order.job_id], "kind=action": [other.pk], "kind=refund": []}
