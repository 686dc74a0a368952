"""Money online: payments are started once, notifications proved, each acted on once, whatever their order; the page."""

import json
import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone, translation

from billing import proof
from billing.actions import orders, payments
from billing.actions.ledger import account_of
from billing.actions.providers import provider_label
from billing.errors import MoneyRefused
from billing.models import Entry, Notice, Notification, Payment, UnmatchedPayment
from billing.pages.wallet_lines import moved_by
from billing.payments import PROVIDERS, local
from billing.payments.port import Forged, Unreadable
from billing.sentences import sentence_of
from tests.billing import build as b
from tests.build import card_in_use, member, on_day
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
NOTIFY = "/pay/local/notify/"
KEY = uuid.UUID("8a3b9c52-6a1f-4b8e-9d7a-333333333333")


@pytest.fixture(autouse=True)
def _clock():
    with on_day(TODAY):
        yield


@pytest.fixture
def order():
    """An order of ¥30.00 that waits to be paid, of a customer whose wallet is empty."""
    b.price("Y1-30", "30.00")
    return b.placed(cards=[card_in_use(customer="Acme")], user=member())


@pytest.fixture
def payment(order):
    return payments.start_payment(order, user=order.created_by)


def deposit(amount="10.00", key=None):
    user = User.objects.filter(username="payer").first() or member(username="payer")
    return payments.start_deposit(b.customer(), Decimal(amount), user=user, key=key)


def signed_notification(payment, said="paid", sent_at=None, /, **changes):
    """A notification that the provider signed: of this payment, or with something else in its body."""
    body, _headers = local.notification(payment, said)
    return local.signed(json.dumps(json.loads(body) | changes).encode(), sent_at)


def receive(*notification):
    return payments.receive("local", *notification).outcome


def stands(payment):
    """Where a payment and its order stand, and what the wallet holds."""
    payment = Payment.objects.select_related("order").get(pk=payment.pk)
    return payment.state, payment.order and payment.order.state, account_of(payment.customer_id).balance


def refused(do, *args, **kwargs):
    with pytest.raises(MoneyRefused) as error:
        do(*args, **kwargs)
    return error.value.code


# starting


def test_a_placed_order_has_one_payment_under_way(order):
    first = payments.start_payment(order, user=order.created_by)
    assert payments.start_payment(order, user=b.financier()) == first
    assert (first.amount, first.customer, first.provider, first.started_by) == (
        Decimal("30.00"),
        order.customer,
        "local",
        order.created_by,
    )


def test_after_one_that_was_called_off_comes_a_new_one(order, payment):
    receive(*signed_notification(payment, "closed"))
    assert payments.start_payment(order, user=order.created_by) != payment


def test_what_does_not_wait_to_be_paid_is_not_paid_online(order):
    draft = b.drafted(cards=[card_in_use(customer="Acme")])
    assert refused(payments.start_payment, draft, user=None) == "wrong_state"
    orders.withdraw(order, user=order.created_by)
    assert refused(payments.start_payment, order, user=None) == "wrong_state"
    assert Payment.objects.count() == 0


@pytest.mark.parametrize("amount", ["5000", "-5000"])
def test_an_adjustment_that_waits_for_a_second_person_is_not_paid_online(amount):
    waiting = orders.make_adjustment(b.customer(), Decimal(amount), user=b.financier(), note="x")
    assert refused(payments.start_payment, waiting, user=None) == "not_online"


def test_what_costs_nothing_is_not_paid_online():
    b.price("Y1-30", "0.00")
    assert refused(payments.start_payment, b.placed(cards=[card_in_use(customer="Acme")]), user=None) == "not_online"


@pytest.mark.once
def test_where_nobody_takes_payments_none_is_started(order, settings):
    settings.LOCAL_PAYMENTS = False
    assert refused(payments.start_payment, order, user=None) == refused(deposit) == "no_provider"


def test_the_same_deposit_twice_is_one():
    assert deposit(key=KEY) == deposit(key=KEY)
    assert (Payment.objects.count(), deposit().key != KEY) == (1, True)


# what a notification does


def test_a_paid_order_is_paid_and_served(order, payment):
    assert receive(*signed_notification(payment)) == "paid"
    assert stands(payment) == ("paid", "fulfilled", 0)
    assert list(Entry.objects.order_by("booked_at").values_list("key", "kind", "actor_name", "order")) == [
        (f"online:{payment.key}", "online", "local", order.pk),
        (f"pay:{order.pk}", "payment", "alice", order.pk),
        (Entry.objects.get(kind="fulfilment").key, "fulfilment", "alice", order.pk),
    ]
    assert b.books() == {"providers": -30, "revenue": 30}
    payment = Payment.objects.get(pk=payment.pk)
    assert (payment.provider_reference, payment.entry_id) == (f"L{payment.pk}", f"online:{payment.key}")


def test_a_deposit_is_in_the_wallet():
    payment = deposit("10.00")
    assert (receive(*signed_notification(payment)), stands(payment)) == ("paid", ("paid", None, 10))


def test_a_payment_that_is_called_off_moves_nothing(payment):
    assert (receive(*signed_notification(payment, "closed")), stands(payment)) == ("closed", ("closed", "placed", 0))


def test_the_same_notification_again_is_answered_as_before(payment):
    notification = signed_notification(payment)
    assert [receive(*notification) for _ in range(3)] == ["paid", "paid", "paid"]
    assert (Notification.objects.count(), Entry.objects.filter(kind="online").count()) == (1, 1)
    assert stands(payment) == ("paid", "fulfilled", 0)


def test_another_notification_of_the_same_payment_is_one_entry(payment):
    assert [receive(*signed_notification(payment)) for _ in range(3)] == ["paid", "known", "known"]
    assert list(Notification.objects.order_by("pk").values_list("payment", "outcome")) == [
        (payment.pk, "paid"),
        (payment.pk, "known"),
        (payment.pk, "known"),
    ]
    assert (Entry.objects.filter(kind="online").count(), stands(payment)) == (1, ("paid", "fulfilled", 0))


def test_what_was_paid_stays_paid_when_it_is_called_off_afterwards(payment):
    assert [receive(*signed_notification(payment, said)) for said in ("paid", "closed")] == ["paid", "known"]
    assert stands(payment) == ("paid", "fulfilled", 0)


def test_what_was_called_off_is_paid_when_it_was_paid_after_all(payment):
    assert [receive(*signed_notification(payment, said)) for said in ("closed", "closed", "paid")] == [
        "closed",
        "closed",
        "paid",
    ]
    assert stands(payment) == ("paid", "fulfilled", 0)


@pytest.mark.once
@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(hours=15), timedelta(days=30), -timedelta(hours=1)])
def test_a_notification_is_believed_however_late_it_comes(payment, age):
    notification = signed_notification(payment, "paid", timezone.now() - age)
    assert [receive(*notification), receive(*notification)] == ["paid", "paid"]
    assert (stands(payment), Entry.objects.filter(kind="online").count()) == (("paid", "fulfilled", 0), 1)


def test_one_that_was_refused_for_its_age_once_comes_again_and_counts(payment):
    notification = signed_notification(payment, "paid", timezone.now() - timedelta(hours=2))
    nonce = notification[1][local.NONCE]
    Notification.objects.create(provider="local", nonce=nonce, body={}, outcome="late", payment=payment)
    assert [receive(*notification), receive(*notification)] == ["paid", "paid"]
    assert (stands(payment), Notification.objects.get().outcome) == (("paid", "fulfilled", 0), "paid")


@pytest.mark.parametrize("changes", [{"payment": str(KEY)}, {"amount": "29.99"}, {}])
def test_where_nothing_was_taken_nothing_waits_to_be_cleared(payment, changes):
    assert receive(*signed_notification(payment, "closed", None, **changes)) == "closed"
    assert (UnmatchedPayment.objects.count(), Entry.objects.count(), stands(payment)[1:]) == (0, 0, ("placed", 0))


def kept(of="Acme"):
    """What a customer was told of money that stayed in the wallet, and by how much it is there."""
    with translation.override("en"):
        told = [sentence_of(notice) for notice in Notice.objects.filter(kind="payment_kept").order_by("pk")]
    return told, b.balance(of)


def told(order, amount="¥30.00"):
    return (
        f"{amount} came on 2026-03-02 for order {order.number}, which was no longer waiting for payment: "
        "the money is in the wallet."
    )


def test_the_second_payment_of_an_order_is_in_the_wallet_and_that_is_told(order, payment):
    receive(*signed_notification(payment, "closed"))
    second = payments.start_payment(order, user=order.created_by)
    assert [receive(*signed_notification(each)) for each in (second, payment)] == ["paid", "paid"]
    assert [stands(each) for each in (payment, second)] == [("paid", "fulfilled", 30)] * 2
    assert kept() == ([told(order)], 30)
    assert [Payment.objects.get(pk=each.pk).stayed_in_wallet for each in (payment, second)] == [True, False]
    assert (b.books(), list(proof.problems())) == ({"providers": -60, "wallet": 30, "revenue": 30}, [])


def test_a_payment_that_is_paid_twice_by_two_references_is_two_payments(order, payment):
    assert [receive(*signed_notification(payment, reference=each)) for each in ("A", "B", "B", "A")] == [
        "paid",
        "paid",
        "known",
        "known",
    ]
    assert list(Payment.objects.order_by("pk").values_list("state", "provider_reference", "order", "amount")) == [
        ("paid", "A", order.pk, 30),
        ("paid", "B", order.pk, 30),
    ]
    assert kept() == ([told(order)], 30)


@pytest.mark.parametrize("muted", [[], ["payment_kept"]])
def test_two_payments_too_many_on_one_day_are_both_told_unless_nobody_wants_to_hear_it(order, payment, muted):
    b.agree(muted=muted)
    for reference in "ABC":
        receive(*signed_notification(payment, reference=reference))
    assert kept() == ([] if muted else [told(order)] * 2, 60)


@pytest.mark.parametrize("end", ["withdrawn", "expired"])
def test_an_order_that_is_over_leaves_the_money_in_the_wallet(order, payment, end):
    if end == "withdrawn":
        orders.withdraw(order, user=order.created_by)
    else:
        orders.expire_unpaid(order.expires_at)
    assert (receive(*signed_notification(payment)), stands(payment)) == ("paid", ("paid", end, 30))
    assert kept() == ([told(order)], 30)


def test_an_order_that_was_paid_from_the_wallet_meanwhile_leaves_the_money_there(order, payment):
    b.fund("30")
    orders.pay_and_fulfil(order, user=order.created_by)
    assert (receive(*signed_notification(payment)), stands(payment)) == ("paid", ("paid", "fulfilled", 30))


def test_a_large_order_is_paid_at_once_and_served_in_the_background(monkeypatch):
    b.price("Y1-30", "30.00")
    monkeypatch.setattr("billing.actions.orders.MOST_LINES_TO_WAIT_FOR", 1)
    order = b.placed(cards=[card_in_use(customer="Acme") for _ in range(2)], user=member())
    payment = payments.start_payment(order, user=order.created_by)
    assert (receive(*signed_notification(payment)), stands(payment)) == ("paid", ("paid", "paid", 0))


# what is not the provider's word


def forged_in(what):
    def forge(body, headers):
        if what == "body":
            return body.replace(b"30.00", b"30.01"), headers
        return body, headers | {what: {local.SIGNATURE: "é", local.NONCE: "n" * 32, local.TIMESTAMP: "1"}[what]}

    return forge


@pytest.mark.once
@pytest.mark.parametrize("what", ["body", local.SIGNATURE, local.NONCE, local.TIMESTAMP])
def test_what_was_changed_on_its_way_is_forged_and_leaves_nothing(payment, what):
    with pytest.raises(Forged):
        receive(*forged_in(what)(*signed_notification(payment)))
    assert (Notification.objects.count(), stands(payment)) == (0, ("started", "placed", 0))


@pytest.mark.once
def test_what_another_portal_signed_is_forged(payment, settings):
    notification = signed_notification(payment)
    settings.SECRET_KEY = "another"
    with pytest.raises(Forged):
        receive(*notification)


UNREADABLE = [
    {"payment": "x"},
    {"payment": 1},
    {"said": "perhaps"},
    {"said": []},
    {"amount": "30.001"},
    {"amount": 30},
    {"amount": "-30.00"},
    {"reference": ""},
    {"reference": "r" * 65},
    {"reference": None},
]


@pytest.mark.once
def test_what_is_no_notification_of_a_payment_is_unreadable(payment):
    for changes in UNREADABLE:
        with pytest.raises(Unreadable):
            receive(*signed_notification(payment, **changes))
        assert Notification.objects.count() == 0, changes


@pytest.mark.once
def test_what_is_no_document_is_unreadable():
    for body in (b"", b"{", b"[]", b"null", b"\xff", b'"paid"'):
        with pytest.raises(Unreadable):
            receive(*local.signed(body))


# the door of providers


@pytest.mark.once
def test_each_module_beside_the_port_is_a_provider_of_its_name():
    assert (sorted(PROVIDERS), PROVIDERS[local.NAME]) == (["alipay", "local", "wechat"], local.PROVIDER)
    assert [provider_label(name) for name in ("local", "one_of_before")] == [local.Local.label, "one_of_before"]


def answered(client, body, headers):
    response = client.post(NOTIFY, body, content_type="application/json", headers=headers)
    return response.status_code, text(response), response["content-type"]


@pytest.mark.once
def test_the_door_answers_in_a_line(payment):
    client, notification = Client(enforce_csrf_checks=True), signed_notification(payment)
    body, headers = notification
    assert [
        answered(client, body, {}),
        answered(client, body, headers | {local.SIGNATURE: "0" * 64}),
        answered(client, *local.signed(b"{}")),
        answered(client, *signed_notification(payment, amount="1.00")),
        answered(client, *signed_notification(payment, payment=str(KEY))),
        answered(client, body, headers),
        answered(client, body, headers),
        answered(client, *signed_notification(payment)),
    ] == [
        (status, f"{line}\n", "text/plain")
        for status, line in [
            (403, "forged"),
            (403, "forged"),
            (400, "unreadable"),
            *[(200, "ok")] * 5,
        ]
    ]
    assert list(Notification.objects.order_by("pk").values_list("outcome", flat=True)) == [
        "wrong_amount",
        "unknown",
        "paid",
        "known",
    ]
    assert stands(payment) == ("paid", "fulfilled", 0)


@pytest.mark.once
def test_the_door_is_for_providers_that_there_are_and_for_posts(client):
    assert client.post("/pay/alipay/notify/").status_code == 404
    assert client.get(NOTIFY).status_code == 405


# the local payment page


def page(payment):
    return f"/pay/{payment.key}/"


@pytest.mark.once
def test_a_member_pays_on_the_page_and_again_changes_nothing(order, payment):
    alice = logged_in(order.created_by)
    first = alice.get(page(payment), headers={"accept-language": "en"})
    assert "Pay ¥30.00" in text(first)
    assert "<dd>Local payment page</dd>" in text(first)
    assert [alice.post(page(payment), {"said": "paid"})["location"] for _ in range(2)] == [page(payment)] * 2
    after = alice.get(page(payment), headers={"accept-language": "en"})
    assert (after.context["badge"].label, "Pay ¥30.00" in text(after), after.context["is_in_wallet"]) == (
        "Paid",
        False,
        False,
    )
    assert (stands(payment), Entry.objects.filter(kind="online").count()) == (("paid", "fulfilled", 0), 1)


@pytest.mark.once
def test_a_wallet_names_whoever_moved_the_money_as_people_call_them(order, payment):
    receive(*signed_notification(payment))
    b.fund(30)
    by_itself = b.placed(cards=[card_in_use(iccid="89860000000000000077", customer="Acme")])
    orders.pay(by_itself, user=None)
    shown = logged_in(order.created_by).get("/my/wallet/", headers={"accept-language": "en"})
    (wallet,) = shown.context["wallets"]
    by = [(posting.what, str(posting.by)) for posting in wallet["postings"]]
    assert by == [
        ("Order payment", "Auto-renewal"),
        ("Bank receipt", "your dealer"),
        ("Order payment", order.created_by.username),
        ("Online payment", "Local payment page"),
    ]


@pytest.mark.once
def test_a_provider_has_its_label_wherever_it_moved_money():
    moved = [Entry(kind=kind, actor_kind="system", actor_name="local") for kind in ("online", "paid_back", "fee")]
    by_rule, by_staff = (Entry(kind="receipt", actor_kind=kind, actor_name="rule") for kind in ("system", "staff"))
    with translation.override("en"):
        told = [str(moved_by(entry, to_staff=True)) for entry in (*moved, by_rule, by_staff)]
    assert told == ["Local payment page"] * 3 + ["rule", "rule"]


@pytest.mark.once
def test_finance_goes_from_the_order_to_the_page_cancels_and_pays_the_next(order):
    finance = of_role("finance")
    start, url = f"/console/orders/{order.pk}/pay-online/", f"/console/orders/{order.pk}/"
    assert start in text(finance.get(url))
    first = finance.post(start)["location"]
    assert finance.post(start)["location"] == first
    finance.post(first, {"said": "closed"})
    assert 'name="said"' not in text(finance.get(first))
    second = finance.post(start)["location"]
    assert second != first
    finance.post(second, {"said": "paid"})
    shown = finance.get(url).context
    payments_shown = [(each.state, name, [n.outcome for n in said]) for each, _, name, said, _ in shown["payments"]]
    assert payments_shown == [
        ("paid", local.Local.label, ["paid"]),
        ("closed", local.Local.label, ["closed"]),
    ]
    assert (b.fresh(order).state, b.fresh(order).paid_by.username) == ("fulfilled", "finance")


@pytest.mark.once
def test_a_settled_payment_leads_everybody_back_to_their_own_pages(order, payment):
    into_wallet, alice, finance = deposit(), logged_in(order.created_by), of_role("finance")
    for each in (payment, into_wallet):
        receive(*signed_notification(each, "closed"))
    back = [
        [client.get(page(each)).context["back_url"] for each in (payment, into_wallet)] for client in (alice, finance)
    ]
    assert back == [
        [f"/my/orders/{order.pk}/", "/my/wallet/"],
        [f"/console/orders/{order.pk}/", f"/console/customers/{order.customer_id}/"],
    ]


@pytest.mark.once
def test_the_page_says_that_an_order_is_over_and_where_the_money_is(order, payment):
    alice = logged_in(order.created_by)
    orders.withdraw(order, user=order.created_by)
    assert alice.get(page(payment)).context["is_late"]
    alice.post(page(payment), {"said": "paid"})
    after = alice.get(page(payment))
    assert (after.context["is_late"], after.context["is_in_wallet"], b.balance()) == (False, True, 30)
    assert alice.post(page(payment), {"said": "closed"}).status_code == 302
    assert stands(payment) == ("paid", "withdrawn", 30)


@pytest.mark.once
@pytest.mark.parametrize("said", ["", "perhaps", "started"])
def test_what_the_page_does_not_offer_does_not_exist(order, payment, said):
    assert logged_in(order.created_by).post(page(payment), {"said": said}).status_code == 404
    assert (stands(payment)[0], Notification.objects.count()) == ("started", 0)


def strangers():
    yield logged_in(member("Acme", "viewer", "viewer"))
    yield logged_in(member("Other", "charlie", "owner"))
    yield logged_in(User.objects.create_user("nobody"))
    yield from (of_role(role) for role in ("operations", "support", "auditor"))


@pytest.mark.once
def test_for_whoever_may_not_pay_there_is_no_page(payment, client):
    answers = [
        (c.get(page(payment)).status_code, c.post(page(payment), {"said": "paid"}).status_code) for c in strangers()
    ]
    assert answers == [(404, 404)] * 6
    assert client.post(page(payment), {"said": "paid"})["location"] == f"/admin/login/?next={page(payment)}"
    assert stands(payment) == ("started", "placed", 0)


@pytest.mark.once
@pytest.mark.parametrize("role", ["operations", "support", "auditor"])
def test_whoever_may_not_pay_starts_no_payment(order, role):
    client = of_role(role)
    assert client.post(f"/console/orders/{order.pk}/pay-online/").status_code == 403
    assert "pay-online" not in text(client.get(f"/console/orders/{order.pk}/"))
    assert Payment.objects.count() == 0


@pytest.mark.once
def test_where_the_page_is_not_in_use_it_does_not_exist(order, payment, settings):
    finance, settings.LOCAL_PAYMENTS = of_role("finance"), False
    assert finance.get(page(payment)).status_code == 404
    assert finance.post(page(payment), {"said": "paid"}).status_code == 404
    assert "pay-online" not in text(finance.get(f"/console/orders/{order.pk}/"))
    response = finance.post(f"/console/orders/{order.pk}/pay-online/", headers={"accept-language": "en"})
    assert response["location"] == f"/console/orders/{order.pk}/"
    assert stands(payment) == ("started", "placed", 0)


@pytest.mark.once
def test_an_order_that_is_over_is_not_sent_to_a_page(order):
    orders.withdraw(order, user=order.created_by)
    finance = of_role("finance")
    response = finance.post(f"/console/orders/{order.pk}/pay-online/", headers={"accept-language": "en"})
    shown = finance.get(response["location"], headers={"accept-language": "en"})
    assert [str(message) for message in shown.context["messages"]] == [
        "This is not possible while the order is “Cancelled”. Reload the order to see its current state."
    ]
    assert Payment.objects.count() == 0


def test_the_page_asks_the_database_little(order, payment, django_assert_max_num_queries):
    client = logged_in(order.created_by)
    with django_assert_max_num_queries(5):
        client.get(page(payment))
