"""What the database itself refuses, on SQLite and PostgreSQL alike, and that its list is django-fsm's."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from cards.choices import State
from cards.models import Card, CardEvent
from cards.models.card import Card as Model
from cards.triggers import STATE_EDGES
from tests.build import OPENED_ON, card_in_use, do, fresh, installed_triggers, open_card, unguarded

pytestmark = pytest.mark.django_db

NEXT_DAY = date(2026, 1, 16)


def declared_edges():
    """Every change of state that a transition of django-fsm declares."""
    edges = set()
    for transition in Model._meta.get_field("state").get_all_transitions(Model):
        targets = getattr(transition.target, "allowed_states", None) or [transition.target]
        edges |= {(str(transition.source), str(target)) for target in targets}
    return {edge for edge in edges if edge[0] != edge[1]}


def refused(statement):
    with pytest.raises(IntegrityError) as raised, transaction.atomic():
        statement()
    return str(raised.value).splitlines()[0]


def record(card, **otherwise):
    """A record as the write path writes the card's next one, but for what is `otherwise`."""
    facts = {"from_state": card.state, "to_state": card.state, "holds": card.holds, "action": "activate"}
    facts |= {"effective_on": card.changed_on, "executed_at": timezone.now(), "actor_kind": "command"}
    return CardEvent.objects.create(card=card, **{"seq": card.version + 1} | facts | otherwise)


def raw(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_the_edges_in_the_trigger_are_those_of_django_fsm():
    assert set(STATE_EDGES) == declared_edges()
    definition = installed_triggers()["card_state_is_guarded"]
    for source in State:
        for target in State:
            stands_there = f"'{source}>{target}'" in definition
            assert stands_there == ((str(source), str(target)) in declared_edges())


def test_there_is_no_way_out_of_cancelled_and_no_wildcard_source():
    assert [edge for edge in declared_edges() if edge[0] == State.CANCELLED] == []
    sources = {transition.source for transition in Model._meta.get_field("state").get_all_transitions(Model)}
    assert sources == set(State) - {State.CANCELLED}


GOES_ROUND = {
    "update": lambda card: Card.objects.filter(pk=card.pk).update(state="in_use"),
    "bulk_update": lambda card: Card.objects.bulk_update([altered(card)], ["state"]),
    "raw SQL": lambda card: raw(f"UPDATE cards_card SET state = 'in_use' WHERE id = {card.pk}"),
    "two versions at once": lambda card: Card.objects.filter(pk=card.pk).update(
        state="in_use", version=F("version") + 2
    ),
    "an edge not declared": lambda card: Card.objects.filter(pk=card.pk).update(
        state="shut_down", version=F("version") + 1
    ),
}


def altered(card):
    card.__dict__["state"] = "in_use"
    return card


@pytest.mark.parametrize("way", GOES_ROUND)
def test_a_change_of_state_round_the_write_path_is_refused(way):
    card = open_card()
    message = refused(lambda: GOES_ROUND[way](card))
    assert message in (  # in which order guards are asked is the database's
        "a card changes its state only along a declared edge, one version at a time",
        "a card changes only as its record says, which is written before it",
    )
    assert (fresh(card).state, fresh(card).version) == ("unused", 1)


def test_one_version_along_a_declared_edge_takes_the_record_that_says_so():
    card = open_card()
    change = {"state": "in_use", "version": F("version") + 1}
    only_as_recorded = "a card changes only as its record says, which is written before it"
    assert refused(lambda: Card.objects.filter(pk=card.pk).update(**change)) == only_as_recorded
    record(card, to_state="suspended")
    assert refused(lambda: Card.objects.filter(pk=card.pk).update(**change)) == only_as_recorded
    record(other := open_card(), to_state="in_use")
    Card.objects.filter(pk=other.pk).update(**change)
    assert (fresh(card).state, fresh(other).state) == ("unused", "in_use")


def test_a_cancelled_card_stays_cancelled():
    card = do("cancel", open_card(), OPENED_ON)
    for state in State:
        if state != State.CANCELLED:
            change = {"state": str(state), "version": card.version + 1}
            refused(lambda change=change: Card.objects.filter(pk=card.pk).update(**change))
    assert fresh(card).state == "cancelled"


@pytest.mark.parametrize(
    ("facts", "constraint"),
    [
        ({"holds": ""}, "suspended_means_held"),
        ({"resumes_to": ""}, "suspended_means_held"),
        ({"used_bytes": -1}, "used_bytes_are_not_negative"),
    ],
)
def test_a_suspended_card_is_held_and_resumes_to_somewhere(facts, constraint):
    card = do("suspend", card_in_use(), NEXT_DAY)
    unguarded("cards_card")
    assert constraint in refused(lambda: Card.objects.filter(pk=card.pk).update(**facts))


def test_a_card_that_is_not_stopped_has_no_holds():
    card = card_in_use()
    unguarded("cards_card")
    assert "only_a_stopped_card_is_held" in refused(lambda: Card.objects.filter(pk=card.pk).update(holds="credit"))
    assert "suspended_means_held" in refused(lambda: Card.objects.filter(pk=card.pk).update(resumes_to="in_use"))


def test_a_record_is_never_changed_deleted_or_numbered_twice():
    card = open_card()
    event = CardEvent.objects.get(card=card)
    kept = "a card event is never changed or deleted"
    assert refused(lambda: CardEvent.objects.filter(pk=event.pk).update(reason="rewritten")) == kept
    assert refused(event.delete) == kept
    assert refused(lambda: raw("DELETE FROM cards_cardevent")) == kept
    event.pk = None
    refused(lambda: event.save(force_insert=True))
    assert CardEvent.objects.filter(card=card).count() == 1


def test_a_state_is_not_assigned_either():
    with pytest.raises(AttributeError, match="Direct state modification is not allowed"):
        open_card().state = "in_use"
