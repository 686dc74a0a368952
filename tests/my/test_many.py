"""Many cards of a customer at once: chosen, looked at, stopped, resumed and limited by the console's own jobs."""

import uuid
from datetime import date

import pytest
from django.contrib.auth.models import User

from cards.actions.jobs import control, engine, worker
from cards.actions.selections import freeze_ids
from cards.models import Job, Membership, Selection
from tests.build import card_in_use, do, fresh, member, on_day, open_card
from tests.console.pages import logged_in, text

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
ENGLISH = {"accept-language": "en"}
SELECT = "/my/selections/"


@pytest.fixture(autouse=True)
def today():
    with on_day(DAY):
        yield


@pytest.fixture
def alice():
    return logged_in(member("Acme"))


@pytest.fixture
def charlie():
    return logged_in(member("Northwind", "charlie"))


def mine(**columns):
    return card_in_use(customer="Acme", **columns)


def person(username="alice"):
    return User.objects.get(username=username)


def select(client, source="page", key=None, **data):
    return client.post(SELECT, {source: str(key or uuid.uuid4()), **data}, headers=ENGLISH)


def selected(*cards, owner="alice"):
    return freeze_ids([card.pk for card in cards], owner=person(owner), asked={"from": "page"})


def drafted(action, *cards, owner="alice"):
    return control.draft(selected(*cards, owner=owner), action, user=person(owner))


def start(client, job, **data):
    return client.post(f"/my/jobs/{job.pk}/start/", data, headers=ENGLISH)


def done(client, action, *cards, **data):
    """A job that was started and worked off."""
    job = drafted(action, *cards)
    assert start(client, job, **data).status_code == 302
    return worker.work_off(job)


def page(client, job, query=""):
    return client.get(f"/my/jobs/{job.pk}/{query}", headers=ENGLISH)


def keys_of(selection):
    return [pk for part in selection.parts.all() for pk in part.card_ids]


# choosing


def test_checked_cards_become_a_selection_of_ones_own(alice):
    own, other = mine(), card_in_use(customer="Northwind")
    response = select(alice, ids=[own.pk, other.pk])
    selection = Selection.objects.get()
    assert response.headers["Location"] == f"/my/selections/{selection.pk}/"
    assert (keys_of(selection), selection.owner) == ([own.pk], person())


def test_all_cards_of_a_view_are_those_of_ones_own_that_fit(alice):
    stopped = do("suspend", mine(), DAY)
    mine(), do("suspend", card_in_use(customer="Northwind"), DAY)
    select(alice, "filter", query="hold=voluntary")
    assert keys_of(Selection.objects.get()) == [stopped.pk]


def test_a_pasted_list_selects_ones_own_cards_of_it(alice):
    own, other = mine(), card_in_use(customer="Northwind")
    select(alice, "list", q=f"{own.iccid}\n{other.iccid}")
    assert keys_of(Selection.objects.get()) == [own.pk]


@pytest.mark.parametrize("query", ["customer=Northwind", "tag=secret", "parked=1"])
def test_a_view_that_a_customer_cannot_ask_for_selects_nothing(alice, query):
    mine(), card_in_use(customer="Northwind")
    select(alice, "filter", query=query)
    assert not Selection.objects.exists()


def test_nothing_chosen_leads_back_to_the_list(alice):
    mine()
    response = select(alice, query="state=in_use")
    assert response.headers["Location"] == "/my/cards/?state=in_use"
    assert not Selection.objects.exists()


def test_the_same_form_twice_is_one_selection_and_one_job(alice):
    key = uuid.uuid4()
    card = do("suspend", mine(), DAY)
    first, again = (select(alice, "filter", key, query="hold=voluntary", action="resume") for _ in range(2))
    job = Job.objects.get()
    assert first.headers["Location"] == again.headers["Location"] == f"/my/jobs/{job.pk}/"
    assert (Selection.objects.count(), job.action, fresh(card).state) == (1, "resume", "suspended")


def test_a_form_that_somebody_else_has_sent_is_another(alice, charlie):
    key = uuid.uuid4()
    mine(), card_in_use(customer="Northwind")
    for client in (alice, charlie):
        select(client, "filter", key, query="")
    assert [selection.size for selection in Selection.objects.all()] == [1, 1]
    for client, selection in zip((alice, charlie), Selection.objects.order_by("pk"), strict=True):
        client.post(f"/my/selections/{selection.pk}/", {"action": "suspend", "key": str(key)})
    assert [job.owner.username for job in Job.objects.order_by("pk")] == ["alice", "charlie"]


@pytest.mark.parametrize("action", ["cancel", "assign", "unassign", "renew", "tag", "nonsense", ""])
def test_a_customer_drafts_only_what_is_theirs_to_do(alice, action):
    selection = selected(mine())
    for response in (
        alice.post(f"/my/selections/{selection.pk}/", {"action": action}),
        select(alice, "filter", query="", action=action),
    ):
        assert response.status_code == 403
    assert not Job.objects.exists()


def test_the_page_of_a_selection_shows_no_card_that_went_to_another_customer(alice):
    stays, goes = mine(), mine()
    selection = selected(stays, goes)
    do("assign", goes, DAY, customer=open_card(customer="Northwind").customer.name)
    response = alice.get(f"/my/selections/{selection.pk}/", headers=ENGLISH)
    assert (response.context["counts"], list(response.context["cards"])) == ([("in_use", 1)], [stays])
    exported = b"".join(alice.get(f"/my/selections/{selection.pk}/export/?format=csv").streaming_content).decode()
    assert (stays.iccid in exported, goes.iccid in exported) == (True, False)


# whose, and by whom


def test_selections_and_jobs_are_their_owners_alone(alice, charlie):
    colleague = logged_in(member("Acme", "bob"))
    job = drafted("suspend", mine())
    urls = [f"/my/selections/{job.selection_id}/", f"/my/selections/{job.selection_id}/export/?format=csv"]
    urls += [f"/my/jobs/{job.pk}/{more}" for more in ("", "progress/", "failures.csv")]
    assert [alice.get(url).status_code for url in urls] == [200, 200, 200, 200, 200]
    for other in (charlie, colleague):
        assert [other.get(url).status_code for url in urls] == [404] * 5
        assert [other.post(f"/my/jobs/{job.pk}/{step}/").status_code for step in ("start", "stop", "again/retry")] == [
            404
        ] * 3
        assert other.get("/my/jobs/").context["entries"] == []
    assert Job.objects.get().status == "ready"


def test_a_viewer_is_told_that_they_only_look(alice):
    card, viewer = mine(), logged_in(member("Acme", "vera", "viewer"))
    job = drafted("suspend", card, owner="vera")
    responses = [
        select(viewer, ids=[card.pk]),
        viewer.get(f"/my/selections/{job.selection_id}/", headers=ENGLISH),
        viewer.post(f"/my/selections/{job.selection_id}/", {"action": "suspend"}, headers=ENGLISH),
        start(viewer, job),
        viewer.post(f"/my/jobs/{job.pk}/stop/", headers=ENGLISH),
    ]
    assert [response.status_code for response in responses] == [403] * 5
    assert all("View only" in text(response) for response in responses)
    assert (Job.objects.get().status, fresh(card).state) == ("ready", "in_use")


def test_whoever_may_look_only_sees_why_a_job_does_not_start(alice):
    card, viewer = mine(), logged_in(member("Acme", "vera", "viewer"))
    jobs = [drafted("suspend", card, owner="vera"), drafted("suspend", card)]
    bodies = [text(page(client, job)) for client, job in zip((viewer, alice), jobs, strict=True)]
    assert [f'action="/my/jobs/{job.pk}/start/"' in body for body, job in zip(bodies, jobs, strict=True)] == [
        False,
        True,
    ]
    assert ["vera is not allowed to do this" in body for body in bodies] == [True, False]


def test_who_only_looks_at_a_second_customer_changes_none_of_its_cards(alice):
    own, looked_at = mine(), card_in_use(customer="Northwind")
    Membership.objects.create(user=person(), customer=looked_at.customer, role="viewer")
    job = done(alice, "suspend", own, looked_at)
    assert [fresh(card).state for card in (own, looked_at)] == ["suspended", "in_use"]
    (group,) = page(alice, job).context["groups"]
    assert (group.code, group.count) == ("not_permitted", 1)


# jobs


def test_a_preview_says_how_many_can_and_why_the_others_cannot(alice):
    job = drafted("suspend", mine(), open_card(customer="Acme"))
    response = page(alice, job)
    assert (response.context["can"], response.context["cannot"]) == (1, 1)
    body = text(response)
    assert "Suspend cards (1)" in body
    assert "This is possible only for a card in use." in body
    assert "/console/" not in body


@pytest.mark.parametrize(
    ("action", "data", "state"),
    [("suspend", {}, "suspended"), ("set_limit", {"limit_mb": "20"}, "in_use")],
)
def test_a_job_does_what_it_says_in_the_members_name(alice, action, data, state):
    card = mine()
    job = done(alice, action, card, reason="harvest", **data)
    event = card.events.latest("seq")
    assert (event.action, event.actor_kind, event.actor_name, event.reason, event.job_id) == (
        action, "customer", "alice", "harvest", job.pk,
    )  # fmt: skip
    assert (fresh(card).state, Job.objects.get().status) == (state, "done")
    assert "Completed for every card." in text(page(alice, job))


def test_what_cannot_be_read_is_said_at_its_field(alice):
    job = drafted("set_limit", mine())
    response = start(alice, job, limit_mb="much")
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["limit_mb"])
    assert Job.objects.get().status == "ready"


def test_started_twice_it_goes_once_and_a_discarded_one_goes_never(alice):
    card = mine()
    job = drafted("suspend", card)
    assert [start(alice, job).status_code for _ in range(2)] == [302, 302]
    worker.work_off(job)
    assert [event.action for event in card.events.all()].count("suspend") == 1
    discarded = drafted("resume", card)
    alice.post(f"/my/jobs/{discarded.pk}/stop/")
    start(alice, discarded)
    assert (Job.objects.get(pk=discarded.pk).status, fresh(card).state) == ("stopped", "suspended")


def test_a_job_that_went_on_meanwhile_is_shown_as_it_is(alice):
    job = done(alice, "suspend", mine())
    stopped = alice.post(f"/my/jobs/{job.pk}/stop/", follow=True, headers=ENGLISH)
    assert "The job has moved on in the meantime. This is its current state." in text(stopped)
    assert Job.objects.get().status == "done"


def test_the_reasons_of_what_failed_lead_to_the_cards_on_ones_own_page(alice):
    job = done(alice, "suspend", mine(), open_card(customer="Acme"))
    body = text(page(alice, job))
    assert (f'href="/my/jobs/{job.pk}/?show=not_in_use#cards"' in body, "/console/" in body) == (True, False)
    shown = page(alice, job, "?show=not_in_use").context["outcomes"]
    assert [outcome.refused.code for outcome in shown] == ["not_in_use"]


def test_a_job_is_taken_back_and_what_failed_is_tried_again(alice):
    card, unused = mine(), open_card(customer="Acme")
    job = done(alice, "suspend", card, unused)
    undone = alice.post(f"/my/jobs/{job.pk}/again/undo/", {"key": str(uuid.uuid4())})
    undo = Job.objects.exclude(pk=job.pk).get()
    assert undone.headers["Location"] == f"/my/jobs/{undo.pk}/"
    assert "Undo: Suspend cards" in text(page(alice, undo))
    start(alice, undo)
    worker.work_off(undo)
    assert fresh(card).state == "in_use"
    alice.post(f"/my/jobs/{job.pk}/again/retry/", {"key": str(uuid.uuid4())})
    retry = Job.objects.exclude(pk__in=[job.pk, undo.pk]).get()
    assert (retry.total, keys_of(retry.selection)) == (1, [unused.pk])


def test_a_job_that_is_not_over_has_nothing_to_follow(alice):
    job = drafted("suspend", mine())
    assert [alice.post(f"/my/jobs/{job.pk}/again/{step}/").status_code for step in ("retry", "undo", "x")] == [404] * 3


def test_outcomes_do_not_show_the_state_of_a_card_that_went_to_another_customer(alice):
    card = mine()
    job = done(alice, "suspend", card)
    do("assign", card, DAY, customer=open_card(customer="Northwind").customer.name)
    response = page(alice, job)
    assert [outcome.is_visible for outcome in response.context["outcomes"]] == [False]
    assert "no longer yours" in text(response)
    assert f'href="/my/cards/{card.iccid}/"' not in text(response)


def test_a_card_that_went_to_another_customer_meanwhile_is_refused(alice):
    card = mine()
    job = drafted("suspend", card)
    do("assign", card, DAY, customer=open_card(customer="Northwind").customer.name)
    start(alice, job)
    worker.work_off(job)
    assert fresh(card).state == "in_use"


def test_the_failures_come_as_a_file(alice):
    card, unused = mine(), open_card(customer="Acme")
    job = done(alice, "suspend", card, unused)
    file = alice.get(f"/my/jobs/{job.pk}/failures.csv", headers=ENGLISH).getvalue().decode()
    assert (unused.iccid in file, card.iccid in file) == (True, False)


def test_of_a_card_that_is_anothers_by_now_the_files_tell_no_number_but_its_own(alice):
    card = open_card(customer="Acme", msisdn="1440000000088")
    job = done(alice, "suspend", mine(), card)

    def numbers_in_file():
        file = alice.get(f"/my/jobs/{job.pk}/failures.csv", headers=ENGLISH).getvalue().decode()
        return card.iccid in file, card.msisdn in file

    assert numbers_in_file() == (True, True)
    do("assign", card, DAY, customer=open_card(customer="Northwind").customer.name)
    assert numbers_in_file() == (True, False)


def test_the_list_of_jobs_is_ones_own_with_its_pages(alice, monkeypatch):
    monkeypatch.setattr("cards.views.my.jobs.TALL_ROWS_PER_PAGE", 2)
    jobs = [drafted("suspend", mine()) for _ in range(3)]
    first = alice.get("/my/jobs/", headers=ENGLISH)
    second = alice.get(f"/my/jobs/?after={first.context['page'].after}", headers=ENGLISH)
    shown = [[entry.job for entry, _title in response.context["entries"]] for response in (first, second)]
    assert shown == [[jobs[2], jobs[1]], [jobs[0]]]
    assert [alice.get(f"/my/jobs/?after={text}").status_code for text in ("x", "-1", "9" * 30)] == [200] * 3


def test_progress_is_asked_for_until_the_job_goes_another_way(alice):
    job = drafted("suspend", mine())
    start(alice, job)
    url = f"/my/jobs/{job.pk}/progress/"
    assert f'hx-get="{url}?status=running"' in text(alice.get(url, {"status": "running"}))
    worker.work_off(job)
    assert alice.get(url, {"status": "running"}).headers["HX-Refresh"] == "true"


def test_who_did_what_with_a_job_is_you_a_colleague_or_the_dealer(alice):
    job = drafted("suspend", mine(), mine())
    colleague, stranger = member("Acme", "anna"), member("Northwind", "nils")
    start(alice, job)
    for user in (colleague, User.objects.create_user("support", is_staff=True), stranger):
        engine.pause(job, user)
        engine.resume(job, user)
    assert page(alice, job).context["step_log"][0].at == job.steps.first().at
    assert [(step.label, step.by) for step in page(alice, job).context["step_log"]] == [
        ("Started by", "you"), ("Paused by", "anna"), ("Resumed by", "anna"),
        ("Paused by", "your dealer"), ("Resumed by", "your dealer"),
        ("Paused by", "your dealer"), ("Resumed by", "your dealer"),
    ]  # fmt: skip
    assert "Started by" in text(page(alice, job))
