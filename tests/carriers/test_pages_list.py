"""Where cards stand at their carrier, in the console's list and on its first page."""

import re

import pytest
from django.utils import timezone

from cards.carriers.choices import CommandState, LineStep
from tests.build import card_in_use, member
from tests.carriers.rows import a_difference, an_account, an_order, on_account
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}
ICCID = re.compile(r"/cards/(8986\d{16})/")
TILE = re.compile(r'<a class="stat ([^"]*)" href="([^"]*)"><span class="figure">([^<]*)</span><span>([^<]*)')


def cards_listed(client, query, door="console"):
    page = text(client.get(f"/{door}/cards/?{query}", headers=ENGLISH))
    return sorted(set(ICCID.findall(page)))


@pytest.fixture
def cards():
    """A card at each of three steps, and one that has no line."""
    account = an_account()
    steps = [LineStep.IN_STEP, LineStep.DRIFT, LineStep.UNKNOWN, None]
    made = {step: card_in_use(customer="Acme") for step in steps}
    for step, card in made.items():
        if step:
            on_account(card, account, step=step)
    return {step: card.iccid for step, card in made.items()}


def test_the_list_is_asked_for_cards_at_a_step(cards):
    client = of_role("support")
    found = {step: cards_listed(client, f"step={step}") for step in LineStep}
    assert {step: rows for step, rows in found.items() if rows} == {
        step: [iccid] for step, iccid in cards.items() if step
    }


def test_a_step_that_there_is_not_finds_nothing_and_is_refused(cards):
    answer = of_role("support").get("/console/cards/?step=gone_fishing", headers=ENGLISH)
    assert (answer.status_code, ICCID.findall(text(answer))) == (400, [])


def test_customers_are_not_asked_and_may_not_ask(cards):
    client = logged_in(member("Acme", "alice"))
    answer = client.get(f"/my/cards/?step={LineStep.DRIFT}", headers=ENGLISH)
    assert (answer.status_code, ICCID.findall(text(answer))) == (400, [])


@pytest.mark.parametrize(("language", "words"), [("en", "Differs"), ("zh-hans", "不一致")])
def test_the_column_says_it_and_is_no_query_for_each_row(cards, language, words, django_assert_max_num_queries):
    client = of_role("support")
    client.get("/console/cards/")
    with django_assert_max_num_queries(12):
        page = text(client.get("/console/cards/?cols=msisdn,step", headers={"accept-language": language}))
    assert f'<span class="badge is-warning">{words}</span>' in page


def test_a_selection_keeps_what_was_asked(cards):
    client = of_role("operations")
    client.post("/console/selections/", {"filter": "0e8e3c5c-1b1f-4d0a-9a51-000000000001", "query": "step=drift"})
    page = text(client.get("/console/cards/?step=drift&cols=step", headers=ENGLISH))
    assert (cards[LineStep.DRIFT] in page, cards[LineStep.IN_STEP] in page) == (True, False)


def tiles(client):
    page = text(client.get("/console/", headers=ENGLISH))
    return {title: (tone, count, url) for tone, url, count, title in TILE.findall(page)}


def test_the_first_page_says_what_waits_at_the_carriers(cards):
    line = on_account(card_in_use(), an_account("second"), step=LineStep.UNKNOWN)
    an_order(line, state=CommandState.UNKNOWN, ended_at=timezone.now())
    a_difference(line)
    found = tiles(of_role("carrier_desk"))
    assert found["Differences from the carriers"] == ("is-urgent", "1", "/console/carriers/drift/")
    assert found["Orders without an outcome"] == ("is-urgent", "2", "/console/cards/?step=unknown")
    assert "Orders without an outcome" not in tiles(of_role("support"))


def test_without_an_account_the_first_page_says_nothing_of_carriers():
    assert "Differences from the carriers" not in tiles(of_role("carrier_desk"))


def test_an_account_that_does_not_work_is_said_on_the_first_page():
    an_account(broken_since=timezone.now())
    an_account("off", is_on=False, broken_since=timezone.now())
    page = text(of_role("carrier_desk").get("/console/", headers=ENGLISH))
    assert page.count("The carrier account onelink-sh has not worked since") == 1
    assert "The carrier account off" not in page
