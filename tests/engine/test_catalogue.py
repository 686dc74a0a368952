"""The catalogue of actions: each is declared once and whole, and what is said of it holds together."""

import ast
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.utils import translation

from cards import catalogue
from cards.actions.action_requests import ActionRequest, RequestedAction, foreseen_refusal, rehearse
from cards.actions.imports.corrections import MAY_BE_CORRECTED
from cards.actions.write import attach_queues
from cards.catalogue import CATALOGUE, PARAMETERS, asked_for
from cards.choices import MADE_BY_PEOPLE, Action, Alignment
from cards.forms import field_of
from cards.models import Card, CarrierPolicy, Customer, Plan, PolicyBook, QueuedTerm
from cards.pages.card_record import RECORD_KINDS
from cards.permissions import CUSTOMER_ACTIONS, ROLES, codename
from cards.rules import Change
from cards.sentences.customer_history import IN_OWNERS_HISTORY, OF_RULES
from cards.sentences.customer_text import BUTTONS
from cards.sentences.record import EVIDENCE_LABELS, HIDDEN_EVIDENCE
from cards.views.console.selections import BULK, FOR_CHOSEN
from cards.views.my.selections import FOR_MANY
from tests.build import SHELL, attempt, card_in_use, do, on_day, open_card

DAY = date(2026, 3, 1)
POLICIES = PolicyBook([CarrierPolicy(carrier="cmcc", valid_from=date(2026, 1, 1))])
PERSON = {"name": "张三丰", "id_number": "110101199003071234"}


def declared(**having):
    """The words of the actions of which all this is true."""
    return [word for word, action in CATALOGUE.items() if all(bool(getattr(action, n)) == v for n, v in having.items())]


def test_each_action_of_people_is_declared_once_in_the_module_of_its_name():
    assert [action.word for action in CATALOGUE.values()] == list(CATALOGUE) == list(MADE_BY_PEOPLE)
    modules = {path.stem for path in Path(catalogue.__file__).parent.glob("*.py")}
    assert modules == {*MADE_BY_PEOPLE, "__init__", "action", "holds", "meters", "parameters", "words"}
    assert all(action.__doc__ for action in CATALOGUE.values())


def test_the_permissions_are_the_catalogues():
    others = [("import_card", "import"), ("sweep_card", "sweep"), ("print_label", "print labels")]
    assert Card._meta.permissions == [(codename(word), str(word)) for word in CATALOGUE] + others


def test_each_action_has_a_role_that_exists():
    assert {role for action in CATALOGUE.values() for role in action.roles} <= set(ROLES)
    assert declared(roles=False) == []


def test_who_may_what_is_what_the_domain_says():
    notes = {"tag", "untag", "remark"}
    stops = {"suspend", "resume"}
    holds = {"place_hold", "lift_hold"}
    assert {
        "support": stops | notes,
        "operations": set(CATALOGUE) - holds,
        "finance": set(),
        "carrier_desk": holds,
        "auditor": set(),
        "customer": stops | {"set_limit", "rebind", "submit_real_name"},
    } == {**ROLES, "customer": CUSTOMER_ACTIONS}


def test_each_parameter_is_asked_for_in_one_way_and_stands_in_the_example():
    with translation.override("en"):
        labels = {name: str(field_of(parameter).label) for name, parameter in PARAMETERS.items()}
    assert labels == {
        "kind": "Hold",
        "plan": "Plan",
        "term": "Term number",
        "limit_mb": "Usage limit (MB)",
        "imei": "IMEI of the device",
        "name": "Full name",
        "id_number": "ID number",
        "customer": "Customer",
        "tag": "Tag",
        "remark": "Remark",
        "iccid": "ICCID of the new SIM",
    }
    for action in CATALOGUE.values():
        assert action.parameters.items() <= PARAMETERS.items()
        assert set(action.optional) <= set(action.parameters)
        assert set(action.example) == set(action.parameters) - set(action.optional)


def evidence_kept():
    """(file, name) of what code keeps as evidence: assigned, whole or one by one, or handed to a change."""
    for path in (settings.BASE_DIR / "cards").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Assign(targets=[ast.Subscript(value=whole, slice=ast.Constant(value=name))]):
                    found = [name] if ast.unparse(whole).endswith("evidence") else []
                case ast.Assign(targets=[target], value=value):
                    found = keys_in(value) if ast.unparse(target).endswith(("evidence", "before")) else []
                case ast.keyword(arg="evidence", value=value):
                    found = keys_in(value)
                case ast.Call(func=ast.Name(id="_change"), args=values):
                    found = [name for value in values for name in keys_in(value)]
                case _:
                    found = []
            yield from ((path.name, name) for name in found)


def keys_in(value):
    dicts = [part for part in ast.walk(value) if isinstance(part, ast.Dict)]
    return [key.value for part in dicts for key in part.keys if key is not None]


def test_all_evidence_has_a_label():
    """What a file corrects is kept under its columns; what the demo keeps is looked at in its own test."""
    kept = {*evidence_kept(), *(("a file", column) for column in MAY_BE_CORRECTED)}
    assert len(kept) > 40
    assert {(place, name) for place, name in kept if name not in (*EVIDENCE_LABELS, *HIDDEN_EVIDENCE)} == set()


def test_what_adds_a_plan_asks_for_one():
    assert declared(adds=True) == [word for word, action in CATALOGUE.items() if "plan" in action.parameters]


def test_what_customers_may_do_has_a_button_and_a_sentence():
    assert set(declared(customers_may=True)) <= set(BUTTONS) & set(IN_OWNERS_HISTORY)
    assert set(BUTTONS) - set(declared(customers_may=True)) == set(declared(is_sold=True))
    assert set(FOR_MANY) <= set(declared(customers_may=True))
    assert set(IN_OWNERS_HISTORY) == {*OF_RULES, *declared(customer_history=True)}
    assert not set(OF_RULES) & set(CATALOGUE)


def test_what_customers_read_the_reason_of_they_read_at_all():
    assert set(declared(customers_read_the_reason=True)) <= set(IN_OWNERS_HISTORY)


def test_what_is_offered_for_many_cards():
    assert [
        *("suspend", "resume", "assign", "tag", "untag", "set_limit", "activate", "grant", "protect"),
        *("place_hold", "lift_hold", "unassign", "unprotect", "cancel"),
    ] == BULK
    assert [word for word in BULK if CATALOGUE[word].stands_apart] == BULK[-3:]
    assert len({CATALOGUE[word].bulk_order for word in FOR_CHOSEN}) == len(FOR_CHOSEN)
    assert list(FOR_MANY) == ["suspend", "resume", "set_limit"]


def test_what_stands_under_a_tab_of_the_record_names_one_that_there_is():
    found = {kind: [word for word in declared() if CATALOGUE[word].record_kind == kind] for kind in RECORD_KINDS}
    assert {kind: words for kind, words in found.items() if words} == {
        "state": ["suspend", "resume", "place_hold", "lift_hold", "swap"],
        "usage": ["top_up", "set_limit"],
        "notes": ["tag", "untag", "remark"],
    }
    assert {action.record_kind for action in CATALOGUE.values()} <= {"", *RECORD_KINDS}


def test_only_what_cancels_is_final_and_only_who_gives_something_away_says_why_besides():
    assert (declared(is_final=True), declared(asks_why=True)) == (["swap", "cancel"], ["grant", "swap", "cancel"])


def test_what_is_sold_is_granted_where_no_order_asks_for_it():
    meant = {word: asked_for(word) for word in CATALOGUE}
    others = {word: action.word for word, action in meant.items() if action is not CATALOGUE[word]}
    assert others == dict.fromkeys(declared(is_sold=True), "grant") == {"renew": "grant", "top_up": "grant"}


# trying each


NEEDED = {
    Action.ACTIVATE: {"state": "unused", "certification": "enterprise"},
    Action.FORCE_ACTIVATE: {"state": "unused"},
    Action.RESUME: {"state": "suspended", "holds": "threshold,voluntary", "resumes_to": "in_use", "limit_mb": 1},
    Action.LIFT_HOLD: {"state": "suspended", "holds": "anomaly", "resumes_to": "in_use"},
    Action.APPROVE_REAL_NAME: {"real_name": "submitted"},
    Action.REJECT_REAL_NAME: {"real_name": "submitted"},
    Action.REVOKE_REAL_NAME: {"real_name": "approved"},
    Action.UNTAG: {"tags": "S,T"},
    Action.UNPROTECT: {"protected": True},
    Action.UNPARK: {"parked": '["no_cycle", {}]'},
}


def card_for(word):
    """A card in memory on which this can be done."""
    facts = {
        "state": "in_use",
        "carrier": "cmcc",
        "customer_id": 1,
        "certification": "individual",
        "real_name": "none",
        "binding": "fixed",
        "bound_imei": "490154203237518",
        "limit_mb": 20,
        "quota_mb": 30,
        "used_bytes": 2 * 1_048_576,
        "term_number": 1,
        "opened_on": date(2026, 1, 1),
        "changed_on": DAY,
        "service_from": DAY,
        "service_until": date(2026, 4, 1),
        "cycle_from": DAY,
        "cycle_until": date(2026, 4, 1),
    }
    card = Card(**{**facts, **NEEDED.get(word, {})})
    card.queue = [QueuedTerm(2, "M1-100", 1, Alignment.CALENDAR, 100)]
    return card


def do_in_memory(word, card, params, effect=None):
    """The evidence of doing it to the card; `Refused` if it may not be done."""
    action, request = CATALOGUE[word], ActionRequest(SHELL, DAY, POLICIES, "because", params)
    action.check(card, request)
    done = Change(DAY, word)
    (effect or action.effect)(card, request, done)
    return done.evidence


@pytest.mark.django_db
@pytest.mark.parametrize("word", CATALOGUE)
def test_the_example_can_be_done_and_a_check_that_knows_nothing_yet_does_not_refuse(word):
    card = card_for(word)
    before = card.facts()
    assert CATALOGUE[word].refusal(card, ActionRequest(SHELL, DAY, POLICIES)) is None
    assert card.facts() == before
    do_in_memory(word, card, CATALOGUE[word].example)
    assert card.facts() != before


@pytest.mark.parametrize("word", declared(undone_by=True))
def test_the_inverse_is_exact(word):
    card = card_for(word)
    before = card.facts()
    evidence = do_in_memory(word, card, CATALOGUE[word].example)
    former = Customer(pk=1, name="Acme") if evidence.get("was_customer_id") else None
    inverse = CATALOGUE[word].inverse(SimpleNamespace(evidence=evidence, former_customer=former))
    assert inverse.action in CATALOGUE[word].undone_by
    do_in_memory(inverse.action, card, inverse.params, inverse.effect)
    assert card.facts() == before


# a check and the work cannot differ


@pytest.fixture
def spent():
    """A person who answers for as many cards as the carrier allows."""
    CarrierPolicy.objects.filter(carrier="cmcc").update(cards_per_person=1)
    with on_day(DAY):
        return do("submit_real_name", open_card(certification="individual"), DAY, **PERSON)


@pytest.mark.django_db
def test_what_a_parameter_forbids_is_said_by_the_check_as_by_the_work(spent):
    plan, pack = Plan.objects.get(code="M1-100"), Plan.objects.get(code="PACK-100")
    cases = [
        ("renew", card_in_use(), {"plan": pack}, {"plan": "PACK-100"}, "not_a_plan"),
        ("top_up", card_in_use(), {"plan": plan}, {"plan": "M1-100"}, "not_a_pack"),
        ("grant", open_card(), {"plan": pack}, {"plan": "PACK-100"}, "no_running_term"),
        ("submit_real_name", open_card(certification="individual"), PERSON, PERSON, "too_many_cards"),
    ]
    for word, card, read, typed, code in cases:
        attach_queues([card])
        unknown = ActionRequest(SHELL, DAY, PolicyBook.read())
        request = ActionRequest(SHELL, DAY, PolicyBook.read(), params=read)
        assert foreseen_refusal(word, card, unknown) is None
        assert foreseen_refusal(word, card, request).code == code
        assert rehearse(RequestedAction(asked_for(word), request), card)[1].code == code
        assert attempt(word, card, DAY, **typed).refused.code == code


@pytest.mark.django_db
def test_looking_locks_nothing(spent, django_assert_num_queries):
    """At work the person's checks are locked by a statement of its own."""
    card = open_card(certification="individual")
    for reason, queries in ((None, 1), ("because", 2)):
        request = ActionRequest(SHELL, DAY, PolicyBook.read(), reason, PERSON)
        with django_assert_num_queries(queries):
            assert CATALOGUE["submit_real_name"].refusal(card, request).code == "too_many_cards"
