"""The one write path: refusals, parked cards and the database's own no, each without harm to the other cards."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from cards.actions.action_requests import act
from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.actions.sweep import sweep
from cards.models import Card, CardEvent, ServiceTerm
from cards.permissions import Actor
from tests.build import (
    OPENED_ON,
    SHELL,
    attempt,
    card_in_use,
    do,
    fresh,
    member,
    on_day,
    open_card,
    spoil,
    staff,
    story,
    swept,
)

pytestmark = pytest.mark.django_db

DAY = date(2026, 1, 20)


@pytest.fixture(autouse=True)
def in_english():
    with override("en"):
        yield


FORCED_ON = date(2026, 8, 1)


def test_a_refused_card_is_an_outcome_and_takes_no_other_down():
    in_use, unused = card_in_use(), open_card()
    outcomes = act("suspend", [in_use.pk, unused.pk], actor=SHELL, on=DAY)
    assert [(o.card.iccid, o.refused and o.refused.code) for o in outcomes] == [
        (in_use.iccid, None),
        (unused.iccid, "not_in_use"),
    ]
    assert [fresh(card).state for card in (in_use, unused)] == ["suspended", "unused"]
    assert story(unused) == [("open", "", "unused", OPENED_ON)]


def test_every_record_says_who_why_and_what_it_made_of_the_card():
    card = do("suspend", card_in_use(), DAY, actor=Actor.of(staff("suspend")), reason="customer called")
    event = CardEvent.objects.get(card=card, seq=3)
    changed = event.action, event.from_state, event.to_state, event.holds
    assert changed == ("suspend", "in_use", "suspended", "voluntary")
    assert (event.actor_kind, event.actor_name, event.rule, event.reason) == ("staff", "ops", "", "customer called")
    assert (event.effective_on, event.evidence, card.version) == (DAY, {"hold": "voluntary"}, 3)


def test_a_rule_is_recorded_as_a_rule_even_when_a_person_set_it_off():
    card = open_card()
    do("protect", card, FORCED_ON, actor=Actor.of(staff("protect")))
    events = CardEvent.objects.filter(card=card).values_list("actor_kind", "actor_name", "reason")
    assert list(events) == [
        ("command", "manage.py", ""),
        ("system", "rule:force_activate", ""),
        ("staff", "ops", "because"),
    ]


def test_what_is_due_is_done_before_an_action_each_on_its_own_day():
    card = open_card(plan="M1-100")
    refused = attempt("suspend", card, date(2026, 9, 10)).refused
    assert refused.code == "renew_first"
    assert story(card) == [
        ("open", "", "unused", OPENED_ON),
        ("force_activate", "force_activate", "in_use", FORCED_ON),
        ("expire", "expire", "shut_down", date(2026, 9, 1)),
    ]


@pytest.mark.once
@pytest.mark.parametrize(
    ("actions", "action", "code"), [(["suspend"], "suspend", None), ([], "suspend", "not_permitted")]
)
def test_an_action_needs_its_permission(actions, action, code):
    outcome = attempt(action, card_in_use(), DAY, actor=Actor.of(staff(*actions)))
    assert (outcome.refused and outcome.refused.code) == code


@pytest.mark.once
@pytest.mark.parametrize(
    ("role", "owner", "code"),
    [
        ("owner", "Acme", None),
        ("operator", "Acme", None),
        ("viewer", "Acme", "not_permitted"),
        ("owner", "Other", "not_permitted"),
    ],
)
def test_customers_act_on_their_own_cards_only(role, owner, code):
    card = card_in_use(customer=owner)
    outcome = attempt("suspend", card, DAY, actor=Actor.of(member("Acme", role=role)))
    assert (outcome.refused and outcome.refused.code) == code


def test_a_card_whose_facts_contradict_each_other_is_parked_and_the_rest_go_on():
    broken, whole = card_in_use(plan="M1-100"), card_in_use(plan="M1-100")
    spoil(broken, service_until=None)
    report = sweep(date(2026, 3, 1))
    assert report.parked == [(broken.iccid, "“first day without service” is missing on a card in the state “In use”")]
    assert [fresh(card).state for card in (broken, whole)] == ["in_use", "shut_down"]
    assert fresh(broken).next_due_on is None
    assert story(broken)[-1] == ("park", "park", "in_use", OPENED_ON)
    assert sweep(date(2026, 3, 2)).parked == []

    assert attempt("suspend", broken, date(2026, 3, 2)).refused.code == "parked"
    assert attempt("unpark", broken, date(2026, 3, 2)).refused.code == "still_broken"
    spoil(broken, service_until=date(2026, 2, 1))
    do("unpark", broken, date(2026, 3, 2))
    assert swept(broken, date(2026, 3, 3)).state == "shut_down"
    assert attempt("unpark", whole, date(2026, 3, 3)).refused.code == "not_parked"


def test_a_rule_that_fails_on_one_card_parks_that_card_only():
    broken, whole = open_card(), open_card()
    ServiceTerm.objects.filter(card=broken).update(starts_on=OPENED_ON, service_until=FORCED_ON)
    report = sweep(FORCED_ON)
    assert report.parked == [(broken.iccid, "a service term should start, but none is queued")]
    assert [fresh(card).state for card in (broken, whole)] == ["unused", "in_use"]


def test_what_the_database_refuses_is_parked_and_the_rest_go_on():
    cards = [open_card() for _ in range(7)]
    refuse_card(cards[4])
    report = sweep(FORCED_ON)
    assert [(iccid, "refused by a test" in why) for iccid, why in report.parked] == [(cards[4].iccid, True)]
    assert [fresh(card).state for card in cards] == ["in_use"] * 4 + ["unused"] + ["in_use"] * 2
    assert fresh(cards[4]).version == 2


def refuse_card(card):
    """Let the database refuse that this card becomes active, as it would refuse an edge that nobody declared."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            body = "BEGIN RAISE EXCEPTION 'refused by a test' USING ERRCODE = 'check_violation'; END"
            cursor.execute(f"CREATE FUNCTION refuse_one() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")
            cursor.execute(
                "CREATE TRIGGER refuse_one BEFORE UPDATE OF state ON cards_card FOR EACH ROW "
                f"WHEN (NEW.id = {card.pk} AND NEW.state = 'in_use') EXECUTE FUNCTION refuse_one()"
            )
        else:
            cursor.execute(
                f"CREATE TRIGGER refuse_one BEFORE UPDATE OF state ON cards_card WHEN NEW.id = {card.pk} "
                "AND NEW.state = 'in_use' BEGIN SELECT RAISE(ABORT, 'refused by a test'); END"
            )


def test_a_chunk_takes_as_many_queries_as_a_card():
    assert suspending(1) == suspending(30) == 6


def suspending(count):
    """The queries, other than those around a transaction, that it takes to suspend `count` cards."""
    cards = [card_in_use() for _ in range(count)]
    with CaptureQueriesContext(connection) as captured:
        outcomes = act("suspend", [card.pk for card in cards], actor=SHELL, on=DAY)
    assert [outcome.card.state for outcome in outcomes] == ["suspended"] * count
    return len([query for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]])


OPENED = {"carrier": "cmcc", "certification": "enterprise", "opened_on": "2026-01-15", "plan": "Y1-30"}
IN_SERVICE = {"state": "in_use", "activated_on": "2026-01-16", "service_until": "2027-01-16", "used_mb": "1.5"}


@pytest.mark.parametrize("columns", [{}, IN_SERVICE])
def test_a_file_takes_as_many_queries_for_many_cards_and_customers_as_for_one(columns):
    assert taking_in(1, **OPENED, **columns) == taking_in(30, **OPENED, **columns)


def taking_in(count, **columns):
    """The queries that it takes to take in `count` cards, each of a customer of its own whom nobody knew."""
    first = Card.objects.count() + 1
    texts = [{"iccid": f"8986{number:016d}", "customer": f"Firm {number}"} for number in range(first, first + count)]
    rows = [read_card_row(number, {**text, **columns}, DAY) for number, text in enumerate(texts)]
    with on_day(DAY), CaptureQueriesContext(connection) as captured:
        taken = apply_cards(rows, actor=SHELL)
    cards = Card.objects.filter(pk__in=taken.cards).order_by("iccid")
    found = list(cards.values_list("iccid", "customer__name", "claim_code__generation", "terms__number"))
    assert (taken.errors, found) == ([], [(text["iccid"], text["customer"], 1, 1) for text in texts])
    return len(captured)
