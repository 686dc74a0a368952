"""What somebody should look at: accounts, orders, comparisons and usage, as `/readyz?full` and `/metrics` tell it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cards.calendar import civil_today
from cards.carriers.models import CarrierAccount, Command, Drift, Line, Pull, Reconciliation
from simportal import figures, health
from tests.build import open_card
from tests.carriers.test_accounts import account

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def main():
    account()
    return CarrierAccount.objects.get()


def told(part):
    return health.FULL[part]()


def figure(name):
    return next(each for each in figures.OF_ROWS if each.name == f"simportal_carrier_{name}").read()


def ordered(main, minutes, **facts):
    now, card = timezone.now(), open_card()
    times = {"made_at": now, "rank_at": now, "due_at": now - minutes * MINUTE}
    return Command.objects.create(card=card, account=main, aspect="service", goal="stopped", **times | facts)


def test_a_portal_without_accounts_is_well():
    assert [told(part) for part in ("carriers", "carrier_orders", "comparisons", "carrier_usage")] == [
        {"ok": True, "broken": []},
        {"ok": True, "waiting": 0, "seconds_still": 0},
        {"ok": True, "held": []},
        {"ok": True, "told_percent": {}},
    ]


def test_an_account_that_is_not_accepted(main):
    assert (told("carriers"), figure("account_ok")) == ({"ok": True, "broken": []}, {"main": True})
    CarrierAccount.objects.update(broken_since=timezone.now())
    assert (told("carriers"), figure("account_ok")) == ({"ok": False, "broken": ["main"]}, {"main": False})
    CarrierAccount.objects.update(is_on=False)
    assert (told("carriers"), figure("account_ok")) == ({"ok": True, "broken": []}, {})


def test_orders_for_which_no_call_is_made(main):
    ordered(main, 29)
    ordered(main, -5)
    assert told("carrier_orders") == {"ok": True, "waiting": 1, "seconds_still": pytest.approx(29 * 60, abs=30)}
    ordered(main, 31)
    assert told("carrier_orders") == {"ok": False, "waiting": 2, "seconds_still": pytest.approx(31 * 60, abs=30)}
    assert figure("orders_waiting") == {"main": 2}
    assert figure("oldest_order_seconds") == {"main": pytest.approx(31 * 60, abs=30)}
    CarrierAccount.objects.update(next_at=timezone.now() - MINUTE)
    assert told("carrier_orders") == {"ok": True, "waiting": 2, "seconds_still": pytest.approx(60, abs=30)}
    CarrierAccount.objects.update(next_at=None, broken_since=timezone.now())
    assert told("carrier_orders")["ok"]


def test_a_comparison_that_waits_for_somebody(main):
    earlier = Reconciliation.objects.create(account=main, began_at=timezone.now(), held_above=20)
    assert told("comparisons") == {"ok": False, "held": ["main"]}
    Reconciliation.objects.create(account=main, began_at=timezone.now())
    assert told("comparisons") == {"ok": True, "held": []}
    assert earlier.held_why


@pytest.mark.parametrize(("told_of", "is_noon", "is_well"), [(95, True, True), (94, False, True), (94, True, False)])
def test_usage_of_yesterday_that_is_not_told(main, monkeypatch, told_of, is_noon, is_well):
    monkeypatch.setattr(health, "USAGE_IS_TOLD_BY", timezone.localtime().hour + (0 if is_noon else 1))
    day, now = civil_today() - timedelta(days=1), timezone.now()
    Pull.objects.create(account=main, kind="usage_day", day=day, round=2)
    assert told("carrier_usage")["told_percent"] == {"main": None}
    Pull.objects.create(account=main, kind="usage_day", day=day, total=100, told=told_of, ended_at=now)
    assert told("carrier_usage") == {"ok": is_well, "told_percent": {"main": told_of}}


def test_what_waits_for_people(main):
    ordered(main, 0, state="by_hand")
    Line.objects.create(card=open_card(), account=main, step="unknown")
    Drift.objects.create(account=main, number="1", kind="stranger", since=timezone.now())
    Drift.objects.create(account=main, number="2", kind="stranger", since=timezone.now(), state="approved")
    assert (figure("orders_by_hand"), figure("cards_unknown"), figure("differences")) == (1, 1, {"stranger": 1})
