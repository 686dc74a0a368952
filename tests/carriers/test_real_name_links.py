"""The link to the carrier's own page for a card's ID verification: who gets it, and what is said instead."""

import re

import pytest

from cards.carriers.actions.real_name_links import LINKS_OF_CARD
from cards.carriers.models import Attempt, CarrierAccount, Command
from tests.build import card_in_use, do, member, open_card
from tests.carriers.fakes.onelink5 import OneLinkFake, Trouble
from tests.carriers.rows import an_account, on_account
from tests.carriers.test_assigning import connected
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db
ENGLISH, CHINESE = {"accept-language": "en"}, {"accept-language": "zh-hans"}
BUTTON = "Get the link for the ID verification"
PLAINLY = "The carrier gives no link for this card at the moment. Try again later, or ask us."


class LinkFake(OneLinkFake):
    """Answers with the address that a test says, or refuses."""

    link = "https://realname.example.cn/h5?busi=1"
    is_refusing = False

    def do_secure_sim_real_name_reg(self, heard, said):
        self._sim(said)
        if self.is_refusing:
            raise Trouble(self.invented("real name"), "该号码无需实名")
        return [{"busiSeq": self.order_number(), "url": self.link}]


@pytest.fixture
def fake():
    with LinkFake(seed=7) as started:
        yield started


@pytest.fixture
def card(fake):
    """Acme's, whose person is not verified, at the fake."""
    card = open_card(certification="individual", customer="Acme")
    fake.add(card.iccid, msisdn="1490000000001")
    connected(fake)
    return card


def plain(answer):
    return " ".join(re.sub("<[^>]*>", " ", text(answer)).split())


def for_staff(card):
    return f"/console/carriers/cards/{card.iccid}/real-name-link/"


def for_members(card):
    return f"/my/cards/{card.iccid}/real-name-link/"


def asked_for(fake):
    return [call for call in fake.calls if "sim-real-name-reg" in call.path]


def test_staff_get_the_link_and_it_is_kept_nowhere(fake, card, caplog):
    caplog.set_level("INFO")
    client = of_role("support")
    assert BUTTON in text(client.get(f"/console/cards/{card.iccid}/", headers=ENGLISH))
    answer = client.post(for_staff(card), headers=ENGLISH)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert f'<a class="btn is-primary" href="{fake.link}" target="_blank" rel="noopener noreferrer">' in text(answer)
    assert "The link leads to realname.example.cn. Open the carrier's page" in plain(answer).replace("&#x27;", "'")
    assert (Attempt.objects.count(), Command.objects.count(), len(asked_for(fake))) == (0, 0, 1)
    told = [record.getMessage() for record in caplog.records if "gave a link" in record.getMessage()]
    assert told == [f"The account main gave a link for the ID verification of card {card.iccid}."]
    assert fake.link not in caplog.text
    assert all(slot.owner == "" for slot in CarrierAccount.objects.get().slots.all())


def test_its_owner_gets_the_link_in_chinese(fake, card):
    client = logged_in(member("Acme", "alice"))
    assert "获取实名登记链接" in text(client.get(f"/my/cards/{card.iccid}/", headers=CHINESE))
    page = text(client.post(for_members(card), headers=CHINESE))
    assert ("运营商的实名登记页面" in page, f'href="{fake.link}" target="_blank"' in page) == (True, True)
    looked = client.get(for_members(card))
    assert (looked.status_code, looked["Location"]) == (302, f"/my/cards/{card.iccid}/")


def test_a_page_that_is_not_encrypted_is_told_to_be(fake, card):
    fake.link = "http://realname.example.cn/h5"
    page = plain(logged_in(member("Acme", "alice")).post(for_members(card), headers=ENGLISH))
    assert "page is not encrypted" in page


def test_who_may_not_act_for_the_card_gets_none(fake, card):
    viewer, stranger = logged_in(member("Acme", "v", "viewer")), logged_in(member("Globex", "s"))
    assert BUTTON not in text(viewer.get(f"/my/cards/{card.iccid}/", headers=ENGLISH))
    assert [client.post(for_members(card)).status_code for client in (viewer, stranger)] == [403, 404]
    finance = of_role("finance")
    assert BUTTON not in text(finance.get(f"/console/cards/{card.iccid}/", headers=ENGLISH))
    assert (finance.post(for_staff(card)).status_code, asked_for(fake)) == (403, [])


def test_what_the_carrier_refuses_staff_read_in_its_words_and_its_owner_in_ours(fake, card):
    fake.is_refusing = True
    answer = of_role("support").post(for_staff(card), headers=ENGLISH)
    code = fake.invented("real name")
    assert (answer.status_code, f"The carrier gave no link: refused ({code} 该号码无需实名)." in plain(answer)) == (
        422,
        True,
    )
    answer = logged_in(member("Acme", "alice")).post(for_members(card), headers=ENGLISH)
    assert (answer.status_code, PLAINLY in plain(answer), "无需" in plain(answer)) == (422, True, False)


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "https://", "https://a.cn@evil.example/", "https://a b", "http://[", ""]
)
def test_what_is_no_address_of_a_page_is_not_shown(fake, card, link):
    fake.link = link
    answer = of_role("support").post(for_staff(card), headers=ENGLISH)
    assert (answer.status_code, "The link leads to" in plain(answer)) == (422, False)
    assert f'href="{link}"' not in text(answer) or not link


def test_it_is_not_asked_for_too_often(fake, card):
    client = logged_in(member("Acme", "alice"))
    codes = [client.post(for_members(card)).status_code for _ in range(LINKS_OF_CARD.most)]
    assert codes == [200] * LINKS_OF_CARD.most
    answer = client.post(for_members(card), headers=ENGLISH)
    said = "The link was asked for too often. Try again in 15 minutes."
    assert (answer.status_code, said in plain(answer), len(asked_for(fake))) == (422, True, LINKS_OF_CARD.most)


def test_a_card_that_needs_no_verification_is_offered_none(fake):
    card = card_in_use(customer="Acme")
    fake.add(card.iccid, msisdn="1490000000001")
    connected(fake)
    support = of_role("support")
    assert BUTTON not in text(support.get(f"/console/cards/{card.iccid}/", headers=ENGLISH))
    answer = support.post(for_staff(card), headers=ENGLISH)
    assert (answer.status_code, "The card needs no ID verification." in plain(answer)) == (422, True)
    assert asked_for(fake) == []


def test_a_verified_and_a_cancelled_card_neither(fake, card):
    cancelled = do("cancel", card, card.opened_on)
    page = text(of_role("support").get(f"/console/cards/{cancelled.iccid}/", headers=ENGLISH))
    assert BUTTON not in page


@pytest.mark.parametrize("how", [{"protocol": "jasper"}, {"is_on": False}, {"broken_since": "2026-03-02T12:00Z"}])
def test_an_account_that_cannot_offers_none(how):
    card = open_card(certification="individual", customer="Acme")
    on_account(card, an_account(**how))
    support, alice = of_role("support"), logged_in(member("Acme", "alice"))
    page = plain(support.get(f"/console/cards/{card.iccid}/", headers=ENGLISH))
    lacks = "It gives no link for the ID verification that this card needs." in page
    assert (BUTTON in page, lacks) == (False, "protocol" in how)
    assert BUTTON not in text(alice.get(f"/my/cards/{card.iccid}/", headers=ENGLISH))
    answer = support.post(for_staff(card), headers=ENGLISH)
    assert (answer.status_code, "The carrier cannot be asked for a link" in plain(answer)) == (422, True)
    assert PLAINLY in plain(alice.post(for_members(card), headers=ENGLISH))


def test_a_card_on_no_account_neither():
    card = open_card(certification="individual", customer="Acme")
    alice = logged_in(member("Acme", "alice"))
    assert BUTTON not in text(alice.get(f"/my/cards/{card.iccid}/", headers=ENGLISH))
    assert alice.post(for_members(card)).status_code == 422
