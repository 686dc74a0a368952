"""The demo: a dealer in which every queue has cards, made through the actions, and the same each time."""

import hashlib
import json
import logging
import re
from dataclasses import replace
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count
from django.http import QueryDict

from billing.choices import OrderKind, OrderState, RefundState, Unpaid
from billing.models import CustomerAccount, Order, Receipt, Refund
from billing.not_paid import not_paid
from cards.carriers.actions.simulated_carrier import refuses
from cards.carriers.models import CarrierAccount
from cards.choices import OF_CARDS, Action, Carrier, CustomerKind, Hold, JobKind, JobStatus, RealName, State
from cards.filters import CardFilter
from cards.models import Card, CardEvent, Customer, Job, SavedView, ServiceTerm, SweptDay, UsageDay
from cards.sentences.record import EVIDENCE_LABELS, HIDDEN_EVIDENCE
from simportal.management.commands.demo import Command as DemoCommand

TODAY = date(2026, 3, 1)  # on which a month begins, too
MOST_OF_A_PERSON = 10

pytestmark = pytest.mark.django_db


def run(name, *arguments):
    out = StringIO()
    call_command(name, *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def fingerprint():
    """Everything that the demo wrote, without primary keys, passwords and the instants of this morning's jobs."""
    digest = hashlib.sha256()
    for rows in (
        Card.objects.order_by("iccid").values_list(
            "iccid", "state", "holds", "version", "used_bytes", "customer__name", "tags", "remark"
        ),
        CardEvent.objects.order_by("card__iccid", "seq").values_list(
            "action", "effective_on", "actor_name", "evidence"
        ),
        CardEvent.objects.filter(job=None).order_by("card__iccid", "seq").values_list("executed_at"),
        Job.objects.order_by("pk").values_list("kind", "action", "status", "total", "params", "reason"),
        SavedView.objects.order_by("pk").values_list("owner__username", "name", "query", "is_shared"),
        UsageDay.objects.order_by("card__iccid", "day").values_list("day", "bytes", "read_at", "imei"),
        ServiceTerm.objects.order_by("card__iccid", "number").values_list("plan__code", "starts_on", "service_until"),
        SweptDay.objects.order_by("day").values_list("day", "started_at", "finished_at", "counts"),
    ):
        for row in rows:
            digest.update(repr(tuple(map(without_keys, row))).encode())
    return digest.hexdigest()


def without_keys(value):
    """Evidence names customers and cards by their keys too, which another database has otherwise."""
    return (
        {name: said for name, said in value.items() if "customer_id" not in name and name != "other_card"}
        if isinstance(value, dict)
        else value
    )


def made():
    """Makes the demo as on the first of a month, which begins with every hold: its fingerprint, and what it said."""
    stderr = StringIO()
    call_command("demo", "--cards", "150", stdout=StringIO(), stderr=stderr)
    held = Card.objects.filter(state=State.SUSPENDED)
    assert {hold for card in held for hold in card.hold_list} == set(Hold)
    return fingerprint(), stderr.getvalue().splitlines()


def test_everything_that_a_page_can_show_is_there_and_the_same_each_time(settings, caplog):
    settings.SIMPORTAL_TODAY = TODAY
    caplog.set_level(logging.INFO, "simportal")
    with transaction.atomic():
        before = made()
        transaction.set_rollback(True)
    again = made()
    assert before[0] == again[0]
    assert before[1] == again[1]
    assert [record.getMessage() for record in caplog.records if record.levelno < logging.WARNING] == []
    staff, life, *months, morning = again[1]
    assert (staff, life, morning) == (
        "Creating staff, customers and carrier policies.",
        "Creating cards and 15 months of history, day by day.",
        "This morning: cards taken over, orders, jobs on many cards, saved views.",
    )
    assert (months[0], len(months)) == ("Month 1 of 15: 2024-12, 0 cards so far.", 15)
    assert re.fullmatch(r"Month 15 of 15: 2026-02, 1\d\d cards so far\.", months[-1])

    cards = Card.objects.all()
    assert {card.state for card in cards} == set(State)
    assert {hold for card in cards for hold in card.hold_list} == set(Hold)
    assert {card.real_name for card in cards} == set(RealName)
    assert set(CardEvent.objects.values_list("action", flat=True)) == set(Action) - {
        Action.UPDATE,
        Action.ASSIGN,
        Action.UNASSIGN,
        Action.UNTAG,
        Action.UNPROTECT,
        Action.UNPARK,
    }
    lost = CardEvent.objects.filter(reason="设备丢失").values_list("card__iccid", "to_state")
    assert {(refuses(iccid), state) for iccid, state in lost} == {(True, State.SUSPENDED)}
    assert set(CarrierAccount.objects.values_list("carrier", "protocol")) == {(each, "simulated") for each in Carrier}
    queues = {
        "several holds": cards.filter(holds__contains=","),
        "parked": cards.parked(),
        "protected past their end": cards.filter(state=State.SHUT_DOWN, protected=True, cancel_on__lt=TODAY),
        "stray usage": cards.exclude(stray_usage_on=None),
        "limits": cards.exclude(limit_mb=None),
        "queued terms": cards.filter(state=State.IN_USE, terms__starts_on=None),
        "rebound": cards.filter(bindings__is_rebind=True),
        "in stock": cards.filter(customer=None),
        "tagged": cards.filter(tag_rows__tag__name="cold-chain"),
        "remarked": cards.exclude(remark=""),
    }
    assert {name: queue.exists() for name, queue in queues.items()} == dict.fromkeys(queues, True)

    kept = {name for evidence in CardEvent.objects.values_list("evidence", flat=True) for name in evidence}
    assert kept - {*EVIDENCE_LABELS, *HIDDEN_EVIDENCE} == set()

    assert run("verify")["problems"] == []
    assert not Card.objects.due(TODAY).exists()
    assert SweptDay.objects.latest("day").day == TODAY
    assert not SweptDay.objects.filter(finished_at=None).exists()
    assert UsageDay.objects.filter(card__customer=None).count() == 0

    of_cards = Job.objects.filter(kind__in=OF_CARDS).order_by("pk")
    assert list(of_cards.values_list("kind", "action", "status")) == [
        (JobKind.ACTION, Action.TAG, JobStatus.DONE),
        (JobKind.ACTION, Action.SUSPEND, JobStatus.DONE),
        (JobKind.ACTION, Action.SUSPEND, JobStatus.DONE),
        (JobKind.UNDO, Action.RESUME, JobStatus.DONE),
        (JobKind.ACTION, Action.SET_LIMIT, JobStatus.READY),
    ]
    sold = Order.objects.order_by().values_list("kind", "state").distinct()
    assert set(sold) == {
        *((kind, OrderState.FULFILLED) for kind in (OrderKind.OPENING, OrderKind.RENEWAL, OrderKind.PACK)),
        *((OrderKind.RENEWAL, state) for state in (OrderState.DRAFT, OrderState.PLACED, OrderState.REFUNDED)),
        (OrderKind.OPENING, OrderState.PLACED),
        *((OrderKind.PACK, state) for state in (OrderState.WITHDRAWN, OrderState.EXPIRED)),
        *((OrderKind.ADJUSTMENT, state) for state in (OrderState.FULFILLED, OrderState.PLACED)),
    }
    assert {*not_paid().values_list("why", flat=True)} == {Unpaid.NOT_ORDERED, Unpaid.ORDERED}
    states = Refund.objects.order_by("state").values_list("state", flat=True)
    assert list(states) == sorted([RefundState.REQUESTED, RefundState.DONE, RefundState.DECLINED])
    persons = Customer.objects.filter(kind=CustomerKind.INDIVIDUAL).annotate(count=Count("cards"))
    assert max(person.count for person in persons) <= MOST_OF_A_PERSON
    seen_yesterday = UsageDay.objects.filter(card__state=State.IN_USE, day=TODAY - timedelta(days=1))
    assert seen_yesterday.count() >= 0.9 * cards.filter(state=State.IN_USE).count()
    controlled = CardEvent.objects.filter(action=Action.PLACE_HOLD, actor_name="desk")
    assert 1 <= cards.held_by(Hold.ANOMALY).count() < controlled.count() <= 4
    assert Receipt.objects.values("amount").distinct().count() > 10
    assert not CustomerAccount.objects.filter(balance__lt=0).exists()

    for view in SavedView.objects.all():
        assert list(CardFilter(QueryDict(view.query), queryset=cards).complaints()) == []

    with pytest.raises(CommandError, match="not empty") as refused:
        call_command("demo")
    assert refused.value.returncode == 2


def test_a_dealer_may_have_one_card():
    call_command("demo", "--cards", "1", stdout=StringIO(), stderr=StringIO())
    assert Card.objects.count() == 1


def test_in_service_there_is_no_demo(settings):
    settings.ENV = replace(settings.ENV, debug=False)
    with pytest.raises(CommandError, match="everybody in it has the same password") as refused:
        call_command("demo", "--cards", "10")
    assert (refused.value.returncode, Card.objects.exists()) == (2, False)


def test_beside_json_nothing_is_said_of_the_progress():
    stderr = StringIO()
    command = DemoCommand(stderr=stderr)
    with command.progress(quiet=True) as bar:
        command.say_beside(bar, "Making cards.", quiet=True)
        assert stderr.getvalue() == ""
        command.say_beside(bar, "Making cards.", quiet=False)
    assert stderr.getvalue() == "Making cards.\n"


@pytest.mark.parametrize("cards", ["0", "100001", "many"])
def test_a_number_of_cards_that_makes_no_sense_is_refused(cards):
    with pytest.raises(CommandError) as refused:
        call_command("demo", "--cards", cards)
    assert refused.value.returncode == 2
