"""What is kept as one line is one line, by whatever door it came; mails, whose heads cannot have breaks, go out."""

import importlib
from datetime import date, datetime, time
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection, models
from django.utils import timezone

from billing.actions import receipts
from billing.choices import NoticeKind
from billing.mail import drain
from billing.models import MoneyRules, PriceTier, Receipt
from cards.models import CardEvent, Customer, SavedView
from cards.models.fields import CharField
from cards.phrases import on_one_line
from tests.billing import build
from tests.build import card_in_use, do, member, on_day
from tests.commands.calls import card_row, csv_file, run
from tests.console.pages import of_role

pytestmark = pytest.mark.django_db
MORNING = timezone.make_aware(datetime.combine(date(2026, 3, 2), time(8)))
ROOMS = ("billing", "cards", "simportal")
SEVERAL_LINES = {("CardRequest", "text"), ("CardRequest", "answer")}
BREAKS = ["\n", "\r\n", "\t", "\x0b", "\x1b", "\x85", "\u2028", "\u2029", "\n\n\t"]


@pytest.mark.parametrize("gap", BREAKS)
def test_whatever_breaks_a_line_becomes_a_blank(gap):
    assert on_one_line(f"{gap}Acme{gap}Ltd{gap}") == "Acme Ltd"


@pytest.mark.parametrize("text", ["", "Acme  Ltd", " Acme", "深圳\u3000智联", "a\u200bb", "a\x00b"])
def test_a_line_stays_as_it_is(text):
    assert on_one_line(text) == text


def test_every_text_of_ours_is_on_one_line_but_what_people_tell_each_other():
    others = {
        (model.__name__, field.name)
        for app in ROOMS
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.CharField) and not isinstance(field, CharField | models.EmailField)
    }
    assert {(model, name) for model, name in others if name not in ("state", "resumes_to")} == SEVERAL_LINES


def test_by_every_way_of_writing():
    Customer(name="A\nB").save()
    Customer.objects.create(name="C", contact="Mr\tX")
    Customer.objects.bulk_create([Customer(name="D\r\nE")])
    Customer.objects.filter(name="C").update(phone="1\n2")
    assert list(Customer.objects.order_by("pk").values_list("name", "contact", "phone")) == [
        ("A B", "", ""),
        ("C", "Mr X", "1 2"),
        ("D E", "", ""),
    ]


def test_by_action_command_file_and_form(tmp_path):
    card = do("suspend", card_in_use(customer="Acme"), date(2026, 3, 10), reason="lost\nin transit")
    run("act", "resume", card.iccid, "--reason", "found\r\nagain")
    told = CardEvent.objects.filter(card=card).order_by("seq").values_list("action", "reason")
    assert list(told)[-2:] == [("suspend", "lost in transit"), ("resume", "found again")]
    run("import_cards", csv_file(tmp_path / "cards.csv", [card_row(71, customer="Fresh\nCorp")]))
    of_role("operations").post(
        "/admin/cards/customer/add/",
        {
            "name": "Blue\tCorp",
            "kind": "enterprise",
            "contact": "Mr\nX",
            "memberships-TOTAL_FORMS": 0,
            "memberships-INITIAL_FORMS": 0,
        },
    )
    assert set(Customer.objects.values_list("name", "contact")) >= {("Fresh Corp", ""), ("Blue Corp", "Mr X")}
    assert not any(set("\r\n\t") & set(name) for name in Customer.objects.values_list("name", flat=True))


def test_money_and_what_is_said_of_it():
    customer, day = Customer.objects.create(name="Acme"), MORNING.date()
    finance = User.objects.create_superuser("finance")
    with on_day(day):
        receipts.record(customer, Decimal("5"), "B\n1", day, user=finance, payer="A\nB", note="x\ty")
    assert Receipt.objects.values_list("reference", "payer", "note").get() == ("B 1", "A B", "x y")


def as_it_was(row, **columns):
    """Written as code of before wrote it, breaks and all."""
    with connection.cursor() as cursor:
        for name, text in columns.items():
            cursor.execute(f"UPDATE {row._meta.db_table} SET {name} = %s WHERE id = %s", [text, row.pk])


def test_what_stood_there_before_is_evened_out_and_what_must_differ_differs():
    names = ["A B", "A\nB", "Plain", "C\tD"]
    customers = [Customer.objects.create(name=f"customer {number}") for number in range(len(names))]
    for customer, name in zip(customers, names, strict=True):
        as_it_was(customer, name=name)
    view = SavedView.objects.create(owner=User.objects.create_user("ops"), name="view")
    tier = PriceTier.objects.create(name="tier")
    as_it_was(view, name="my\nview"), as_it_was(tier, name="big\nones")
    as_it_was(MoneyRules.read(), seller_name="The\nDealer")
    for name in ("cards.migrations.0046_text_on_one_line", "billing.migrations.0022_text_on_one_line"):
        for operation in importlib.import_module(name).Migration.operations:
            operation.code(apps, SimpleNamespace(connection=connection))
    assert list(Customer.objects.order_by("pk").values_list("name", flat=True)) == ["A B", "A B (2)", "Plain", "C D"]
    found = [model.objects.get().name for model in (SavedView, PriceTier)]
    assert (*found, MoneyRules.objects.get().seller_name) == ("my view", "big ones", "The Dealer")


def test_the_mail_of_a_customer_whose_name_breaks_the_line_goes_out(mailoutbox):
    alice = member("Acme")
    User.objects.filter(pk=alice.pk).update(email="alice@example.cn")
    build.notice(kind=NoticeKind.WALLET_LOW, step=0, on=MORNING.date(), balance="9.99", low_below="100.00")
    as_it_was(alice.customers.get(), name="Acme\nBcc: all@example.cn")
    drain(MORNING.date(), MORNING, seconds=60)
    (sent,) = mailoutbox
    assert (sent.subject.splitlines(), sent.recipients()) == ([sent.subject], ["alice@example.cn"])
    assert "Acme Bcc: all@example.cn" in sent.subject
