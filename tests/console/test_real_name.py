"""Real-name checks that wait: one page, many decided at once or one after the other, each as it was seen."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cards.models import CardEvent
from cards.pages.deciding_checks import LONGEST_REASON
from tests.build import do, fresh, member, on_day, open_card, staff
from tests.console.pages import logged_in, text
from tests.console.pages import of_role as logged_in_as

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 10)
URL = "/console/real-name/"


@pytest.fixture(autouse=True)
def _today():
    with on_day(TODAY):
        yield


def of_role(role):
    client = logged_in_as(role)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def ops():
    return of_role("operations")


def waiting(name="张三丰", customer="", day=TODAY):
    card = open_card(certification="individual", customer=customer)
    return do("submit_real_name", card, day, name=name, id_number=f"11010119900307{card.pk:04d}")


def listed(page):
    return [
        (
            card.iccid,
            card.customer and card.customer.name,
            str(check),
            check.submitted_on,
            days,
            [str(b) for b, _ in bs],
        )
        for check, card, days, bs, _is_checked in page.context["rows"]
    ]


def chosen(*cards):
    return [f"{card.pk}-{card.version}" for card in cards]


def decide(client, decision, cards, reason="", query=""):
    """What is said when these cards were chosen and decided."""
    posted = {"ids": chosen(*cards), "reason": reason}
    response = client.post(f"{URL}{decision}/{query}", posted, follow=True)
    return [str(message) for message in response.context["messages"]]


def states(*cards):
    return [fresh(card).real_name for card in cards]


def test_the_longest_waiting_stand_first_with_what_is_kept_of_the_person(ops):
    first, second = waiting(day=date(2026, 6, 7), customer="Acme"), waiting("李四")
    decided, gone = waiting(), waiting()
    do("approve_real_name", decided, TODAY)
    do("cancel", gone, TODAY)
    buttons = ["Approve", "Reject"]
    assert listed(ops.get(URL)) == [
        (first.iccid, "Acme", f"张** 1101************{first.pk:02d}", date(2026, 6, 7), -3, buttons),
        (second.iccid, None, f"李* 1101************{second.pk:02d}", TODAY, 0, buttons),
    ]
    assert [row[0] for row in listed(ops.get(f"{URL}?customer=Acme"))] == [first.iccid]
    assert [ops.get(f"{URL}?{query}").status_code for query in ("customer=Nobody", "nonsense=1")] == [400, 400]


def test_seventy_are_on_one_page_and_approved_at_once_by_whoever_pressed_the_button(ops):
    cards = [waiting() for _ in range(70)]
    assert len(ops.get(URL).context["rows"]) == 70
    assert decide(ops, "approve", cards) == ["70 verifications were approved."]
    assert {*states(*cards)} == {"approved"}
    signed = CardEvent.objects.filter(action="approve_real_name").values_list("actor_kind", "actor_name")
    assert {*signed} == {("staff", "operations")}
    assert "Nothing pending." in text(ops.get(URL))


def test_the_chosen_are_rejected_with_a_reason_that_the_customer_reads(ops):
    card, other = waiting(customer="Acme"), waiting()
    page = ops.post(f"{URL}reject/", {"ids": chosen(card), "reason": " "})
    assert (page.status_code, page.context["complaint"]) == (
        422,
        "Give a reason: the customer reads it, and submits the verification again.",
    )
    assert [is_checked for *_, is_checked in page.context["rows"]] == [True, False]
    assert ops.post(f"{URL}reject/", {"ids": chosen(card), "reason": "x" * (LONGEST_REASON + 1)}).status_code == 422
    assert states(card, other) == ["submitted", "submitted"]
    assert decide(ops, "reject", [card], "photo unreadable") == ["1 verification was rejected."]
    assert states(card, other) == ["rejected", "submitted"]
    history = text(logged_in(member("Acme")).get(f"/my/cards/{card.iccid}/", headers={"accept-language": "en"}))
    assert "photo unreadable" in history


def test_a_card_that_changed_meanwhile_is_refused_alone_and_twice_is_once(ops):
    good, changed, done = waiting(), waiting(), waiting()
    do("protect", changed, TODAY)
    assert decide(ops, "approve", [good, changed]) == [
        "1 verification was approved.",
        f"{changed.iccid}: The card has changed in the meantime. Review its current state, then try again.",
    ]
    assert decide(ops, "approve", [good])[0].startswith(f"{good.iccid}: The card has changed in the meantime.")
    assert decide(ops, "approve", [fresh(changed), done]) == ["2 verifications were approved."]
    assert ops.post(f"{URL}approve/").context["complaint"] == "No cards are selected: there is nothing to do yet."


@pytest.mark.parametrize("role", ["support", "finance", "carrier_desk", "auditor"])
def test_others_look_and_decide_nothing(role):
    card, client = waiting(), of_role(role)
    page = client.get(URL)
    assert (page.status_code, [row[5] for row in listed(page)], "Approve selected" in text(page)) == (200, [[]], False)
    assert [client.post(f"{URL}{what}/", {"ids": chosen(card)}).status_code for what in ("approve", "reject")] == [
        403
    ] * 2
    assert states(card) == ["submitted"]


def test_who_may_only_reject_approves_nothing():
    client, card = logged_in(staff("reject_real_name")), waiting()
    page = text(client.get(URL, headers={"accept-language": "en"}))
    assert ("Reject selected" in page, "Approve selected" in page) == (True, False)
    assert client.post(f"{URL}approve/", {"ids": chosen(card)}).status_code == 403
    assert logged_in(member("Acme")).get(URL).status_code == 404
    assert states(card) == ["submitted"]


@pytest.mark.parametrize("ids", [["x"], ["1"], ["1-x"], [f"{number}-1" for number in range(1, 102)]])
def test_what_no_page_of_ours_sends_is_refused(ops, ids):
    assert ops.post(f"{URL}approve/", {"ids": ids}).status_code == 400
    assert ops.post(f"{URL}lose/", {"ids": ["1-1"]}).status_code == 404


def test_the_page_costs_the_same_for_many(ops):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            ops.get(URL)
        return len(asked)

    waiting(customer="Acme")
    ops.get(URL)
    few = queries()
    for number in range(5):
        waiting(customer=f"C{number}")
    assert queries() == few


def test_behind_a_hundred_comes_the_next_page(ops, monkeypatch):
    monkeypatch.setattr("cards.views.console.real_name.CHECKS_PER_PAGE", 2)
    cards = [waiting(customer="Acme") for _ in range(3)]
    page = ops.get(f"{URL}?customer=Acme")
    behind = ops.get(f"{URL}?{page.context['next_query']}")
    assert [[row[0] for row in listed(each)] for each in (page, behind)] == [
        [cards[0].iccid, cards[1].iccid],
        [cards[2].iccid],
    ]
    response = ops.post(f"{URL}approve/?{page.context['next_query']}", {"ids": chosen(cards[2])})
    assert response["location"] == f"{URL}?customer=Acme"


# one after the other


def act_url(card, action="approve_real_name"):
    return f"/console/cards/{card.iccid}/{action}/"


def test_one_check_leads_on_to_the_next_and_the_last_one_back(ops):
    first, second, third = waiting("张三丰"), waiting("李四"), waiting("王五")
    page = ops.get(f"{act_url(first)}?next={URL}")
    assert page.context["hint"] == f"Submitted on 2026-06-10 for 张** 1101************{first.pk:02d}."
    shown = text(page)
    assert ("Approve ID verification, and on to the next" in shown, f'href="{act_url(second)}?next=' in shown) == (
        True,
        True,
    )
    sent = {"version": first.version, "reason": "", "next": URL, "onward": "1"}
    onward = ops.post(act_url(first), sent)
    assert onward["location"] == f"{act_url(second)}?next=%2Fconsole%2Freal-name%2F"
    assert str(*ops.get(onward["location"]).context["messages"]).startswith(f"{first.iccid}: ")
    assert ops.post(act_url(third), sent | {"version": third.version})["location"] == URL
    assert states(first, second, third) == ["approved", "submitted", "approved"]
    last = ops.get(f"{act_url(second, 'reject_real_name')}?next={URL}")
    assert (last.context["onward"], "on to the next" in text(last)) == ("", False)
