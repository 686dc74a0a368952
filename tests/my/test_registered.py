"""Customers whom strangers make by registering: nothing that names a firm means them, and pages say who is meant."""

import importlib
import uuid
from datetime import date
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import translation

from billing.forms import AssignForm
from billing.models import Order, Price, Receipt
from cards.actions.action_requests import act
from cards.actions.claim_codes import codes_of
from cards.actions.claims import claim
from cards.actions.jobs import control, worker
from cards.choices import JobKind
from cards.errors import BadInput
from cards.models import Card, ClaimCode, Customer, Membership, SavedView
from cards.models.customer import ENDS_LIKE_REGISTERED, REGISTERED_ENDS
from cards.names import LONGEST_OF_REGISTERED, is_registered_name, registered_name
from tests.build import SHELL, card_in_use, fresh, on_day, open_card, registered, staff
from tests.commands.calls import card_row, csv_file
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}


@pytest.fixture(autouse=True)
def _today(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    with on_day(date(2026, 3, 10)):
        yield


@pytest.fixture
def stranger():
    return registered("Fresh Corp", "fresh")


# names


@pytest.mark.parametrize(
    ("person", "login", "number", "name"),
    [
        ("王小明", "wang", 1, "王小明 @wang"),
        ("", "wang", 1, "wang @wang"),
        (" Fresh\n Corp\u202e ", "a@b.cn", 2, "Fresh Corp @a@b.cn~2"),
        ("Fresh Corp @acme", "fresh", 1, "Fresh Corp @acme @fresh"),
        ("x" * 200, "y" * 150, 99, "x" * LONGEST_OF_REGISTERED + " @" + "y" * LONGEST_OF_REGISTERED + "~99"),
    ],
)
def test_who_registers_is_called_by_name_and_login(person, login, number, name):
    assert (registered_name(person, login, number), is_registered_name(name), len(name) <= 128) == (name, True, True)


@pytest.mark.parametrize("name", ["Acme", "@home", "sales@acme.cn", "Acme @", "A @b c"])
def test_other_names_have_no_mark(name):
    assert not is_registered_name(name)


@pytest.mark.parametrize("name", ["Fresh Corp @fresh", "Fresh Corp ＠fresh", "Acme\u3000@x"])
def test_nobody_else_is_given_a_name_with_the_mark(name):
    with pytest.raises(ValidationError) as refused:
        Customer(name=name).full_clean()
    assert refused.value.message_dict == {"name": [str(ENDS_LIKE_REGISTERED)]}


def test_who_registered_keeps_the_mark(stranger):
    for name, says in {"Fresh Corp": [str(REGISTERED_ENDS)], "Fresher @fresh": None}.items():
        stranger.name = name
        try:
            stranger.full_clean()
            said = None
        except ValidationError as refused:
            said = refused.message_dict["name"]
        assert said == says


def test_logins_that_differ_in_case_make_different_customers(stranger):
    assert registered("Fresh Corp", "FRESH").name == "Fresh Corp @FRESH~2"


# nothing that names the firm means them


def test_assigning_by_the_firms_name_finds_no_stranger(stranger):
    card = open_card()
    with pytest.raises(BadInput) as refused, translation.override("en"):
        act("assign", [card.pk], actor=SHELL, customer="Fresh Corp")
    assert str(refused.value.sentence) == "there is no customer called “Fresh Corp”"
    Customer.objects.create(name="Fresh Corp")
    act("assign", [card.pk], actor=SHELL, customer="fresh corp")
    assert (fresh(card).customer.name, stranger.cards.count()) == ("Fresh Corp", 1)


def test_staff_who_mean_the_person_write_the_whole_name_with_its_mark(stranger):
    card = open_card()
    act("assign", [card.pk], actor=SHELL, customer="Fresh Corp @fresh")
    assert fresh(card).customer == stranger


GIVEN = {
    "a receipt": (
        "/console/receipts/new/",
        {"customer": "Fresh Corp", "amount": "5", "reference": "B1", "received_on": "2026-03-10"},
    ),
    "a price": (
        "/console/prices/",
        {"plan": "Y1-30", "kind": "customer", "customer": "Fresh Corp", "amount": "1", "valid_from": "2026-03-10"},
    ),
    "a sale": ("/console/orders/new/", {"kind": "sale", "plan": "", "customer": "Fresh Corp", "numbers": "8986"}),
}


@pytest.mark.parametrize("what", GIVEN)
def test_no_form_gives_a_stranger_what_is_the_firms(stranger, what):
    client = logged_in(User.objects.create_superuser("root"))
    address, posted = GIVEN[what]
    answer = client.post(address, posted | {"key": str(uuid.uuid4())}, headers=ENGLISH)
    assert (answer.status_code, answer.context["form"].errors["customer"]) == (
        422,
        ["There is no customer with this name."],
    )
    assert not any(model.objects.exists() for model in (Receipt, Price, Order))


def test_money_that_fits_no_payment_is_not_put_into_a_strangers_wallet(stranger):
    with translation.override("en"):
        assert AssignForm({"customer": "Fresh Corp", "reason": "x", "key": uuid.uuid4()}).errors == {
            "customer": ["There is no customer with this name."]
        }
    form = AssignForm({"customer": "Fresh Corp @fresh", "reason": "x", "key": uuid.uuid4()})
    assert (form.is_valid(), form.cleaned_data["customer"]) == (True, stranger)


# who is meant is said


def test_a_form_says_who_is_meant_so_that_nobody_is_taken_for_another(stranger):
    Customer.objects.create(name="Fresh Corp")
    card_in_use(customer="Fresh Corp")
    card_in_use(customer="Fresh Corp")
    client = of_role("finance")

    def said(name):
        page = client.get("/console/customers/meant/", {"customer": name}, headers=ENGLISH)
        return text(page).split("<datalist")[0].strip()

    assert said("FRESH corp") == "<strong>Fresh Corp (Enterprise customer, 2 cards)</strong>"
    person = "Fresh Corp @fresh (Individual customer, registered here, 1 card)"
    assert said("Fresh Corp @fresh") == f"<strong>{person}</strong>"
    assert (said("Nobody"), said("")) == ("There is no customer with this name.", "")


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("/console/receipts/new/", "finance"),
        ("/console/prices/", "finance"),
        ("/console/orders/new/", "operations"),
        ("/console/cards/{iccid}/assign/", "operations"),
    ],
)
def test_every_form_that_gives_something_asks_who_is_meant(path, role):
    page = text(of_role(role).get(path.format(iccid=open_card().iccid)))
    assert page.count('hx-get="/console/customers/meant/"') == 1


def test_the_check_of_a_file_names_whom_it_gives_cards_to(stranger, tmp_path):
    card_in_use(customer="Acme")
    user = staff("import", "assign")
    names = ["acme", "Fresh Corp", "Acme", "Fresh Corp @fresh"]
    rows = [card_row(100 + number, customer=name) for number, name in enumerate(names)]
    file = SimpleUploadedFile("cards.csv", csv_file(tmp_path / "cards.csv", rows).read_bytes())
    job = worker.work_off(control.upload(JobKind.IMPORT_CARDS, file, user=user, key=uuid.uuid4()))
    page = logged_in(user).get(f"/console/jobs/{job.pk}/", headers=ENGLISH)
    assert page.context["known_customers"] == ["Acme (Enterprise customer, 1 card): 2 rows"]
    assert page.context["new_customers"] == ["Fresh Corp"]
    assert "Acme (Enterprise customer, 1 card): 2 rows" in text(page)
    control.start(job, user=user)
    worker.work_off(job)
    assert {card.customer.name for card in Card.objects.filter(iccid__contains="10")} >= {"Acme", "Fresh Corp"}
    assert stranger.cards.count() == 1


def test_the_draft_of_an_order_names_whose_it_is():
    card = card_in_use(customer="Acme")
    client = of_role("operations")
    made = client.post(
        "/console/orders/new/",
        {"kind": "renewal", "plan": "Y1-30", "numbers": card.iccid, "key": str(uuid.uuid4())},
        headers=ENGLISH,
    )
    assert "Acme (Enterprise customer, 1 card)" in text(client.get(made["Location"], headers=ENGLISH))


# whose card a claim is


def test_who_asks_somebody_to_join_as_an_owner_does_not_get_their_cards(stranger):
    victim, card = User.objects.create_user("victim"), open_card()
    Membership.objects.create(customer=stranger, user=victim, role="owner")
    assert claim(card.iccid, codes_of([card])[card.pk].printed(card.iccid), user=victim) == card
    assert (fresh(card).customer.name, fresh(card).customer.registered_by) == ("victim @victim", victim)


def test_who_shares_what_they_registered_claims_for_it_still(stranger):
    owner, card = stranger.registered_by, open_card()
    Membership.objects.create(customer=stranger, user=User.objects.create_user("partner"), role="owner")
    claim(card.iccid, codes_of([card])[card.pk].printed(card.iccid), user=owner)
    assert fresh(card).customer == stranger


# those of before


def test_those_who_registered_before_get_the_mark_and_their_views_follow():
    wang, owner = User.objects.create_user("wang"), User.objects.create_user("boss")
    firm = Customer.objects.create(name="Fresh Corp", kind="individual", is_registered=True)
    orphan = Customer.objects.create(name="Left", kind="individual", is_registered=True)
    other = Customer.objects.create(name="Acme")
    for user in (owner, wang):
        Membership.objects.create(customer=firm, user=user, role="owner")
    ClaimCode.objects.filter(card=open_card()).update(used_by=wang)
    queries = {"theirs": "state=in_use&customer=Fresh+Corp", "others": "customer=Acme", "none": "q=customer%3D"}
    for name, query in queries.items():
        SavedView.objects.create(owner=owner, name=name, query=query)
    migration = importlib.import_module("cards.migrations.0041_registered_people_have_names_of_their_own")
    migration.give_names(apps, SimpleNamespace(connection=connection))
    assert list(Customer.objects.order_by("pk").values_list("name", "name_key", "registered_by")) == [
        ("Fresh Corp @wang", "fresh corp @wang", wang.pk),
        (f"Left @~{orphan.pk}", f"left @~{orphan.pk}", None),
        ("Acme", "acme", None),
    ]
    assert {firm.pk, orphan.pk, other.pk} == {customer.pk for customer in Customer.objects.all()}
    assert dict(SavedView.objects.values_list("name", "query")) == queries | {
        "theirs": "state=in_use&customer=Fresh+Corp+%40wang"
    }
