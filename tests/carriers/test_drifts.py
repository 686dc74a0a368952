"""Differences that people decide: approved, rejected, ordered anew; and those that no look at a state finds."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone, translation

from cards.actions.jobs import worker
from cards.carriers.actions import drifts
from cards.carriers.actions.approving import CARRIER_JOB_KINDS
from cards.carriers.models import CarrierAccount, Drift
from cards.errors import BadInput, Refused
from cards.models import CancellingRules, CardEvent
from tests.build import card_in_use, do, fresh, open_card, staff, use
from tests.carriers.looks import decider, looked, on, open_of, ordered, settled, sight
from tests.carriers.rows import an_account

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
LATELY = TODAY - timedelta(days=30)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def account(db):
    return an_account()


def blocked(account, **columns):
    """A card in use that the carrier has stopped by itself."""
    card = card_in_use(since=LATELY, **columns)
    on(card, account)
    looked(card, sight("stopped", "managed", reason_text="M2M管理停机"))
    return card


def keys_of(*cards):
    return list(Drift.objects.open().filter(card__in=cards).order_by("pk").values_list("pk", flat=True))


def state_of(card):
    last = Drift.objects.filter(card=card).latest("pk")
    return last.state, last.decided_by and last.decided_by.get_username()


def test_what_is_approved_is_done_and_signed_by_who_approved_it(account):
    cards, user = [blocked(account), blocked(account)], decider("place_hold")
    job = drifts.approve(keys_of(*cards), user)
    assert (job.kind, job.status, job.total) == ("approve_drift", "done", 2)
    for card in map(fresh, cards):
        assert (card.state, card.holds, state_of(card)) == ("suspended", "anomaly", ("approved", "desk"))
        record = CardEvent.objects.get(card=card, action="place_hold")
        assert (record.actor_kind, record.actor_name, record.job_id) == ("staff", "desk", job.pk)
        assert (record.reason, record.evidence["carrier_says"]) == ("As the carrier reports.", "4 · 停机 · M2M管理停机")
        assert looked(card, sight("stopped", "managed")).step == "in_step"
        assert ordered(card) == []


def test_a_card_that_has_changed_meanwhile_is_refused_and_its_difference_stays(account):
    changed, same = blocked(account), blocked(account)
    do("remark", changed, TODAY, remark="seen by somebody")
    job = drifts.approve(keys_of(changed, same), decider("place_hold"))
    assert {row[0]: row[2] and row[2][0] for row in job.chunks.get().result["outcomes"]} == {
        changed.pk: "changed_meanwhile",
        same.pk: None,
    }
    assert (fresh(changed).state, state_of(changed)) == ("in_use", ("open", None))
    looked(changed, sight("stopped", "managed", reason_text="M2M管理停机"))
    assert drifts.approve(keys_of(changed), decider("place_hold", username="other")).status == "done"
    assert fresh(changed).state == "suspended"


def test_who_may_not_decide_or_not_do_it_to_cards_does_nothing(account):
    card = blocked(account)
    with pytest.raises(PermissionDenied):
        drifts.approve(keys_of(card), staff("place_hold", username="clerk"))
    with pytest.raises(PermissionDenied):
        drifts.reject(keys_of(card), staff(username="looker"))
    with pytest.raises(Refused) as refused:
        drifts.approve(keys_of(card), decider())
    assert (refused.value.code, fresh(card).state, state_of(card)) == ("not_permitted", "in_use", ("open", None))


def test_only_what_the_same_is_proposed_for_is_approved_together(account):
    stopped, ended = blocked(account), card_in_use(since=LATELY)
    on(ended, account)
    looked(ended, sight("cancelled"))
    user = decider("place_hold", "cancel")
    with pytest.raises(BadInput, match="Approve together"):
        drifts.approve(keys_of(stopped, ended), user)
    with pytest.raises(BadInput, match="none of these"):
        drifts.approve([], user)
    assert drifts.approve(keys_of(ended), user).status == "done"
    assert (fresh(ended).state, fresh(stopped).state, looked(ended, sight("cancelled")).step) == (
        "cancelled",
        "in_use",
        "in_step",
    )


def test_so_many_cancellations_take_a_second_person_here_too(account):
    CancellingRules.objects.update_or_create(pk=1, defaults={"most_alone": 1, "days": 7, "approval_days": 3})
    cards = [card_in_use(since=LATELY) for _number in range(2)]
    for card in cards:
        on(card, account)
        looked(card, sight("cancelled"))
    user = decider("cancel")
    with pytest.raises(Refused) as refused:
        drifts.approve(keys_of(*cards), user)
    assert (refused.value.code, [fresh(card).state for card in cards]) == ("cancels_alone", ["in_use"] * 2)
    drifts.approve(keys_of(cards[0]), user)
    assert fresh(cards[0]).state == "cancelled"
    with pytest.raises(Refused):
        drifts.approve(keys_of(cards[1]), user)


def test_a_first_use_that_is_approved_has_the_carriers_day(account):
    CarrierAccount.objects.update(settings={"first_use": "propose"})
    card = open_card(opened_on=LATELY)
    on(card, account)
    looked(card, sight("active", since=timezone.now() - timedelta(days=5)))
    drifts.approve(keys_of(card), decider("activate"))
    card = fresh(card)
    assert (card.state, card.activated_on, card.activation_cause) == ("in_use", TODAY - timedelta(days=5), "first_use")
    assert CardEvent.objects.get(card=card, action="activate").actor_name == "desk"


def test_many_are_done_in_the_background(account, monkeypatch):
    monkeypatch.setattr(drifts, "MOST_TO_WAIT_FOR", 0)
    card = blocked(account)
    job = drifts.approve(keys_of(card), decider("place_hold"))
    assert (job.status, fresh(card).state) == ("running", "in_use")
    with pytest.raises(BadInput):
        drifts.approve(keys_of(card), decider("place_hold", username="twice"))
    assert worker.work_off(job, kinds=CARRIER_JOB_KINDS).status == "done"
    assert fresh(card).state == "suspended"


def test_what_is_rejected_does_not_come_back_until_something_about_it_changes(account):
    card = blocked(account)
    look = sight("stopped", "managed", reason_text="M2M管理停机")
    assert (drifts.reject(keys_of(card), decider()), state_of(card)) == (1, ("rejected", "desk"))
    assert (looked(card, look).step, open_of(card)) == ("drift", [])
    looked(card, sight("stopped", "credit", reason_text="信控"))
    assert open_of(card) == [("stopped", "place_hold", {"kind": "anomaly"})]


def test_a_leak_that_is_to_stay_is_not_stopped_again(account):
    card = do("suspend", card_in_use(since=LATELY), TODAY)
    on(card, account)
    looked(card, sight("active"))
    settled(card)
    drifts.reject(keys_of(card), decider())
    assert (looked(card, sight("active")).step, open_of(card), len(ordered(card))) == ("drift", [], 1)


def test_what_the_carrier_has_let_go_is_proposed_to_be_lifted(account):
    card, user = blocked(account), decider("place_hold", "lift_hold")
    drifts.approve(keys_of(card), user)
    assert (looked(card, sight("active")).step, ordered(card)) == ("drift", [])
    assert open_of(card) == [("leak", "lift_hold", {"kind": "anomaly"})]
    drifts.approve(keys_of(card), user)
    assert (fresh(card).state, looked(card, sight("active")).step, open_of(card)) == ("in_use", "in_step", [])


def test_what_was_refused_is_ordered_anew_by_a_person(account):
    card = card_in_use(since=LATELY)
    on(card, account)
    card = do("suspend", card, TODAY)
    looked(card, sight("active"))
    settled(card, "refused")
    looked(card, sight("active"))
    user = decider()
    assert (open_of(card), drifts.order_again(keys_of(card), user)) == ([("refused", "", {})], 1)
    assert ordered(card)[-1] == ("service", "stopped", "queued", False)
    assert drifts.order_again(keys_of(card), user) == 0
    with pytest.raises(PermissionDenied):
        drifts.order_again(keys_of(card), staff(username="looker"))


def test_a_number_that_is_no_card_of_ours_is_told_once(account):
    now, number = timezone.now(), "89860000000000009999"
    found = drifts.stranger(account, number, now, {"code": "2"})
    assert drifts.stranger(account, number, now, {"code": "4"}).pk == found.pk
    (known,) = drifts.open_drifts()
    assert (known.number, known.card, known.kind, known.evidence) == (number, None, "stranger", {"code": "4"})
    drifts.reject([known.pk], decider())
    assert drifts.stranger(account, number, now, {"code": "4"}) is None
    assert drifts.stranger(account, number, now, {"code": "2"}).state == "open"


def test_what_usage_tells_is_told_once_and_withdrawn(account):
    card, now = card_in_use(since=LATELY), timezone.now()
    drifts.differs(account, "usage", now, card=card, evidence={"month": 3, "days": 2})
    drifts.differs(account, "usage", now, card=card, evidence={"month": 4, "days": 2})
    assert (open_of(card), Drift.objects.get().evidence) == ([("usage", "", {})], {"month": 4, "days": 2})
    on(card, account)
    assert (looked(card, sight("active")).step, open_of(card)) == ("in_step", [("usage", "", {})])
    drifts.agrees(account, "usage", now, card=card)
    assert (open_of(card), state_of(card)) == ([], ("self_closed", None))


def test_what_a_leak_has_used_is_told(account):
    card, other = card_in_use(since=LATELY), card_in_use(since=LATELY)
    for each in (card, other):
        do("suspend", each, TODAY)
        on(each, account)
        looked(each, sight("active"))
    Drift.objects.update(since=timezone.now() - timedelta(days=2))
    use(use(card, TODAY - timedelta(days=5), 1), TODAY - timedelta(days=1), 3)
    leak, leak_of_other = Drift.objects.open().order_by("pk")
    assert drifts.bytes_used([leak, leak_of_other]) == {leak.pk: 3 * 2**20, leak_of_other.pk: 0}
