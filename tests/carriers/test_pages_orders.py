"""What staff do about one card at its carrier: look now, hold its orders, read them, and cancel it for good by two."""

import re

import pytest
from django.utils import timezone

from cards.carriers.choices import Aspect, CallKind, CallResult, CommandState, OwnWords
from cards.carriers.models import Attempt, Command, Line
from tests.build import card_in_use, do
from tests.carriers.rows import an_account, an_order, on_account
from tests.console.pages import of_role, text

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def card():
    return do("suspend", card_in_use(customer="Acme"), timezone.localdate())


def post(client, card, step):
    answer = client.post(f"/console/carriers/cards/{card.iccid}/{step}/", headers=ENGLISH, follow=True)
    return answer.status_code, " ".join(re.findall(r'<li class="(?:success|error)">([^<]*)', text(answer)))


def words(client, path):
    return " ".join(re.sub("<[^>]*>", " ", text(client.get(path, headers=ENGLISH))).split())


def test_look_now_asks_before_all_others(card):
    line = on_account(card, an_account(), ask_at=None)
    status, said = post(of_role("support"), card, "look")
    assert (status, said.startswith("The carrier is being asked.")) == (200, True)
    line = Line.objects.get(pk=line.pk)
    assert (line.is_asked_by_person, line.ask_at <= timezone.now()) == (True, True)


def test_a_card_without_an_account_cannot_be_looked_at(card):
    client = of_role("support")
    assert post(client, card, "look")[0] == 404
    on_account(card, None)
    assert post(client, card, "look")[0] == 404


def test_orders_are_paused_and_go_on(card):
    line = on_account(card, an_account())
    order = an_order(line, state=CommandState.QUEUED, sent_at=None, due_at=timezone.now())
    client = of_role("carrier_desk")
    assert post(client, card, "pause") == (
        200,
        "Orders for this card are paused: none is sent until someone resumes them.",
    )
    assert (Line.objects.get().paused, Command.objects.get(pk=order.pk).due_at) == (True, None)
    assert post(client, card, "resume") == (200, "Orders for this card are sent again.")
    assert (Line.objects.get().paused, Command.objects.get(pk=order.pk).due_at is None) == (False, False)


def test_there_is_no_other_step(card):
    on_account(card, an_account())
    assert post(of_role("support"), card, "stop")[0] == 404


def test_the_orders_of_a_card_are_read_with_each_call(card):
    line = on_account(card, an_account())
    order = an_order(line, state=CommandState.REFUSED, code="12036", text="该号码不允许停机", ended_at=timezone.now())
    told = {"command": order, "kind": CallKind.CHANGE, "code": "12036", "text": '{"status":"12036"}', "ms": 1234}
    Attempt.objects.create(at=timezone.now(), result=CallResult.REFUSED, request_id="T20261129001", **told)
    page = words(of_role("auditor"), f"/console/carriers/cards/{card.iccid}/")
    assert "Stop Refused by the carrier" in page
    assert "The carrier says: 12036 “该号码不允许停机”" in page
    assert "order refused 1,234 ms 12036 {&quot;status&quot;:&quot;12036&quot;} T20261129001" in page


def test_what_the_portal_says_itself_is_read_in_the_readers_language(card):
    order = an_order(on_account(card, an_account()), state=CommandState.REFUSED, text=OwnWords.NO_MSISDN)
    Attempt.objects.create(
        command=order, at=timezone.now(), kind=CallKind.CHANGE, result=CallResult.REFUSED, text=OwnWords.NO_MSISDN
    )
    client, path = of_role("auditor"), f"/console/carriers/cards/{card.iccid}/"
    for language, said in (("en", "The card has no MSISDN"), ("zh-hans", "该卡没有接入号")):
        page = text(client.get(path, headers={"accept-language": language}))
        assert (said in page, OwnWords.NO_MSISDN in page) == (True, False)


def test_a_card_without_orders_says_so(card):
    assert "Nothing was ordered for this card yet." in words(
        of_role("finance"), f"/console/carriers/cards/{card.iccid}/"
    )


def test_pages_of_orders_cost_the_same_however_many(card, django_assert_max_num_queries):
    line = on_account(card, an_account())
    for _ in range(12):
        order = an_order(line, state=CommandState.CONFIRMED, ended_at=timezone.now())
        Attempt.objects.create(command=order, at=timezone.now(), kind=CallKind.ASK, result=CallResult.SEEN)
    client = of_role("support")
    client.get("/console/")
    with django_assert_max_num_queries(13):
        client.get(f"/console/carriers/cards/{card.iccid}/")


# cancelling for good


@pytest.fixture
def cancelled(card):
    """A card that was cancelled here, on an account whose carrier takes orders to cancel."""
    card = do("cancel", card, timezone.localdate())
    account = an_account(protocol="unicom", carrier="cucc")
    line = on_account(card, account, seen_service="stopped")
    an_order(line, goal="", aspect=Aspect.CANCEL, state=CommandState.BY_HAND, sent_at=None, ticket="")
    return card


def retire(client, card, step):
    return post(client, card, f"retire/{step}")[1]


NOT_NOW = "That is not possible now: the one who asks cannot release it, and it is sent once."


def test_two_people_cancel_a_card_at_its_carrier(cancelled):
    first, second = of_role("carrier_desk"), of_role("operations")
    asked = "A colleague has to release it now."
    assert "two people have to want it" in words(first, f"/console/cards/{cancelled.iccid}/")
    assert [retire(first, cancelled, step) for step in ("ask", "release")] == [asked, NOT_NOW]
    assert "carrier_desk asks to cancel this card at the carrier." in words(
        second, f"/console/cards/{cancelled.iccid}/"
    )
    assert retire(second, cancelled, "release") == "The order is sent to the carrier."
    order = Command.objects.get()
    assert (order.state, order.by.username, order.released_by.username, order.due_at is None) == (
        CommandState.QUEUED,
        "carrier_desk",
        "operations",
        False,
    )
    assert retire(second, cancelled, "release") == NOT_NOW


def test_what_nobody_asked_for_is_not_released_and_what_is_withdrawn_neither(cancelled):
    first, second = of_role("carrier_desk"), of_role("operations")
    assert retire(second, cancelled, "release") == NOT_NOW
    assert retire(first, cancelled, "ask") == "A colleague has to release it now."
    assert retire(second, cancelled, "ask") == NOT_NOW
    assert retire(second, cancelled, "withdraw") == "The request is withdrawn."
    assert retire(second, cancelled, "release") == NOT_NOW
    assert Command.objects.get().state == CommandState.BY_HAND


def test_where_no_order_cancels_nobody_is_asked_to(card):
    card = do("cancel", card, timezone.localdate())
    line = on_account(card, an_account())
    an_order(line, goal="", aspect=Aspect.CANCEL, state=CommandState.BY_HAND, sent_at=None, ticket="")
    client = of_role("operations")
    assert "two people have to want it" not in words(client, f"/console/cards/{card.iccid}/")
    assert retire(client, card, "ask") == NOT_NOW
