"""A customer's page in the console: all that is theirs in one place, and what is changed there."""

import uuid
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Order
from cards.actions.requests import close, open_request
from cards.models import AuditEntry, Customer
from tests.billing import build as b
from tests.build import card_in_use, do, member, on_day, registered
from tests.console.pages import logged_in, of_role, superuser

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
ENGLISH = {"accept-language": "en"}
GIVEN = {"name": "Acme", "kind": "enterprise", "contact": "", "phone": ""}


@pytest.fixture(autouse=True)
def _clock():
    b.price("Y1-30", "30.00")
    with on_day(TODAY):
        yield


def url(customer, step=""):
    return f"/console/customers/{customer.pk}/{step}"


def page(client, customer):
    return client.get(url(customer), headers=ENGLISH)


def asked(card, by):
    return open_request(card, by=by, text="No signal", evidence={}, key=uuid.uuid4())


# the page


def test_it_shows_cards_by_state_what_is_owed_and_what_waits():
    client, alice = superuser(), member("Acme", "alice")
    cards = [card_in_use(customer="Acme") for _ in range(3)]
    do("suspend", cards[0], TODAY)
    card_in_use(customer="Other")
    b.fund("50")
    b.credit("5")
    paid, first, second = (b.placed(cards=[card]) for card in cards)
    b.orders.pay_and_fulfil(paid, user=None)
    answered, waiting = (asked(card, alice) for card in cards[:2])
    close(answered)
    context = page(client, b.customer()).context
    assert [(tab.label, tab.count, tab.url) for tab in context["states"].tabs if tab.count != "0"] == [
        ("All", "3", "/console/cards/?customer=Acme"),
        ("In use", "2", "/console/cards/?customer=Acme&state=in_use"),
        ("Suspended manually", "1", "/console/cards/?customer=Acme&hold=voluntary"),
    ]
    assert (context["account"].balance, context["owed"], context["short"]) == (20, 60, 35)
    assert [order for order, _badge in context["orders"]] == [second, first, paid], "first what is not over"
    assert list(context["requests"]) == [waiting]
    assert [each.user.username for each in context["memberships"]] == ["alice"]


def test_it_asks_no_more_for_many_than_for_one():
    client, alice = superuser(), member("Acme", "alice")

    def statements():
        with CaptureQueriesContext(connection) as asked_for:
            assert page(client, b.customer()).status_code == 200
        return len(asked_for)

    def more():
        card = card_in_use(customer="Acme")
        b.placed(cards=[card])
        asked(card, alice)
        b.fund("10")

    more()
    of_one = statements()
    for _ in range(5):
        more()
    assert statements() == of_one


def test_requests_of_one_customer_are_listed_alone():
    client = of_role("support")
    mine = asked(card_in_use(customer="Acme"), member("Acme", "alice"))
    asked(card_in_use(customer="Other"), member("Other", "charlie"))
    seen = client.get("/console/requests/?customer=Acme", headers=ENGLISH)
    assert list(seen.context["requests"]) == [mine]
    assert {tab.url.partition("&")[2] for tab in seen.context["tabs"]} == {"customer=Acme"}
    assert client.get("/console/requests/?customer=Nobody").status_code == 404


# a new order from there


def ordered(client, **posted):
    form = {"kind": "renewal", "plan": "Y1-30", "numbers": "", "customer": "Acme", "key": str(uuid.uuid4())}
    return client.post("/console/orders/new/", form | posted, headers=ENGLISH)


def test_an_order_for_a_customer_is_for_all_their_cards_that_are_not_cancelled():
    client = of_role("operations")
    mine = [card_in_use(customer="Acme") for _ in range(2)]
    do("cancel", card_in_use(customer="Acme"), TODAY)
    other = card_in_use(customer="Other")
    assert ordered(client)["location"] == f"/console/orders/{Order.objects.get().pk}/"
    order = Order.objects.get()
    assert (order.customer.name, order.job.total) == ("Acme", 2)
    wrong = ordered(client, numbers=f"{mine[0].iccid} {other.iccid}")
    assert wrong.context["form"].errors == {"numbers": [f"1 number matches no card or several: {other.iccid}"]}, (
        "another's card is none of this customer's"
    )
    b.customer("Empty")
    assert ordered(client, customer="Empty").context["form"].errors == {"numbers": ["This customer has no cards."]}
    sale = ordered(client, kind="sale", plan="")
    assert sale.context["form"].errors == {"numbers": ["Enter card numbers, or whose cards all of them are."]}
    assert Order.objects.count() == 1


# name and contact


def test_a_customer_is_renamed_and_the_audit_list_says_what_was_before():
    client, acme = of_role("operations"), b.customer()
    response = client.post(
        url(acme, "master-data/"), GIVEN | {"name": " Acme  Ltd ", "contact": "Ms Li", "phone": "13800010001"}
    )
    assert response["location"] == url(acme)
    kept = Customer.objects.get(pk=acme.pk)
    assert (kept.name, kept.name_key, kept.contact, kept.phone) == ("Acme Ltd", "acme ltd", "Ms Li", "13800010001")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_name, entry.customer, entry.details) == (
        "changed",
        "operations",
        kept,
        {
            "kind": "cards.customer",
            "key": acme.pk,
            "before": {"name": "Acme", "contact": "", "phone": ""},
            "after": {"name": "Acme Ltd", "contact": "M****", "phone": "1**********"},
        },
    )
    same = GIVEN | {"name": "Acme Ltd", "contact": "Ms Li", "phone": "13800010001"}
    assert client.post(url(acme, "master-data/"), same).status_code == 302
    assert AuditEntry.objects.count() == 1, "what is as it was is no change"


@pytest.mark.parametrize(
    ("posted", "errors"),
    [
        ({"name": ""}, {"name": ["This field is required."]}),
        ({"name": "Other"}, {"name": ["Customer with this Name already exists."]}),
        ({"name": "ＯＴＨＥＲ"}, {"name": ["There is a customer of this name already: Other"]}),
        (
            {"name": "Li @li"},
            {"name": ["Only the names of people who registered here end in “@” and a login."]},
        ),
        ({"phone": "1" * 21}, {"phone": ["Ensure this value has at most 20 characters (it has 21)."]}),
    ],
)
def test_a_name_that_cannot_be_is_said_at_its_field_and_nothing_is_kept(posted, errors):
    acme, _other = b.customer(), b.customer("Other")
    response = of_role("operations").post(
        url(acme, "master-data/"), GIVEN | {"contact": "Li"} | posted, headers=ENGLISH
    )
    assert (response.status_code, response.context["master_data"].errors) == (422, errors)
    assert response.context["customer"].name == "Acme"
    assert list(Customer.objects.filter(pk=acme.pk).values_list("name", "contact")) == [("Acme", "")]
    assert not AuditEntry.objects.exists()


def test_who_registered_here_keeps_the_mark():
    li = registered("Li", "li")
    client = of_role("operations")
    wrong = client.post(url(li, "master-data/"), GIVEN | {"kind": li.kind, "name": "Li"}, headers=ENGLISH)
    assert wrong.context["master_data"].errors == {
        "name": ["This person registered here: the name ends in “@” and their login."]
    }
    assert client.post(url(li, "master-data/"), GIVEN | {"kind": li.kind, "name": "Li Na @li"}).status_code == 302
    assert Customer.objects.get(pk=li.pk).name == "Li Na @li"


@pytest.mark.parametrize("role", ["support", "finance", "auditor", "carrier_desk"])
def test_other_roles_change_no_names(role):
    acme, client = b.customer(), of_role(role)
    assert client.post(url(acme, "master-data/"), GIVEN | {"name": "Acme2"}).status_code == 403
    assert page(client, acme).context["may_keep"] is False
    assert Customer.objects.get().name == "Acme"


def test_nobody_elses_door():
    acme = b.customer()
    assert logged_in(member()).post(url(acme, "master-data/"), GIVEN).status_code == 404
    client = superuser()
    assert client.post("/console/customers/99/master-data/", GIVEN).status_code == 404
    assert client.get(url(acme, "master-data/")).status_code == 405
