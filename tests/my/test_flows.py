"""What customers come for, from the first page to the last, by the pages' own links and buttons, without JavaScript."""

from datetime import date

import pytest
from django.test import Client

from cards.actions.claim_codes import codes_of
from cards.actions.jobs import worker
from cards.models import Customer, Job
from tests.billing.build import price
from tests.build import card_in_use, do, fresh, member, on_day, open_card, use
from tests.console.pages import logged_in, of_role
from tests.my.pages import Phone

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
OWN, ANOTHER = "868600000000001", "868600000000026"
ID_NUMBER = "110101199003071233"


@pytest.fixture(autouse=True)
def today():
    with on_day(DAY):
        yield


@pytest.fixture
def alice():
    return Phone(logged_in(member("Acme")))


def test_a_stranger_claims_a_card_and_pays_for_a_pack_and_the_card_works_again():
    price("PACK-100", "9.90")
    card = use(card_in_use(), DAY, 31)
    code = codes_of([card])[card.pk].printed(card.iccid)
    password = "blue-kettle-77"
    page = Phone(Client()).open(f"/my/claim/?iccid={card.iccid}").follow("Have a card to claim but no account?")
    page.press("Create account", username="wang", phone="13912340099", password=password, password_again=password)
    page.press("Add card", code=code)
    assert (page.url, "The card is suspended: its data is used up." in page.text) == (f"/my/cards/{card.iccid}/", True)
    page.press("Buy more data").press("Buy for ¥9.90").press("Pay ¥9.90 online").press("Pay ¥9.90")
    assert (fresh(card).state, fresh(card).customer) == ("in_use", Customer.objects.get(name="wang @wang"))


def test_why_a_card_is_stopped_is_found_and_the_new_device_confirmed(alice):
    card = card_in_use(customer="Acme", binding="fixed", imei=OWN)
    use(card, DAY, 1, imei=ANOTHER)
    alice.open("/").press("Confirm the new device")
    assert (alice.url, f'value="{ANOTHER}"' in alice.text) == (f"/my/cards/{card.iccid}/rebind/", True)
    alice.press("Confirm the new device")
    assert (alice.url, "The card works." in alice.text) == (f"/my/cards/{card.iccid}/", True)
    assert (fresh(card).bound_imei, fresh(card).state) == (ANOTHER, "in_use")


def test_a_card_is_stopped_and_resumed(alice):
    card = card_in_use(customer="Acme")
    alice.open("/my/").follow("My cards").follow(card.iccid)
    alice.press("Suspend card").press("Suspend card")
    assert fresh(card).holds == "voluntary"
    assert "The card is suspended: requested by you or your dealer." in alice.text
    alice.press("Resume card").press("Resume card")
    assert (fresh(card).holds, "The card works." in alice.text) == ("", True)


def test_a_real_name_check_is_sent_in_approved_by_the_dealer_and_the_card_comes_back(alice):
    card = use(open_card(customer="Acme", certification="individual"), DAY, 1)
    alice.open("/my/").press("Submit ID verification")
    alice.press("Submit ID verification", name="李晓梅", id_number=ID_NUMBER)
    assert "its ID verification is not approved yet" in alice.text
    dealer = Phone(of_role("operations"))
    dealer.open(f"/console/cards/{card.iccid}/").press("Approve ID verification").press("Approve ID verification")
    alice.open(f"/my/cards/{card.iccid}/")
    assert (fresh(card).state, "The card works." in alice.text) == ("in_use", True)


def test_all_stopped_cards_are_resumed_by_the_one_button_of_the_home_page(alice):
    cards = [do("suspend", card_in_use(customer="Acme"), DAY) for _ in range(11)]
    alice.open("/my/").press("Resume all…")
    assert "Preview" in alice.text
    alice.press("Resume cards (11)")
    worker.work_off(Job.objects.get())
    alice.open(alice.url)
    assert "Completed for every card." in alice.text
    assert [fresh(card).state for card in cards] == ["in_use"] * 11


def test_a_pasted_list_is_searched_selected_and_limited(alice):
    cards = [card_in_use(customer="Acme") for _ in range(3)]
    alice.open("/my/cards/").press("Search", q="\n".join(card.iccid for card in cards[:2]))
    alice.press("Select all matched…").press("Set a usage limit…").press("Set a usage limit (2)", limit_mb="20")
    worker.work_off(Job.objects.get())
    assert [fresh(card).limit_mb for card in cards] == [20, 20, None]


def test_a_card_that_does_not_work_is_looked_at_asked_about_answered_and_settled(alice):
    card = do("place_hold", card_in_use(customer="Acme"), DAY, kind="anomaly")
    alice.open(f"/my/cards/{card.iccid}/").press("My card does not work")
    alice.press("Send request", text="It blinks.")
    request = alice.url
    dealer = Phone(of_role("support"))
    dealer.open("/console/").follow("Requests").follow("#")
    assert "It blinks." in dealer.text
    dealer.press("Answer", answer="The carrier lifts it tomorrow.")
    alice.open("/my/").follow("Your dealer has answered request")
    assert (alice.url, "The carrier lifts it tomorrow." in alice.text) == (request, True)
    alice.press("Solved: close request")
    assert "Closed" in alice.text
