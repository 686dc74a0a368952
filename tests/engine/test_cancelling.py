"""Cancelling cards is final: above a number of cards within some days a second person lets it go."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone, translation

from cards.actions.action_requests import act
from cards.actions.cancelling import cancelled_alone, cancelled_by_job
from cards.actions.jobs import control, engine, worker
from cards.actions.selections import freeze_ids
from cards.forms import LAST_DIGITS
from cards.models import CancellingRules, CardEvent, Job, JobStep
from cards.permissions import Actor
from cards.tasks import housekeeping
from tests.build import OPENED_ON as DAY
from tests.build import fresh, on_day, open_card, staff
from tests.commands.calls import run
from tests.console.pages import logged_in, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today():
    CancellingRules.objects.update(most_alone=3)
    with on_day(DAY), translation.override("en"):
        yield


@pytest.fixture
def ops():
    return staff("cancel")


@pytest.fixture
def colleague():
    return staff("cancel", username="colleague")


def cards(count):
    return [open_card() for _ in range(count)]


def drafted(user, count):
    selection = freeze_ids([card.pk for card in cards(count)], owner=user, asked={"from": "page"})
    return control.draft(selection, "cancel", user=user)


def started(user, count, job=None):
    return control.start(job or drafted(user, count), user=user, reason="lost", count=count)


def cancelled(user, count):
    """Cancel so many cards by a job that goes at once."""
    job = worker.work_off(started(user, count))
    assert job.status == "done"
    return job


def one_by_one(user, count):
    """Why not, of each card that somebody cancels by itself."""
    outcomes = [act("cancel", [card.pk], actor=Actor.of(user), reason="lost")[0] for card in cards(count)]
    return [outcome.refused and outcome.refused.code for outcome in outcomes]


def test_the_number_is_seeded_at_a_hundred_cards_in_thirty_days():
    rules = CancellingRules()
    assert (rules.most_alone, rules.days, rules.approval_days) == (100, 30, 7)


@pytest.mark.parametrize(("count", "status"), [(2, "running"), (3, "running"), (4, "ready")])
def test_a_job_goes_up_to_the_number_and_waits_above_it(ops, count, status):
    assert started(ops, count).status == status


@pytest.mark.parametrize(("count", "why_not"), [(3, [None] * 3), (4, [None] * 3 + ["cancels_alone"])])
def test_card_by_card_it_is_the_same(ops, count, why_not):
    assert one_by_one(ops, count) == why_not


def test_what_is_split_is_added_up_and_for_each_person_by_themselves(ops, colleague):
    job = cancelled(ops, 2)
    assert one_by_one(ops, 1) == [None]
    assert (started(ops, 1).status, one_by_one(ops, 1)) == ("ready", ["cancels_alone"])
    assert cancelled_by_job(ops) == [(None, 1), (job.pk, 2)]
    assert (cancelled(colleague, 3).status, cancelled_alone(colleague)) == ("done", 3)


def test_what_is_under_way_counts_before_its_turn_has_come(ops):
    job = started(ops, 2)
    assert (cancelled_by_job(ops), started(ops, 2).status) == ([(job.pk, 2)], "ready")
    worker.work_off(job)
    assert cancelled_by_job(ops) == [(job.pk, 2)]


def test_a_job_that_was_stopped_counts_for_what_it_did(ops):
    engine.stop(started(ops, 3), ops)
    assert cancelled_alone(ops) == 0


@pytest.mark.parametrize(("days", "counts"), [(29, 3), (30, 0), (31, 0)])
def test_it_counts_for_thirty_days_of_which_today_is_the_last(ops, days, counts):
    one_by_one(ops, 3)
    with on_day(DAY + timedelta(days=days)):
        assert cancelled_alone(ops) == counts


def test_what_waits_is_started_by_a_colleague_and_counts_for_neither(ops, colleague):
    job = started(ops, 4)
    assert started(ops, 4, job).status == "ready"
    assert [(step.step, step.by) for step in JobStep.objects.all()] == [("asked", ops)]
    assert Job.objects.get(pk=job.pk).reason == "lost"
    assert worker.work_off(started(colleague, 4, job)).status == "done"
    assert started(colleague, 4, job).status == "done"
    assert {*CardEvent.objects.filter(action="cancel").values_list("actor_name", flat=True)} == {"colleague"}
    assert (cancelled_alone(ops), cancelled_alone(colleague)) == (0, 0)


def test_the_command_cancels_no_card_of_too_many_for_who_acts_and_all_for_the_shell(ops):
    numbers = [card.iccid for card in cards(4)]
    ended = run("act", "cancel", *numbers, "--actor", ops.username, "--reason", "lost")
    sentence = "You alone cancelled 0 cards in 30 days; one person may cancel at most 3 alone."
    said = (ended.out + ended.err).count(sentence)
    assert (ended.code, said, CardEvent.objects.filter(action="cancel").count()) == (1, 4, 0)
    ended = run("act", "cancel", *numbers[:3], "--actor", ops.username, "--reason", "lost")
    assert (ended.code, cancelled_alone(ops)) == (0, 3)
    ended = run("act", "cancel", numbers[3], "--reason", "lost")
    assert (ended.code, cancelled_alone(ops)) == (0, 3)


# pages


def page_of(user, path):
    page = logged_in(user).get(path, headers={"accept-language": "en"})
    assert page.status_code == 200
    return page


def test_in_the_console_one_card_too_many_becomes_a_job_that_waits(ops, colleague):
    one_by_one(ops, 3)
    card = open_card()
    posted = {"reason": "lost", "last_digits": card.iccid[-LAST_DIGITS:], "version": card.version}
    response = logged_in(ops).post(f"/console/cards/{card.iccid}/cancel/", posted)
    job = Job.objects.get()
    assert (response["location"], fresh(card).state) == (f"/console/jobs/{job.pk}/", "unused")
    mine = page_of(ops, response["location"])
    assert "This waits for a colleague who may cancel cards: send them this page." in text(mine)
    assert f"/console/jobs/{job.pk}/start/" not in text(mine)
    (waiting,) = page_of(colleague, "/console/approvals/").context["waiting"]
    assert (waiting.url, waiting.size_text, waiting.whole_text) == (f"/console/jobs/{job.pk}/", "1 card", "4 cards")
    theirs = page_of(colleague, response["location"])
    assert theirs.context["form"]["reason"].value() == "lost"
    assert f"{ops.username} alone cancelled 3 in 30 days, with these 4" in text(theirs)
    logged_in(colleague).post(f"/console/jobs/{job.pk}/start/", {"reason": "lost", "count": "1"})
    worker.work_off(Job.objects.get())
    assert fresh(card).state == "cancelled"


def test_a_job_that_is_too_large_asks_for_approval_by_its_button(ops):
    job = drafted(ops, 4)
    path = f"/console/jobs/{job.pk}/"
    assert "Request approval" in text(page_of(ops, path))
    logged_in(ops).post(f"{path}start/", {"reason": "lost", "count": "4"})
    assert Job.objects.get().steps.get().step == "asked"
    assert "Withdraw request" in text(page_of(ops, path))


# in vain


@pytest.mark.parametrize(("days", "status"), [(6, "ready"), (7, "stopped"), (8, "stopped")])
def test_what_nobody_starts_in_time_expires_and_is_told(ops, colleague, days, status):
    job = started(ops, 4)
    JobStep.objects.update(at=timezone.now() - timedelta(days=days))
    housekeeping()
    assert Job.objects.get(pk=job.pk).status == status
    other = staff(username="other")
    other.user_permissions.set(Permission.objects.filter(codename__in=["view_card", "view_proposal"]))
    told = [page_of(user, "/console/").context["expired_approvals"] for user in (ops, colleague, other)]
    waits = [page_of(user, "/console/").context["approvals"] for user in (ops, colleague, other)]
    assert (told, waits) == (([0, 0, 0], [0, 1, 0]) if status == "ready" else ([1, 1, 0], [0, 0, 0]))
    expired = page_of(ops, "/console/approvals/").context["expired"]
    assert [each.url for each in expired] == ([] if status == "ready" else [f"/console/jobs/{job.pk}/"])
