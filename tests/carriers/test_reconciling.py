"""All cards of an account are compared: nothing is corrected before the end, and too much not without a person."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone, translation

from cards.carriers.actions.reconciling import (
    Comparisons,
    begin_due,
    comparison_of,
    reconcile,
    release_comparison,
)
from cards.carriers.models import CarrierAccount, Command, Line, Pull, Reconciliation
from tests.build import card_in_use, do, fresh, open_card, staff
from tests.carriers.looks import decider, looked, on, open_of, ordered, sight
from tests.carriers.rows import an_account

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate()
LATELY = TODAY - timedelta(days=30)
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def account(db):
    return an_account()


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr("cards.carriers.actions.judging.FEWEST_TO_BRAKE", 2)


def leaking(account, number):
    """Cards that are suspended here, and active there."""
    cards = [do("suspend", card_in_use(since=LATELY), TODAY) for _number in range(number)]
    for card in cards:
        on(card, account)
    return cards


def compared(account, cards, look=None):
    """A comparison in which this was seen of each card, brought to its end; and what it left to be done, done."""
    run = reconcile(account, timezone.now())
    for card in cards:
        looked(card, look or sight("active"), is_reconciling=True)
    assert not any(ordered(card) for card in cards)
    Pull.objects.filter(pk=run.pull_id).update(ended_at=timezone.now(), next_at=None)
    settled(account)
    return Reconciliation.objects.get(pk=run.pk)


def settled(account):
    source = Comparisons()
    while source.due(account, timezone.now()):
        assert source.do(account, None, timezone.now())
    assert not source.do(account, None, timezone.now())


def steps():
    return list(Line.objects.order_by("card").values_list("step", "comparison"))


def test_a_comparison_has_one_pull_and_there_is_one_at_a_time(account):
    run = reconcile(account, timezone.now())
    assert reconcile(account, timezone.now()) == run == comparison_of(account)
    (pull,) = Pull.objects.all()
    assert (run.pull, pull.kind, pull.day, pull.round, pull.ended_at) == (pull, "states", TODAY, 1, None)
    Pull.objects.update(ended_at=timezone.now())
    settled(account)
    assert comparison_of(account) is None
    assert reconcile(account, timezone.now()).pull.round == 2


def test_what_differs_is_corrected_at_the_end(account):
    cards = leaking(account, 2)
    run = compared(account, cards)
    assert (run.looked_at, run.found, run.held_why) == (2, {"leak": 2, "corrected": 2}, "")
    assert [ordered(card) for card in cards] == [[("service", "stopped", "queued", True)]] * 2
    assert steps() == [("waiting", None)] * 2


def test_more_than_the_brake_lets_pass_are_not_corrected_until_somebody_has_released_it(account, few, caplog):
    cards = leaking(account, 3)
    run = compared(account, cards)
    assert (run.found["corrected"], run.examples) == (3, [card.iccid for card in cards])
    assert run.held_why == "3 cards would be corrected, more than 2: nothing is corrected."
    with translation.override("zh-hans"):
        assert run.held_why == "需要纠正 3 张卡，超过上限 2 张：一张也没有纠正。"
    assert [record.levelname for record in caplog.records if "is held" in record.message] == ["ERROR"]
    assert (Command.objects.count(), steps()) == (0, [("drift", run.pk)] * 3)
    assert [open_of(card) for card in cards] == [[("leak", "", {})]] * 3
    with pytest.raises(PermissionDenied):
        release_comparison(run, staff(username="looker"))
    user = decider()
    assert (release_comparison(run, user), release_comparison(run, user)) == (True, False)
    settled(account)
    assert Reconciliation.objects.get().released_by == user
    assert [len(ordered(card)) for card in cards] == [1, 1, 1]


def test_what_is_right_again_by_then_is_not_corrected(account, few):
    cards = leaking(account, 3)
    run = compared(account, cards)
    looked(cards[0], sight("stopped"))
    release_comparison(run, decider())
    settled(account)
    assert [len(ordered(card)) for card in cards] == [0, 1, 1]


def test_first_uses_are_under_the_same_brake(account, few):
    cards = [open_card(opened_on=LATELY) for _number in range(3)]
    for card in cards:
        on(card, account)
    run = compared(account, cards)
    assert (run.held_why != "", [fresh(card).state for card in cards]) == (True, ["unused"] * 3)
    release_comparison(run, decider())
    settled(account)
    assert [fresh(card).state for card in cards] == ["in_use"] * 3


def test_what_a_person_has_to_decide_is_found_and_no_correction(account, few):
    cards = [card_in_use(since=LATELY) for _number in range(3)]
    for card in cards:
        on(card, account)
    run = compared(account, cards, sight("stopped", "managed"))
    assert (run.found, run.held_why) == ({"stopped": 3, "corrected": 0}, "")


def test_each_account_has_its_minute_of_the_night():
    first, second = an_account("a"), an_account("b")
    an_account("off", is_on=False)
    noon = datetime(2026, 11, 28, 12, tzinfo=SHANGHAI)
    assert begin_due(noon) == 0
    due = dict(CarrierAccount.objects.filter(is_on=True).values_list("pk", "reconcile_at"))
    assert due == {
        each.pk: datetime(2026, 11, 29, 0, 30, tzinfo=SHANGHAI) + timedelta(minutes=each.pk * 37 % 240)
        for each in (first, second)
    }
    assert begin_due(min(due.values()) - timedelta(seconds=1)) == 0
    assert begin_due(max(due.values())) == 2
    assert begin_due(max(due.values())) == 0
    following = CarrierAccount.objects.filter(is_on=True).values_list("pk", "reconcile_at")
    assert dict(following) == {pk: at + timedelta(days=1) for pk, at in due.items()}
