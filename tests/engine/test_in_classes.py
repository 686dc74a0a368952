"""In classes or one by one: whichever way the cards of a chunk are worked on, the same comes of them, to the byte."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import chain
from random import Random

import pytest
from django.db import connection, transaction
from django.db.models import DateField, Max
from django.utils import timezone

from cards.actions.action_requests import ActionRequest, RequestedAction
from cards.actions.alike import FACTS_IN, OF_ALL, Representative, Unlike, classes_of
from cards.actions.bulk import WORTH_A_STATEMENT
from cards.actions.claim_codes import codes_of
from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.actions.sweep import due_chunks, sweep, sweep_day
from cards.actions.usage import Reading, apply_readings
from cards.actions.write import CARD_COLUMNS, CHANGING_COLUMNS, CatchUp, Signature, change, in_classes, one_by_one
from cards.calendar import days
from cards.catalogue import CATALOGUE
from cards.choices import Action, State
from cards.models import (
    Card,
    CardEvent,
    CardTag,
    CarrierPolicy,
    ClaimCode,
    Customer,
    DeviceBinding,
    Plan,
    PolicyBook,
    RealNameCheck,
    ServiceTerm,
    StateTally,
    SweptDay,
    Tag,
    UsageDay,
)
from cards.models.card import MB
from cards.permissions import CUSTOMER_ACTIONS, Actor
from cards.proof import Proof
from tests.build import OPENED_ON, SHELL, card_in_use, do, member, open_card, spoil, story, swept
from tests.engine.test_faults import with_connections_of_their_own
from tests.engine.test_forecast import rolled_back
from tests.processes import wait_until

pytestmark = pytest.mark.django_db

# Histories, and how many cards begin with each: fewer than are worth a statement of their own, and more.
FLEET = [1, 2, 5, 12, 40] * 14
OPENED_FROM, FIRST_DAY, DAYS = date(2026, 1, 1), date(2026, 3, 17), 36
LAST_DAY = FIRST_DAY + timedelta(days=DAYS - 1)
IMEIS = ("490154203237518", "356938035643809")
PLANS = [
    {"code": "A1-40", "months": 1, "alignment": "anniversary", "quota_mb": 40},
    {"code": "A1-10240", "months": 1, "alignment": "anniversary", "quota_mb": 10_240},
    {"code": "M1-0", "months": 1, "alignment": "calendar", "quota_mb": 0},
]
# The carriers, each with numbers that make much of a card's life happen within weeks; ctcc's change meanwhile.
POLICIES = {
    "cmcc": {"silent_months": 1, "renewal_days": 9},
    "cucc": {"forced_mode": "days", "silent_days": 35, "cycle_day": 27, "renewal_days": 20, "ends_packs": False},
    "ctcc": {"forced_mode": "opening_month", "silent_months": 2, "renewal_days": 3, "restores_threshold": False},
    "cbn": {"silent_from_opening": True, "silent_months": 1, "cycle_day": 15, "ends_waiver": False},
}
CHANGES = {"carrier": "ctcc", "valid_from": FIRST_DAY + timedelta(days=14), "cycle_day": 28, "restores_credit": False}
TOLD = {
    Action.PLACE_HOLD: {"kind": "anomaly"},
    Action.LIFT_HOLD: {"kind": "anomaly"},
    Action.SUBMIT_REAL_NAME: {"name": "张三丰", "id_number": "110101199003071234"},
    Action.RENEW: {"plan": ["M1-100", "A1-40", "A1-10240", "M1-0"]},
    Action.GRANT: {"plan": ["M1-100", "A1-40", "A1-10240", "M1-0", "PACK-100"]},
    Action.UNRENEW: {"term": ["2", "3"]},
    Action.TOP_UP: {"plan": "PACK-100"},
    Action.SET_LIMIT: {"limit_mb": ["1", "20", "100", "none"]},
    Action.REBIND: {"imei": IMEIS},
    Action.ASSIGN: {"customer": ["Acme", "Beta"]},
    Action.TAG: {"tag": "trial"},
    Action.UNTAG: {"tag": "trial"},
    Action.REMARK: {"remark": "on the roof"},
}
# What comes before a card's life is likely to be: less is final, and more is asked for.
# A swap takes a second card, and is done to one card alone.
TO_MANY = [word for word, action in CATALOGUE.items() if not action.takes_another]
OFTEN = [word for word in TO_MANY if word not in (Action.CANCEL, Action.UNPARK)] + [Action.GRANT, Action.ACTIVATE] * 4

OPENED_WITH = {
    "carrier": lambda random: random.choice(list(POLICIES)),
    "certification": lambda random: random.choice(["enterprise", "enterprise", "individual"]),
    "opened_on": lambda random: str(OPENED_FROM + timedelta(days=random.randint(0, 60))),
    "plan": lambda random: random.choice(["M1-100", "Y1-30", "A1-40", "A1-10240"]),
    "customer": lambda random: random.choice(["", "Acme"]),
    "test": lambda random: random.choice([{}, {}, {"test_months": "1", "test_quota_mb": "5"}]),
    "device": lambda random: random.choice([{}, {}, {"binding": "first_use"}, {"binding": "fixed", "imei": IMEIS[0]}]),
}

COMPARED = {
    Card: ["id"],
    CardEvent: ["card_id", "seq"],
    ServiceTerm: ["card_id", "number"],
    DeviceBinding: ["card_id", "bound_on", "imei"],
    RealNameCheck: ["card_id", "submitted_on", "status"],
    CardTag: ["card_id", "tag_id"],
    ClaimCode: ["card_id"],
    UsageDay: ["card_id", "day"],
}
BY_CHANCE = {"executed_at"}  # and the keys of what stands beside a card


# a fleet of random lives


@pytest.fixture
def fleet():
    """The keys of each history's cards, on the evening before `FIRST_DAY`; nothing was swept so far."""
    Plan.objects.bulk_create(Plan(kind="plan", **plan) for plan in PLANS)
    for carrier, numbers in POLICIES.items():
        CarrierPolicy.objects.filter(carrier=carrier).update(cards_per_person=10_000, **numbers)
    CarrierPolicy.objects.create(**CHANGES)
    Customer.objects.bulk_create(Customer(name=name) for name in ("Acme", "Beta"))
    Tag.objects.create(name="trial")
    random = Random(19)
    histories = opened(random)
    codes_of(Card.objects.filter(pk__in=[keys[0] for keys in histories]))
    for keys in histories:
        day = Card.objects.filter(pk__in=keys).aggregate(day=Max("opened_on"))["day"]
        while (day := day + timedelta(days=random.randint(0, 15))) < FIRST_DAY:
            happens(random, random.choice([keys, random.sample(keys, random.randint(1, len(keys)))]), day)
    return histories


def opened(random):
    """Cards taken in, history by history; every third is opened with something else than the others of its history."""
    rows, histories = [], []
    for copies in FLEET:
        columns = {name: choose(random) for name, choose in OPENED_WITH.items()}
        histories.append(range(len(rows), len(rows) + copies))
        for _ in range(copies):
            own = random.choice(list(OPENED_WITH)) if random.random() < 1 / 3 else None
            row = columns | ({own: OPENED_WITH[own](random)} if own else {})
            rows.append(row.pop("test") | row.pop("device") | row)
    keys = taken_in(rows)
    return [[keys[number] for number in numbers] for numbers in histories]


def taken_in(rows):
    """The keys of the cards of one file, in the order of its rows."""
    iccids = [f"8986{number:016d}" for number in range(len(rows))]
    texts = [{"iccid": iccid, "opened_on": str(OPENED_ON)} | row for iccid, row in zip(iccids, rows, strict=True)]
    assert apply_cards([read_card_row(2, text, date.max) for text in texts], actor=SHELL).errors == []
    return list(Card.objects.order_by("iccid").values_list("pk", flat=True))


def happens(random, keys, day, how=one_by_one):
    """Something that happens to these cards on that day; what is told of it."""
    if random.random() < 0.45:
        return take(random, keys, day)
    word = random.choice(OFTEN)
    return told(ask(word, keys, day, how, chosen(random, word)))


def chosen(random, word):
    asked = TOLD.get(word, {})
    return {name: random.choice(value) if isinstance(value, (list, tuple)) else value for name, value in asked.items()}


def take(random, keys, told_on):
    """Each of the cards is said to have used so much, of a day that may be some days ago."""
    day = told_on - timedelta(days=random.choice([0, 0, 1, 2, 20]))
    read_at = timezone.make_aware(datetime.combine(told_on, time(random.randint(1, 23))))
    mb, imei = random.choice([0, 0, 1, 3, 6, 30, 90]), random.choice(["", "", *IMEIS])
    _counts, outcomes = apply_readings([Reading(key, day, mb * MB, read_at, imei) for key in keys], told_on=told_on)
    return told(outcomes)


def ask(word, keys, day, how, params, actor=SHELL, versions=None):
    declared = CATALOGUE[word]
    request = ActionRequest(actor, day, PolicyBook.read(), "because", declared.cleaned(params), versions)
    return change(keys, RequestedAction(declared, request), Signature(actor, "because"), how)


def told(outcomes):
    """What became of each card, by its key: the changes with the numbers of their records, the refusal, the parking."""
    became = {}
    for outcome in outcomes:
        changes = [(str(done.change), done.from_state, done.to_state, outcome.seqs(done)) for done in outcome.done]
        for place, key in enumerate(outcome.keys):
            done = [(*what, seqs[place]) for *what, seqs in changes]
            became[key] = done, outcome.refused and str(outcome.refused), outcome.parked
    return became


# both ways


def both_ways(live):
    """What `live(how)` tells and leaves behind, one by one and in classes, from the same start."""
    ways = []
    since = CardEvent.objects.order_by("-pk").values_list("pk", flat=True)[0]
    for how in (one_by_one, in_classes):
        with rolled_back():
            said = live(how)
            ways.append((said, written(since)))
    return ways


def written(since=0):
    """All that is written of the cards, as JSON by table; of records only those after this one."""
    found = {}
    for model, order in COMPARED.items():
        left_out = BY_CHANCE if model is Card else {"id", *BY_CHANCE}
        columns = [field.attname for field in model._meta.concrete_fields if field.attname not in left_out]
        rows = model.objects.order_by(*order)
        if model is CardEvent:
            rows = rows.filter(pk__gt=since)
        found[model.__name__] = [
            json.dumps(dict(zip(columns, row, strict=True)), default=str, sort_keys=True)
            for row in rows.values_list(*columns)
        ]
    tallies = Counter()
    for *key, cards in StateTally.objects.values_list("day", "action", "state", "holds", "cards"):
        tallies[*key] += cards
    return found | {"StateTally": sorted(map(str, tallies.items()))}


def differences(ways):
    """Of what is told and of each table, what one way has and the other has not."""
    (said, found), (also_said, also_found) = ways
    tables = {name: (set(found[name]) ^ set(also_found[name])) for name in found if found[name] != also_found[name]}
    return tables | ({"told": True} if said != also_said else {})


def test_random_lives_end_alike_whichever_way_they_are_swept(fleet):
    assert sum(map(len, fleet)) >= 800
    together = Counter()

    def live(how):
        random, said = Random(8), []
        for day in days(FIRST_DAY, LAST_DAY):
            for _ in range(3):
                history = random.choice(fleet)
                said.append(happens(random, random.sample(history, random.randint(1, len(history))), day, how))
            if random.random() < 0.8 or day == LAST_DAY:  # of a day that is left out the next makes up
                for chunk in due_chunks(day):
                    outcomes = change(chunk, CatchUp(day), how=how)
                    for outcome in outcomes:
                        together[how, type(outcome.card)] += len(outcome.keys)
                    said.append(told(outcomes))
        assert list(Proof().problems()) == []
        return said

    assert differences(both_ways(live)) == {}
    assert together[in_classes, Representative] > 400, "enough of it went in classes"


def test_what_people_ask_for_ends_alike_whichever_way_it_is_done(fleet):
    """Each action on many cards, of which some are due and some have changed since they were looked at."""
    day, keys = FIRST_DAY + timedelta(days=2), list(chain(*fleet[:30]))
    versions = {key: version - (key % 7 == 0) for key, version in Card.objects.values_list("pk", "version")}
    customer = Actor.of(member("Acme"))
    asked = [*((word, SHELL) for word in TO_MANY), *((word, customer) for word in CUSTOMER_ACTIONS)]

    def live(how, word, actor):
        return told(ask(word, keys, day, how, chosen(Random(19), word), actor, versions))

    found = {(word, actor.kind): differences(both_ways(partial(live, word=word, actor=actor))) for word, actor in asked}
    assert {asked: differing for asked, differing in found.items() if differing} == {}


@with_connections_of_their_own
def test_a_card_that_is_renewed_while_the_sweep_waits_for_it_has_its_next_term():
    """Its queue was another before: it is read only when the card is locked."""
    card = card_in_use(plan="M1-100")
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            do("grant", card, date(2026, 1, 20), plan="M1-100")
            sweeping = threads.submit(and_hang_up, sweep, date(2026, 2, 1))
            wait_until(somebody_waits, what="the sweep's coming to the card")
        sweeping.result()
    assert story(card)[2:] == [
        ("grant", "", "in_use", date(2026, 1, 20)),
        ("start_term", "start_term", "in_use", date(2026, 2, 1)),
    ]


def and_hang_up(do, *arguments):
    try:
        do(*arguments)
    finally:
        connection.close()


def somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_locks WHERE NOT granted")
        return cursor.rowcount > 0


# what a representative tells


IN = {
    State.TESTING: partial(open_card, test_months=3, test_quota_mb=30),
    State.UNUSED: open_card,
    State.IN_USE: partial(card_in_use, plan="Y1-1024"),
    State.SHUT_DOWN: lambda: swept(card_in_use(plan="M1-100"), date(2026, 2, 1)),
    State.CANCELLED: lambda: do("cancel", card_in_use(), OPENED_ON),
}


@pytest.fixture(params=IN)
def phase(request):
    return request.param


def represented(phase, *also):
    card = IN[phase]()
    (representative,) = classes_of([card.pk], FIRST_DAY, also, is_locked=True)
    return card, representative


def test_of_a_representative_nothing_can_be_read_but_what_its_cards_share(phase):
    card, representative = represented(phase)
    shared, stood_in_for = {*OF_ALL, *FACTS_IN[phase], "parked"}, {"version", "changed_on", "since"}
    assert {name: getattr(representative, name) for name in shared} == {name: getattr(card, name) for name in shared}
    for name in {"id", "pk", "customer", "plan", "on_order", "claim_code", *CARD_COLUMNS} - shared - stood_in_for:
        for twin in (representative, representative.copy()):
            with pytest.raises(Unlike, match=name):
                getattr(twin, name)
    assert set(representative.facts()) == shared | stood_in_for | {"queue", "keys", "versions", "_state"}


def test_what_is_set_can_be_read(phase):
    _card, representative = represented(phase)
    for name in set(CHANGING_COLUMNS) - {"state"}:
        setattr(representative, name, getattr(Card.new(), name))
        assert getattr(representative, name) == getattr(Card.new(), name)
    assert represented(phase, "customer_id", "tags")[1].tag_list == []


# which cards are alike


def another(card, name):
    """A value that the card does not have there."""
    value, field = getattr(card, name), Card._meta.get_field(name)
    if field.choices:
        return next(code for code in reversed(field.choices) if code[0] != value)[0]
    if isinstance(field, DateField):
        return (value or FIRST_DAY) + timedelta(days=1)
    return not value if isinstance(value, bool) else (value or 0) + 1


def test_cards_that_differ_in_one_fact_are_of_two_classes(phase):
    stopped = {"state": State.SUSPENDED, "holds": "voluntary", "resumes_to": phase}
    facts = [{}, stopped, stopped | {"holds": "anomaly"}]
    for name in {*OF_ALL, *FACTS_IN[phase]} - {"state", "holds", "resumes_to"}:
        facts.append({name: another(IN[phase](), name)})
    cards = [IN[phase]() for _ in facts]
    for card, own in zip(cards, facts, strict=True):
        spoil(card, **own)
    twin = IN[phase]()
    assert sorted(sorted(alike.keys) for alike in classes_of([card.pk for card in (*cards, twin)], FIRST_DAY)) == [
        [cards[0].pk, twin.pk],
        *([card.pk] for card in cards[1:]),
    ]


ODD = {
    "parked": (State.IN_USE, {"parked": '["no_cycle", {}]'}),
    "changed later": (State.IN_USE, {"changed_on": date(2027, 2, 1), "next_due_on": date(2027, 3, 1)}),
    "changed since it was due": (State.UNUSED, {"changed_on": date(2026, 8, 2)}),
    "a test that is used up": (State.TESTING, {"used_bytes": 30 * MB}),
    "used before it is active": (State.UNUSED, {"used_bytes": 1}),
    "in use before its term": (
        State.IN_USE,
        {"service_until": None, "forced_activation_on": date(2026, 8, 1), "silent_from": OPENED_ON}
        | {"state": State.SUSPENDED, "holds": "real_name", "resumes_to": State.IN_USE},
    ),
    "an allowance that is used up": (State.IN_USE, {"used_bytes": 1024 * MB}),
    "an allowance with a pack that is used up": (State.IN_USE, {"used_bytes": 1025 * MB, "pack_mb": 1}),
    "a limit that is reached": (State.IN_USE, {"used_bytes": 20 * MB, "limit_mb": 20}),
    "another device than its own": (State.IN_USE, {"binding": "fixed", "bound_imei": IMEIS[0], "seen_imei": IMEIS[1]}),
    "its first device": (State.IN_USE, {"binding": "first_use", "seen_imei": IMEIS[1]}),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_cards_are_of_no_class_and_go_their_own_way(odd):
    """Due on the day are the odd one and two without what makes it odd."""
    day = date(2027, 1, 15)
    phase, facts = ODD[odd]
    cards = [IN[phase]() for _ in range(3)]
    spoil(cards[0], used_on=OPENED_ON, **facts)
    keys = [card.pk for card in cards]
    assert [sorted(alike.keys) for alike in classes_of(keys, day)] == [keys[1:]]
    assert differences(both_ways(lambda how: told(change(keys, CatchUp(day), how=how)))) == {}


# how much of it goes in classes


def test_a_device_of_its_own_in_which_nobody_has_seen_it_yet_makes_no_card_odd():
    cards = [card_in_use(plan="M1-100", binding="fixed", imei=imei) for imei in IMEIS]
    ((outcome,),) = sweep_day(date(2026, 2, 1))
    assert sorted(outcome.keys) == [card.pk for card in cards]


@pytest.mark.parametrize("copies", [WORTH_A_STATEMENT, 3 * WORTH_A_STATEMENT])
def test_cards_that_are_alike_all_go_in_classes_in_as_many_statements_as_it_takes(copies, django_assert_num_queries):
    kinds = ("cmcc", "enterprise"), ("cmcc", "individual"), ("cucc", "enterprise")
    rows = [{"carrier": carrier, "certification": certification, "plan": "Y1-30"} for carrier, certification in kinds]
    keys = taken_in(rows * copies)
    with django_assert_num_queries(12 + (connection.vendor == "postgresql")):
        outcomes = change(keys, CatchUp(date(2026, 8, 1)), how=in_classes)
    kind = [(type(outcome.card), len(outcome.keys), len(outcome.done)) for outcome in outcomes]
    assert kind == [(Representative, copies, 1)] * 3


def test_the_sweep_goes_in_classes():
    cards = [open_card() for _ in range(3)]
    ((outcome,),) = sweep_day(date(2026, 8, 1))
    assert (type(outcome.card), sorted(outcome.keys)) == (Representative, [card.pk for card in cards])
    assert SweptDay.objects.get().counts == {"force_activate": 3}


def test_what_proves_to_be_unlike_halfway_is_done_from_the_beginning_and_counted_whole():
    """A limit of a card on test is no fact of its class, and asked for once its term has begun."""
    cards = [do("set_limit", open_card(test_months=1, test_quota_mb=5), OPENED_ON, limit_mb="1") for _ in range(2)]
    outcomes = change([card.pk for card in cards], CatchUp(date(2027, 1, 1)), how=in_classes)
    assert [(outcome.card.pk, [str(done.change.action) for done in outcome.done]) for outcome in outcomes] == [
        (card.pk, ["end_test", "force_activate"]) for card in cards
    ]
