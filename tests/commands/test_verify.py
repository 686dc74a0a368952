"""`verify`: what is sound is said to be, and each kind of damage is named. The damage goes round the triggers."""

import re
from datetime import date, timedelta
from inspect import getsource

import pytest
from django.db import connection, transaction

import cards.proof
from cards.actions.sealing import seal_next
from cards.models import Customer, Seal
from cards.proof import Proof, allowances, chain, counters, facts
from cards.proof.seals import RECORDS
from tests import build
from tests.commands.calls import iccid, result, run
from tests.processes import wait_until

pytestmark = pytest.mark.django_db

DAY = date(2026, 2, 6)

SOUND = {"problems": [], "problem_count": 0, "not_ordered": {"cards": 0, "value": "0.00"}}
IMEI, OTHER_IMEI = "861537040000019", "861537040000027"


@pytest.fixture
def damage():
    """Runs SQL on the cards' tables with no trigger in its way."""

    def execute(statement):
        build.unguarded()
        with connection.cursor() as cursor:
            cursor.execute(statement)

    with build.without_constraint("cards_card", "suspended_means_held"):
        yield execute


@pytest.fixture
def card():
    """A card with a story: bound, rebound, renewed, known by name, used up and stopped."""
    card = build.open_card(certification="individual", binding="fixed", imei=IMEI, plan="M1-100")
    build.do("submit_real_name", card, date(2026, 1, 20), name="张三丰", id_number="110101199003071234")
    build.do("approve_real_name", card, date(2026, 1, 21))
    build.use(card, date(2026, 1, 22), 1)
    build.do("renew", card, date(2026, 1, 23), plan="M1-100")
    build.do("rebind", card, date(2026, 1, 24), imei=OTHER_IMEI)
    build.swept(card, date(2026, 2, 5))
    Customer.objects.create(name="Acme")
    build.use(card, date(2026, 2, 5), 101)
    build.do("tag", card, date(2026, 2, 5), tag="lot-1")
    return build.do("suspend", card, date(2026, 2, 6))


FIRST = iccid(1)


def codes(*options, of=FIRST):
    """What is wrong with this card (None: any), and then with the sums, which are of no card."""
    ended = run("verify", "--json", *options)
    assert ended.code == 1
    for problem in ended.document["problems"]:
        assert problem["iccid"] == (None if problem["code"] == "sum" else of or problem["iccid"])
    return [problem["code"] for problem in ended.document["problems"]]


@pytest.fixture(autouse=True)
def _on_the_last_day_of_the_story():
    with build.on_day(DAY):
        yield


def test_sound_records(card):
    build.open_card()
    read = {"cards": 2, "events": card.version + 1, "entries": 0}
    assert result("verify") == {**read, **SOUND}
    assert run("verify").out == f"Cards: 2, events: {card.version + 1}, ledger entries: 0, problems: 0.\n"


def test_an_empty_portal_is_sound():
    assert result("verify") == {"cards": 0, "events": 0, "entries": 0, **SOUND}


LAST = "seq = (SELECT max(seq) FROM cards_cardevent)"

KINDS = {
    "no events": ("DELETE FROM cards_cardevent", ["no_events", "term_start", "term_start", "term_without_record"]),
    "an event is missing": ("DELETE FROM cards_cardevent WHERE seq = 4", ["gap", "chain", "term_start"]),
    "the last event is missing": (f"DELETE FROM cards_cardevent WHERE {LAST}", ["version", "holds", "changed_on"]),
    "the first event is missing": ("DELETE FROM cards_cardevent WHERE seq = 1", ["gap", "opening"]),
    "version ahead": ("UPDATE cards_card SET version = version + 1", ["version"]),
    "another state": (
        "UPDATE cards_card SET state = 'in_use', holds = '', resumes_to = ''",
        ["state", "holds", "next_due", "sum", "sum"],
    ),
    "another hold": ("UPDATE cards_card SET holds = 'credit,anomaly'", ["holds", "hold_order", "sum", "sum"]),
    "a hold dropped": ("UPDATE cards_card SET holds = 'voluntary'", ["holds", "next_due", "sum", "sum"]),
    "broken chain": ("UPDATE cards_cardevent SET from_state = 'in_use' WHERE seq = 2", ["chain", "edge"]),
    "back in time": ("UPDATE cards_cardevent SET effective_on = '2026-01-01' WHERE seq = 3", ["time"]),
    "no such way": (
        "UPDATE cards_cardevent SET to_state = 'testing' WHERE seq = 5",
        ["chain", "edge"],
    ),
    "unsigned rule": ("UPDATE cards_cardevent SET actor_name = 'ops' WHERE rule = 'credit'", ["signature"]),
    "a person signs as a rule": (
        "UPDATE cards_cardevent SET rule = 'cancel' WHERE action = 'suspend'",
        ["signature"],
    ),
    "suspended with nothing to resume to": (
        "UPDATE cards_card SET resumes_to = ''",
        ["suspended", "usage_level", "contradiction"],
    ),
    "suspended without a hold in the record": (
        "UPDATE cards_cardevent SET holds = '' WHERE rule = 'credit'",
        ["event_holds"],
    ),
    "changed on another day": ("UPDATE cards_card SET changed_on = '2026-02-07'", ["changed_on"]),
    "another customer": ("UPDATE cards_card SET customer_id = (SELECT id FROM cards_customer)", ["owner"]),
    "theirs since another record": ("UPDATE cards_card SET owned_from_seq = 3", ["owned_from"]),
    "terms overlap": (
        "UPDATE cards_serviceterm SET service_until = '2026-03-15' WHERE number = 1",
        ["term_overlap"],
    ),
    "a term has no end": ("UPDATE cards_serviceterm SET service_until = NULL WHERE number = 1", ["term_overlap"]),
    "a term is missing": ("DELETE FROM cards_serviceterm WHERE number = 1", ["term_numbers"]),
    "another running term": ("UPDATE cards_card SET service_until = '2027-01-01'", ["running_term"]),
    "a term began before its turn": (
        "UPDATE cards_serviceterm SET starts_on = NULL, service_until = NULL WHERE number = 1",
        ["term_overlap"],
    ),
    "a term started on another day": (
        "UPDATE cards_serviceterm SET starts_on = '2026-01-20' WHERE number = 1",
        ["term_start"],
    ),
    "another device": ("UPDATE cards_card SET bound_imei = '861537040000035'", ["binding", "next_due"]),
    "another usage level": ("UPDATE cards_card SET usage_level = 80", ["usage_level"]),
    "another tag": ("UPDATE cards_card SET tags = 'lot-1,lot-2'", ["tags"]),
    "a tag less to find it by": ("DELETE FROM cards_cardtag", ["tags"]),
    "protected by nobody": ("UPDATE cards_card SET protected = TRUE", ["protection"]),
    "a limit that nobody set": ("UPDATE cards_card SET limit_mb = 500", ["limit"]),
    "a waiver that nobody gave": ("UPDATE cards_card SET limit_waived = TRUE", ["waiver"]),
    "a pack that nobody added": ("UPDATE cards_card SET pack_mb = 1", ["packs"]),
    "another allowance": ("UPDATE cards_card SET quota_mb = 101", ["running_term"]),
    "due on another day": ("UPDATE cards_card SET next_due_on = '2026-02-27'", ["next_due"]),
    "due never": ("UPDATE cards_card SET next_due_on = NULL", ["next_due"]),
    "used more": ("UPDATE cards_card SET used_bytes = used_bytes + 1", ["counter"]),
    "used less": ("UPDATE cards_card SET used_bytes = used_bytes - 1", ["counter"]),
    "another day's usage": ("UPDATE cards_usageday SET bytes = bytes + 1 WHERE day = '2026-02-05'", ["counter"]),
    "a sum that grew by itself": ("UPDATE cards_statetally SET cards = 2 WHERE action = 'open'", ["sum"]),
    "another verdict": ("UPDATE cards_realnamecheck SET status = 'rejected'", ["real_name"]),
}


def codes_after(damage, statement):
    """What is wrong with the card after this statement, which is then taken back."""
    with transaction.atomic():
        damage(statement)
        found = codes()
        transaction.set_rollback(True)
    return found


def test_each_kind_of_damage_is_named(card, damage):
    named = {kind: codes_after(damage, statement) for kind, (statement, _codes) in KINDS.items()}
    assert named == {kind: expected for kind, (_statement, expected) in KINDS.items()}


def test_people_read_what_is_wrong(damage):
    build.open_card()
    damage("UPDATE cards_card SET version = 7")
    ended = run("verify")
    assert (ended.code, ended.out) == (1, "Cards: 1, events: 1, ledger entries: 0, problems: 1.\n")
    assert ended.err == f"{iccid(1)}: the card is at version 7, but its last event is 1 (version)\n"


def test_people_read_which_sum_is_wrong(damage):
    build.open_card()
    damage("DELETE FROM cards_statetally")
    assert run("verify").err == "In all: there are 1 cards “Unused” with the holds “–”, but the sums say 0 (sum)\n"


def test_a_card_that_changes_while_it_is_read_is_no_problem(card, monkeypatch):
    """Between its own row and its events, somebody acts on the card: read again, locked, it is sound."""
    read = cards.proof.read_records

    def read_while_somebody_acts(found):
        if build.fresh(card).version == card.version:
            build.do("resume", card, date(2026, 2, 7))
        return read(found)

    monkeypatch.setattr(cards.proof, "read_records", read_while_somebody_acts)
    assert list(Proof().problems()) == []


def test_each_fault_that_the_proof_of_cards_may_find_is_tried():
    said = {*re.findall(r'yield "([a-z_]+)"', "".join(map(getsource, (chain, facts, allowances, counters)))), "sum"}
    tried = {code for _statement, codes in KINDS.values() for code in codes}
    assert sorted(said - tried) == ["iccid"]  # of cards that were swapped alone: tests/engine/test_swap.py


def test_what_came_since_is_proved_alone(card, damage):
    """The records behind the last seal before the instant, and whatever counter is not the sum of its days."""
    other = build.open_card()
    wait_until(lambda: not seal_next(RECORDS) and Seal.objects.exists(), what="that the records are settled")
    sealed_at = Seal.objects.last().sealed_at
    build.do("activate", other, DAY)
    damage("UPDATE cards_card SET protected = TRUE")
    assert codes("--since", sealed_at.isoformat(), of=iccid(2)) == ["protection"]
    assert codes("--since", (sealed_at - timedelta(seconds=1)).isoformat(), of=None) == ["protection", "protection"]
    damage("UPDATE cards_card SET used_bytes = used_bytes + 1")
    assert codes("--since", sealed_at.isoformat(), of=None) == ["protection", "counter", "counter"]


@pytest.mark.once
@pytest.mark.parametrize(
    ("text", "code"),
    [("2026-02-06T04:00", 0), ("2026-02-06T04:00+08:00", 0), ("2026-02-06", 0), ("yesterday", 2), ("2026-02-30", 2)],
)
def test_instants(text, code):
    ended = run("verify", "--since", text)
    assert (ended.code, "is not an instant" in ended.err) == (code, code == 2)


@pytest.mark.once
@pytest.mark.parametrize(("day", "code"), [("1999-12-31", 2), ("2000-01-01", 0), ("2099-12-31", 0), ("2100-01-01", 2)])
@pytest.mark.parametrize("time", ["", "T00:00", "T23:59+14:00"])
def test_an_instant_that_cannot_be_is_a_wrong_call(day, time, code):
    ended = run("verify", "--since", day + time)
    assert (ended.code, "is not a day from 2000 to 2099" in ended.err) == (code, code == 2)
