"""A SIM swapped from its form, and what console, customers' pages and the command line say of it afterwards."""

from datetime import date

import pytest
from django.utils import translation

from cards.models import CancellingRules, Card, CardEvent
from cards.pages.other_sims import FormerSim
from tests.build import card_in_use, do, fresh, member, on_day, open_card, story
from tests.commands.calls import result
from tests.console.pages import logged_in, of_role, text
from tests.console.test_card_act import ENGLISH, on_the_day, said, send, submit, url_of

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
NEW = "89860000000000009001"


@pytest.fixture
def ops():
    return of_role("operations")


@pytest.fixture
def card():
    return card_in_use(customer="Acme", msisdn="14400000001")


@pytest.fixture
def new():
    return open_card(iccid=NEW, msisdn="14400009001")


def compared(client, card, iccid):
    return client.get(url_of(card, "swap"), {"iccid": iccid}, headers=ENGLISH)


def swapped(client, card, **data):
    return submit(client, card, "swap", **{"iccid": NEW, "reason": "lost", "last_digits": card.iccid[-6:]} | data)


@on_the_day
def test_both_sims_stand_side_by_side_before_anything_is_done(ops, card, new):
    first = text(ops.get(url_of(card, "swap"), headers=ENGLISH))
    assert ("ICCID of the new SIM" in first, "What ends" in first) == (True, False)
    response = compared(ops, card, f" {NEW[:4]} {NEW[4:]} ")
    sides = [
        (str(side.title), side.iccid, side.shown, side.shown_then, [(str(f.label), str(f.value)) for f in side.facts])
        for side in response.context["sides"]
    ]
    assert sides == [
        ("Old SIM", card.iccid, "in_use", "cancelled", [("Customer", "Acme"), ("MSISDN", "14400000001")]),
        ("New SIM", NEW, "unused", "in_use", [("Customer", "in stock"), ("MSISDN", "14400009001")]),
    ]
    assert [(str(fact.label), str(fact.value)) for fact in response.context["goes_over"]] == [
        *(("MSISDN", "14400000001"), ("Customer", "Acme")),
        *(("Last day of service", "2026-12-31"), ("Usage", "0 of 30 MB used")),
    ]
    assert response.context["ends"] == [
        f"The SIM {card.iccid} is cancelled for good.",
        "The new SIM gives up its own number, 14400009001.",
        "Both printed labels open nothing any more: print the new SIM's label again.",
    ]
    assert "This cannot be undone." in text(response)
    assert (story(card)[-1][0], fresh(new).state) == ("activate", "unused")


@on_the_day
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("12", "an ICCID has 19 or 20 characters and starts with 8986"),
        ("89860000000000009009", "there is no card 89860000000000009009 here; import the new SIM into stock first"),
        (NEW, f"The new SIM {NEW} belongs to a customer. Use one from stock, or return this one to stock first."),
    ],
)
def test_a_new_sim_that_does_not_fit_is_said_before_anything_else_is_asked(ops, card, typed, sentence):
    open_card(iccid=NEW, customer="Other")
    response = compared(ops, card, typed)
    assert sentence in text(response)
    assert ("sides" in response.context, response.status_code) == (False, 200)


@on_the_day
def test_a_swap_leads_to_the_card_with_its_new_sim_and_both_pages_say_so(ops, card, new):
    response = swapped(ops, card)
    assert response.headers["Location"] == f"/console/cards/{NEW}/"
    assert said(ops, response) == ["Swap SIM: done. Remains “In use”."]
    with_new, old = (ops.get(f"/console/cards/{iccid}/", headers=ENGLISH) for iccid in (NEW, card.iccid))
    assert (with_new.context["former_sims"], with_new.context["gone_on_as"]) == ([FormerSim(card.iccid, DAY)], None)
    assert (old.context["former_sims"], old.context["gone_on_as"].iccid) == ([], NEW)
    assert f'<a class="id" href="/console/cards/{card.iccid}/">' in text(with_new)
    assert f'<a class="id" href="/console/cards/{NEW}/">' in text(old)


@on_the_day
def test_the_new_label_is_two_clicks_away(ops, card, new):
    swapped(ops, card)
    page = ops.get(f"/console/cards/{NEW}/", headers=ENGLISH)
    response = ops.post(
        "/console/selections/", {"ids": card.pk, "query": "", "page": page.context["sims_key"]}, follow=True
    )
    assert [row.iccid for row in response.context["cards"]] == [NEW]


@on_the_day
@pytest.mark.parametrize("wrong", [{"last_digits": "000000"}, {"last_digits": NEW[-6:]}, {"reason": ""}])
def test_without_the_typed_confirmation_or_a_reason_nothing_is_done(ops, card, new, wrong):
    response = swapped(ops, card, **wrong)
    assert (response.status_code, story(card)[-1][0], fresh(new).state) == (422, "activate", "unused")
    assert "What goes over to the new SIM" in text(response)


@on_the_day
def test_sent_twice_it_is_done_once(ops, card, new):
    form = compared(ops, card, NEW).context["form"]
    sent = {"version": form["version"].value(), "iccid": NEW, "reason": "lost", "last_digits": card.iccid[-6:]}
    assert [send(ops, card, "swap", **sent).status_code for _ in range(2)] == [302, 409]
    assert [action for action, *_rest in story(card)] == ["open", "activate", "swap"]


@on_the_day
def test_whoever_may_not_gets_no_form_and_changes_nothing(card, new):
    for client, statuses in ((of_role("support"), (403, 403)), (logged_in(member("Acme")), (404, 404))):
        answers = client.get(url_of(card, "swap")), send(client, card, "swap", iccid=NEW, reason="lost")
        assert tuple(answer.status_code for answer in answers) == statuses
    assert (story(card)[-1][0], fresh(new).state) == ("activate", "unused")


@on_the_day
def test_a_protected_card_has_no_swap_to_offer(ops, card):
    do("protect", card, DAY)
    page = text(ops.get(url_of(card, "swap"), headers=ENGLISH))
    assert ("The card is protected from cancellation." in page, "Compare" in page) == (True, False)


@on_the_day
def test_it_is_not_done_to_many_cards_at_once(ops, card, new):
    page = ops.get("/console/cards/")
    assert page.status_code == 200
    posted = {"ids": card.pk, "page": "00000000-0000-0000-0000-000000000001", "query": "", "action": "swap"}
    assert ops.post("/console/selections/", posted).status_code == 403


@on_the_day
def test_a_swap_is_no_cancellation_that_one_person_may_not_do_alone(ops, card, new):
    CancellingRules.objects.update(most_alone=0)
    assert swapped(ops, card).status_code == 302
    assert Card.objects.get(iccid=card.iccid).state == "cancelled"


# customers


@on_the_day
def test_its_customer_finds_it_under_either_number_and_reads_of_the_swap(ops, card, new):
    alice = logged_in(member("Acme"))
    swapped(ops, card)
    assert alice.get(f"/my/cards/{card.iccid}/").headers["Location"] == f"/my/cards/{NEW}/"
    page = text(alice.get(f"/my/cards/{NEW}/", headers=ENGLISH))
    assert f"The SIM {card.iccid} was replaced by the new SIM {NEW}." in page
    assert "lost" not in page


@on_the_day
def test_another_customer_and_a_later_one_do_not_find_it_by_the_old_number(ops, card, new):
    bob = logged_in(member("Other", username="bob"))
    swapped(ops, card)
    assert [bob.get(f"/my/cards/{iccid}/").status_code for iccid in (card.iccid, NEW)] == [404, 404]
    do("assign", card, DAY, customer="Other")
    assert [bob.get(f"/my/cards/{iccid}/").status_code for iccid in (card.iccid, NEW)] == [404, 200]
    assert card.iccid not in text(bob.get(f"/my/cards/{NEW}/", headers=ENGLISH))


# the command line


@on_day(DAY)
def test_the_command_swaps_and_both_cards_say_so(card, new):
    with translation.override("en"):
        done = result("act", "swap", card.iccid, "--set", f"iccid={NEW}", "--reason", "lost")
    assert (done["results"][0]["iccid"], done["results"][0]["done"]) == (NEW, True)
    documents = {found["iccid"]: found for found in result("card", NEW, card.iccid)}
    short = {
        iccid: (found["msisdn"], found["customer"], found["state"], found["events"][-1]["action"])
        for iccid, found in documents.items()
    }
    assert short == {
        NEW: ("14400000001", "Acme", "in_use", "swap"),
        card.iccid: (None, None, "cancelled", "swap"),
    }
    assert [event["action"] for event in documents[NEW]["events"]] == ["open", "activate", "swap"]
    assert CardEvent.objects.filter(action="swap", reason="lost").count() == 2
