"""C14: failed look-ups, placeholders and spellings in the column of customers."""

import uuid
from datetime import date
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from cards.actions.action_requests import act
from cards.actions.jobs import control, worker
from cards.choices import Action, JobKind
from cards.errors import BadInput
from cards.models import Card, Customer
from cards.names import Likeness, name_key, read_customer_name
from cards.permissions import Actor
from tests import build
from tests.commands.calls import card_row, csv_file, iccid, result, run

pytestmark = pytest.mark.django_db

CASE = Path(__file__).parent / "C14-no-customer-by-that-name"
ERRORS = {7: "#N/A", 13: "#REF!"}
PLACEHOLDERS = {8: "NULL", 10: "无", 14: "0"}


@pytest.fixture(autouse=True)
def _today(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "files"
    with build.on_day(date(2026, 3, 10)), translation.override("en"):
        yield


@pytest.fixture
def imported(tmp_path):
    def run_import(rows, *options):
        return run("import_cards", csv_file(tmp_path / "cards.csv", rows), *options, "--json").document

    return run_import


def errors_of_the_case():
    error = "“{}” is an error of the spreadsheet, not a customer's name"
    placeholder = "“{}” is not a customer's name; leave the cell empty for a card in stock"
    told = {row: error.format(text) for row, text in ERRORS.items()}
    told |= {row: placeholder.format(text) for row, text in PLACEHOLDERS.items()}
    return [{"row": row, "field": "customer", "message": told[row]} for row in sorted(told)]


@pytest.mark.parametrize("options", [["--dry-run"], []], ids=["dry run", "import"])
def test_c14(options):
    ended = run("import_cards", CASE / "cards.csv", *options, "--json")
    found = ended.document
    assert (ended.code, found["rows"], found["created"], found["errors"]) == (1, 15, 10, errors_of_the_case())
    assert found["new_customers"] == ["深圳智联（科技）有限公司", "Acme Ltd", "Acme Ltd.", "AcmeLtd"]
    assert [(warning["row"], warning["field"]) for warning in found["warnings"]] == [(11, "customer"), (12, "customer")]
    assert found["warnings"][0]["message"] == "Acme Ltd.: do you mean Acme Ltd?"
    names = {} if options else {"深圳智联（科技）有限公司": 2, "Acme Ltd": 5, "Acme Ltd.": 1, "AcmeLtd": 1, None: 1}
    assert {name: Card.objects.filter(customer__name=name).count() for name in names} == names
    assert Customer.objects.count() == (0 if options else 4)


def test_c14_as_a_workbook():
    ended = run("import_cards", CASE / "cards.xlsx", "--json")
    told = {error["message"] for error in ended.document["errors"]}
    assert "“#N/A” is an error of the spreadsheet, not a customer's name" in told
    assert not Customer.objects.filter(name__startswith="#").exists()


def test_a_customer_who_is_there_is_meant_however_the_name_is_written(imported):
    customer = Customer.objects.create(name="Acme （Shenzhen） Ltd")
    rows = [card_row(1, customer="ACME (Shenzhen)  ltd"), card_row(2, customer="Ａcme (shenzhen)\nLtd")]
    found = imported(rows)
    assert (found["created"], found["new_customers"], found["warnings"]) == (2, [], [])
    assert {card.customer for card in Card.objects.all()} == {customer}
    assert imported(rows)["unchanged"] == 2


def test_a_near_miss_is_asked(imported):
    Customer.objects.create(name="海川共享出行有限公司")
    found = imported([card_row(1, customer="海川共享"), card_row(2, customer="绿野智慧农业")], "--dry-run")
    asked = {"row": 2, "field": "customer", "message": "海川共享: do you mean 海川共享出行有限公司?"}
    assert (found["new_customers"], found["warnings"]) == (["海川共享", "绿野智慧农业"], [asked])


def test_of_two_whose_names_fall_together_one_is_named_exactly(imported):
    for name in ("Acme", "ACME"):
        Customer.objects.bulk_create([Customer(name=name)])
    found = imported([card_row(1, customer="acme"), card_row(2, customer="ACME")])
    message = "several customers are called so: “ACME”, “Acme”; write the name exactly as one of them has it"
    assert found["errors"] == [{"row": 2, "field": "customer", "message": message}]
    assert Card.objects.get().customer.name == "ACME"


def test_a_person_who_registered_here_is_refused_by_name(imported):
    person, card = build.registered("Zhang San", "zhang"), build.open_card(iccid=iccid(59))
    message = "“Zhang San @zhang” is a person who registered here: their cards are claimed, or assigned one by one"
    rows = [card_row(51, customer="zhang san  @zhang"), card_row(59, customer="Zhang San @zhang")]
    found = imported(rows, "--update")
    assert found["errors"] == [{"row": row, "field": "customer", "message": message} for row in (2, 3)]
    assert (Card.objects.count(), person.cards.count()) == (2, 1)
    build.do("assign", card, date(2026, 3, 10), customer="Zhang San @zhang")
    assert imported([card_row(59, customer="Zhang San @zhang")], "--update")["unchanged"] == 1


def test_a_firm_comes_in_by_its_name_whoever_has_registered_under_it(imported):
    person = build.registered("Fresh Corp", "fresh")
    found = imported([card_row(51, customer="Fresh Corp")])
    assert (found["created"], found["new_customers"], found["errors"]) == (1, ["Fresh Corp"], [])
    firm = Card.objects.get(iccid=iccid(51)).customer
    assert (firm.name, firm.kind, firm.is_registered) == ("Fresh Corp", "enterprise", False)
    assert (person.name, person.cards.count(), found["warnings"]) == ("Fresh Corp @fresh", 1, [])


def test_no_file_makes_somebody_who_looks_registered(imported):
    message = "Only the names of people who registered here end in “@” and a login."
    found = imported([card_row(1, customer="Fresh Corp @fresh"), card_row(2, customer="Acme ＠acme")])
    assert found["errors"] == [{"row": row, "field": "customer", "message": message} for row in (2, 3)]
    assert imported([card_row(3, customer="@home")])["new_customers"] == ["@home"]


def test_customers_of_code_of_before_are_found(imported):
    customer = Customer.objects.create(name="Ａcme")
    Customer.objects.update(name_key="")
    assert imported([card_row(1, customer="acme")])["new_customers"] == []
    assert Card.objects.get().customer == customer


def test_assigning_finds_the_customer_too():
    Customer.objects.create(name="Acme （Shenzhen） Ltd")
    card = build.open_card()
    act(Action.ASSIGN, [card.pk], actor=Actor.shell(), customer="acme (shenzhen) ltd")
    assert build.fresh(card).customer.name == "Acme （Shenzhen） Ltd"
    Customer.objects.bulk_create([Customer(name="Blue"), Customer(name="BLUE")])
    with pytest.raises(BadInput, match="several customers are called so"):
        act(Action.ASSIGN, [card.pk], actor=Actor.shell(), customer="blue")


def test_a_second_one_of_the_same_name_is_not_made_by_hand():
    Customer.objects.create(name="Acme")
    with pytest.raises(ValidationError, match="There is a customer of this name already: Acme"):
        Customer(name=" ＡCME ").full_clean()
    Customer(name="Acme 2").full_clean()


# as a job


def checked(rows, tmp_path, user):
    content = csv_file(tmp_path / "cards.csv", rows).read_bytes()
    file = SimpleUploadedFile("cards.csv", content)
    return worker.work_off(control.upload(JobKind.IMPORT_CARDS, file, user=user, key=uuid.uuid4()))


def test_a_check_makes_nobody_and_the_work_makes_each_once(tmp_path, monkeypatch):
    """Over chunks, in whatever writing, and before the first of them is done."""
    monkeypatch.setattr("cards.actions.jobs.cards_import.CARDS_AT_ONCE", 2)
    operator = build.staff("import", "assign")
    build.open_card(iccid=iccid(9))
    rows = [card_row(n, customer=name) for n, name in enumerate(["Blue", "Acme", "ACME", "blue", "Acme", "#N/A", "-"])]
    rows += [card_row(9, customer="Green")]
    job = checked(rows, tmp_path, operator)
    job.params["update"] = True
    foreseen = job.params["foreseen"]["new_customers"]
    assert [name for name, _row, _near in foreseen] == ["Blue", "Acme"]  # Green is of a card that is not corrected
    assert Customer.objects.count() == 0
    job = control.start(job, user=operator)
    assert set(Customer.objects.values_list("name", flat=True)) == {"Blue", "Acme"}
    job = worker.work_off(job)
    assert (job.status, Card.objects.filter(customer__name="Acme").count()) == ("done", 3)


def test_a_correcting_file_is_checked_with_new_customers(tmp_path):
    operator = build.staff("import", "assign")
    build.open_card(iccid=iccid(1))
    content = csv_file(tmp_path / "cards.csv", [card_row(1, customer="Green")]).read_bytes()
    file, how = SimpleUploadedFile("cards.csv", content), {"params": {"update": True}}
    job = worker.work_off(control.upload(JobKind.IMPORT_CARDS, file, user=operator, key=uuid.uuid4(), **how))
    assert job.params["foreseen"]["new_customers"] == [["Green", 2, []]]
    assert (control.engine.totals(job).check_counts["updated"], Customer.objects.count()) == (1, 0)
    worker.work_off(control.start(job, user=operator))
    assert Card.objects.get().customer.name == "Green"


# names


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("  Acme   Ltd ", "acme ltd"),
        ("ＡＣＭＥ\u3000Ｌｔｄ", "acme ltd"),
        ("Ac\u200bme\nLtd", "acme ltd"),
        ("深圳智联（科技）有限公司", "深圳智联(科技)有限公司"),
    ],
)
def test_names_are_evened_out(text, key):
    assert name_key(text) == key


@pytest.mark.parametrize(
    "text",
    [
        *("#N/A", "#n/a", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#####", "Err:502"),
        *("NULL", "null", "N/A", "n.a.", "none", "无", "（无）", "暂无", "空", "未知", "客户名称"),
        *("0", "00", "０", "/", "?", "。", "___"),
    ],
)
def test_what_is_no_name(text):
    with pytest.raises(BadInput) as refused:
        read_customer_name(text)
    assert refused.value.field == "customer"


@pytest.mark.parametrize("text", ["360", "Nulls & Co", "无锡智联", "C#N", "N.A. Trading", "0755 数码"])
def test_what_is_one(text):
    assert read_customer_name(text) == text


KNOWN = ["海川共享出行有限公司", "Acme Ltd", "客户1", "Customer A", "深圳智联（科技）有限公司"]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("海川共享", ["海川共享出行有限公司"]),
        ("海川共享出行有限公司深圳分公司", ["海川共享出行有限公司"]),
        ("Acme Ltd.", ["Acme Ltd"]),
        ("ACME", ["Acme Ltd"]),
        ("Acne Ltd", ["Acme Ltd"]),
        ("深圳智连科技有限公司", ["深圳智联（科技）有限公司"]),
        ("客户2", []),
        ("Customer B", []),
        ("蓝天物流", []),
    ],
)
def test_who_may_be_meant(name, near):
    assert Likeness(KNOWN).near(name) == near


def test_the_message_speaks_both_languages(tmp_path, monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    ended = run("import_cards", csv_file(tmp_path / "cards.csv", [card_row(1, customer="#N/A")]), "--json")
    assert "#N/A" in ended.document["errors"][0]["message"]
    assert "customer" not in ended.document["errors"][0]["message"]
    assert result("import_cards", csv_file(tmp_path / "b.csv", [card_row(1, customer="-")]))["created"] == 1
