"""What customers' programs are told: once, by whose the card was, in the order in which it came to light."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from billing.choices import NoticeKind
from billing.models import Notice, Order
from cards.calendar import civil_today
from cards.models import CardEvent, Customer, EventCursor, Job
from simportal.api.actions.keys import revoke_key
from simportal.api.actions.telling import make_events, one_at_a_time, tell_news
from simportal.api.choices import EventType
from simportal.api.models import ApiEvent, ApiKey, OpenOperation
from tests.api.program import Program
from tests.billing import build as b
from tests.build import SHELL, attempt, card_in_use, do, member, open_card

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return Customer.objects.get_or_create(name="Acme")[0]


@pytest.fixture
def program(acme):
    return Program(acme)


def told(program, **parameters):
    """(type, what is told but for links) of each event, as `GET /events` has them."""
    tell_news()
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    status, page = program.get(f"/events?{query}")
    assert status == 200
    return [(row["type"], {k: v for k, v in row["data"].items() if k != "links"}) for row in page["items"]]


def own_card(**columns):
    return card_in_use(customer="Acme", **columns)


TODAY = civil_today
ANOMALY = {"kind": "anomaly"}


def test_a_stop_and_its_end(program):
    card = own_card(msisdn="1440000000001")
    told(program)
    before = ApiEvent.objects.order_by("-pk").first().number
    do("suspend", card, TODAY())
    do("resume", card, TODAY())
    named = {"card": card.iccid, "msisdn": "1440000000001"}
    stop, end = named | {"seq": 3, "action": "suspend"}, named | {"seq": 4, "action": "resume"}
    assert told(program, after=before) == [
        ("card.state_changed", stop | {"from": "in_use", "to": "suspended", "holds": ["voluntary"]}),
        ("card.hold_placed", stop | {"placed": ["voluntary"], "holds": ["voluntary"]}),
        ("card.state_changed", end | {"from": "suspended", "to": "in_use", "holds": []}),
        ("card.hold_lifted", end | {"lifted": ["voluntary"], "holds": []}),
    ]
    event = program.get(f"/events?after={before}&limit=1")[1]["items"][0]
    assert event["data"]["links"] == {"card": f"/api/v1/cards/{card.iccid}"}
    assert program.get(event["data"]["links"]["card"].removeprefix("/api/v1"))[0] == 200


def test_a_second_hold_on_a_stopped_card_changes_no_state(program):
    card = own_card()
    do("suspend", card, TODAY())
    told(program)
    do("place_hold", card, TODAY(), **ANOMALY)
    newest = ApiEvent.objects.filter(seq=4)
    assert told(program)
    assert [(row.type, row.data["placed"], row.data["holds"]) for row in newest] == [
        ("card.hold_placed", ["anomaly"], ["anomaly", "voluntary"])
    ]


def test_nothing_is_told_twice_and_nothing_is_lost(program):
    card = own_card()
    do("suspend", card, TODAY())
    first = told(program)
    assert told(program) == first
    EventCursor.objects.filter(reader="api").update(through=0)
    assert told(program) == first
    assert len(first) == ApiEvent.objects.count()


def test_days_without_a_worker_are_made_up_for_in_order(program, acme):
    card = own_card()
    for _time in range(3):
        do("suspend", card, TODAY())
        do("resume", card, TODAY())
    tell_news()
    rows = [(row.seq, row.type) for row in ApiEvent.objects.order_by("pk") if row.type == EventType.STATE_CHANGED]
    assert rows == [(number, EventType.STATE_CHANGED) for number in range(1, 9)]


def test_whoever_has_no_key_and_no_webhook_is_told_nothing(acme):
    card = own_card()
    tell_news()
    assert ApiEvent.objects.count() == 0
    program = Program(acme)
    assert told(program) == []
    do("suspend", card, TODAY())
    assert [kind for kind, _data in told(program)] == ["card.state_changed", "card.hold_placed"]
    revoke_key(program.row, by=SHELL)
    do("resume", card, TODAY())
    tell_news()
    assert ApiEvent.objects.count() == 2


def test_what_was_before_the_first_key_is_told_to_nobody(acme):
    card = own_card()
    do("suspend", card, TODAY())
    program = Program(acme)  # and only then the worker comes to those records
    assert told(program) == []


def test_a_new_key_takes_over_from_one_that_was_revoked_while_no_worker_was_there(acme):
    first, card = Program(acme), own_card()
    do("suspend", card, TODAY())
    revoke_key(first.row, by=SHELL)
    second = Program(acme)
    assert len(told(second)) > 0


def test_a_record_is_told_to_whose_the_card_was(program):
    other = Program(Customer.objects.create(name="Other"))
    card = own_card()
    do("suspend", card, TODAY())
    do("assign", card, TODAY(), customer="Other")
    do("resume", card, TODAY())
    do("unassign", card, TODAY())
    do("suspend", card, TODAY())
    assert {data["seq"] for _kind, data in told(program)} == {1, 2, 3}
    theirs = told(other)
    assert [(kind, data["seq"]) for kind, data in theirs] == [
        ("card.assigned", 4),
        ("card.state_changed", 5),
        ("card.hold_lifted", 5),
    ]


def test_devices_and_id_checks(program):
    card = own_card(binding="fixed", imei="356938035643817")
    told(program)
    do("rebind", card, TODAY(), imei="356938035643809")
    (kind, data), *_more = [row for row in told(program) if row[0] == "card.rebound"]
    assert (kind, data["imei"], data["previous_imei"]) == ("card.rebound", "356938035643809", "356938035643817")


def test_notices_are_events(program, acme):
    card = own_card()
    told(program)
    day = date(2026, 4, 1)
    b.notice("Acme", card=card, kind=NoticeKind.ALLOWANCE, step=80, on=day)
    b.notice("Acme", card=card, kind=NoticeKind.EXPIRING, step=7, on=day)
    b.notice("Acme", card=card, kind=NoticeKind.CANCELLING, step=7, on=day)
    b.notice("Acme", kind=NoticeKind.WALLET_LOW, step=0, on=day, balance="1.00", low_below="5.00")
    b.notice("Other", kind=NoticeKind.WALLET_LOW, step=0, on=day)
    assert told(program)[-3:] == [
        ("card.usage_level", {"card": card.iccid, "msisdn": None, "usage_level": 80, "cycle_from": "2026-04-01"}),
        ("card.expiring", {"card": card.iccid, "msisdn": None, "service_until": "2026-04-01", "days": 7}),
        ("balance.low", {"balance": "1.00", "low_below": "5.00"}),
    ]
    assert ApiEvent.objects.filter(type="balance.low").count() == 1


def test_orders_are_told_of_as_they_are_paid_and_done(program):
    b.price("Y1-30", "30.00")
    b.fund("100")
    card = own_card()
    told(program)
    order = b.paid(cards=[card])
    number = Order.objects.get().number
    facts = {"order": number, "kind": "renewal", "lines": 1, "total": "30.00"}
    assert told(program)[-2:] == [("order.paid", facts), ("order.done", facts | {"refunded": "0.00"})]
    assert told(program)[-2:] == told(program)[-2:]
    assert (ApiEvent.objects.filter(type__startswith="order").count(), b.fresh(order).state) == (2, "fulfilled")


def test_an_operation_on_many_cards_is_told_of_once_it_is_over(program):
    from cards.actions.jobs.worker import work_off

    cards = [own_card(), own_card()]
    do("suspend", cards[0], TODAY())
    told(program)
    numbers = [card.iccid for card in cards]
    _status, operation = program.post("/actions", {"action": "suspend", "cards": numbers, "reason": "holiday"})
    assert [kind for kind, _data in told(program) if kind == "operation.ended"] == []
    work_off(Job.objects.get())
    (data,) = [data for kind, data in told(program) if kind == "operation.ended"]
    assert data == {
        "operation": operation["id"],
        "action": "suspend",
        "status": "done",
        "cards": 2,
        "summary": [{"outcome": "done", "count": 1}, {"outcome": "refused", "count": 1}],
    }
    now = program.get(f"/operations/{operation['id']}")[1]
    assert (now["status"], {(row["outcome"], row["count"]) for row in now["summary"]}) == (
        "done",
        {(row["outcome"], row["count"]) for row in data["summary"]},
    )


@pytest.mark.parametrize("late", [timedelta(), timedelta(hours=2)])  # no worker of the carriers' was there so long
def test_an_operation_at_a_carrier_is_told_of_once_the_carrier_has_done_it(late, program):
    from cards.carriers.models import CarrierAccount, Command, Line

    card = own_card()
    account = CarrierAccount.objects.create(name="a1", carrier="cmcc")
    Line.objects.create(card=card, account=account, seq=card.version)
    status, operation = program.post(f"/cards/{card.iccid}/actions", {"action": "suspend"})
    assert (status, operation["status"]) == (202, "waiting_for_carrier")
    assert [kind for kind, _data in told(program) if kind == "operation.ended"] == []
    assert OpenOperation.objects.count() == 1
    now = timezone.now() + late
    Line.objects.update(seq=operation["version"])
    order = Command.objects.create(
        card=card, account=account, aspect="service", seq=operation["version"], rank_at=now, made_at=now
    )
    assert [kind for kind, _data in told(program) if kind == "operation.ended"] == []
    Command.objects.filter(pk=order.pk).update(state="refused", ended_at=now)
    (data,) = [data for kind, data in told(program) if kind == "operation.ended"]
    assert (data["operation"], data["status"], data["card"]) == (operation["id"], "refused", card.iccid)
    assert OpenOperation.objects.count() == 0


def test_what_people_do_is_no_operation(program):
    alice, card = member(), own_card()
    from cards.permissions import Actor

    assert attempt("suspend", card, TODAY(), actor=Actor.of(alice)).refused is None
    tell_news()
    assert (OpenOperation.objects.count(), ApiEvent.objects.filter(type="operation.ended").count()) == (0, 0)


def test_the_list_goes_on_where_somebody_stopped(program):
    do("suspend", own_card(), TODAY())
    every = told(program)
    status, page = program.get("/events?limit=2")
    assert (status, page["more"], len(page["items"])) == (200, True, 2)
    rest = program.get(f"/events?after={page['cursor']}")[1]
    assert (rest["more"], len(rest["items"])) == (False, len(every) - 2)
    end = program.get(f"/events?after={rest['cursor']}")[1]
    assert end == {"items": [], "cursor": rest["cursor"], "more": False}
    assert program.get("/events?types=card.hold_placed")[1]["items"][0]["type"] == "card.hold_placed"
    for wrong, pointer in (("after=x", "query:after"), ("types=card.eaten", "query:types/card.eaten")):
        status, problem = program.get(f"/events?{wrong}")
        assert (status, problem["errors"][0]["pointer"]) == (422, pointer)


def test_events_of_others_are_not_listed(program):
    other = Program(Customer.objects.create(name="Other"))
    own_card()
    assert told(program)
    assert told(other) == []
    reads = Program(program.customer, scopes=["cards:read"])
    assert reads.get("/events")[0] == 403


def test_events_are_forgotten_after_ninety_days(program):
    from simportal.retention import apply_retention

    own_card()
    told(program)
    count = ApiEvent.objects.count()
    limit = timezone.now() - timedelta(days=90)
    for ago, left in ((timedelta(minutes=1), count), (-timedelta(minutes=1), 0)):
        ApiEvent.objects.update(created_at=limit + ago)
        apply_retention()
        assert ApiEvent.objects.count() == left


def test_events_come_to_light_in_the_order_of_their_keys(program, acme):
    with one_at_a_time():
        at = timezone.now()
        events = [
            ApiEvent(customer=acme, type=EventType.ORDER_PAID, key=key, at=at, data={}) for key in ("a", "b", "a2")
        ]
        assert make_events(events) == 3
    with one_at_a_time():
        again = ApiEvent(customer=acme, type=EventType.ORDER_PAID, key="b", at=at, data={})
        assert make_events([again]) == 0
    assert [row.key for row in ApiEvent.objects.order_by("pk")] == ["a", "b", "a2"]


def test_a_card_that_comes_with_its_customer_was_assigned(program):
    card = open_card(customer="Acme")
    assert [(kind, data["seq"]) for kind, data in told(program)] == [("card.assigned", 1), ("card.state_changed", 1)]
    assert CardEvent.objects.get(card=card).seq == 1
    assert (ApiKey.objects.count(), Notice.objects.count()) == (1, 0)
