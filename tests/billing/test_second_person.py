"""The second person cannot be walked round: what one did alone is added up, and above an amount a colleague decides."""

import contextlib
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import override

from billing.actions import orders, receipts, refunds
from billing.actions.accounts import keep_agreement
from billing.actions.approvals import approve_proposal, decline_proposal, expire_waiting
from billing.actions.ledger import account_of
from billing.actions.prices import set_price
from billing.actions.second_person import sum_alone
from billing.choices import PriceKind
from billing.errors import MoneyRefused
from billing.models import DoneAlone, MoneyRules, Price, PriceTier, Proposal, Receipt, Refund, TermsRecord
from billing.pages.approval_lines import decided_by, told_as_expired
from billing.proof import problems
from cards.errors import BadInput
from cards.models import Plan
from tests.billing import build as b
from tests.build import card_in_use, on_day
from tests.console.pages import of_role, text

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
KEY = UUID("8a3b9c52-6a1f-4b8e-9d7a-333333333333")
ENGLISH = {"accept-language": "en"}


@pytest.fixture(autouse=True)
def _clock():
    with on_day(TODAY):
        yield


@pytest.fixture
def user():
    return b.financier()


@pytest.fixture
def colleague():
    return b.financier(username="colleague")


# what each does; whether it was done at once


def adjust(user, amount, name="Acme", sign=-1):
    return not orders.make_adjustment(b.customer(name), sign * Decimal(amount), user=user, note="x").is_placed


def charge(user, amount, name="Acme"):
    b.fund(amount, name)
    return adjust(user, amount, name, sign=1)


def record(user, amount, name="Acme"):
    return isinstance(recorded(user, amount, name), Receipt)


def recorded(user, amount, name="Acme", reference=None, **more):
    reference = reference or f"BANK {Receipt.objects.count()} {Proposal.objects.count()}"
    return receipts.record(b.customer(name), Decimal(amount), reference, TODAY, user=user, **more)


def reverse(user, amount, name="Acme"):
    receipt = b.approved(recorded(b.clerk(f"clerk {amount} {name}"), amount, name))
    return not isinstance(receipts.reverse_receipt(receipt, user=user, reason="x"), Proposal)


def give_credit(user, amount, name="Acme"):
    limit = account_of(b.customer(name).pk).credit_limit + Decimal(amount)
    return not isinstance(keep_agreement(b.customer(name), user=user, credit_limit=limit), Proposal)


def refund(user, amount, name="Acme"):
    Price.objects.all().delete()
    b.price("Y1-30", amount)
    b.fund(amount, name)
    order = b.paid(cards=[card_in_use(customer=name)], name=name, user=b.financier(username=f"ops {amount} {name}"))
    asked = refunds.request_refund(order, user=user, reason="x")
    with contextlib.suppress(MoneyRefused):
        refunds.approve(asked, user=user)
    return not Refund.objects.get(pk=asked.pk).waits


DEEDS = [adjust, charge, record, reverse, give_credit, refund]


@pytest.mark.parametrize("do", DEEDS)
@pytest.mark.parametrize(("amount", "alone"), [("999.99", True), ("1000.00", True), ("1000.01", False)])
def test_alone_up_to_the_amount_and_above_it_by_two(user, do, amount, alone):
    assert do(user, amount) == alone
    assert sum_alone(user, b.customer()) == (Decimal(amount) if alone else 0)
    assert list(problems()) == []


@pytest.mark.parametrize("first", [adjust, record, give_credit, reverse, refund])
@pytest.mark.parametrize("then", [charge, record, give_credit])
def test_what_is_split_is_added_up_whatever_it_is(user, colleague, first, then):
    assert first(user, "600")
    assert not then(user, "400.01")
    assert then(colleague, "400.01")
    assert then(user, "1000", "Other")
    assert then(user, "400")


@pytest.mark.parametrize(("days", "counts"), [(29, True), (30, False), (31, False)])
def test_days_before_count_with_today_as_the_last_of_thirty(user, days, counts):
    with on_day(TODAY - timedelta(days=days)):
        adjust(user, "600")
    assert adjust(user, "400.01") == (not counts)


def test_the_numbers_are_settings(user):
    MoneyRules.objects.update(second_person_above=Decimal(10), second_person_days=2)
    with on_day(TODAY - timedelta(days=2)):
        assert adjust(user, "10")
    with on_day(TODAY - timedelta(days=1)):
        assert not adjust(user, "0.01")
    assert [adjust(user, amount) for amount in ("6", "4.01", "4")] == [True, False, True]


def test_a_credit_limit_that_is_lowered_gives_nothing_and_to_raise_it_again_counts_anew(user):
    assert [give_credit(user, amount) for amount in ("1000", "-1000", "0.01")] == [True, True, False]


# what waits


def refusal_of(do, *args, **kwargs):
    with override("en"):
        with pytest.raises(MoneyRefused) as refused:
            do(*args, **kwargs)
        return str(refused.value)


def test_a_receipt_that_waits_is_in_no_wallet_until_a_colleague_approves_it_once(user, colleague):
    waiting = recorded(user, "1000.01", key=KEY, reference="BANK 1", payer="Acme Ltd", note="March")
    assert (b.balance(), Receipt.objects.count()) == (0, 0)
    assert recorded(user, "1000.01", key=KEY, reference="BANK 1") == waiting
    with pytest.raises(PermissionDenied):
        recorded(colleague, "1000.01", key=KEY, reference="BANK 1")
    for name in ("Acme", "Other"):
        with pytest.raises(BadInput) as twice, override("en"):
            recorded(colleague, "1", name, reference="BANK 1")
        said = f"a receipt with this reference already waits for approval, for Acme: #{waiting.pk}"
        assert (twice.value.field, twice.value.sentence) == ("reference", said)
    assert refusal_of(approve_proposal, waiting, user=user).startswith("You cannot approve your own request.")
    assert refusal_of(approve_proposal, waiting, user=b.financier("adjust_order", username="other")).startswith(
        "other "
    )
    for _ in range(2):
        assert approve_proposal(waiting, user=colleague).state == "approved"
    receipt = Receipt.objects.get()
    assert (receipt.amount, receipt.recorded_by, receipt.entry.actor_name) == (Decimal("1000.01"), user, "colleague")
    assert (receipt.payer, receipt.note, receipt.received_on) == ("Acme Ltd", "March", TODAY)
    assert (b.balance(), b.books()) == (Decimal("1000.01"), {"cash": Decimal("-1000.01"), "wallet": Decimal("1000.01")})
    assert recorded(user, "1000.01", key=KEY, reference="BANK 1") == receipt
    assert decline_proposal(waiting, user=colleague).state == "approved"
    assert not DoneAlone.objects.exists()


def test_what_two_agreed_on_does_not_count(user, colleague):
    approve_proposal(recorded(user, "5000"), user=colleague)
    assert [record(each, "1000") for each in (user, colleague)] == [True, True]


def test_what_is_declined_is_not_done_and_can_be_asked_for_again(user, colleague):
    declined = decline_proposal(recorded(user, "2000", reference="BANK 1"), user=colleague)
    assert (approve_proposal(declined, user=colleague).state, b.balance()) == ("declined", 0)
    assert decline_proposal(recorded(user, "2000", reference="BANK 1"), user=user).state == "declined"
    assert record(user, "1000")


def test_a_transfer_recorded_by_another_meanwhile_is_not_recorded_twice(user, colleague):
    waiting = recorded(user, "2000", reference="BANK 1")
    Proposal.objects.filter(pk=waiting.pk).update(subject="as if it had been asked for at the same moment")
    recorded(colleague, "500", reference="BANK 1")
    with pytest.raises(BadInput):
        approve_proposal(waiting, user=colleague)
    assert (Proposal.objects.get().state, b.balance()) == ("asked", 500)


def test_a_reversal_waits_once_and_takes_back_what_was_recorded(user, colleague):
    receipt = approve_proposal(recorded(user, "2000"), user=colleague).receipt
    waiting = receipts.reverse_receipt(receipt, user=user, reason="bounced")
    again = refusal_of(receipts.reverse_receipt, receipt, user=colleague, reason="x")
    assert again.startswith(f"This already waits for approval: #{waiting.pk}, requested by finance.")
    assert b.balance() == 2000
    approve_proposal(waiting, user=colleague)
    assert (b.balance(), receipt.entry.reversed_by.memo) == (0, "bounced")
    assert refusal_of(receipts.reverse_receipt, receipt, user=user, reason="x").startswith(
        "The entry is already reversed."
    )


def test_an_adjustment_waits_as_an_order_and_nobody_approves_their_own(user, colleague):
    adjust(user, "600")
    order = orders.make_adjustment(b.customer(), Decimal("400.01"), user=user, note="x")
    assert refusal_of(orders.approve_adjustment, order, user=user) == (
        "With this, you alone come to ¥1,000.01 for this customer in 30 days; above ¥1,000.00 it needs approval. "
        "Ask a colleague in finance."
    )
    assert orders.approve_adjustment(order, user=colleague).state == "fulfilled"
    assert (sum_alone(user, b.customer()), sum_alone(colleague, b.customer())) == (600, 0)


# the agreement


def changes():
    """(what, before, after, who, who agreed) of each change, in order."""
    return [
        (each.deed, each.before, each.after, each.by.username, each.approved_by and each.approved_by.username)
        for each in TermsRecord.objects.order_by("pk")
    ]


def test_every_change_of_an_agreement_is_a_row_and_what_did_not_change_is_none(user, colleague):
    keep_agreement(b.customer(), user=user, credit_limit=Decimal(500), auto_renews=True, renews_days_ahead=7)
    keep_agreement(b.customer(), user=user, credit_limit=Decimal(500), low_below=Decimal(5), muted=["expiring"])
    approve_proposal(keep_agreement(b.customer(), user=user, credit_limit=Decimal("1000.01")), user=colleague)
    assert changes() == [
        (
            "terms",
            {"credit_limit": "0.00", "auto_renews": False},
            {"credit_limit": "500.00", "auto_renews": True},
            "finance",
            None,
        ),
        ("terms", {"low_below": None, "muted": []}, {"low_below": "5.00", "muted": ["expiring"]}, "finance", None),
        ("terms", {"credit_limit": "500.00"}, {"credit_limit": "1000.01"}, "finance", "colleague"),
    ]
    account = account_of(b.customer().pk)
    assert (account.credit_limit, account.low_below, account.auto_renews) == (Decimal("1000.01"), 5, True)


def test_an_agreement_that_waits_is_kept_whole_or_not_at_all(user, colleague):
    waiting = keep_agreement(b.customer(), user=user, credit_limit=Decimal(2000), auto_renews=True)
    assert (account_of(b.customer().pk).auto_renews, changes()) == (False, [])
    again = refusal_of(keep_agreement, b.customer(), user=colleague, credit_limit=Decimal(3000))
    assert again.startswith("This already waits for approval")
    keep_agreement(b.customer(), user=colleague, credit_limit=Decimal(10))
    assert refusal_of(approve_proposal, waiting, user=colleague) == (
        "The agreed terms have been changed since this was requested. Decline it, and request the change again."
    )
    decline_proposal(waiting, user=colleague)
    assert account_of(b.customer().pk).credit_limit == 10


def test_a_cheaper_tier_counts_by_its_largest_difference_and_a_dearer_one_not(user):
    cheap, dear = (PriceTier.objects.create(name=name) for name in ("cheap", "dear"))
    for plan, listed, amount in (("Y1-30", "30", "20.00"), ("M1-100", "5", "4.00")):
        b.price(plan, listed)
        b.price(plan, amount, PriceKind.TIER, tier=cheap)
        b.price(plan, "40", PriceKind.TIER, tier=dear)
    assert not isinstance(keep_agreement(b.customer(), user=user, tier=dear), Proposal)
    waiting = keep_agreement(b.customer(), user=user, tier=cheap)  # 20.00 less a card, for at least 100 cards
    assert (waiting.amount, waiting.before, waiting.after) == (3600, {"tier": "dear"}, {"tier": "cheap"})
    assert not isinstance(keep_agreement(b.customer("Other"), user=user, tier=cheap), Proposal)
    assert sum_alone(user, b.customer("Other")) == 1000


# prices


def priced(user, amount, plan="Y1-30", kind=PriceKind.LIST, since=TODAY, **whose):
    amount = amount and Decimal(amount)
    plan = Plan.objects.get(code=plan)
    return set_price(user=user, kind=kind, plan=plan, amount=amount, valid_from=since, **whose)


PRICES = [
    # kind, the new price, what it takes off for 100 cards, whether it is set at once
    ("list", "20.00", 1000, True),
    ("list", "19.99", 1001, False),
    ("list", "35", 0, True),
    ("list", None, 0, True),
    ("list", "0", 3000, "zero"),
    ("tier", "15", 1500, False),
    ("tier", "25", 500, True),
    ("customer", "24", 600, True),
    ("customer", "20", 1000, True),
    ("customer", "11.99", 1801, "below_cost"),
    ("cost", "2.00", 1000, True),
    ("cost", "1.99", 1001, False),
    ("cost", "0", 1200, False),
]


@pytest.mark.parametrize(("kind", "amount", "takes_off", "alone"), PRICES)
def test_a_price_counts_by_what_it_takes_off_and_is_never_free_or_below_cost_alone(
    user, kind, amount, takes_off, alone
):
    tier = PriceTier.objects.create(name="reseller")
    b.price("Y1-30", "30")
    b.price("Y1-30", "12", PriceKind.COST)
    whose = {"tier": {"tier": tier}, "customer": {"customer": b.customer()}}.get(kind, {})
    done = priced(user, amount, kind=kind, **whose)
    if alone is True:
        assert (isinstance(done, Price), sum_alone(user, whose.get("customer"))) == (True, takes_off)
        after = f"{Decimal(amount):.2f}" if amount else None
        before = "12.00" if kind == "cost" else "30.00"
        assert changes() == [("price", {"amount": before}, {"amount": after}, "finance", None)]
    else:
        assert (done.amount, done.because, Price.objects.count()) == (takes_off, alone or "", 2)


def test_a_price_counts_for_all_cards_for_which_it_is(user):
    b.price("Y1-30", "30")
    b.fleet(101, TODAY)
    priced(user, "29", kind="customer", customer=b.customer())
    assert sum_alone(user, b.customer()) == 101


def test_a_first_price_counts_nothing_unless_it_is_free(user):
    assert isinstance(priced(user, "0.01"), Price)
    assert priced(user, "0", plan="M1-100").because == "zero"


def test_a_special_price_that_ends_counts_if_the_wider_one_is_lower(user):
    b.price("Y1-30", "30")
    b.price("Y1-30", "40.01", PriceKind.CUSTOMER, customer=b.customer())
    assert priced(user, None, kind="customer", customer=b.customer()).amount == 1001
    b.price("Y1-30", "40", PriceKind.CUSTOMER, customer=b.customer("Other"))
    assert isinstance(priced(user, None, kind="customer", customer=b.customer("Other")), Price)


@pytest.mark.parametrize(("days", "since"), [(0, TODAY + timedelta(days=2)), (3, TODAY + timedelta(days=3))])
def test_a_price_that_waited_is_valid_from_its_day_or_from_the_approval(user, colleague, days, since):
    waiting = priced(user, "0", since=TODAY + timedelta(days=2))
    assert refusal_of(priced, colleague, "0", since=TODAY + timedelta(days=2)).startswith("This already waits")
    with on_day(TODAY + timedelta(days=days)):
        approve_proposal(waiting, user=colleague)
    price = Price.objects.get()
    assert (price.amount, price.valid_from, price.change.by, price.change.approved_by) == (0, since, user, colleague)


def test_a_price_that_was_set_meanwhile_stands(user, colleague):
    waiting = priced(user, "0")
    priced(colleague, "5")
    with pytest.raises(ValidationError):
        approve_proposal(waiting, user=colleague)
    assert (Price.objects.get().amount, Proposal.objects.get().state) == (5, "asked")


# the record


@pytest.mark.parametrize("table", ["billing_donealone", "billing_termsrecord"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET deed = 'refund'", "DELETE FROM {}"])
def test_the_database_keeps_who_did_what(user, table, statement):
    give_credit(user, "5")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))
    assert (DoneAlone.objects.count(), TermsRecord.objects.count()) == (1, 1)


# pages


def page_of(client, path):
    page = client.get(path, headers=ENGLISH)
    assert page.status_code == 200
    return page


def test_a_clerk_asks_and_a_colleague_finds_it_and_approves():
    finance, second = of_role("finance"), of_role("finance", "second")
    for amount, reference in (("600", "BANK 1"), ("400.01", "BANK 2")):
        posted = {"customer": b.customer().name, "amount": amount, "reference": reference, "received_on": "2026-03-01"}
        response = finance.post("/console/receipts/new/", posted | {"key": str(UUID(int=len(reference + amount)))})
    proposal = Proposal.objects.get()
    path = f"/console/approvals/{proposal.pk}/"
    assert response["location"] == path
    mine = page_of(finance, path)
    assert "Another colleague who may do this has to approve it" in text(mine)
    assert f"{path}approve/" not in text(mine)
    (row,) = page_of(second, "/console/approvals/").context["waiting"]
    assert (row.url, row.about, row.size, row.alone, row.whole_text) == (
        path,
        "BANK 2",
        Decimal("400.01"),
        600,
        "¥1,000.01",
    )
    theirs = page_of(second, path)
    assert [(str(deed.amount), what) for deed, what, _url in theirs.context["earlier"]] == [("600.00", "BANK 1")]
    assert "¥600.00 in 30 days, with this ¥1,000.01; limit ¥1,000.00" in text(theirs)
    assert of_role("operations").post(f"{path}approve/").status_code == 403
    finance.post(f"{path}approve/")
    assert b.balance() == 600
    second.post(f"{path}approve/")
    assert (b.balance(), Proposal.objects.get().state) == (Decimal("1000.01"), "approved")
    assert page_of(second, path).context["proposal"].receipt.reference == "BANK 2"


def test_agreement_price_and_reversal_lead_to_what_waits():
    finance, acme = of_role("finance"), b.customer()
    agreed = {"credit_limit": "1000.01", "renews_days_ahead": "7"}
    price = {"plan": "Y1-30", "kind": "list", "amount": "0", "valid_from": str(TODAY)}
    receipt = b.approved(recorded(b.clerk(), "2000"))
    for path, posted in (
        (f"/console/customers/{acme.pk}/agreement/", agreed),
        ("/console/prices/", price),
        (f"/console/receipts/{receipt.pk}/reverse/", {"reason": "x", "key": str(KEY)}),
    ):
        response = finance.post(path, posted)
        assert response["location"] == f"/console/approvals/{Proposal.objects.latest('pk').pk}/"
        assert page_of(finance, response["location"]).context["is_mine"]
    for path, posted in (
        (f"/console/customers/{acme.pk}/agreement/", agreed),
        ("/console/prices/", price),
    ):
        assert "This already waits for approval" in finance.post(path, posted, headers=ENGLISH).content.decode()


def test_the_history_of_terms_is_read_filtered_and_saved(user, colleague, django_assert_max_num_queries):
    b.price("Y1-30", "30")
    approve_proposal(priced(user, "0"), user=colleague)
    give_credit(user, "5", "Other")
    keep_agreement(b.customer(), user=user, muted=["expiring"], auto_renews=True)
    auditor = of_role("auditor")
    with django_assert_max_num_queries(8):
        page = page_of(auditor, "/console/terms/")
    assert [(line.about, [tuple(map(str, value)) for value in line.values]) for line in page.context["changes"]] == [
        ("Acme", [("muted notices", "—", "Service ends soon"), ("auto-renew", "no", "yes")]),
        ("Other", [("credit limit", "¥0.00", "¥5.00")]),
        (f"{Plan.objects.get(code='Y1-30').title}, List price, from 2026-03-02", [("amount", "¥30.00", "¥0.00")]),
    ]
    for query, found in (
        ("customer=Other", 1),
        ("kind=price", 1),
        ("by=colleague", 1),
        ("by=finance", 3),
        ("since=2999-01-01", 0),
    ):
        assert len(page_of(auditor, f"/console/terms/?{query}").context["changes"]) == found
    assert auditor.get("/console/terms/?kind=receipt").status_code == 400
    lines = b"".join(auditor.get("/console/terms.csv?customer=Other", headers=ENGLISH)).decode("utf-8-sig").splitlines()
    assert [line.split(",", 1)[1] for line in lines] == [
        "Kind,Customer,What,Change,By,Approved by",
        "Agreed terms,Other,Other,credit limit: ¥0.00 → ¥5.00,finance,",
    ]
    assert "auto-renew no → yes" in text(page_of(auditor, f"/console/customers/{b.customer().pk}/"))
    assert "List price" in text(page_of(auditor, "/console/prices/"))


def test_a_change_of_the_settings_is_kept(admin_client, admin_user):
    path = "/admin/billing/moneyrules/1/change/"
    initial = page_of(admin_client, path).context["adminform"].form.initial
    values = {name: str(value) for name, value in initial.items() if value is not None}
    assert admin_client.post(path, values).status_code == 302
    assert admin_client.post(path, values | {"second_person_above": "5000"}).status_code == 302
    assert changes() == [
        ("rules", {"second_person_above": "1000.00"}, {"second_person_above": "5000.00"}, admin_user.username, None)
    ]


def test_the_list_of_what_waits_costs_the_same_for_many(user, django_assert_max_num_queries):
    for number in range(12):
        recorded(user, "2000", f"Customer {number}")
        adjust(user, "3000", f"Customer {number}")
        priced(user, "0", kind="customer", customer=b.customer(f"Customer {number}"))
    second = of_role("finance", "second")
    with django_assert_max_num_queries(19):
        assert len(page_of(second, "/console/approvals/").context["waiting"]) == 36


# in vain


@pytest.mark.parametrize(("days", "is_over"), [(6, False), (7, True), (8, True)])
def test_what_nobody_decides_in_time_expires_and_is_told_to_who_asked_and_who_could(user, colleague, days, is_over):
    waiting = recorded(user, "2000", reference="BANK 1")
    b.price("Y1-30", "30")
    b.fund("30")
    order = b.paid(cards=[card_in_use(customer="Acme")], user=user)
    asked = refunds.request_refund(order, user=user, reason="x")
    adjusted = orders.make_adjustment(b.customer(), Decimal(-2000), user=user, note="x")
    now = timezone.now() + timedelta(days=days, minutes=1)
    orders.expire_unpaid(now)
    assert expire_waiting(now) == (2 if is_over else 0)
    states = Proposal.objects.get().state, Refund.objects.get().state, b.fresh(adjusted).state
    assert states == (("expired",) * 3 if is_over else ("asked", "asked", "placed"))
    others = b.financier("add_price", username="other")
    told = {
        each.username: (sum(rows.count() for rows in decided_by(each)), told_as_expired(each))
        for each in (user, colleague, others)
    }
    assert told == (
        {"finance": (0, 3), "colleague": (0, 3), "other": (0, 0)}
        if is_over
        else {"finance": (0, 0), "colleague": (3, 0), "other": (0, 0)}
    )
    if is_over:
        assert approve_proposal(waiting, user=colleague).state == "expired"
        assert refunds.approve(asked, user=colleague).state == "expired"
        assert (b.balance(), isinstance(recorded(user, "2000", reference="BANK 1"), Proposal)) == (0, True)
        page = page_of(of_role("auditor"), "/console/approvals/")
        assert [each.size for each in page.context["expired"]] == [2000, 30, -2000]
