"""What the portal wants, off the cards' records: lines in step with cards, and the orders that follow."""

from datetime import date

import pytest

from cards.actions.action_requests import act
from cards.actions.sweep import sweep
from cards.carriers.actions.hearing import bring_in_step, hear
from cards.carriers.choices import CommandState
from cards.carriers.models import CarrierAccount, Command, Line
from cards.carriers.protocols import PROTOCOLS
from cards.models import Card, CardEvent, EventCursor
from tests.build import SHELL, card_in_use, do, on_day, open_card, use
from tests.carriers.playing import NOON, Played, account, line_of, orders_told, settled

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 10)


@pytest.fixture(autouse=True)
def carrier(monkeypatch):
    played = Played()
    monkeypatch.setitem(PROTOCOLS, "played", played)
    with on_day(DAY):
        yield played


def wanted(card):
    line = line_of(card)
    return line.wanted_service, line.seq, line.step


def test_a_new_card_has_a_line_that_is_to_be_looked_at_and_nothing_is_ordered():
    account()
    card = open_card()
    assert hear(NOON) == CardEvent.objects.count()
    assert (wanted(card), line_of(card).ask_at, orders_told(card)) == (("silent", 1, "waiting"), NOON, [])
    assert hear(NOON) == 0


def test_a_change_of_a_new_card_is_ordered_and_waits_for_the_first_look():
    account()
    card = do("suspend", card_in_use(), DAY)
    hear(NOON)
    assert (wanted(card)[0], orders_told(card)) == ("stopped", [("service", "stopped", "queued", 0)])
    assert Command.objects.get().due_at is None


def test_what_was_ordered_before_anybody_had_looked_is_put_right(carrier):
    account()
    card = do("suspend", card_in_use(), DAY)
    hear(NOON)
    do("resume", card, DAY)
    carrier.states[card.iccid] = "stopped"
    settled(carrier)
    settled(carrier, 10)
    assert orders_told(card) == [
        ("service", "stopped", "superseded", 0),
        ("activation", "active", "superseded", 0),
        ("service", "active", "confirmed", 1),
    ]


def test_an_activation_of_the_portals_own_is_ordered_and_a_first_use_is_not(carrier):
    account()
    ours, theirs = open_card(), open_card()
    carrier.states |= {ours.iccid: "silent", theirs.iccid: "silent"}
    settled(carrier)
    do("activate", ours, DAY)
    use(theirs, DAY, 1)
    carrier.states[theirs.iccid] = "active"
    settled(carrier)
    settled(carrier, 10)
    assert [wanted(card)[0] for card in (ours, theirs)] == ["active", "active"]
    assert orders_told(ours) == [("activation", "active", "confirmed", 1)]
    assert orders_told(theirs) == []


def test_a_card_in_use_that_was_taken_over_is_never_activated_there(carrier):
    account()
    card = card_in_use()
    bring_in_step([card.pk], at=NOON)
    EventCursor.objects.update_or_create(reader="carriers", defaults={"through": 10**9, "mark": 10**9})
    carrier.states[card.iccid] = "silent"
    assert settled(carrier) > 0
    assert (orders_told(card), carrier.sent) == ([], [])


def test_orders_repeat_who_stands_under_them_and_bulk_work_comes_later():
    account()
    one, many = card_in_use(), card_in_use()
    hear(NOON)
    Line.objects.update(seen_at=NOON, seen_service="active")
    Command.objects.update(state=CommandState.CONFIRMED)
    do("suspend", one, DAY)
    hear(NOON)
    sweep(many.service_until)
    hear(NOON)
    told = {
        each.card_id: (each.actor, (each.rank_at - each.made_at).seconds, each.seq)
        for each in Command.objects.filter(state=CommandState.QUEUED)
    }
    expired = CardEvent.objects.filter(card=many, action="expire").get()
    assert told[one.pk] == ("manage.py", 0, 3)
    assert told[many.pk] == (expired.actor_name, 60, expired.seq)


def test_without_an_account_records_are_read_and_leave_nothing():
    card = card_in_use()
    assert hear(NOON) == 2
    assert (Line.objects.count(), Command.objects.count()) == (0, 0)
    made = account()
    bring_in_step([card.pk], at=NOON)
    assert (line_of(card).account, wanted(card)) == (made, ("active", 2, "waiting"))


def test_of_another_carriers_cards_nothing_is_kept():
    account(carrier="cucc")
    card_in_use()
    hear(NOON)
    assert Line.objects.count() == 0


def test_an_account_that_is_off_orders_nothing_and_says_so():
    made = account()
    made.is_on = False
    made.save()
    card = do("suspend", card_in_use(), DAY)
    hear(NOON)
    assert (wanted(card), orders_told(card)) == (("stopped", 3, "by_hand"), [])
    CarrierAccount.objects.update(is_on=True)
    bring_in_step([card.pk], at=NOON)
    assert (wanted(card)[2], line_of(card).ask_at) == ("waiting", NOON)


def test_an_account_whose_protocol_is_not_spoken_here_stops_nobody():
    made = account()
    CarrierAccount.objects.filter(pk=made.pk).update(protocol="gone")
    card = do("suspend", card_in_use(), DAY)
    hear(NOON)
    assert wanted(card)[2] == "by_hand"


def test_what_a_carrier_cannot_is_to_be_done_by_hand(monkeypatch):
    monkeypatch.setattr(Played, "CAN", frozenset())
    account()
    card = do("suspend", card_in_use(), DAY)
    hear(NOON)
    assert orders_told(card) == [("service", "stopped", "by_hand", 0)]


def test_a_cancellation_is_a_persons_and_the_card_is_stopped_meanwhile(carrier):
    account()
    card = card_in_use()
    carrier.states[card.iccid] = "active"
    settled(carrier)
    do("cancel", card, DAY)
    settled(carrier)
    settled(carrier, 10)
    assert orders_told(card)[1:] == [("cancel", "", "by_hand", 0), ("service", "stopped", "confirmed", 1)]
    carrier.states[card.iccid] = "cancelled"
    Line.objects.update(ask_at=carrier.clock.now())
    settled(carrier)
    assert orders_told(card)[1] == ("cancel", "", "confirmed", 0)


def test_many_records_come_to_few_orders_in_few_statements(django_assert_max_num_queries):
    account()
    for _ in range(30):
        card_in_use()
    hear(NOON)
    Line.objects.update(seen_at=NOON, seen_service="active")
    Command.objects.update(state=CommandState.CONFIRMED)
    cards = list(Card.objects.values_list("pk", flat=True))
    for action in ("suspend", "resume", "suspend"):
        act(action, cards, actor=SHELL, reason="because", on=DAY)
    with django_assert_max_num_queries(30):
        assert hear(NOON) == 90
    queued = Command.objects.filter(state=CommandState.QUEUED)
    assert [(each.goal, each.seq) for each in queued] == [("stopped", 5)] * 30
