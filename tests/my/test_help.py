"""“My card does not work”: what is looked at, the one step at the end, and the request with its frozen evidence."""

from datetime import date

import pytest
from django.utils.translation import override

from cards.models import CardRequest
from cards.sentences.diagnosis import diagnose
from tests.build import card_in_use, do, member, on_day, open_card, swept, use
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
IMEI, OTHER_IMEI = "868600000000001", "868600000000026"
PERSON = "110101199003071233"


@pytest.fixture(autouse=True)
def _on_the_day():
    with on_day(DAY), override("en"):
        yield


@pytest.fixture
def alice():
    client = logged_in(member("Acme", "alice"))
    client.cookies["django_language"] = "en"
    return client


def findings(card, day=DAY):
    return {str(check.subject): (str(check.finding), check.sentence) for check in diagnose(card, day, 3)}


FINE = {
    "state": ("good", "The card is neither shut down nor cancelled."),
    "holds": ("good", "The card is not suspended."),
    "allowance": ("good", "Data is left: 12 of 30 MB used."),
    "term": ("good", "Its service runs; the last day is 2026-12-31."),
    "device": ("good", "The card can be used in any device."),
    "real_name": ("good", "The card needs no ID verification."),
    "data_age": ("good", "The carrier last reported usage on 2026-03-10."),
}


def test_a_card_with_which_nothing_is_wrong():
    assert findings(use(card_in_use(), date(2026, 3, 9), 12)) == FINE


@pytest.mark.parametrize(
    ("mb", "allowance"),
    [
        (23.9, ("good", "Data is left: 23.9 of 30 MB used.")),
        (24, ("unclear", "Little data is left: 24 of 30 MB used.")),
        (30, ("bad", "All data is used up: 30 of 30 MB.")),
    ],
)
def test_data_left(mb, allowance):
    assert findings(use(card_in_use(), DAY, mb))["allowance"] == allowance


def test_news_from_the_carrier_are_late_after_three_days():
    card = use(card_in_use(), date(2026, 3, 6), 1)  # read on the 7th at 01:00
    assert findings(card, DAY)["data_age"][0] == "good"
    assert findings(card, date(2026, 3, 11))["data_age"] == (
        "unclear",
        "The carrier last reported usage on 2026-03-07.",
    )
    assert findings(card_in_use())["data_age"] == ("unclear", "The carrier has not reported any usage yet.")


def test_the_device():
    card = card_in_use(binding="fixed", imei=IMEI)
    assert findings(card)["device"] == (
        "good",
        f"It is bound to device {IMEI} and does not work in any other.",
    )
    assert findings(use(card, DAY, 1, imei=OTHER_IMEI))["device"] == (
        "bad",
        f"It was last seen in device {OTHER_IMEI}, but is bound to {IMEI}.",
    )
    free = card_in_use(binding="first_use")
    assert findings(free)["device"] == ("good", "It will be bound to the first device it is used in.")


def test_the_real_name_check():
    card = open_card(certification="individual")
    assert findings(card)["real_name"] == ("bad", "The ID is not verified yet.")
    card = do("submit_real_name", card, DAY, name="张三", id_number=PERSON)
    assert findings(card)["real_name"][0] == "unclear"
    assert findings(do("approve_real_name", card, DAY))["real_name"] == ("good", "The ID verification is approved.")


def test_a_card_that_is_over():
    card = swept(card_in_use(plan="M1-100"), DAY)
    found = findings(card)
    assert found["state"] == ("bad", "The card's service has ended, and it was not renewed.")
    assert found["term"] == ("bad", "Its service has ended.")
    assert found["holds"][0] == "good"


def help_page(client, card):
    response = client.get(f"/my/cards/{card.iccid}/help/")
    assert response.status_code == 200
    return response.context


def mine(**columns):
    return card_in_use(customer="Acme", **columns)


def test_it_ends_in_the_one_step_that_helps(alice):
    seen = help_page(alice, do("suspend", mine(), DAY))
    assert (str(seen["way"].button.label), seen["is_fine"], seen["may_request"]) == ("Resume card", False, True)


def test_it_ends_in_a_request_when_somebody_else_has_to_help_first(alice):
    card = do("place_hold", do("suspend", mine(), DAY), DAY, kind="anomaly")
    assert help_page(alice, card)["way"] is None


def test_it_ends_in_a_hint_when_nothing_is_wrong(alice):
    seen = help_page(alice, use(mine(), DAY, 1))
    assert (seen["way"], seen["is_fine"]) == (None, True)


def send(client, card, text_="No signal", key="7d1a2a2e-58a8-4b9b-8ed3-0a6e5d5b6b10"):
    return client.post(f"/my/cards/{card.iccid}/help/", {"text": text_, "key": key})


def test_a_request_carries_what_was_known_when_it_was_asked(alice):
    card = do("suspend", use(mine(), date(2026, 3, 9), 31), DAY)
    response = send(alice, card)
    asked = CardRequest.objects.get()
    assert response.headers["Location"] == f"/my/requests/{asked.pk}/"
    assert (asked.customer.name, asked.card_id, str(asked.by), asked.text, asked.status) == (
        "Acme",
        card.pk,
        "alice",
        "No signal",
        "open",
    )
    assert asked.evidence == {
        "facts": {
            "state": "suspended",
            "holds": ["credit", "voluntary"],
            "real_name": "none",
            "used_bytes": 31 * 1_048_576,
            "allowance_bytes": 30 * 1_048_576,
            "service_until": "2027-01-01",
        },
        "checks": [
            ["state", "good"],
            ["holds", "bad"],
            ["allowance", "bad"],
            ["term", "good"],
            ["device", "good"],
            ["real_name", "good"],
            ["data_age", "good"],
        ],
        "read_at": "2026-03-09T17:00:00+00:00",
        "version": card.version,
    }


def test_twice_is_once_and_while_one_waits_there_is_no_second(alice):
    card = mine()
    first = send(alice, card)
    assert send(alice, card).headers["Location"] == first.headers["Location"]
    assert send(alice, card, key="not a key").headers["Location"] == first.headers["Location"]
    assert help_page(alice, card)["waiting"] == CardRequest.objects.get()
    assert send(alice, mine()).headers["Location"] != first.headers["Location"]  # the same form for another card


def test_a_text_that_is_too_long_is_refused_and_kept_in_the_form(alice):
    response = send(alice, mine(), "x" * 1001)
    assert (response.status_code, CardRequest.objects.count()) == (422, 0)
    assert "At most 1000 characters." in text(response)
    assert "x" * 1001 in text(response)


def test_a_viewer_sees_what_is_wrong_and_cannot_ask():
    client = logged_in(member("Acme", "eve", role="viewer"))
    card = mine()
    assert help_page(client, card)["may_request"] is False
    assert (send(client, card).status_code, CardRequest.objects.count()) == (403, 0)


# the dealer's side


def sent_request(client, **columns):
    send(client, mine(**columns))
    return CardRequest.objects.order_by("-pk").first()


def test_the_queue_answers_and_the_customer_reads_it(alice):
    request = sent_request(alice)
    support = of_role("support")
    support.cookies["django_language"] = "en"
    assert [found.pk for found in support.get("/console/requests/").context["requests"]] == [request.pk]
    page = support.get(f"/console/requests/{request.pk}/")
    assert ("Data left", "All right", "good") in page.context["findings"]
    assert ("state", "In use") in page.context["facts"]
    support.post(f"/console/requests/{request.pk}/answer/", {"answer": "We reset the card.\nTry again."})
    assert [found.pk for found in support.get("/console/requests/?status=answered").context["requests"]] == [request.pk]
    home, seen = alice.get("/my/"), alice.get(f"/my/requests/{request.pk}/")
    assert f"Your dealer has answered request {request.pk}" in text(home)
    assert "We reset the card.<br>Try again." in text(seen)
    assert "support" not in text(seen)
    alice.post(f"/my/requests/{request.pk}/close/")
    assert CardRequest.objects.get().status == "closed"
    assert "Your dealer has answered" not in text(alice.get("/my/"))


def test_an_answer_is_given_once(alice):
    request = sent_request(alice)
    support, ops = of_role("support"), of_role("operations")
    support.post(f"/console/requests/{request.pk}/answer/", {"answer": "first"})
    ops.post(f"/console/requests/{request.pk}/answer/", {"answer": "second"})
    known = CardRequest.objects.get()
    assert (known.answer, str(known.answered_by)) == ("first", "support")


@pytest.mark.parametrize("answer", ["", "  ", "x" * 2001])
def test_an_answer_says_something_and_not_too_much(alice, answer):
    request = sent_request(alice)
    response = of_role("support").post(f"/console/requests/{request.pk}/answer/", {"answer": answer})
    assert (response.status_code, CardRequest.objects.get().status) == (422, "open")


@pytest.mark.parametrize(
    ("role", "status"), [("finance", 403), ("carrier_desk", 403), ("auditor", 403), ("support", 302)]
)
def test_who_may_answer_and_close(alice, role, status):
    request = sent_request(alice)
    client = of_role(role)
    assert (
        client.get("/console/requests/").status_code
        == client.get(f"/console/requests/{request.pk}/").status_code
        == 200
    )
    for step in ("answer", "close"):
        assert client.post(f"/console/requests/{request.pk}/{step}/", {"answer": "yes"}).status_code == status


def test_there_is_no_such_status_and_no_such_request():
    support = of_role("support")
    assert [support.get(f"/console/requests/{end}").status_code for end in ("?status=x", "7/")] == [404, 404]


def test_requests_of_another_customer_are_not_there(alice):
    request = sent_request(alice)
    charlie = logged_in(member("Globex", "charlie"))
    assert charlie.get("/my/requests/").context["entries"] == []
    for method, end in ((charlie.get, ""), (charlie.post, "close/")):
        assert method(f"/my/requests/{request.pk}/{end}").status_code == 404
    assert [found.pk for found, _badge in alice.get("/my/requests/").context["entries"]] == [request.pk]


def test_a_viewer_reads_requests_and_closes_none(alice):
    request = sent_request(alice)
    eve = logged_in(member("Acme", "eve", role="viewer"))
    assert eve.get(f"/my/requests/{request.pk}/").status_code == 200
    assert eve.post(f"/my/requests/{request.pk}/close/").status_code == 403
    assert CardRequest.objects.get().status == "open"
