"""A job drafted by one and started by another: who signs its records, and who has to be allowed what it does, when."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone, translation

from cards.actions.imports.usage_applying import READINGS_AT_ONCE
from cards.actions.jobs import control, engine, worker
from cards.actions.selections import freeze_ids
from cards.choices import JobKind
from cards.errors import Refused
from cards.models import CardEvent, Customer, Job, JobChunk, JobStep, Membership, UsageDay
from tests.build import OPENED_ON as DAY
from tests.build import card_in_use, do, member, on_day, staff

pytestmark = pytest.mark.django_db

NEEDED = ("suspend", "resume", "import")
REFUSED = "not_permitted"


@pytest.fixture(autouse=True)
def today(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    with on_day(DAY), translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def chunks_of_one(monkeypatch):
    monkeypatch.setattr("cards.actions.jobs.cards_import.CARDS_AT_ONCE", 1)
    monkeypatch.setitem(READINGS_AT_ONCE, connection.vendor, 1)


def chosen(owner, cards):
    return freeze_ids([card.pk for card in cards], owner=owner, asked={"from": "page"})


def halved(job):
    """The job of two cards, in two chunks."""
    chunk = job.chunks.get()
    second = {name: values[1:] for name, values in chunk.payload.items()}
    checked = {"check_result": chunk.check_result, "checked_at": timezone.now()}
    JobChunk.objects.create(job=job, number=2, size=1, payload=second, **checked)
    first = {name: values[:1] for name, values in chunk.payload.items()}
    JobChunk.objects.filter(pk=chunk.pk).update(size=1, payload=first)
    return job


def suspending(drafter):
    return halved(control.draft(chosen(drafter, [card_in_use(), card_in_use()]), "suspend", user=drafter))


def undoing(drafter):
    job = control.draft(chosen(drafter, [card_in_use(), card_in_use()]), "suspend", user=drafter)
    done = worker.work_off(control.start(job, user=drafter))
    return halved(control.undo(done, user=drafter))


def importing(kind, lines):
    def draft(drafter):
        file = ContentFile("\n".join(lines()).encode(), name="file.csv")
        return worker.work_off(control.upload(kind, file, user=drafter))

    return draft


def card_lines():
    cards = [f"8986000000000000000{number},cmcc,enterprise,2026-01-15,Y1-30" for number in (1, 2)]
    return ["iccid,carrier,certification,opened_on,plan", *cards]


def usage_lines():
    return ["iccid,day,bytes,read_at", *(f"{card_in_use().iccid},{DAY},1048576,{DAY}T08:00+08:00" for _ in range(2))]


DRAFTS = {
    "action": suspending,
    "undo": undoing,
    "import_cards": importing(JobKind.IMPORT_CARDS, card_lines),
    "import_usage": importing(JobKind.IMPORT_USAGE, usage_lines),
}


def deactivate(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


def remove_permissions(user):
    user.user_permissions.clear()


def nothing(_user):
    pass


def became(job):
    """For the job's two cards, in order: who signed what was done to it, or why nothing was; and the job's message."""
    job = Job.objects.get(pk=job.pk)
    if job.kind in (JobKind.ACTION, JobKind.UNDO):
        signed = dict(CardEvent.objects.filter(job=job, rule="").values_list("card", "actor_name"))
        done = [written[0] if written else signed[pk] for pk, _seq, written in control.outcomes(job)]
    elif job.kind == JobKind.IMPORT_CARDS:
        done = list(CardEvent.objects.filter(job=job).order_by("card").values_list("actor_name", flat=True))
    else:
        done = ["taken"] * UsageDay.objects.count()
    return job.status, done, job.message


def expected(kind, count, signer, barred):
    """What becomes of two cards when after `count` of them somebody is barred from going on (None: nobody)."""
    signed = ["taken" if kind == "import_usage" else signer] * count
    if barred is None:
        return "done", signed, ""
    if kind in ("action", "undo"):
        return "done", signed + [REFUSED] * (2 - count), ""
    sentence = "is no longer allowed to import. Rows already imported are kept; import the file again for the rest."
    return "failed", signed, f"{barred} {sentence}"


BOTH = ("drafter", "starter")


@pytest.mark.parametrize("kind", DRAFTS)
@pytest.mark.parametrize(
    ("starter", "happens", "to", "after", "barred"),
    [
        ("drafter", nothing, "drafter", 0, None),
        ("starter", nothing, "drafter", 0, None),
        ("starter", deactivate, "drafter", 0, "drafter"),
        ("starter", deactivate, "starter", 0, "starter"),
        ("drafter", deactivate, "drafter", 0, "drafter"),
        ("starter", remove_permissions, "drafter", 1, "drafter"),
        ("starter", remove_permissions, "starter", 1, "starter"),
        ("starter", deactivate, "starter", 1, "starter"),
    ],
)
def test_who_started_a_job_signs_it_and_both_have_to_be_allowed_it_as_each_turn_comes(
    kind, starter, happens, to, after, barred
):
    people = {name: staff(*NEEDED, username=name) for name in BOTH}
    job = control.start(DRAFTS[kind](people["drafter"]), user=people[starter])
    for _ in range(after):
        worker._work_on(engine.claim_chunk("one", job), "one")
    happens(people[to])
    worker.work_off(job)
    assert became(job) == expected(kind, 2 if barred is None else after, starter, barred)
    assert [(step.step, step.by) for step in job.steps.all()] == [("started", people[starter])]


@pytest.mark.parametrize("kind", DRAFTS)
@pytest.mark.parametrize(("barred", "by"), [("starter", "starter"), ("drafter", "starter"), ("drafter", "drafter")])
@pytest.mark.parametrize("happens", [deactivate, remove_permissions])
def test_a_job_is_started_only_if_who_drafted_and_who_starts_it_both_may(kind, barred, by, happens):
    people = {name: staff(*NEEDED, username=name) for name in BOTH}
    job = DRAFTS[kind](people["drafter"])
    happens(people[barred])
    with pytest.raises(Refused, match=f"^{barred} is not allowed to do this"):
        control.start(job, user=User.objects.get(username=by))
    assert (Job.objects.get(pk=job.pk).status, job.steps.count()) == ("ready", 0)


@pytest.mark.parametrize("kind", ["import_cards", "import_usage"])
def test_a_file_whose_import_ended_so_is_finished_by_whoever_imports_it_again(kind):
    drafter, other = staff(*NEEDED, username="drafter"), staff(*NEEDED, username="other")
    lines = {"import_cards": card_lines, "import_usage": usage_lines}[kind]()
    draft = importing(JobKind(kind), lambda: lines)
    job = control.start(draft(drafter), user=drafter)
    worker._work_on(engine.claim_chunk("one", job), "one")
    remove_permissions(drafter)
    assert worker.work_off(job).status == "failed"
    again = worker.work_off(control.start(draft(other), user=other))
    counts = engine.totals(again).counts
    assert (again.status, counts["created"], counts["unchanged"] + counts["stale"]) == ("done", 1, 1)


def test_a_check_looks_at_who_drafted_the_job():
    drafter = staff("resume", username="drafter")
    job = control.draft(chosen(drafter, [card_in_use()]), "suspend", user=drafter)
    assert list(job.chunks.get().check_result["reasons"]) == [REFUSED]


def test_a_job_started_before_steps_were_kept_is_signed_by_who_drafted_it():
    drafter, starter = staff(*NEEDED, username="drafter"), staff(*NEEDED, username="starter")
    job = control.start(suspending(drafter), user=starter)
    JobStep.objects.all().delete()
    assert became(worker.work_off(job)) == ("done", ["drafter", "drafter"], "")


def colleagues():
    """An operator and an owner of the same customer, and somebody of another one."""
    operator, owner = member(username="operator", role="operator"), member(username="owner")
    return operator, owner, member("Other", username="stranger")


def test_of_two_members_of_a_customer_who_starts_signs():
    operator, owner, _stranger = colleagues()
    cards = [card_in_use(customer="Acme"), card_in_use(customer="Acme")]
    job = control.draft(chosen(operator, cards), "suspend", user=operator)
    assert became(worker.work_off(control.start(job, user=owner))) == ("done", ["owner", "owner"], "")
    assert set(CardEvent.objects.filter(job=job).values_list("actor_kind", flat=True)) == {"customer"}


@pytest.mark.parametrize("leaves", ["operator", "owner"])
def test_a_member_who_left_meanwhile_does_nothing_more(leaves):
    operator, owner, _stranger = colleagues()
    cards = [card_in_use(customer="Acme"), card_in_use(customer="Acme")]
    job = control.start(halved(control.draft(chosen(operator, cards), "suspend", user=operator)), user=owner)
    worker._work_on(engine.claim_chunk("one", job), "one")
    Membership.objects.filter(user__username=leaves).delete()
    assert became(worker.work_off(job)) == ("done", ["owner", REFUSED], "")


def test_of_members_of_two_customers_neither_does_anything_to_the_others_cards():
    operator, _owner, stranger = colleagues()
    job = control.draft(chosen(operator, [card_in_use(customer="Acme")]), "suspend", user=operator)
    assert became(worker.work_off(control.start(job, user=stranger))) == ("done", [REFUSED], "")


def test_staff_who_start_what_a_member_drafted_touch_the_members_cards_alone():
    operator, _owner, _stranger = colleagues()
    theirs, anothers = card_in_use(customer="Acme"), card_in_use(customer="Acme")
    job = control.draft(chosen(operator, [theirs, anothers]), "suspend", user=operator)
    Membership.objects.filter(user=operator).update(customer=Customer.objects.get(name="Other"))
    assert became(worker.work_off(control.start(job, user=staff("suspend", username="support")))) == (
        "done",
        [REFUSED, REFUSED],
        "",
    )


# steps


def test_each_step_is_kept_with_who_took_it_and_whoever_was_second_leaves_none():
    first, second = staff(*NEEDED, username="first"), staff(*NEEDED, username="second")
    job = suspending(first)
    before = timezone.now()
    control.start(job, user=second)
    control.start(job, user=first)
    for step in (engine.pause, engine.resume, engine.pause, engine.stop):
        assert (step(job, first), step(job, second)) == (True, False)
    steps = [(step.step, step.by.username) for step in job.steps.all()]
    assert steps == [
        ("started", "second"),
        ("paused", "first"),
        ("resumed", "first"),
        ("paused", "first"),
        ("stopped", "first"),
    ]
    times = [step.at for step in job.steps.all()]
    assert times == sorted(times)
    assert before < times[0]


def test_a_draft_that_is_stopped_is_discarded():
    first, second = staff(*NEEDED, username="first"), staff(*NEEDED, username="second")
    job = suspending(first)
    assert (engine.stop(job, second), engine.stop(job, first)) == (True, False)
    assert [(step.step, step.by) for step in job.steps.all()] == [("discarded", second)]


def test_a_parked_card_is_taken_back_by_whoever_asked_for_it():
    from cards.actions.sweep import sweep
    from cards.models import Card
    from cards.permissions import Actor

    card, olga = card_in_use(), staff("unpark", username="olga")
    Card.objects.filter(pk=card.pk).update(cycle_until=None, next_due_on=DAY)
    sweep(DAY)
    Card.objects.filter(pk=card.pk).update(cycle_until=date(2026, 2, 1))
    do("unpark", card, DAY + timedelta(days=1), Actor.of(olga))
    assert card.events.get(action="unpark").actor_name == "olga"
