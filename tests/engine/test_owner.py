"""One writer of a card's owner: no change without its record, and since when, also beside code of before."""

from datetime import date
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils.translation import override

from cards.actions.write import Work, change
from cards.choices import Action
from cards.models import Card, CardEvent, Customer, KnownOwner
from cards.proof import Proof
from cards.rules import Change
from tests.build import card_in_use, correct, do, fresh, on_day, open_card, spoil, story, unguarded

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
FILL = import_module("cards.migrations.0016_owned_from_of_known_cards").fill
OWNERS = import_module("cards.migrations.0017_known_owners").OWNERS


@pytest.fixture(autouse=True)
def _today():
    with on_day(DAY), override("en"):
        yield


def customer(name):
    return Customer.objects.get_or_create(name=name)[0]


def problems():
    return [problem.code for problem in Proof().problems()]


# since when


def test_a_card_is_its_customers_from_its_first_record_until_it_is_moved():
    customer("Acme")
    card = card_in_use(customer="Globex")
    assert (card.owned_from_seq, do("suspend", card, DAY).owned_from_seq) == (None, None)
    moved = do("assign", card, DAY, customer="Acme")
    assert (moved.owned_from_seq, moved.version) == (4, 4)
    assert do("resume", moved, DAY).owned_from_seq == 4
    assert do("unassign", moved, DAY).owned_from_seq == 6
    assert problems() == []


def test_the_records_say_whose_the_card_became():
    acme = customer("Acme")
    opened = open_card(customer="Acme")
    taken_over = open_card(customer="Acme", state="unused")
    stock = do("assign", open_card(), DAY, customer="Acme")
    said = CardEvent.objects.order_by("card", "seq").values_list("action", "evidence__customer_id")
    assert list(said) == [("open", acme.pk), ("adopt", acme.pk), ("open", None), ("assign", acme.pk)]
    assert {fresh(card).customer_id for card in (opened, taken_over, stock)} == {acme.pk}


# no change without its record


class Doing(Work):
    """Work that changes whose the card is, and says something else, or nothing."""

    def __init__(self, *actions):
        self.actions = actions

    def steps(self, card):
        card.customer_id = customer("Acme").pk
        yield from (Change(DAY, action) for action in self.actions)


@pytest.mark.parametrize("actions", [(), (Action.UPDATE,), (Action.REMARK, Action.ASSIGN)])
def test_work_that_does_not_say_that_it_moves_a_card_moves_none(actions):
    card = open_card(customer="Globex")
    (outcome,) = change([card.pk], Doing(*actions))
    card = fresh(card)
    assert (card.customer.name, card.owned_from_seq, bool(card.parked)) == ("Globex", None, True)
    assert (outcome.parked, story(card)[-1][:2]) == (outcome.card.parked_because, ("park", "park"))
    assert problems() == []


@pytest.mark.parametrize("versions", [0, 2])
def test_the_database_refuses_a_customer_without_a_record(versions):
    card, acme = open_card(), customer("Acme")
    message = "a card goes to another customer only with a record|what a record says|the version of a card"
    with pytest.raises(IntegrityError, match=message), transaction.atomic():
        Card.objects.filter(pk=card.pk).update(customer=acme, version=F("version") + versions)
    assert (fresh(card).customer, fresh(card).version) == (None, 1)


# code of before


def moved_by_code_of_before(card, name, action="assign"):
    """As a portal of before moved a card: its record has no key."""
    unguarded()
    card, owner = fresh(card), customer(name)
    seq = card.version + 1
    Card.objects.filter(pk=card.pk).update(customer=owner, version=seq, owned_from_seq=seq)
    evidence = {"customer": name} | ({"was_customer_id": card.customer_id} if action == "assign" else {})
    CardEvent.objects.create(
        card=card,
        seq=seq,
        action=action,
        from_state=card.state,
        to_state=card.state,
        holds=card.holds,
        effective_on=card.changed_on,
        executed_at="2026-03-10T00:00Z",
        actor_kind="command",
        actor_name="manage.py",
        evidence=evidence,
    )
    return fresh(card)


def migrated():
    """What the migrations fill in for the cards that are there."""
    FILL(None, SimpleNamespace(connection=connection))
    with connection.cursor() as cursor:
        cursor.execute(OWNERS)


def test_the_migrations_fill_in_whose_cards_are_and_since_when():
    never, stock = card_in_use(customer="Globex"), open_card()
    assigned, corrected, twice = (card_in_use(customer="Globex") for _ in range(3))
    assigned = moved_by_code_of_before(assigned, "Acme")
    corrected = do("suspend", moved_by_code_of_before(corrected, "Acme", "update"), DAY)
    twice = moved_by_code_of_before(moved_by_code_of_before(twice, "Acme"), "Globex", "update")
    correct(never, msisdn="1440000000001")
    cards = (never, stock, assigned, corrected, twice)
    noted = [fresh(card).owned_from_seq for card in cards]
    Card.objects.update(owned_from_seq=None)
    migrated()
    assert [fresh(card).owned_from_seq for card in cards] == noted == [None, None, 3, 3, 4]
    known = KnownOwner.objects.order_by("card").values_list("customer__name", "version")
    assert list(known) == [("Globex", 3), (None, 1), ("Acme", 3), ("Acme", 4), ("Globex", 4)]
    assert problems() == []


def test_what_is_moved_while_the_migrations_run_stays_as_it_was_noted():
    card = moved_by_code_of_before(card_in_use(customer="Globex"), "Acme")
    Card.objects.update(owned_from_seq=9)
    migrated()
    assert fresh(card).owned_from_seq == 9


# the proof


def test_the_owner_is_proved_from_what_the_migration_wrote_down():
    card = moved_by_code_of_before(open_card(customer="Globex"), "Acme")
    migrated()
    KnownOwner.objects.update(customer=customer("Globex"))
    assert problems() == ["owner"]
    (problem,) = Proof().problems()
    assert problem.message == "the card's customer is “Acme”, but its records say “Globex”"
    assert (do("assign", card, DAY, customer="Globex").owned_from_seq, problems()) == (3, [])


def test_a_record_of_code_of_before_proves_nothing_until_the_next_one():
    customer("Initech")
    card = open_card(customer="Globex")
    migrated()
    moved_by_code_of_before(card, "Acme")
    Customer.objects.filter(name="Acme").update(name="Acme Ltd")
    assert problems() == []
    do("assign", card, DAY, customer="Initech")
    assert problems() == []


def test_people_read_since_when_a_card_is_said_to_be_whose():
    card = do("assign", open_card(), DAY, customer=customer("Acme").name)
    spoil(card, owned_from_seq=None)
    (problem,) = Proof().problems()
    sentence = "the card has been its customer's since record 1, but its records say 2"
    assert (problem.code, problem.message) == ("owned_from", sentence)
