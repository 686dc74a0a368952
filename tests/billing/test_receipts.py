"""Money through the bank: each transfer recorded once, by whoever may, and taken back when it was recorded wrongly."""

import re
from datetime import date
from decimal import Decimal
from importlib import import_module
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection
from django.utils.translation import override

from billing.actions import receipts
from billing.models import Entry, MoneyRules, Receipt
from billing.money import LARGEST
from cards.errors import BadInput
from tests.billing import build as b
from tests.build import on_day
from tests.console.pages import of_role, text

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
KEY = "8a3b9c52-6a1f-4b8e-9d7a-222222222222"
LIST = "/console/receipts/"
NEW = f"{LIST}new/"


@pytest.fixture(autouse=True)
def _clock():
    with on_day(TODAY):
        yield


@pytest.fixture
def finance():
    return in_english(of_role("finance"))


def in_english(client):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def recorded(reference="BANK 1", amount="100", name="Acme", received_on=TODAY, user=None, **more):
    user = user or b.clerk()
    said = b.customer(name), Decimal(amount), reference, received_on
    return b.approved(receipts.record(*said, user=user, **more))


def refused(**posted):
    """The field and the sentence by which a receipt is refused."""
    with override("en"), pytest.raises(BadInput) as bad:
        recorded(**posted)
    return bad.value.field, bad.value.sentence


def post(client, **posted):
    values = {"customer": "Acme", "amount": "1,234.5", "reference": "BANK 1", "received_on": "2026-03-01", "key": KEY}
    return client.post(NEW, values | posted)


def url(receipt, step=""):
    return f"{LIST}{receipt.pk}/{step}"


def said(client, response):
    return [str(message) for message in client.get(response["location"]).context["messages"]]


# recording


def test_the_same_form_twice_is_one_receipt():
    first = recorded(key=UUID(KEY))
    assert recorded(key=UUID(KEY)) == first
    assert (b.balance(), b.books(), Receipt.objects.count()) == (100, {"cash": -100, "wallet": 100}, 1)


# One transfer: full width, other case, blanks and dashes of every kind, and what no screen shows.
WRITTEN = [
    "BANK 1",
    "  BANK   1 ",
    "bank1",
    "ＢＡＮＫ１",
    "Bank-1",
    "BANK\u20131",
    "BANK\u20141",
    "BANK\u22121",
    "BANK－1",
]
WRITTEN += [
    "BANK\u00a01",
    "BANK\u30001",
    "BANK\u200b1",
    "\ufeffBANK 1",
    "BANK\u00ad1",
    "BA\u2060NK 1\ufe0f",
    "—BANK——1—",
]


@pytest.mark.parametrize("reference", WRITTEN)
def test_a_reference_is_recorded_once_however_it_is_written_and_the_sentence_says_whose_it_was(reference):
    receipt = recorded("Bank 1")
    sentence = f"already recorded as “Bank 1” for Acme on 2026-03-02 (receipt {receipt.number})"
    assert refused(reference=reference, name="Other") == ("reference", sentence)
    assert (b.balance(), Entry.objects.count()) == (100, 1)


def test_references_that_differ_in_letters_or_digits_are_several_transfers():
    for reference in ("BANK 1", "BANK 11", "BANK 1A", "BANK/1", "BANK_1", "银行1"):
        assert recorded(reference).reference == reference
    assert b.balance() == 600


def test_a_reference_of_signs_alone_says_nothing():
    assert refused(reference="——\u200b") == ("reference", "a reference needs a letter or a digit")


def test_what_code_of_before_has_recorded_without_a_key_stands_too():
    receipt = recorded()
    Receipt.objects.update(reference_key="")
    sentence = f"already recorded as “BANK 1” for Acme on 2026-03-02 (receipt {receipt.number})"
    assert refused() == ("reference", sentence)


def test_of_two_receipts_of_before_with_one_reference_both_stay_and_the_later_is_marked():
    written = ["ICBC 1", "icbc-1", "ICBC1", "CMB 1", "——", "———"]
    wrong, first, later, *_others = kept = [recorded(f"x{number}") for number in range(len(written))]
    receipts.reverse_receipt(wrong, user=wrong.recorded_by, reason="x")
    for receipt, reference in zip(kept, written, strict=True):
        Receipt.objects.filter(pk=receipt.pk).update(reference=reference, reference_key="")
    import_module("billing.migrations.0014_references_however_written").fill(apps, connection.schema_editor())
    assert list(Receipt.objects.order_by("pk").values_list("reference", "reference_key", "repeats")) == [
        ("ICBC 1", "icbc1", False),
        ("icbc-1", "icbc1", False),
        ("ICBC1", "icbc1", True),
        ("CMB 1", "cmb1", False),
        ("——", "", False),
        ("———", "", False),
    ]
    receipts.reverse_receipt(first, user=first.recorded_by, reason="x")
    assert refused(reference="ICBC 1")[0] == "reference"  # the later one still stands
    receipts.reverse_receipt(later, user=later.recorded_by, reason="x")
    assert recorded("ICBC 1").repeats is False


def test_a_receipt_leads_to_the_others_of_its_reference(finance):
    wrong = recorded()
    receipts.reverse_receipt(wrong, user=wrong.recorded_by, reason="x")
    right = recorded("bank-1", name="Other")
    assert f'<a href="{url(wrong)}">{wrong.number}</a>' in text(finance.get(url(right)))


def test_the_longest_reference_is_recorded_and_taken_back():
    receipt = recorded(reference="9" * 64)
    receipts.reverse_receipt(receipt, user=receipt.recorded_by, reason="wrong")
    assert b.balance() == 0


AHEAD = "this date is in the future; check it and confirm it"
LONG_AGO = "this date is more than 90 days ago; check it and confirm it"
NO_DAY = "a receipt cannot be of 2026-06-01; check the date"
USUAL_DAYS = [date(2025, 12, 2), date(2026, 3, 1), TODAY]
UNUSUAL_DAYS = {
    date(2000, 1, 1): LONG_AGO,
    date(2025, 12, 1): LONG_AGO,
    date(2026, 3, 3): AHEAD,
    date(2026, 5, 31): AHEAD,
}


@pytest.mark.parametrize("day", USUAL_DAYS)
def test_a_transfer_of_the_last_90_days_is_recorded_without_a_question(day):
    receipt = recorded(received_on=day)
    assert (receipt.received_on, receipt.day_confirmed_by) == (day, None)


@pytest.mark.parametrize("day", UNUSUAL_DAYS)
def test_an_earlier_day_or_one_ahead_is_recorded_on_somebodys_word_and_it_is_kept_whose(day):
    assert refused(received_on=day) == ("received_on", UNUSUAL_DAYS[day])
    receipt = recorded(received_on=day, day_confirmed=True)
    assert (receipt.received_on, receipt.day_confirmed_by) == (day, receipt.recorded_by)


@pytest.mark.parametrize("day", [date(1999, 12, 31), date(2026, 6, 1), date(9999, 12, 31)])
def test_on_some_days_no_money_came_whatever_somebody_says(day):
    sentence = f"a receipt cannot be of {day}; check the date"
    assert refused(received_on=day, day_confirmed=True) == ("received_on", sentence)


def test_a_word_for_a_usual_day_is_not_kept():
    assert recorded(day_confirmed=True).day_confirmed_by is None


def test_a_wallet_is_filled_to_the_last_cent_that_it_holds_and_no_further():
    recorded(amount=LARGEST - 1)
    assert refused(reference="BANK 2", amount="1.01") == ("amount", "a wallet can hold at most ¥9,999,999,999.99")
    assert recorded(reference="BANK 2", amount="1").entry.postings.get(account="wallet").balance == LARGEST


# taking back


def test_what_was_recorded_for_the_wrong_customer_is_taken_back_and_recorded_anew():
    wrong = recorded()
    receipts.reverse_receipt(wrong, user=wrong.recorded_by, reason="another customer's")
    right = recorded(name="Other")
    assert (b.balance("Acme"), b.balance("Other")) == (0, 100)
    assert list(Receipt.objects.filter(reversed_at=None)) == [right]


# the form


def test_finance_records_a_transfer_and_the_form_sent_again_changes_nothing(finance):
    b.customer()
    MoneyRules.objects.update(second_person_above=2000)
    responses = [post(finance, payer="Acme Ltd", note="March") for _ in range(2)]
    receipt = Receipt.objects.get()
    assert [response["location"] for response in responses] == [url(receipt)] * 2
    assert (receipt.amount, receipt.received_on, receipt.payer, receipt.note, receipt.recorded_by.username) == (
        Decimal("1234.50"),
        date(2026, 3, 1),
        "Acme Ltd",
        "March",
        "finance",
    )
    assert (b.balance(), receipt.entry.memo) == (Decimal("1234.50"), "March")
    assert said(finance, responses[0])[0] == "¥1,234.50 was added to the wallet of Acme."


@pytest.mark.parametrize(
    ("posted", "field", "sentence"),
    [
        ({"customer": "Nobody"}, "customer", "There is no customer with this name."),
        ({"customer": ""}, "customer", "This field is required."),
        ({"amount": "ten"}, "amount", "“ten” is not an amount; write it as 1234.50"),
        ({"amount": "0"}, "amount", "the amount must be at least ¥0.01"),
        ({"amount": "-5"}, "amount", "the amount must be at least ¥0.01"),
        ({"reference": " "}, "reference", "This field is required."),
        ({"reference": "9" * 65}, "reference", "Ensure this value has at most 64 characters (it has 65)."),
        ({"received_on": "2026-02-30"}, "received_on", "Enter a valid date."),
        ({"received_on": "2026-03-03"}, "received_on", AHEAD),
        ({"received_on": "2025-12-01", "day_confirmed": ""}, "received_on", LONG_AGO),
        ({"received_on": "2025-12-01", "day_confirmed": "2025-11-01"}, "received_on", LONG_AGO),
        ({"received_on": "2026-06-01", "day_confirmed": "2026-06-01"}, "received_on", NO_DAY),
        ({"key": ""}, "key", "This field is required."),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(finance, posted, field, sentence):
    b.customer()
    response = post(finance, **posted)
    assert (response.status_code, response.context["form"].errors) == (422, {field: [sentence]})
    assert Receipt.objects.count() == 0


def test_a_reference_that_stands_is_said_at_its_field(finance):
    receipt = recorded()
    response = post(finance, reference="bank-1")
    sentence = f"already recorded as “BANK 1” for Acme on 2026-03-02 (receipt {receipt.number})"
    assert (response.status_code, response.context["form"].errors) == (422, {"reference": [sentence]})
    assert f'href="{url(receipt)}"' in text(response)


def test_an_unusual_day_is_asked_for_with_a_tick_that_holds_for_this_day_alone(finance):
    b.customer()
    asked = post(finance, received_on="2025-12-01")
    tick = asked.context["form"]["day_confirmed"]
    assert (asked.status_code, tick.label) == (422, "Yes, received on 2025-12-01")
    assert '<input type="checkbox" name="day_confirmed" value="2025-12-01" id="id_day_confirmed">' in text(asked)
    other = post(finance, received_on="2025-11-30", day_confirmed="2025-12-01")
    assert (other.status_code, "checked" in str(other.context["form"]["day_confirmed"])) == (422, False)
    assert post(finance, amount="10", received_on="2025-12-01", day_confirmed="2025-12-01").status_code == 302
    receipt = Receipt.objects.get()
    assert (receipt.received_on, receipt.day_confirmed_by.username) == (date(2025, 12, 1), "finance")
    assert "date confirmed by finance" in text(finance.get(url(receipt)))


def test_a_usual_day_is_not_asked_for(finance):
    assert "day_confirmed" not in finance.get(NEW).context["form"].fields
    assert "day_confirmed" not in post(finance, amount="ten").context["form"].fields


def test_the_form_comes_with_today_and_with_the_customer_of_the_address(finance):
    form = finance.get(f"{NEW}?customer=Acme").context["form"]
    assert (form["customer"].value(), form["received_on"].value()) == ("Acme", TODAY)


@pytest.mark.parametrize("role", ["operations", "support", "auditor"])
def test_other_staff_look_and_record_nothing(role):
    receipt, client = recorded(), of_role(role)
    assert [client.get(page).status_code for page in (LIST, url(receipt), NEW)] == [200, 200, 403]
    assert post(client).status_code == 403
    assert client.post(url(receipt, "reverse/"), {"reason": "x", "key": KEY}).status_code == 403
    assert (b.balance(), Receipt.objects.count()) == (100, 1)
    assert 'href="/console/receipts/new/"' not in text(client.get(LIST))


# the page of one


def test_finance_takes_a_receipt_back_once(finance):
    receipt = recorded()
    posted = {"reason": "bounced", "key": KEY}
    assert said(finance, finance.post(url(receipt, "reverse/"), posted)) == []
    assert said(finance, finance.post(url(receipt, "reverse/"), posted)) == [
        "The entry is already reversed. No action is needed."
    ]
    page = finance.get(url(receipt))
    books = [
        (entry.kind, [(p.account, p.amount) for p in postings]) for entry, _by, postings in page.context["entries"]
    ]
    assert books == [("receipt", [("cash", -100), ("wallet", 100)]), ("reversal", [("cash", 100), ("wallet", -100)])]
    assert (b.balance(), "bounced" in text(page), "reverse/" in text(page)) == (0, True, False)


def test_a_receipt_that_is_spent_stays_and_one_without_a_reason_too(finance):
    receipt = recorded()
    assert said(finance, finance.post(url(receipt, "reverse/"), {"key": KEY})) == ["Briefly give a reason."]
    b.fund("-1")
    assert said(finance, finance.post(url(receipt, "reverse/"), {"reason": "x", "key": KEY})) == [
        "¥100.00 is needed, but the wallet has only ¥99.00 available. Add money to the wallet first."
    ]
    assert (b.balance(), Receipt.objects.get(pk=receipt.pk).reversed_at) == (99, None)


def test_a_receipt_that_there_is_not_is_not_found(finance):
    assert [finance.get(f"{LIST}{pk}/").status_code for pk in (1, 10**30)] == [404, 404]


# the list


@pytest.fixture
def _three():
    first = recorded("ICBC-1", "10", "Acme", date(2026, 2, 1), payer="Acme Ltd")
    recorded("ICBC-2", "20", "Other", date(2026, 2, 28), payer="Mr Li")
    recorded("CMB-1", "30", "Other", date(2026, 3, 1))
    receipts.reverse_receipt(first, user=first.recorded_by, reason="x")


LISTED = [
    ("", ["CMB-1", "ICBC-2", "ICBC-1"]),
    ("q=ICBC", ["ICBC-2", "ICBC-1"]),
    ("q=Mr", ["ICBC-2"]),
    ("q=Oth", ["CMB-1", "ICBC-2"]),
    ("q=nothing", []),
    ("q=icbc%E2%80%941", ["ICBC-1"]),
    ("q=ＣＭＢ 1", ["CMB-1"]),
    ("q=—", []),
    ("taken_back=repeated", []),
    ("customer=Acme", ["ICBC-1"]),
    ("taken_back=1", ["ICBC-1"]),
    ("taken_back=0", ["CMB-1", "ICBC-2"]),
    ("since=2026-02-28", ["CMB-1", "ICBC-2"]),
    ("through=2026-02-28", ["ICBC-2", "ICBC-1"]),
    ("since=2026-02-02&through=2026-02-28&q=ICBC", ["ICBC-2"]),
]


@pytest.mark.usefixtures("_three")
def test_the_list_finds_what_it_is_asked_for_the_newest_first(finance):
    pages = [(query, finance.get(f"{LIST}?{query}")) for query, _found in LISTED]
    listed = [
        (query, page.status_code, [receipt.reference for receipt in page.context["receipts"]]) for query, page in pages
    ]
    assert listed == [(query, 200, found) for query, found in LISTED]


@pytest.mark.usefixtures("_three")
def test_a_parameter_that_says_nothing_clear_finds_nothing(finance):
    for query in ("customer=Nobody", "since=x", "taken_back=2", "unknown=1", "after=x", "q=a&q=b"):
        page = finance.get(f"{LIST}?{query}")
        assert (page.status_code, page.context["receipts"], len(page.context["complaints"])) == (400, [], 1), query


def test_pages_follow_each_other_and_need_as_many_queries_for_many(finance, django_assert_max_num_queries):
    for number in range(51):
        recorded(f"R{number}", "1", f"Customer {number}")
    with django_assert_max_num_queries(6):
        first = finance.get(LIST)
    (after,) = set(re.findall(r"\?after=\d+", text(first)))
    second = finance.get(LIST + after)
    pages = [[receipt.reference for receipt in page.context["receipts"]] for page in (first, second)]
    assert pages == [[f"R{number}" for number in range(50, 0, -1)], ["R0"]]


def test_a_stranger_is_asked_to_log_in(client):
    assert client.get(LIST)["location"] == f"/admin/login/?next={LIST}"
