"""The same form sent twice, at the same moment, or by somebody else: each thing that a form makes."""

import itertools
import uuid
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.files.base import ContentFile
from django.db import OperationalError, connection, transaction

from billing.actions import orders, payments, receipts, refunds
from billing.choices import OrderKind
from billing.models import Entry, Order, Payment, Receipt, Refund
from cards.actions.jobs import control
from cards.actions.requests import open_request
from cards.actions.selections import freeze
from cards.choices import JobKind
from cards.models import Card, CardRequest, Job, Selection
from tests.billing import build as b
from tests.billing.test_at_once import at_once
from tests.build import card_in_use, member, on_day
from tests.processes import refusing_statement

TODAY = date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _clock(request, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    with on_day(TODAY):
        yield


def people(kind):
    """Two who may both send such a form; of requests, which belong to a customer, of two customers."""
    if kind == "request":
        return member("Acme", "first"), member("Other", "second")
    first, second = User.objects.create_superuser("first"), User.objects.create_superuser("second")
    return first, second


def selection(user):
    card_in_use(customer="Acme")
    return freeze(Card.objects.all(), owner=user, asked={})


def request(user):
    card = card_in_use(customer="Acme")
    anothers = card_in_use(customer="Other")
    return lambda who, key: open_request(card if who == user else anothers, by=who, text="?", evidence={}, key=key)


def draft(user):
    chosen = selection(user)
    return lambda who, key: control.draft(chosen, "suspend", user=who, key=key)


def upload(user):
    file = b"iccid,carrier,certification,opened_on,plan\n8986000000000000001,cmcc,enterprise,2026-01-15,Y1-30"
    return lambda who, key: control.upload(JobKind.IMPORT_CARDS, ContentFile(file, name="cards.csv"), user=who, key=key)


def freezing(user):
    card_in_use()
    return lambda who, key: freeze(Card.objects.all(), owner=who, asked={}, key=key)


def order(user):
    b.price("Y1-30", "30.00")
    card = card_in_use(customer="Acme")
    return lambda who, key: orders.draft_order(OrderKind.RENEWAL, b.customer(), [card.pk], user=who, key=key)


def adjustment(user):
    return lambda who, key: orders.make_adjustment(b.customer(), Decimal("-5"), user=who, note="sorry", key=key)


def refund(user):
    b.price("Y1-30", "30.00")
    b.fund("100")
    paid = b.paid(cards=[card_in_use(customer="Acme")], user=user)
    return lambda who, key: refunds.request_refund(paid, user=who, reason="because", key=key)


def receipt(user):
    return lambda who, key: receipts.record(b.customer(), Decimal("10"), f"BANK {who}", TODAY, user=who, key=key)


def deposit(user):
    return lambda who, key: payments.start_deposit(b.customer(), Decimal("10"), user=who, key=key)


DOORS = {
    "selection": (freezing, Selection.objects.all),
    "job": (draft, Job.objects.all),
    "upload": (upload, Job.objects.all),
    "request": (request, CardRequest.objects.all),
    "order": (order, Order.objects.all),
    "adjustment": (adjustment, Order.objects.all),
    "refund": (refund, Refund.objects.all),
    "receipt": (receipt, Receipt.objects.all),
    "deposit": (deposit, Payment.objects.all),
}


def everything():
    models = (Selection, Job, CardRequest, Order, Refund, Receipt, Payment, Entry)
    return {model.__name__: model.objects.count() for model in models}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", DOORS)
def test_a_form_sent_twice_makes_one_thing_and_another_form_another(kind):
    user, _other = people(kind)
    door, made = DOORS[kind]
    send, key = door(user), uuid.uuid4()
    first, once = send(user, key), everything()
    assert (send(user, key), everything(), first in made()) == (first, once, True)
    if kind not in ("request", "receipt"):  # while a request waits there is no second; a reference is recorded once
        assert send(user, uuid.uuid4()) != send(user, None) != first


@pytest.mark.django_db
@pytest.mark.parametrize("kind", DOORS)
def test_the_key_of_somebody_elses_form_hands_out_nothing_and_makes_nothing(kind):
    user, other = people(kind)
    send, key = DOORS[kind][0](user), uuid.uuid4()
    send(user, key)
    once = everything()
    with pytest.raises(PermissionDenied):
        send(other, key)
    assert everything() == once


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.skipif(
    connection.vendor == "sqlite",
    reason="in tests all threads share SQLite's connection",
)
@pytest.mark.parametrize("kind", DOORS)
def test_a_form_sent_many_times_at_the_same_moment_makes_one_thing(kind, tmp_path):
    user, _other = people(kind)
    send, key = DOORS[kind][0](user), uuid.uuid4()
    before = everything()
    answers = at_once([lambda: send(user, key)] * 8)
    assert {answer.pk for answer in answers} == {DOORS[kind][1]().latest("pk").pk}
    grown = {name: count - before[name] for name, count in everything().items() if count != before[name]}
    assert len(list(tmp_path.glob("jobs/*"))) == (kind == "upload")
    assert max(grown.values()) == 1 or (kind, grown) == ("adjustment", {"Order": 1, "Entry": 2})


@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.parametrize("kind", DOORS)
def test_a_form_that_met_an_outage_at_any_moment_left_nothing_half_done_and_may_be_sent_again(kind):
    user, _other = people(kind)
    send, key = DOORS[kind][0](user), uuid.uuid4()
    before, left = everything(), []
    for number in itertools.count(1):
        with transaction.atomic():
            with suppress(OperationalError), refusing_statement(number):
                send(user, key)
                break
            left.append(everything())
            send(user, key)
            once = everything()
            transaction.set_rollback(True)
    assert number > 3
    assert [found for found in left if found not in (before, once)] == []
    assert everything() == once
