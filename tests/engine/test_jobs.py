"""Jobs: bulk actions checked, done in chunks, paused, stopped, retried and undone."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from cards import rules
from cards.actions.action_requests import ActionRequest
from cards.actions.jobs import control, engine, worker
from cards.actions.jobs.undo import Undoing
from cards.actions.selections import freeze, freeze_ids, ids_of
from cards.actions.write import Work, change
from cards.errors import BadInput, Refused
from cards.models import Card, CardEvent, Customer, Job, JobChunk, PolicyBook, Selection
from cards.proof import Proof
from tests.build import OPENED_ON as DAY
from tests.build import SHELL, card_in_use, do, fresh, on_day, open_card, staff, swept, use

pytestmark = pytest.mark.django_db


@pytest.fixture
def ops(db):
    actions = "suspend resume cancel set_limit assign unassign tag untag top_up grant protect unprotect"
    return staff(*actions.split())


@pytest.fixture(autouse=True)
def today():
    with on_day(DAY), translation.override("en"):
        yield


def chosen(owner, *cards):
    return freeze_ids([card.pk for card in cards], owner=owner, asked={"from": "page"})


def draft(owner, action, *cards, **values):
    return control.draft(chosen(owner, *cards), action, user=owner, **values)


def run_through(job, user, **params):
    return worker.work_off(control.start(job, user=user, **params))


def states(*cards):
    return [fresh(card).shown for card in cards]


# selections


def test_a_selection_is_what_a_queryset_meant_at_that_moment(ops):
    cards = [open_card() for _ in range(3)]
    selection = freeze(Card.objects.filter(state="unused"), owner=ops, asked={"query": "state=unused"})
    do("activate", cards[0], DAY)
    assert (selection.size, list(ids_of(selection))) == (3, [[card.pk for card in cards]])


def test_the_same_form_twice_is_one_selection_and_one_job(ops):
    card, key = card_in_use(), uuid.uuid4()
    first, second = (freeze(Card.objects.all(), owner=ops, asked={}, key=key) for _ in range(2))
    assert (first, Selection.objects.count()) == (second, 1)
    first, second = (control.draft(first, "suspend", user=ops, key=key) for _ in range(2))
    assert (first, Job.objects.count(), states(card)) == (second, 1, ["in_use"])


# the check


def test_the_check_says_how_many_can_and_groups_the_others_by_reason(ops):
    works, unused, cancelled = card_in_use(), open_card(), do("cancel", open_card(), DAY)
    job = draft(ops, "suspend", works, unused, cancelled)
    found = engine.totals(job)
    assert (job.status, found.total, found.checked, found.done) == ("ready", 3, 3, 0)
    assert found.check_counts == {"can": 1, "cannot": 2}
    assert job.chunks.get().check_result["reasons"] == {
        "not_in_use": [1, ["not_in_use", {}], [unused.pk]],
        "cancelled": [1, ["cancelled", {}], [cancelled.pk]],
    }
    assert states(works, unused, cancelled) == ["in_use", "unused", "cancelled"]


def test_what_contradicts_itself_cannot_and_is_not_parked_by_looking(ops):
    card = card_in_use()
    Card.objects.filter(pk=card.pk).update(cycle_until=None)
    reasons = draft(ops, "suspend", card).chunks.get().check_result["reasons"]
    assert list(reasons) == ["parked"]
    assert Refused.read(reasons["parked"][1]).sentence == (
        "The card is parked because its data is inconsistent: a term is running, but no cycle is metered"
    )
    assert fresh(card).parked == ""


# doing it


def test_a_job_does_its_action_to_each_card_and_keeps_an_outcome_for_each(ops):
    works, unused = card_in_use(), open_card()
    job = run_through(draft(ops, "suspend", works, unused), ops, reason="storm")
    assert (job.status, engine.totals(job).counts) == ("done", {"done": 1, "refused": 1, "parked": 0})
    assert list(control.outcomes(job)) == [[works.pk, 3, None], [unused.pk, None, ["not_in_use", {}]]]
    event = CardEvent.objects.get(card=works, seq=3)
    assert (event.action, event.actor_name, event.reason, event.job_id) == ("suspend", "ops", "storm", job.pk)


def test_started_twice_it_is_done_once(ops):
    card = card_in_use()
    job = draft(ops, "suspend", card)
    control.start(job, user=ops)
    run_through(job, ops)
    run_through(job, ops)
    assert CardEvent.objects.filter(card=card, action="suspend").count() == 1


def test_a_card_that_has_changed_since_the_check_is_left_alone(ops):
    changed, same = card_in_use(), card_in_use()
    job = draft(ops, "suspend", changed, same)
    do("tag", changed, DAY, tag="trial")
    job = run_through(job, ops)
    assert [written for _id, _seq, written in control.outcomes(job)] == [["changed_meanwhile", {}], None]
    assert states(changed, same) == ["in_use", "voluntary"]


def test_usage_that_changes_nothing_is_no_change(ops):
    card = card_in_use()
    job = draft(ops, "suspend", card)
    use(card, DAY, 1)
    assert engine.totals(run_through(job, ops)).counts["done"] == 1


def test_parameters_are_read_before_anything_starts(ops):
    card = card_in_use()
    job = draft(ops, "set_limit", card)
    with pytest.raises(BadInput, match="is not a whole number of MB"):
        control.start(job, user=ops, params={"limit_mb": "much"})
    assert Job.objects.get(pk=job.pk).status == "ready"
    assert (run_through(job, ops, params={"limit_mb": "20"}).status, fresh(card).limit_mb) == ("done", 20)


def test_cancelling_needs_a_reason_and_the_typed_count_of_those_that_can(ops):
    first, second, protected = open_card(), open_card(), do("protect", open_card(), DAY)
    job = draft(ops, "cancel", first, second, protected)
    for reason, count, field in (("", "2", "reason"), ("lost", "3", "count"), ("lost", None, "count")):
        with pytest.raises(BadInput) as refused:
            control.start(job, user=ops, reason=reason, count=count)
        assert refused.value.field == field
    assert run_through(job, ops, reason="lost", count="2").status == "done"
    assert states(first, second, protected) == ["cancelled", "cancelled", "unused"]


def test_nothing_starts_when_no_card_can(ops):
    with pytest.raises(BadInput, match="None of these cards is eligible"):
        control.start(draft(ops, "suspend", open_card()), user=ops)


def test_who_may_not_do_the_action_starts_nothing(ops):
    job, other = draft(ops, "suspend", card_in_use()), staff("resume", username="other")
    with pytest.raises(Refused, match="other is not allowed to do this"):
        control.start(job, user=other)
    assert Job.objects.get(pk=job.pk).status == "ready"


def test_a_role_that_was_lost_meanwhile_is_seen_when_the_turn_comes(ops):
    card = card_in_use()
    job = control.start(draft(ops, "suspend", card), user=ops)
    ops.user_permissions.clear()
    assert [written[0] for _id, _seq, written in control.outcomes(worker.work_off(job))] == ["not_permitted"]
    assert states(card) == ["in_use"]


# chunks, leases, holding and ending


def many(ops, count=6):
    """A started job of `count` cards in chunks of two, and the cards."""
    cards = [card_in_use() for _ in range(count)]
    job = draft(ops, "suspend", *cards)
    payload = job.chunks.get()
    versions = payload.check_result["versions"]
    payload.delete()
    for number in range(count // 2):
        ids = [card.pk for card in cards[2 * number : 2 * number + 2]]
        check = {"counts": {"can": 2, "cannot": 0}, "reasons": {}, "versions": {pk: versions[str(pk)] for pk in ids}}
        chunk = engine.add_chunk(job, number + 1, 2, {"cards": ids})
        JobChunk.objects.filter(pk=chunk.pk).update(check_result=check, checked_at=timezone.now())
    return control.start(job, user=ops), cards


def one_chunk(name="one"):
    chunk = engine.claim_chunk(name)
    if chunk:
        worker._work_on(chunk, name)
    return chunk


def test_a_paused_job_rests_and_goes_on(ops):
    job, cards = many(ops)
    one_chunk()
    assert engine.pause(job, ops)
    assert (engine.pause(job, ops), one_chunk()) == (False, None)
    assert states(*cards) == ["voluntary"] * 2 + ["in_use"] * 4
    assert engine.resume(job, ops)
    assert worker.work_off(job).status == "done"
    assert states(*cards) == ["voluntary"] * 6


def test_a_stopped_job_keeps_what_is_done_and_a_retry_does_the_rest(ops):
    job, cards = many(ops)
    one_chunk()
    assert (engine.stop(job, ops), engine.resume(job, ops), one_chunk()) == (True, False, None)
    again = control.retry(Job.objects.get(pk=job.pk), user=ops)
    assert (again.total, again.of_id, engine.totals(again).check_counts["can"]) == (4, job.pk, 4)
    run_through(again, ops)
    assert states(*cards) == ["voluntary"] * 6


def test_what_a_dead_worker_held_is_taken_over_when_its_lease_runs_out(ops):
    _job, cards = many(ops, 2)
    held = engine.claim_chunk("dead")
    assert engine.claim_chunk("alive") is None
    JobChunk.objects.filter(pk=held.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    assert one_chunk("alive").pk == held.pk
    with pytest.raises(engine.Lost):
        worker._work_on(held, "dead")
    assert CardEvent.objects.filter(action="suspend").count() == 2
    assert states(*cards) == ["voluntary"] * 2


def test_a_worker_that_died_before_it_said_so_has_its_job_finished_by_the_next_tick(ops):
    job, _cards = many(ops, 2)
    one_chunk()
    Job.objects.filter(pk=job.pk).update(status="running", finished_at=None)
    worker.tick(1)
    assert Job.objects.get(pk=job.pk).status == "done"


def test_jobs_take_turns(ops):
    long, _ = many(ops, 4)
    short, _ = many(ops, 2)
    assert [one_chunk().job_id for _ in range(3)] == [long.pk, short.pk, long.pk]


def test_a_mistake_ends_its_job_with_a_sentence_and_no_other(ops):
    broken, sound = many(ops, 2)[0], many(ops, 2)[0]
    Job.objects.filter(pk=broken.pk).update(params={"nonsense": 1})
    worker.tick(5)
    broken, sound = Job.objects.get(pk=broken.pk), Job.objects.get(pk=sound.pk)
    assert (broken.status, broken.message, sound.status) == (
        "failed",
        "nonsense: suspend has no such parameter",
        "done",
    )


# taking it back


def facts(card):
    skipped = ("version", "changed_on", "queue", "owned_from_seq")
    return {name: value for name, value in fresh(card).facts().items() if name not in skipped and name[0] != "_"}


@pytest.mark.once
@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("suspend", {}),
        ("resume", {}),
        ("set_limit", {"limit_mb": "none"}),
        ("set_limit", {"limit_mb": "15"}),
        ("assign", {"customer": "Globex"}),
        ("unassign", {}),
        ("protect", {}),
        ("tag", {"tag": "new"}),
        ("untag", {"tag": "old"}),
    ],
)
def test_an_undo_puts_back_exactly_what_the_action_took(ops, action, params):
    Customer.objects.bulk_create([Customer(name="Acme"), Customer(name="Globex")])
    card = do("tag", do("assign", card_in_use(), DAY, customer="Acme"), DAY, tag="old")
    card = use(do("set_limit", card, DAY, limit_mb="10"), DAY, 12)
    if action == "resume":
        card = do("suspend", card, DAY)
    before_it, before = fresh(card), facts(card)
    job = run_through(draft(ops, action, card), ops, params=params)
    assert (engine.totals(job).counts["done"], facts(card) == before) == (1, False)
    back = run_through(control.undo(job, user=ops), ops)
    assert (back.status, engine.totals(back).counts["done"], facts(card)) == ("done", 1, before)
    last = CardEvent.objects.filter(card=card).latest("seq")
    assert (last.job_id, last.evidence["undoes"]) == (back.pk, last.seq - 1)
    assert fresh(card).owned_from_seq == (last.seq if "assign" in action else before_it.owned_from_seq)


def moved(ops):
    """A job that gave to Globex a card out of stock and one of Acme's, and the cards."""
    Customer.objects.create(name="Globex")
    cards = card_in_use(), card_in_use(customer="Acme")
    return run_through(draft(ops, "assign", *cards), ops, params={"customer": "Globex"}), cards


def owners(*cards):
    return [card.customer and card.customer.name for card in map(fresh, cards)]


def test_cards_that_were_assigned_go_back_to_whom_they_belonged_or_to_stock(ops):
    job, cards = moved(ops)
    globex, acme = (Customer.objects.get(name=name).pk for name in ("Globex", "Acme"))
    assert owners(*cards) == ["Globex", "Globex"]
    back = run_through(control.undo(job, user=ops), ops)
    assert (engine.totals(back).counts["done"], owners(*cards)) == (2, [None, "Acme"])
    assert [
        (event.action, event.evidence) for event in CardEvent.objects.filter(job__in=[job, back]).order_by("pk")
    ] == [
        ("assign", {"customer": "Globex", "customer_id": globex, "was_customer_id": None}),
        ("assign", {"customer": "Globex", "customer_id": globex, "was_customer_id": acme}),
        ("unassign", {"customer_id": None, "was_customer_id": globex, "undoes": 3}),
        ("assign", {"customer": "Acme", "customer_id": acme, "was_customer_id": globex, "undoes": 3}),
    ]
    assert list(Proof().problems()) == []


@pytest.mark.once
@pytest.mark.parametrize(
    ("may", "expected"), [("assign", ["Globex", "Acme"]), ("unassign", [None, "Globex"])], ids=["assign", "unassign"]
)
def test_who_may_one_of_two_inverses_takes_back_what_needs_that_one(ops, may, expected):
    job, cards = moved(ops)
    other = staff(may, username="other")
    back = control.undo(job, user=other)
    assert engine.totals(back).check_counts == {"can": 1, "cannot": 1}
    run_through(back, other)
    needed = "unassign" if may == "assign" else "assign"
    refused = ["not_permitted", {"actor": "other", "action": needed}]
    assert [written for _id, _seq, written in control.outcomes(back) if written] == [refused]
    assert owners(*cards) == expected


@pytest.mark.once
def test_who_may_neither_inverse_cannot_start_the_undo(ops):
    job, cards = moved(ops)
    other = staff("suspend", username="other")
    with pytest.raises(Refused, match="other is not allowed to do this"):
        control.start(control.undo(job, user=ops), user=other)
    assert owners(*cards) == ["Globex", "Globex"]


def test_a_card_does_not_go_back_to_a_customer_that_is_no_more(ops):
    card = card_in_use(customer="Acme")
    job = run_through(draft(ops, "unassign", card), ops)
    Customer.objects.get(name="Acme").delete()
    assert list(control.undo(job, user=ops).chunks.get().check_result["reasons"]) == ["nothing_to_undo"]


class AssignToNobody(Work):
    """How a card was put back in stock before there was an action of that name."""

    def steps(self, card):
        was, card.customer_id = card.customer_id, None
        yield rules.Change(DAY, "assign", evidence={"customer": None, "was_customer_id": was})


def test_what_was_assigned_to_nobody_before_goes_back_to_its_customer(ops):
    card = card_in_use(customer="Acme")
    (outcome,) = change([card.pk], AssignToNobody())
    undoing = Undoing({card.pk: outcome.done[0].seq}, ActionRequest(SHELL, DAY, PolicyBook.read(), ""))
    (outcome,) = change([card.pk], undoing)
    assert (outcome.refused, owners(card)) == (None, ["Acme"])


def test_cards_are_put_in_stock_by_the_action_of_that_name_alone(ops):
    job = draft(ops, "assign", card_in_use(customer="Acme"))
    with pytest.raises(BadInput) as bad:
        control.start(job, user=ops, params={"customer": " "})
    assert str(bad.value) == "customer: enter the customer; “Return to stock” returns the card to stock (unassign)"
    ours, nobodys = card_in_use(customer="Acme"), card_in_use()
    job = run_through(draft(ops, "unassign", ours, nobodys), ops)
    assert [written and written[0] for _id, _seq, written in control.outcomes(job)] == [None, "in_stock_already"]
    assert owners(ours, nobodys) == [None, None]


def test_what_has_changed_since_is_not_taken_back(ops):
    changed, same = card_in_use(), card_in_use()
    job = run_through(draft(ops, "suspend", changed, same), ops)
    do("resume", changed, DAY)
    back = control.undo(job, user=ops)
    assert engine.totals(back).check_counts == {"can": 1, "cannot": 1}
    run_through(back, ops)
    assert [written and written[0] for _id, _seq, written in control.outcomes(back)] == ["changed_meanwhile", None]
    assert states(changed, same) == ["in_use", "in_use"]


def test_a_hold_that_came_with_usage_stays_when_a_stop_is_taken_back(ops):
    card = do("set_limit", card_in_use(), DAY, limit_mb="10")
    job = run_through(draft(ops, "suspend", card), ops)
    use(card, DAY, 12)
    assert engine.totals(control.undo(job, user=ops)).check_counts == {"can": 0, "cannot": 1}


@pytest.mark.once
def test_what_has_no_inverse_says_so(ops):
    card = card_in_use()
    job = run_through(draft(ops, "top_up", card), ops, params={"plan": "PACK-100"})
    assert fresh(card).pack_mb == 100
    with pytest.raises(Refused) as refused:
        control.undo(job, user=ops)
    assert refused.value.code == "nothing_to_undo"


def test_cards_shut_down_meanwhile_do_not_come_back_by_an_undo(ops):
    card = card_in_use(plan="M1-100")
    job = run_through(draft(ops, "suspend", card), ops)
    swept(card, DAY + timedelta(days=40))
    assert engine.totals(control.undo(job, user=ops)).check_counts == {"can": 0, "cannot": 1}
