"""The pages of jobs: preview, start, progress, pause, stop, outcomes, retry, undo, and who may do which."""

import uuid
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from cards.actions.action_requests import act
from cards.actions.jobs import control, engine, worker
from cards.actions.selections import freeze_ids
from cards.choices import OF_CARDS, JobKind, JobStatus
from cards.models import Card, CardEvent, Customer, Job, JobChunk
from cards.permissions import Actor
from tests.build import card_in_use, do, fresh, member, on_day, open_card
from tests.console.pages import logged_in, of_role, text
from tests.console.test_csp import Forbidden

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
ENGLISH = {"accept-language": "en"}
LIST = "/console/jobs/"


@pytest.fixture(autouse=True)
def today():
    with on_day(DAY):
        yield


@pytest.fixture
def ops():
    return of_role("operations")


def person(username="operations"):
    return User.objects.get(username=username)


def drafted(action, *cards, owner="operations", **values):
    selection = freeze_ids([card.pk for card in cards], owner=person(owner), asked={"from": "page"})
    return control.draft(selection, action, user=person(owner), **values)


def done(action, *cards, **params):
    """A job that was started and worked off."""
    return worker.work_off(control.start(drafted(action, *cards), user=person(), **params))


def url_of(job, *more):
    return "/".join([f"{LIST}{job.pk}", *more]) + "/"


def page(client, job, query=""):
    return client.get(url_of(job) + query, headers=ENGLISH)


def post(client, job, *steps, **data):
    return client.post(url_of(job, *steps), data, headers=ENGLISH)


def status(job):
    return Job.objects.get(pk=job.pk).status


def said(response):
    return [str(message) for message in response.context["messages"]]


# preview


def test_the_preview_says_who_can_and_groups_the_others_with_reason_way_out_and_examples(ops):
    works, unused = card_in_use(), [open_card() for _ in range(6)]
    gone = do("cancel", open_card(), DAY)
    response = page(ops, drafted("suspend", works, gone, *unused))
    assert (response.context["can"], response.context["cannot"]) == (1, 7)
    groups = [(group.code, group.count, group.refused.sentence, group.refused.way_out, group.cards)
              for group in response.context["groups"]]  # fmt: skip
    assert groups == [
        ("not_in_use", 6, "This is possible only for a card in use.", "Wait until the card is in use, or activate it.",
         [card.iccid for card in unused[:5]]),
        ("cancelled", 1, "The card is cancelled, which is final.", "Open a new card.", [gone.iccid]),
    ]  # fmt: skip
    assert ">Suspend: 1 card</button>" in text(response)
    assert f'href="/console/cards/{unused[0].iccid}/"' in text(response)
    assert fresh(works).state == "in_use"


def test_where_none_can_nothing_can_be_started(ops):
    job = drafted("suspend", open_card())
    response = page(ops, job)
    assert "None of these cards is eligible, so there is nothing to start." in text(response)
    assert f'action="{url_of(job, "start")}"' not in text(response)
    refused = post(ops, job, "start")
    assert (refused.status_code, status(job)) == (422, "ready")
    assert refused.context["form"].non_field_errors() == ["None of these cards is eligible: nothing was started."]


def test_what_can_be_chosen_is_offered(ops):
    cards = card_in_use(customer="Acme"), card_in_use()
    do("tag", cards[0], DAY, tag="trial")
    offered = page(ops, drafted("grant", *cards)).context["form"].fields["plan"].choices
    assert ([code for code, _label in offered], offered[0]) == (
        ["PACK-100", "M1-100", "Y1-1024", "Y1-30"],
        ("PACK-100", "Add-on pack 100 MB (PACK-100)"),
    )
    names = [page(ops, drafted(action, *cards)).context["names"] for action in ("assign", "untag", "suspend")]
    assert names == [["Acme"], ["trial"], []]


# start


@pytest.mark.parametrize(
    ("action", "data", "params", "expected"),
    [
        ("suspend", {"reason": " storm "}, {}, []),
        ("set_limit", {"limit_mb": "5"}, {"limit_mb": "5"}, [("Usage limit (MB)", "5")]),
        ("set_limit", {"limit_mb": ""}, {"limit_mb": ""}, [("Usage limit (MB)", "none")]),
        ("assign", {"customer": "Acme"}, {"customer": "Acme"}, [("Customer", "Acme")]),
        ("grant", {"plan": "Y1-30", "reason": "fair"}, {"plan": "Y1-30"},
         [("Plan", "Yearly plan 30 MB/month (Y1-30)")]),
        ("grant", {"plan": "PACK-100", "reason": "fair"}, {"plan": "PACK-100"},
         [("Plan", "Add-on pack 100 MB (PACK-100)")]),
        ("tag", {"tag": "trial"}, {"tag": "trial"}, [("Tag", "trial")]),
        ("protect", {}, {}, []),
        ("cancel", {"reason": "lost", "count": "1"}, {}, []),
    ],
)  # fmt: skip
def test_a_job_starts_with_what_it_was_told_and_is_done(ops, action, data, params, expected):
    open_card(customer="Acme")
    card = card_in_use()
    job = drafted(action, card)
    response = post(ops, job, "start", **data)
    assert (response.status_code, response.headers["Location"]) == (302, url_of(job))
    job = Job.objects.get(pk=job.pk)
    assert (job.status, job.params, job.reason) == ("running", params, data.get("reason", "").strip())
    assert worker.work_off(job).status == "done"
    response = page(ops, job)
    assert response.context["parameters"] == expected
    assert [(each.card, each.refused) for each in response.context["outcomes"]] == [(card, None)]
    event = CardEvent.objects.filter(card=card).latest("seq")
    assert (event.action, event.actor_name, event.job_id) == (action, "operations", job.pk)


def test_the_carrier_desk_places_and_lifts_control():
    desk, card = of_role("carrier_desk"), card_in_use()
    for action, state in (("place_hold", "suspended"), ("lift_hold", "in_use")):
        job = drafted(action, card, owner="carrier_desk")
        assert post(desk, job, "start", kind="anomaly", reason="abuse").status_code == 302
        worker.work_off(job)
        assert fresh(card).state == state
    assert page(desk, job).context["parameters"] == [("Hold", "Carrier block")]


@pytest.mark.parametrize(
    ("action", "data", "field", "message"),
    [
        ("cancel", {"reason": "", "count": "2"}, "reason", "This field is required."),
        ("cancel", {"reason": " ", "count": "2"}, "reason", "This field is required."),
        ("cancel", {"reason": "lost", "count": ""}, "count", "This field is required."),
        ("cancel", {"reason": "lost", "count": "3"}, "count", "type the number of cards that will be cancelled: 2"),
        ("cancel", {"reason": "lost", "count": "two"}, "count", "type the number of cards that will be cancelled: 2"),
        ("set_limit", {"limit_mb": "much"}, "limit_mb", "“much” is not a whole number of MB (1 or more)"),
        ("assign", {"customer": "Nobody"}, "customer", "there is no customer called “Nobody”"),
        ("grant", {"plan": "LOST", "reason": "fair"}, "plan",
         "Select a valid choice. LOST is not one of the available choices."),
        ("grant", {"reason": "fair"}, "plan", "This field is required."),
        ("grant", {"plan": "Y1-30", "reason": " "}, "reason", "This field is required."),
        ("tag", {"tag": "a,b"}, "tag", "a tag has 1 to 24 characters, and no comma"),
        ("suspend", {"reason": "x" * 501}, "reason",
         "Ensure this value has at most 500 characters (it has 501)."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_at_its_field_and_nothing_starts(ops, action, data, field, message):
    cards = card_in_use(), card_in_use()
    job = drafted(action, *cards)
    response = post(ops, job, "start", **data)
    assert (response.status_code, response.context["form"].errors) == (422, {field: [message]})
    assert (status(job), response.context["can"]) == ("ready", 2)
    typed = response.context["form"]
    assert {name: typed[name].value() for name in data} == data


def test_a_double_click_starts_it_once(ops):
    job = drafted("suspend", card_in_use())
    urls = [post(ops, job, "start").headers["Location"] for _ in range(2)]
    worker.work_off(job)
    urls.append(post(ops, job, "start", reason="again").headers["Location"])
    assert urls == [url_of(job)] * 3
    assert (Job.objects.get().reason, CardEvent.objects.filter(job=job).count()) == ("", 1)


# progress, pause, stop


def of_two_chunks():
    """A job of two chunks, started; the first of them is done, the other one had been somebody else's."""
    cards = card_in_use(), card_in_use()
    job = drafted("suspend", *cards)
    (chunk,) = job.chunks.all()
    values = {"size": 1, "check_result": chunk.check_result, "checked_at": chunk.checked_at}
    for number, card in enumerate(cards, start=2):
        JobChunk.objects.create(job=job, number=number, payload={"cards": [card.pk]}, **values)
    chunk.delete()
    job.chunks.filter(number=3).update(leased_until=timezone.now() + engine.JOB_LEASE)
    worker.work_off(control.start(job, user=person()))
    job.chunks.update(leased_until=None)
    return Job.objects.get(pk=job.pk)


def test_progress_is_asked_for_until_the_job_goes_another_way(ops):
    job = of_two_chunks()
    response = page(ops, job)
    assert (response.context["progress"].done, response.context["progress"].total) == (1, 2)
    assert f'hx-get="{url_of(job, "progress")}?status=running"' in text(response)
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in text(response)
    fragment = ops.get(url_of(job, "progress"), {"status": "running"}, headers=ENGLISH)
    assert ('value="1" max="2" aria-label="Running: 50%"' in text(fragment), "<html" in text(fragment)) == (True, False)
    assert "1 done" in text(fragment)
    worker.work_off(job)
    fragment = ops.get(url_of(job, "progress"), {"status": "running"})
    assert (fragment.headers["HX-Refresh"], fragment.content) == ("true", b"")
    assert "hx-get" not in text(page(ops, job))


def test_a_job_that_is_checked_shows_how_far_and_can_be_discarded(ops):
    job = drafted("suspend", card_in_use())
    Job.objects.update(status="checking")
    job.chunks.update(checked_at=None)
    response = page(ops, job)
    assert f'hx-get="{url_of(job, "progress")}?status=checking"' in text(response)
    assert [step for step, _label in response.context["steps"]] == ["stop"]
    assert post(ops, job, "stop").headers["Location"] == url_of(job)
    response = page(ops, job)
    assert (status(job), "Stopped" in text(response), "outcomes" in response.context) == ("stopped", True, False)


def test_a_job_is_held_goes_on_and_is_ended(ops):
    job = of_two_chunks()
    steps = []
    for step in ("pause", "resume", "pause", "stop"):
        steps.append([name for name, _label in page(ops, job).context["steps"]])
        assert post(ops, job, step).headers["Location"] == url_of(job)
        steps.append(status(job))
    assert steps == [
        ["pause", "stop"], "paused", ["resume", "stop"], "running", ["pause", "stop"], "paused", ["resume", "stop"],
        "stopped",
    ]  # fmt: skip
    response = page(ops, job)
    assert (response.context["untouched"], response.context["steps"]) == (1, ())
    assert "1 card was not processed." in text(response)
    assert [fresh(card).state for card in Card.objects.order_by("pk")] == ["suspended", "in_use"]


def test_a_step_that_comes_too_late_changes_nothing_and_says_so(ops):
    job = done("suspend", card_in_use())
    response = ops.post(url_of(job, "pause"), follow=True, headers=ENGLISH)
    assert (said(response), status(job)) == (
        ["The job has moved on in the meantime. This is its current state."],
        "done",
    )


def test_how_long_it_takes_is_reckoned_from_the_chunks_that_are_done(ops):
    job = of_two_chunks()
    assert page(ops, job).context["progress"].left == ""
    result = {"counts": {"done": 600}, "reasons": {}, "outcomes": []}
    at = JobChunk.objects.get(number=2).done_at + timedelta(seconds=60)
    JobChunk.objects.create(job=job, number=4, size=600, payload={}, done_at=at, result=result)
    for total, left in (
        (1_802, "10 per second, about 2 minutes left"),
        (602, "10 per second, less than a minute left"),
    ):
        Job.objects.update(total=total)
        assert page(ops, job).context["progress"].left == left
    engine.pause(job, job.owner)
    assert page(ops, job).context["progress"].left == ""


# outcomes


def test_an_outcome_for_each_card_by_what_became_of_it(ops):
    works, unused, other = card_in_use(customer="Acme"), open_card(), open_card()
    job = done("suspend", works, unused, other, reason="storm")
    response = page(ops, job)
    assert [(each.card, each.seq, each.refused and each.refused.code) for each in response.context["outcomes"]] == [
        (works, 3, None), (unused, None, "not_in_use"), (other, None, "not_in_use"),
    ]  # fmt: skip
    assert [(label, count) for _url, label, count, _current in response.context["tabs"]] == [
        ("All", 3), ("Done", 1), ("Failed", 2),
    ]  # fmt: skip
    (group,) = response.context["groups"]
    assert (group.count, group.refused.sentence, group.url) == (
        2, "This is possible only for a card in use.", f"{url_of(job)}?show=not_in_use#cards",
    )  # fmt: skip
    shown = {show: [each.card for each in page(ops, job, f"?show={show}").context["outcomes"]]
             for show in ("done", "failed", "not_in_use", "cancelled")}  # fmt: skip
    assert shown == {"done": [works], "failed": [unused, other], "not_in_use": [unused, other], "cancelled": []}
    assert "No cards." in text(page(ops, job, "?show=cancelled"))
    assert ("storm" in text(response), "operations" in text(response)) == (True, True)


@pytest.mark.parametrize("query", ["?show=nonsense", "?after=x", "?after=1", "?after=-1.0", "?after=1.99999999"])
def test_an_address_that_means_nothing_is_no_page(ops, query):
    assert page(ops, done("suspend", card_in_use()), query).status_code == 404


def test_outcomes_come_in_pages(ops):
    card = card_in_use()
    job = done("suspend", card)
    sixty = {"counts": {"done": 60}, "reasons": {}, "outcomes": [[card.pk, 3, None]] * 60}
    refused = {"counts": {"refused": 1}, "reasons": {"cancelled": 1}, "outcomes": [[card.pk, None, ["cancelled", {}]]]}
    job.chunks.update(result=sixty)
    JobChunk.objects.create(job=job, number=2, size=1, payload={}, done_at=job.created_at, result=refused)
    first = page(ops, job)
    second = ops.get(first.context["next_url"], headers=ENGLISH)
    assert [len(each.context["outcomes"]) for each in (first, second)] == [50, 11]
    assert (first.context["first_url"], second.context["first_url"]) == ("", f"{url_of(job)}#cards")
    assert second.context["next_url"] is None
    assert len(page(ops, job, "?show=failed&after=1.59").context["outcomes"]) == 1


def test_the_failures_are_a_file_in_the_readers_language(ops):
    works = card_in_use()
    unused, gone = open_card(msisdn="13800000001"), do("cancel", open_card(), DAY)
    job = done("suspend", works, unused, gone)
    response = ops.get(url_of(job) + "failures.csv", headers=ENGLISH)
    assert response.headers["Content-Disposition"] == f'attachment; filename="Suspend-{job.pk}-2026-03-10.csv"'
    assert response.getvalue().decode() == (
        "\ufeffICCID,MSISDN,Reason,How to fix it\n"
        f'"=""{unused.iccid}""","=""13800000001""",This is possible only for a card in use.,'
        '"Wait until the card is in use, or activate it."\n'
        f'"=""{gone.iccid}""",,"The card is cancelled, which is final.",Open a new card.\n'
    )
    chinese = ops.get(url_of(job) + "failures.csv", headers={"accept-language": "zh-hans"}).getvalue().decode()
    assert (chinese.splitlines()[0], "该卡已销户" in chinese) == ("\ufeffICCID,MSISDN,原因,处理办法", True)
    none = done("resume", works)
    assert ops.get(url_of(none) + "failures.csv", headers=ENGLISH).getvalue().decode().count("\n") == 1


# what follows


def test_the_failed_are_tried_again_with_the_same_parameters(ops):
    changed, same = card_in_use(), card_in_use()
    job = drafted("set_limit", changed, same)
    act("protect", [changed.pk], actor=Actor.shell(), reason="x")
    worker.work_off(control.start(job, user=person(), params={"limit_mb": "7"}, reason="fleet"))
    assert [group.code for group in page(ops, job).context["groups"]] == ["changed_meanwhile"]
    key = str(uuid.uuid4())
    urls = [post(ops, job, "again", "retry", key=key).headers["Location"] for _ in range(2)]
    retry = Job.objects.latest("pk")
    assert (urls, retry.of, retry.total) == ([url_of(retry)] * 2, job, 1)
    form = page(ops, retry).context["form"]
    assert (form["limit_mb"].value(), form["reason"].value()) == ("7", "fleet")
    assert page(ops, retry).context["before"].pk == job.pk
    assert [each.pk for each in page(ops, job).context["after"]] == [retry.pk]
    origin = ops.get(f"/console/selections/{retry.selection_id}/", headers=ENGLISH).context["origin"]
    assert origin.url == url_of(job)


def test_what_was_done_is_taken_back(ops):
    works, unused = card_in_use(), open_card()
    job = done("suspend", works, unused)
    assert [(each.step, each.refused) for each in page(ops, job).context["follows"]] == [("retry", ""), ("undo", "")]
    undo = Job.objects.get(pk=post(ops, job, "again", "undo").headers["Location"].split("/")[-2])
    response = page(ops, undo)
    assert (response.context["title"], response.context["can"]) == ("Undo: Suspend", 1)
    assert ">Undo: Suspend: 1 card</button>" in text(response)
    assert post(ops, undo, "start", reason="sorry").status_code == 302
    worker.work_off(undo)
    assert (fresh(works).state, fresh(unused).state) == ("in_use", "unused")
    response = page(ops, undo)
    assert [each.step for each in response.context["follows"]] == ["retry"]
    assert (response.context["follows"][0].refused, response.context["before"].pk) == ("Nothing failed.", job.pk)


@pytest.mark.parametrize(
    ("action", "data", "refused"),
    [
        ("cancel", {"reason": "lost", "count": "1"}, "This cannot be undone."),
        ("top_up", {"params": {"plan": "PACK-100"}}, "This cannot be undone."),
    ],
)
def test_what_cannot_be_taken_back_says_so(ops, action, data, refused):
    job = done(action, card_in_use(), **data)
    retry, undo = page(ops, job).context["follows"]
    assert (retry.refused, undo.refused.startswith(refused)) == ("Nothing failed.", True)
    for step, sentence in (("retry", "Nothing failed."), ("undo", refused)):
        response = ops.post(url_of(job, "again", step), follow=True, headers=ENGLISH)
        assert said(response)[0].startswith(sentence)
    assert Job.objects.count() == 1


def test_nothing_follows_a_job_that_goes_on_or_never_began(ops):
    running, waiting = of_two_chunks(), drafted("suspend", card_in_use())
    post(ops, waiting, "stop")
    for job in (running, waiting):
        assert not page(ops, job).context.get("follows")
        for step in ("retry", "undo", "nonsense"):
            assert post(ops, job, "again", step).status_code == 404


# the list


def test_the_list_shows_what_is_asked_for(ops):
    support = of_role("support")
    good, mixed = done("suspend", card_in_use()), done("suspend", card_in_use(), open_card())
    waiting = drafted("suspend", card_in_use(), owner="support")
    broken = Job.objects.create(kind="import_cards", owner=person(), status="failed", file_name="a.csv")
    result = {"counts": {"created": 1, "collisions": 1}}
    clash = Job.objects.create(kind="import_usage", owner=person("support"), status="done", file_name="b.csv")
    JobChunk.objects.create(job=clash, number=1, size=2, payload={}, result=result, done_at=clash.created_at)

    def listed(query, client=ops):
        return [entry.job for entry in client.get(LIST + query, headers=ENGLISH).context["entries"]]

    assert listed("") == [clash, broken, waiting, mixed, good]
    assert listed("?failed=1") == [clash, broken, mixed]
    assert listed("?status=ready") == [waiting]
    assert listed("?kind=import_cards") == [broken]
    assert listed("?mine=1") == [broken, mixed, good]
    assert listed("?mine=1", support) == [clash, waiting]
    assert listed("?status=done&failed=1") == [clash, mixed]
    assert listed(f"?after={mixed.pk}") == [good]
    entries = ops.get(LIST, headers=ENGLISH).context["entries"]
    assert [(each.title, each.badge.label, each.has_failures) for each in entries] == [
        ("Usage import", "Finished", True), ("Card import", "Failed", False),
        ("Suspend", "Ready to start", False),
        ("Suspend", "Finished", True), ("Suspend", "Finished", False),
    ]  # fmt: skip


def test_who_started_held_and_ended_a_job_is_shown_and_listed_where_it_is_somebody_else(ops):
    support, own = of_role("support"), done("suspend", card_in_use())
    job = drafted("suspend", card_in_use(), card_in_use())
    for client, *steps in ((support, "start"), (ops, "pause"), (support, "resume"), (ops, "pause"), (ops, "stop")):
        assert post(client, job, *steps).status_code == 302
    log = page(ops, job).context["step_log"]
    assert [(step.label, step.by) for step in log] == [
        ("Started by", "support"), ("Paused by", "operations"), ("Resumed by", "support"),
        ("Paused by", "operations"), ("Stopped by", "operations"),
    ]  # fmt: skip
    assert f"{timezone.localtime(log[0].at):%Y-%m-%d %H:%M:%S}" in text(page(ops, job))
    draft = drafted("suspend", card_in_use())
    post(support, draft, "stop")
    assert [(step.label, step.by) for step in page(ops, draft).context["step_log"]] == [("Discarded by", "support")]
    listed = ops.get(LIST, headers=ENGLISH)
    assert [(entry.job, entry.owner, entry.starter) for entry in listed.context["entries"]] == [
        (draft, "operations", ""), (job, "operations", "support"), (own, "operations", ""),
    ]  # fmt: skip
    assert "started by support" in text(listed)


def test_a_job_whose_drafter_may_no_longer_is_not_started_and_the_page_says_why(ops):
    support, job = of_role("support"), drafted("suspend", card_in_use())
    User.objects.filter(username="operations").update(is_active=False)
    response = support.post(url_of(job, "start"), headers=ENGLISH, follow=True)
    assert (status(job), said(response)) == (
        "ready",
        ["operations is not allowed to do this: Suspend. Ask someone whose role allows it."],
    )


@pytest.mark.parametrize("query", ["?status=nonsense", "?kind=x", "?mine=2", "?failed=yes", "?owner=1", "?after=x"])
def test_a_parameter_that_means_nothing_is_an_error_and_shows_nothing(ops, query):
    done("suspend", card_in_use())
    response = ops.get(LIST + query, headers=ENGLISH)
    assert (response.status_code, response.context["entries"], len(response.context["complaints"])) == (400, [], 1)


def test_an_empty_list_says_how_to_begin(ops):
    assert "No jobs." in text(ops.get(LIST, headers=ENGLISH))


# who may


@pytest.mark.parametrize("role", ["support", "auditor"])
def test_who_may_not_sees_the_job_and_why_the_buttons_are_dead(ops, role):
    client, card = of_role(role), card_in_use()
    job = drafted("protect", card)
    response = page(client, job)
    assert (response.status_code, f"{role} is not allowed to do this: Protect." in text(response)) == (200, True)
    assert "disabled>Protect: 1 card</button>" in text(response)
    posts = [("start",), ("stop",), ("pause",), ("resume",)]
    assert [post(client, job, *steps).status_code for steps in posts] == [403] * 4
    worker.work_off(control.start(job, user=person()))
    assert [post(client, job, "again", step).status_code for step in ("retry", "undo")] == [403] * 2
    assert (page(client, job).status_code, client.get(url_of(job) + "failures.csv").status_code) == (200, 200)
    assert (Job.objects.count(), page(client, job).context["is_owner"]) == (1, False)


def test_somebody_else_of_the_same_role_may(ops):
    job = drafted("suspend", card_in_use())
    other = of_role("support")
    assert post(other, job, "start").status_code == 302
    assert f"/console/selections/{job.selection_id}/" not in text(page(other, job))


def test_customers_and_strangers_see_nothing(ops):
    job = done("suspend", card_in_use(customer="Acme"))
    alice, stranger = logged_in(member("Acme")), Client()
    for path in (LIST, url_of(job), url_of(job, "progress"), url_of(job) + "failures.csv"):
        assert alice.get(path).status_code == 404
        assert stranger.get(path).headers["Location"].startswith("/admin/login/")
    for steps in (("start",), ("stop",), ("again", "undo")):
        assert post(alice, job, *steps).status_code == 404
        assert post(stranger, job, *steps).headers["Location"].startswith("/admin/login/")


def test_what_does_not_exist_is_no_page(ops):
    job = drafted("suspend", card_in_use())
    for path in (f"{LIST}999/", f"{LIST}{10**30}/", f"{LIST}999/progress/", f"{LIST}999/failures.csv"):
        assert ops.get(path).status_code == 404
    assert [post(ops, job, step).status_code for step in ("nonsense", "delete")] == [404, 404]
    assert [ops.get(url_of(job, step)).status_code for step in ("start", "stop")] == [405, 405]


@pytest.mark.parametrize("kind", OF_CARDS)
def test_a_job_of_any_kind_has_its_page(ops, kind):
    before = done("suspend", card_in_use())
    former, target = (Customer.objects.create(name=name).pk for name in ("Former", "Target"))
    params = {JobKind.EXPORT: {"format": "csv"}, JobKind.MERGE: {"former": former, "target": target}}
    for each in (JobStatus.PREPARING, JobStatus.READY, JobStatus.RUNNING, JobStatus.FAILED):
        values = {
            "kind": kind,
            "action": "suspend",
            "status": each,
            "message": "no header row",
            "of": before,
            "params": params.get(kind, {}),
        }
        job = Job.objects.create(owner=person(), **values)
        assert "no header row" in text(page(ops, job))


def test_no_page_has_what_the_policy_forbids(ops):
    jobs = of_two_chunks(), drafted("cancel", card_in_use()), done("suspend", card_in_use(), open_card())
    pages = [LIST, *map(url_of, jobs), f"/console/selections/{jobs[0].selection_id}/"]
    assert {path: Forbidden(text(ops.get(path))).found for path in pages} == {path: [] for path in pages}


def test_pages_need_as_many_queries_for_many_cards_as_for_one(ops, django_assert_max_num_queries):
    few, many = (tuple(open_card() for _ in range(count)) for count in (1, 6))
    for cards in (few, many):
        waiting, over = drafted("suspend", card_in_use(), *cards), done("suspend", card_in_use(), *cards)
        with django_assert_max_num_queries(17):
            page(ops, waiting)
        with django_assert_max_num_queries(24):
            page(ops, over)
    with django_assert_max_num_queries(10):
        ops.get(LIST)
