"""What follows of a look at a card: orders, differences, and where the card stands between portal and carrier."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from cards.carriers.actions.judging import judge
from cards.carriers.models import CarrierAccount, Command, Drift, Line
from cards.models import CardEvent
from tests.build import card_in_use, do, fresh, open_card, use
from tests.carriers.looks import GONE_MISSING, a_day_later, looked, on, open_of, ordered, settled, sight
from tests.carriers.rows import an_account

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
LATELY = TODAY - timedelta(days=30)
ANOMALY = {"kind": "anomaly"}
BLOCKED = [("stopped", "place_hold", ANOMALY)]
PROPOSES = {"first_use": "propose", "real_name": "propose"}


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def account(db):
    return an_account()


@pytest.fixture
def card(account):
    """In use here, and active when it was last looked at."""
    card = card_in_use()
    on(card, account)
    assert looked(card, sight("active")).step == "in_step"
    return card


@pytest.fixture
def held(card):
    """Suspended here, and stopped there by our own order."""
    card = do("suspend", card, TODAY)
    assert looked(card, sight("active")).step == "waiting"
    settled(card)
    assert (looked(card, sight("stopped", "own")).step, open_of(card)) == ("in_step", [])
    return card


def test_a_leak_is_stopped_again_and_closes_by_itself(held):
    line = looked(held, sight("active"))
    assert (line.step, open_of(held)) == ("waiting", [("leak", "", {})])
    assert ordered(held) == [("service", "stopped", "confirmed", False), ("service", "stopped", "queued", True)]
    settled(held)
    assert looked(held, sight("stopped", "own")).step == "in_step"
    (drift,) = Drift.objects.filter(card=held)
    assert (drift.state, drift.portal, drift.seen, drift.commanded) == ("self_closed", "stopped", "active", "stopped")


def test_after_three_corrections_in_a_day_a_leak_is_a_persons(held):
    for _time in range(3):
        looked(held, sight("active"))
        settled(held)
    line = looked(held, sight("active"))
    assert (line.step, open_of(held), len(ordered(held))) == ("drift", [("leak", "", {})], 4)
    a_day_later(held)
    assert (looked(held, sight("active")).step, len(ordered(held))) == ("waiting", 5)


def test_what_the_carrier_has_stopped_is_proposed_and_nothing_is_sent(card):
    line = looked(card, sight("stopped", "managed", reason_text="M2M管理停机"))
    assert (line.step, open_of(card), ordered(card)) == ("drift", BLOCKED, [])
    (drift,) = Drift.objects.filter(card=card)
    assert drift.evidence == {"code": "4", "text": "停机", "reason_text": "M2M管理停机", "reasons": ["managed"]}
    assert (looked(card, sight("active")).step, open_of(card)) == ("in_step", [])


def test_a_device_stop_is_proposed_by_the_hold_that_staff_may_place(card):
    assert looked(card, sight("stopped", "device")).step == "drift"
    assert open_of(card) == [("device", "place_hold", ANOMALY)]


def test_a_stop_without_a_reason_that_was_none_of_ours_is_the_carriers(card):
    assert (looked(card, sight("stopped")).step, open_of(card), ordered(card)) == ("drift", BLOCKED, [])


def test_our_own_stop_is_resumed_once_and_then_a_persons(held):
    card = do("resume", held, TODAY)
    assert looked(card, sight("stopped", "own")).step == "waiting"
    settled(card)
    assert (looked(card, sight("stopped", "own")).step, open_of(card)) == ("waiting", [("own_stop", "", {})])
    settled(card)
    assert (looked(card, sight("stopped", "own")).step, open_of(card)) == ("drift", [("own_stop", "", {})])
    assert [row[1:] for row in ordered(card)] == [
        ("stopped", "confirmed", False),
        ("active", "confirmed", False),
        ("active", "confirmed", True),
    ]


def test_an_order_that_waits_to_resume_what_the_carrier_has_stopped_is_withdrawn(held):
    card = do("resume", held, TODAY)
    line = looked(card, sight("stopped", "own", "managed"))
    assert (line.step, open_of(card)) == ("drift", BLOCKED)
    assert ordered(card)[1:] == [("service", "active", "superseded", False)]


def test_one_that_is_on_its_way_was_refused_by_it(held):
    card = do("resume", held, TODAY)
    looked(card, sight("stopped", "own"))
    Command.objects.filter(card=card, state="queued").update(state="accepted", sent_at=timezone.now())
    Command.objects.filter(card=card, state="accepted").update(accepted_at=timezone.now(), attempts=1)
    line = looked(card, sight("stopped", "managed", reason_text="M2M管理停机"))
    assert (line.step, open_of(card)) == ("drift", BLOCKED)
    last = Command.objects.filter(card=card).latest("pk")
    assert (last.state, last.code, last.text) == ("refused", "4", "M2M管理停机")


def test_a_card_that_the_carrier_has_cancelled_is_gone_and_a_person_is_asked(held):
    line = looked(held, sight("cancelled"))
    assert (line.step, open_of(held), len(ordered(held))) == ("gone", [("cancelled", "cancel", {})], 1)
    do("protect", held, TODAY)
    line = looked(held, sight("cancelled"))
    assert (line.step, open_of(held)) == ("gone", [("cancelled", "", {})])


def test_a_code_that_nobody_knows_is_kept_and_nothing_is_done(card):
    line = looked(card, sight(""))
    assert (line.step, line.seen_code, open_of(card)) == ("drift", "77", [("unreadable", "", {})])
    assert ordered(card) == []


def test_a_card_that_is_not_on_the_account_is_one_difference_and_nothing_is_sent(held):
    card = do("resume", held, TODAY)
    line = looked(card, GONE_MISSING)
    assert (line.step, open_of(card)) == ("drift", [("missing", "", {})])
    assert ordered(card)[-1] == ("service", "active", "refused", False)
    assert looked(card, sight("stopped", "own")).step == "refused"
    assert open_of(card) == [("refused", "", {})]


@pytest.mark.parametrize(
    ("end", "step", "kind"), [("refused", "refused", "refused"), ("unknown", "unknown", "unconfirmed")]
)
def test_what_came_of_no_order_is_a_persons_until_all_are_compared(card, end, step, kind):
    card = do("suspend", card, TODAY)
    looked(card, sight("active"))
    settled(card, end, code="12199", text="未订购区域限制")
    line = looked(card, sight("active"))
    assert (line.step, open_of(card), len(ordered(card))) == (step, [(kind, "", {})], 1)
    (drift,) = Drift.objects.open().filter(card=card)
    assert drift.evidence == {"code": "12199", "text": "未订购区域限制"}
    assert fresh(card).state == "suspended"
    line = looked(card, sight("active"), is_reconciling=True)
    assert (line.step, ordered(card)[1:]) == ("waiting", [("service", "stopped", "queued", True)])


def test_what_is_active_there_and_unused_here_was_used_for_the_first_time(account):
    card = open_card(opened_on=LATELY)
    on(card, account)
    since = timezone.now() - timedelta(days=3)
    line = looked(card, sight("active", since=since))
    card = fresh(card)
    assert (card.state, card.activated_on, card.activation_cause) == ("in_use", timezone.localdate(since), "first_use")
    assert (line.step, ordered(card), open_of(card)) == ("waiting", [], [])
    record = CardEvent.objects.get(card=card, action="activate")
    assert (record.actor_kind, record.actor_name, record.evidence["carrier_says"]) == (
        "carrier",
        "onelink-sh",
        "2 · 已激活",
    )
    assert (looked(card, sight("active")).step, ordered(card)) == ("in_step", [])
    (drift,) = Drift.objects.filter(card=card)
    assert (drift.state, drift.kind, drift.decided_by) == ("approved", "activated", None)


def test_an_account_may_have_it_proposed_instead(account):
    CarrierAccount.objects.update(settings=PROPOSES)
    card = open_card(opened_on=LATELY)
    on(card, account)
    line = looked(card, sight("active"))
    assert (line.step, fresh(card).state, open_of(card)) == ("drift", "unused", [("activated", "activate", {})])


def test_what_is_in_use_here_and_silent_there_is_a_persons_unless_the_portal_has_activated_it(account):
    card = card_in_use()
    on(card, account)
    line = looked(card, sight("silent"))
    assert (line.step, ordered(card), open_of(card)) == ("drift", [], [("not_activated", "", {})])
    card = do("activate", other := open_card(opened_on=LATELY), TODAY)
    on(card, account)
    Line.objects.filter(card=other).update(activation_seq=2)
    assert looked(other, sight("silent")).step == "waiting"
    assert ordered(other) == [("activation", "active", "queued", True)]


@pytest.mark.parametrize(
    ("real_name", "seen", "proposed"),
    [
        ("none", "on", [("real_name", "", {})]),
        ("none", "off", []),
        ("submitted", "on", [("real_name", "approve_real_name", {})]),
        ("submitted", "off", []),
        ("approved", "on", []),
        ("approved", "off", [("real_name", "revoke_real_name", {})]),
        ("approved", "", []),
    ],
)
def test_of_the_id_verification_the_carrier_has_the_last_word(account, real_name, seen, proposed):
    card = an_individual(real_name)
    on(card, account)
    assert looked(card, sight("silent", real_name=seen)).step == ("drift" if proposed else "in_step")
    assert open_of(card) == proposed
    assert looked(card, sight("silent")).step == ("drift" if proposed else "in_step")  # not told this time
    assert open_of(card) == proposed


def test_an_account_may_have_the_id_verification_taken_over(account):
    CarrierAccount.objects.update(settings={"real_name": "apply"})
    card = an_individual("submitted")
    on(card, account)
    looked(card, sight("silent", real_name="on"))
    assert (fresh(card).real_name, open_of(card)) == ("approved", [])
    looked(card, sight("silent", real_name="off"))
    assert (fresh(card).real_name, open_of(card)) == ("revoked", [])
    actors = CardEvent.objects.filter(card=card, action__endswith="e_real_name").values_list("actor_kind", "actor_name")
    assert list(actors)[-2:] == [("carrier", "onelink-sh")] * 2


def an_individual(real_name):
    card = open_card(opened_on=LATELY, certification="individual")
    if real_name != "none":
        card = do("submit_real_name", card, TODAY, name="张三", id_number="110101199003071234")
    return do("approve_real_name", card, TODAY) if real_name == "approved" else card


def test_data_that_is_to_be_off_is_switched_off_again(account):
    CarrierAccount.objects.update(settings={"stop_by": "data"})
    card = use(card_in_use(since=LATELY), TODAY - timedelta(days=1), 45)
    on(card, account)
    assert looked(card, sight("active", data="on")).step == "waiting"
    assert (ordered(card), open_of(card)) == ([("data", "off", "queued", True)], [("leak", "", {})])


def test_judging_twice_is_judging_once(held):
    for look in (sight("active"), sight("stopped", "managed"), sight("cancelled"), sight(""), GONE_MISSING):
        line = looked(held, look)
        before = step_and_rows(held)
        again = Line.objects.select_related("account").get(pk=line.pk)
        judge([again], {held.pk: fresh(held)}, timezone.now())
        assert step_and_rows(held) == before


def step_and_rows(card):
    drifts = Drift.objects.filter(card=card).order_by("pk").values()
    return Line.objects.get(card=card).step, ordered(card), list(drifts)


def test_a_change_that_was_not_heard_yet_is_waited_for(held):
    line = Line.objects.select_related("account").get(card=held)
    Line.objects.filter(pk=line.pk).update(seen_service="active", ask_at=None)
    do("resume", held, TODAY)
    line, now = Line.objects.select_related("account").get(pk=line.pk), timezone.now()
    judge([line], {held.pk: fresh(held)}, now)
    assert (line.step, line.ask_at > now, len(ordered(held)), open_of(held)) == ("waiting", True, 1, [])


def test_more_leaks_a_day_than_the_brake_lets_pass_are_shown_and_not_stopped(account, monkeypatch):
    monkeypatch.setattr("cards.carriers.actions.judging.FEWEST_TO_BRAKE", 2)
    cards = [do("suspend", card_in_use(), TODAY) for _number in range(4)]
    for card in cards:
        on(card, account)
    steps = [looked(card, sight("active")).step for card in cards]
    assert steps == ["waiting", "waiting", "drift", "drift"]
    assert [len(ordered(card)) for card in cards] == [1, 1, 0, 0]
    assert [open_of(card) for card in cards] == [[("leak", "", {})]] * 4


def test_nothing_is_ordered_while_the_orders_of_a_card_are_paused(held):
    Line.objects.update(paused=True)
    assert (looked(held, sight("active")).step, len(ordered(held))) == ("drift", 1)
