"""What is printed: an order with every line, and a receipt, with tax, words for the amount and the day's balance."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.utils.html import strip_tags

from billing.actions import orders, receipts, refunds
from billing.choices import OrderKind
from billing.models import CustomerAccount, MoneyRules, Order, OrderLine
from billing.money import LARGEST
from cards.models import Card, Plan
from tests.billing import build as b
from tests.build import card_in_use, member, on_day, unguarded
from tests.console.pages import logged_in, of_role

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 2)
MANY = 5_000
SELLER = {
    "seller_name": "华东物联科技有限公司",
    "seller_tax_number": "91310000MA1FL0000X",
    "seller_address": "上海市浦东新区世纪大道 1 号",
    "seller_phone": "021-58880000",
    "bank": "招商银行上海分行",
    "bank_account_name": "华东物联科技有限公司",
    "bank_account_number": "121900000010001",
}


@pytest.fixture(autouse=True)
def _clock():
    with on_day(DAY):
        yield


@pytest.fixture
def owner():
    return logged_in(member("Acme", "alice", "owner"))


def sold(*cards, funds="1000", **options):
    """A paid renewal of these cards at ¥30.00 each."""
    if funds:
        b.fund(funds)
        b.price("Y1-30", "30.00")
    return b.paid(cards=cards or [card_in_use(customer="Acme")], **options)


def paper(client, url, language="en"):
    """The document as people read it, a line for each of its texts."""
    response = client.get(url, headers={"accept-language": language})
    assert response.status_code == 200
    page = b"".join(response).decode().replace("</tr><tr>", "</tr>\n<tr>").replace("&#x27;", "'")
    return re.sub(r"\s*\n\s*", "\n", strip_tags(page[page.index("<main ") :])).strip()


def test_an_order_on_paper_says_who_sold_what_to_whom_with_tax_words_and_balance(owner):
    MoneyRules.objects.update(**SELLER)
    order = sold(card_in_use(customer="Acme"), card_in_use(customer="Acme"))
    CustomerAccount.objects.update(tax_number="91310000MA1FL1111X", tax_details="上海市 2 号 021-1")
    first, second = Card.objects.order_by("pk").values_list("iccid", flat=True)
    printed = paper(owner, f"/my/orders/{order.pk}/print/")
    plan = Plan.objects.get(code="Y1-30").title
    expected = f"""Order receipt
Order number{order.number}
StateFulfilled
华东物联科技有限公司
Taxpayer number91310000MA1FL0000X
021-58880000
Bank and account招商银行上海分行 121900000010001
NameAcme
Taxpayer number91310000MA1FL1111X
Invoice details上海市 2 号 021-1
{plan}12 months 2¥30.006 %¥3.40¥60.00
6 %¥56.60¥3.40¥60.00
Total incl. tax¥60.00
In words陆拾元整
Wallet balance after payment¥940.00 2026-03-02
1{first}{plan}Fulfilled¥30.00
2{second}{plan}Fulfilled¥30.00
This document is not a VAT invoice. Printed on 2026-03-02."""
    assert [line for line in expected.splitlines() if line not in printed] == []
    assert paper(of_role("finance"), f"/console/orders/{order.pk}/print/") == printed


def test_screen_and_paper_say_the_same_tax_whatever_each_item_is_rounded_to(owner):
    order = sold(*(card_in_use(customer="Acme") for _card in range(2)))
    unguarded()
    for number, price in ((1, "0.10"), (2, "0.11")):  # of each the tax is 0.01, of both 0.01
        OrderLine.objects.filter(order=order, number=number).update(unit_price=Decimal(price))
    Order.objects.filter(pk=order.pk).update(total=Decimal("0.21"))
    page = owner.get(f"/my/orders/{order.pk}/", headers={"accept-language": "en"})
    assert page.context["tax"] == Decimal("0.01")
    assert "6 %¥0.20¥0.01¥0.21" in paper(owner, f"/my/orders/{order.pk}/print/")


def test_in_chinese_the_paper_is_chinese(owner):
    MoneyRules.objects.update(**SELLER)
    printed = paper(owner, f"/my/orders/{sold().pk}/print/", "zh-hans")
    expected = ["订单收据", "价税合计¥30.00\n大写叁拾元整", "6 %¥28.30¥1.70¥30.00", "纳税人识别号91310000MA1FL0000X"]
    assert [text for text in expected if text not in printed] == []
    assert re.findall(r"[A-Za-z]{5,}", printed.replace("ICCID", "")) == []


def test_what_was_given_back_is_said_and_taken_off(owner):
    order = sold(card_in_use(customer="Acme"), card_in_use(customer="Acme"))
    Order.objects.update(refunded=Decimal("30.00"))
    printed = paper(owner, f"/my/orders/{order.pk}/print/")
    assert "Refunded¥30.00\nTotal less refunds¥30.00\nIn words叁拾元整" in printed


def test_what_is_not_paid_yet_is_a_confirmation_without_a_balance(owner):
    b.price("Y1-30", "30.00")
    order = b.placed(cards=[card_in_use(customer="Acme")])
    printed = paper(owner, f"/my/orders/{order.pk}/print/")
    assert ("Order confirmation" in printed, "StatePlaced" in printed, "balance" in printed) == (True, True, False)


def test_of_a_draft_there_is_no_paper(owner):
    b.price("Y1-30", "30.00")
    draft = b.drafted(cards=[card_in_use(customer="Acme")])
    assert owner.get(f"/my/orders/{draft.pk}/print/").status_code == 404
    assert of_role("finance").get(f"/console/orders/{draft.pk}/print/").status_code == 404


def test_a_credit_is_printed_with_its_reason_and_below_zero(owner):
    finance = b.financier()
    order = orders.make_adjustment(b.customer(), Decimal("-88.05"), user=finance, note="x", told="Outage of May")
    printed = paper(owner, f"/my/orders/{order.pk}/print/")
    assert "ReasonOutage of May" in printed
    assert "Total incl. tax-¥88.05\nIn words负捌拾捌元零伍分" in printed
    assert "1–AdjustmentFulfilled-¥88.05" in printed


def test_an_order_of_5000_lines_prints_them_all_with_as_many_queries_as_a_small_one(
    owner, django_assert_max_num_queries
):
    order = sold()
    line = order.lines.get()
    same = {"plan_id": line.plan_id, "unit_price": line.unit_price, "tax_rate": line.tax_rate, "state": line.state}
    OrderLine.objects.bulk_create(OrderLine(order=order, number=number, **same) for number in range(2, MANY + 1))
    with django_assert_max_num_queries(20):
        page = b"".join(owner.get(f"/my/orders/{order.pk}/print/")).decode()
    numbers = re.findall(r'<tr><td class="num">(\d+)</td>', page)
    assert list(map(int, numbers)) == list(range(1, MANY + 1))
    assert f'<td class="id">{line.card.iccid}</td>' in page


def test_a_receipt_on_paper_has_the_amount_in_words_and_nothing_of_the_staff(owner):
    clerk = b.financier(username="clerk9")
    MoneyRules.objects.update(**SELLER, second_person_above=LARGEST)
    b.fund("1")
    whose, note = b.customer(), "seen by clerk9"
    receipt = receipts.record(whose, Decimal("10010.01"), "ICBC 1", DAY, user=clerk, payer="Acme Ltd", note=note)
    printed = paper(owner, f"/my/receipts/{receipt.pk}/print/")
    expected = f"""Payment receipt
Receipt number{receipt.number}
Received on2026-03-02
Bank's referenceICBC 1
PayerAcme Ltd
华东物联科技有限公司
Amount received¥10,010.01
In words壹万零壹拾元零壹分
Wallet balance after receipt¥10,011.01 2026-03-02"""
    assert [line for line in expected.splitlines() if line not in printed] == []
    assert "clerk9" not in printed
    assert paper(of_role("finance"), f"/console/receipts/{receipt.pk}/print/") == printed
    receipts.reverse_receipt(receipt, user=clerk, reason="x")
    assert "Payment receipt Reversed" in paper(owner, f"/my/receipts/{receipt.pk}/print/")


def test_anothers_paper_is_not_found():
    order, clerk = sold(), b.financier()
    receipt = receipts.record(b.customer(), Decimal(1), "1", DAY, user=clerk)
    other = logged_in(member("Northwind", "charlie", "owner"))
    found = [other.get(f"/my/{what}/print/").status_code for what in (f"orders/{order.pk}", f"receipts/{receipt.pk}")]
    assert found == [404, 404]


def test_where_no_seller_is_set_staff_are_told_and_customers_not(owner):
    order = sold()
    hints = ("name, taxpayer number or address is not set", "taxpayer number is not set: enter it in the agreement")
    pages = [
        b"".join(client.get(url, headers={"accept-language": "en"})).decode()
        for client, url in (
            (of_role("finance"), f"/console/orders/{order.pk}/print/"),
            (owner, f"/my/orders/{order.pk}/print/"),
        )
    ]
    assert [[hint in page for hint in hints] for page in pages] == [[True, True], [False, False]]
    assert f"/console/customers/{order.customer_id}/#agreement" in pages[0]


STATEMENT = """Statement
Month2026-03-01 – 2026-03-31
The month is not over: more may follow.
Seller
Name华东物联科技有限公司
Taxpayer number91310000MA1FL0000X
Address上海市浦东新区世纪大道 1 号
Phone021-58880000
Bank and account招商银行上海分行 121900000010001
Buyer
NameAcme
Service delivered, less refunds
Items
ItemService periodQuantityUnit price incl. taxTax rateTax amountAmount incl. tax
Yearly plan 30 MB/month12 months 2¥30.006 %¥3.40¥60.00
Yearly plan 30 MB/month2026-01-15 – 2026-12-31 1¥30.006 %¥1.70¥30.00
Add-on pack 100 MB2026-03-02 1¥9.906 %¥0.56¥9.90
Yearly plan 30 MB/month given back12 months -1¥30.006 %-¥1.70-¥30.00
Tax
Tax rateNet amountTax amountAmount incl. tax
6 %¥65.94¥3.96¥69.90
Total incl. tax¥69.90
In words陆拾玖元玖角整
Wallet transactions
DayDescriptionReferenceAmountBalance
2026-03-01Opening balance¥0.00
2026-03-02Bank receipt¥1,000.00¥1,000.00
2026-03-02Order paymentORDER-1-¥30.00¥970.00
2026-03-02Order paymentORDER-2-¥30.00¥940.00
2026-03-02Order paymentORDER-3-¥9.90¥930.10
2026-03-02Order paymentORDER-4-¥30.00¥900.10
2026-03-02Refund · Not neededORDER-4¥30.00¥930.10
Money in¥1,030.00
Money out-¥99.90
Closing balance¥930.10
In words玖佰叁拾元壹角整
This document is not a VAT invoice. Printed on 2026-03-02.
Confirmed: buyer's seal
Seller's seal"""


def test_a_months_statement_says_what_was_delivered_with_its_periods_tax_words_and_the_wallet(owner):
    """A card opened and used, renewed behind that, topped up twice at another price each; one renewal given back."""
    MoneyRules.objects.update(**SELLER, second_person_above=LARGEST)
    b.price("PACK-100", "9.90")
    card = card_in_use(customer="Acme")
    sold(card)
    b.paid(kind=OrderKind.OPENING, cards=[card])
    b.paid(kind=OrderKind.PACK, cards=[card], plan="PACK-100")
    other = card_in_use(customer="Acme")
    returned = sold(other, funds=None)
    clerk = b.financier(username="clerk9")
    refunds.approve(refunds.request_refund(returned, user=clerk, reason="x", told="Not needed"), user=clerk)
    printed = paper(owner, f"/my/wallet/{b.customer().pk}/statement/print/?month=2026-03")
    assert re.sub(r"\d{8}-(\d+)", r"ORDER-\1", printed) == STATEMENT


def test_the_month_before_and_the_month_after_are_not_in_it_and_a_month_of_nothing_says_so(owner):
    finance = of_role("finance")
    with on_day(date(2026, 2, 28)):
        sold()
    sold(funds=None)
    with on_day(date(2026, 4, 1)):
        sold(funds=None)
        url = f"/console/customers/{b.customer().pk}/statement/print/?month="
        months = [paper(finance, f"{url}{month}") for month in ("2026-02", "2026-03", "2026-04")]
        assert [re.findall("Opening balance(.*)", month) for month in months] == [["¥0.00"], ["¥970.00"], ["¥940.00"]]
        assert [re.findall("Closing balance(.*)", month) for month in months] == [["¥970.00"], ["¥940.00"], ["¥910.00"]]
        assert ["more may follow" in month for month in months] == [False, False, True]
        nothing = paper(finance, f"{url}2026-01")
        assert "Nothing was delivered." in nothing
        assert "Total incl. tax¥0.00\nIn words零元整" in nothing
        for month in ("2026-05", "2026-13", "x"):
            assert finance.get(f"{url}{month}").status_code == 404


def test_a_statement_is_printed_for_whose_it_is_and_for_who_may_see_it(owner):
    whose = b.customer()
    own, theirs = (f"/{place}/{whose.pk}/statement/print/" for place in ("my/wallet", "console/customers"))
    other = logged_in(member("Northwind", "charlie", "owner"))
    assert [client.get(own).status_code for client in (owner, other, of_role("support"))] == [200, 404, 404]
    assert [of_role(role).get(theirs).status_code for role in ("finance", "auditor")] == [200, 200]
    assert owner.get(theirs).status_code == 404


TAX_NUMBERS = {
    "91310000MA1FL0000X": "91310000MA1FL0000X",
    " 9131 0000 ma1fl-0000x ": "91310000MA1FL0000X",
    "９１３１００００ＭＡ１ＦＬ００００Ｘ": "91310000MA1FL0000X",
    "": "",
}


def test_a_customers_tax_data_are_kept_with_the_agreement():
    client, whose = of_role("finance"), b.customer()
    url, posted = f"/console/customers/{whose.pk}/agreement/", {"credit_limit": "0", "renews_days_ahead": "7"}
    for typed, kept in TAX_NUMBERS.items():
        assert client.post(url, posted | {"tax_number": typed, "tax_details": "x"}).status_code == 302
        assert CustomerAccount.objects.values_list("tax_number", "tax_details").get() == (kept, "x")
    for typed in ("1234", "9" * 21, "91310000MA1FL0000!"):
        page = client.post(url, posted | {"tax_number": typed}, headers={"accept-language": "en"})
        assert (page.status_code, page.context["agreement"].errors) == (
            422,
            {"tax_number": ["A taxpayer number has 15 to 20 letters and digits."]},
        )
    assert CustomerAccount.objects.get().tax_number == ""


def test_a_card_sale_is_called_so(owner):
    card = Card.objects.get(pk=card_in_use(customer="Acme").pk)
    b.price("Y1-30", "30.00")
    order = b.placed(cards=[card])
    unguarded("billing_order")
    Order.objects.update(kind=OrderKind.SALE)
    OrderLine.objects.update(plan=None)
    assert f"1{card.iccid}Card saleOpen¥30.00" in paper(owner, f"/my/orders/{order.pk}/print/")
