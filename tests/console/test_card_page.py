"""The page of one card: who may see it, what it explains, which buttons it has, and that it only looks."""

import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest

from cards.models import CarrierPolicy, PastCycle
from cards.pages.timeline import Mark, life_of, lying, upright
from cards.pages.usage_chart import Cycle, by_cycle, by_day, cycles_of
from tests.build import attempt, card_in_use, do, fresh, member, on_day, open_card, spoil, story, swept, use
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
ENGLISH = {"accept-language": "en"}
on_the_day = on_day(DAY)
MB = 1_048_576

BUTTONS = {
    "support": ["Suspend"],
    "operations": [
        "Suspend",
        "Renew",
        "Top up",
        "Grant free service",
        "Set usage limit",
        "Assign to customer",
        "Return to stock",
        "Protect",
        "Swap SIM",
        "Cancel",
    ],
    "finance": [],
    "carrier_desk": ["Place hold"],
    "auditor": [],
}


def page_of(client, card, query=""):
    response = client.get(f"/console/cards/{card.iccid}/{query}", headers=ENGLISH)
    assert response.status_code == 200
    return response


def in_blue(response):
    """The buttons that the page proposes; that of the record's filters is none of them."""
    page = text(response)
    return re.findall(r'is-primary" href="[^"]*">([^<]*)', page)


def labels(response):
    return [str(button.label) for button in response.context["buttons"]]


@on_the_day
@pytest.mark.parametrize("role", BUTTONS)
def test_each_role_sees_the_card_and_the_buttons_it_may_use(role):
    response = page_of(of_role(role), card_in_use(customer="Acme"))
    assert labels(response) == BUTTONS[role]
    reads_only = "Your role can view cards but not change them." in text(response)
    assert reads_only == (role in ("finance", "auditor"))


@on_the_day
def test_what_is_refused_is_shown_with_why_and_the_way_out():
    response = page_of(of_role("support"), card_in_use())
    (refusal,) = response.context["refusals"]
    assert (refusal.labels, refusal.sentence, refusal.way_out) == (
        "Resume",
        "The card is neither suspended manually nor at its usage limit.",
        "Check why the card is suspended: each reason has its own fix.",
    )
    assert refusal.sentence in text(response)


@on_the_day
def test_a_card_goes_back_to_stock_unless_it_is_there():
    client = of_role("operations")
    sold, stock = page_of(client, card_in_use(customer="Acme")), page_of(client, card_in_use())
    reasons = {refusal.labels: refusal.sentence for refusal in stock.context["refusals"]}
    assert ("Return to stock" in labels(sold), "Return to stock" in labels(stock)) == (True, False)
    assert reasons["Return to stock"] == "The card is already in stock."


@on_the_day
def test_a_cancelled_card_offers_nothing():
    card = do("cancel", card_in_use(), DAY, reason="lost")
    response = page_of(of_role("operations"), card)
    assert labels(response) == []
    assert [refusal.sentence for refusal in response.context["refusals"]] == ["The card is cancelled, which is final."]
    assert f"/console/cards/{card.iccid}/suspend/" not in text(response)


def test_a_stranger_logs_in_and_a_customer_finds_no_page(client):
    card = open_card(customer="Acme")
    url = f"/console/cards/{card.iccid}/"
    assert client.get(url).headers["Location"] == f"/admin/login/?next={url}"
    assert logged_in(member("Acme")).get(url).status_code == 404


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("8986000000000000001", "89860000000000000017"),
        ("89860000000000000017", "8986000000000000001"),
        ("898600A0000000000001", "898600a0000000000001"),
    ],
)
def test_another_way_to_write_the_number_leads_to_the_card(stored, typed):
    card = open_card(iccid=stored)
    response = of_role("support").get(f"/console/cards/{typed}/")
    assert (response.status_code, response.headers["Location"]) == (302, f"/console/cards/{card.iccid}/")


@pytest.mark.parametrize("iccid", ["89860000000000000099", "8986", "nonsense", "8986000000000000001"])
def test_an_unknown_or_ambiguous_number_is_a_page_of_ours(iccid):
    open_card(iccid="89860000000000000017")
    open_card(iccid="89860000000000000018")
    response = of_role("support").get(f"/console/cards/{iccid}/", headers=ENGLISH)
    assert (response.status_code, "Page not found" in text(response)) == (404, True)
    assert f'href="/console/cards/?q={iccid}"' in text(response)


@on_the_day
def test_why_has_the_one_button_that_helps():
    card = do("suspend", use(card_in_use(customer="Acme"), DAY, 30.1), DAY, reason="holiday")
    response = page_of(of_role("operations"), card)
    assert [(why.reason.code, why.button.url, why.refused, why.is_first) for why in response.context["whys"]] == [
        ("credit", f"/console/orders/new/?action=top_up&numbers={card.iccid}", None, True),
        ("voluntary", f"/console/cards/{card.iccid}/resume/", None, False),
    ]
    page = text(response)
    assert in_blue(response) == ["Top up"]
    assert "30.1 of 30 MB used" in page
    assert "“holiday”" in page
    assert "Why it does not work" in page


@on_the_day
def test_what_cannot_help_as_long_as_the_carrier_blocks_the_card_is_said_and_not_offered():
    card = do("suspend", use(card_in_use(customer="Acme"), DAY, 30.1), DAY)
    card = do("place_hold", card, DAY, kind="anomaly")
    response = page_of(of_role("operations"), card)
    waits = "This can wait: the card will not work before the carrier lifts its block."
    assert [(why.reason.code, why.button, str(why.waits)) for why in response.context["whys"]] == [
        ("anomaly", None, ""),
        ("credit", None, waits),
        ("voluntary", None, waits),
    ]
    assert (in_blue(response), text(response).count(waits)) == ([], 3)
    assert "Resume" not in labels(response)
    assert [button.label for button in response.context["waiting"]] == [
        "Resume",
        "Top up",
    ]  # below, with the same words


@on_the_day
def test_one_step_that_lifts_two_holds_has_one_button():
    card = use(do("set_limit", card_in_use(customer="Acme"), DAY, limit_mb="10"), DAY, 12)
    response = page_of(of_role("support"), do("suspend", card, DAY))
    whys = [(why.reason.code, bool(why.button), why.is_first, why.helps_too) for why in response.context["whys"]]
    assert whys == [("threshold", True, True, False), ("voluntary", False, False, True)]
    assert "The step above lifts this too." in text(response)


@on_the_day
def test_the_number_that_people_call_stands_in_the_head_to_be_copied():
    card = card_in_use(msisdn="1064000054321")
    page = text(page_of(of_role("support"), card))
    head = page[page.index("page-head") : page.index('id="why"')]
    assert [f'data-copy="{number}"' in head for number in (card.iccid, card.msisdn)] == [True, True]


@on_the_day
def test_who_has_nobody_to_pay_for_it_is_shown_the_grant():
    card = use(card_in_use(), DAY, 30.1)
    response = page_of(of_role("operations"), card)
    (why,) = response.context["whys"]
    refused = "The card is in stock, so there is no one to pay for it."
    assert (why.button, why.refused.sentence) == (None, refused)
    buttons = [(button.label, button.url) for button in response.context["buttons"]]
    assert ("Grant free service", f"/console/cards/{card.iccid}/grant/") in buttons
    assert [each.labels for each in response.context["refusals"] if each.sentence == refused] == ["Renew, Top up"]


@on_the_day
def test_who_may_not_help_sees_who_may():
    card = use(card_in_use(), DAY, 30.1)
    (why,) = page_of(of_role("support"), card).context["whys"]
    assert (why.reason.roles, why.button, why.refused) == ("operations", None, None)


@on_the_day
def test_help_that_is_refused_says_so_instead_of_a_button():
    card = card_in_use(binding="fixed", imei="868600000000001")
    for imei in ("868600000000019", "868600000000034"):
        card = do("rebind", card, DAY, imei=imei)
    card = use(card, DAY, 1, imei="868600000000042")
    (why,) = page_of(of_role("operations"), card).context["whys"]
    assert (why.reason.code, why.button, why.refused.code) == ("rebind", None, "rebinds_used_up")


@on_the_day
def test_a_card_that_works_says_what_comes_next():
    page = text(page_of(of_role("support"), card_in_use()))
    assert "The card works" in page
    assert "Next, on 2027-01-01: The last term has ended." in page


@on_the_day
def test_the_forecast_is_shown_to_the_end():
    response = page_of(of_role("support"), open_card())
    assert [(step.foreseen.on, str(step.label), step.days) for step in response.context["forecast"]] == [
        (date(2026, 8, 1), "Force activation", 144),
        (date(2027, 8, 1), "Shut down", 509),
        (date(2027, 10, 30), "Cancel", 599),
    ]
    assert "Renew before 2027-08-01." in text(response)


@on_day(date(2026, 9, 1))
def test_what_is_overdue_is_caught_up_in_the_forecast_and_not_on_the_card():
    card = open_card()
    response = page_of(of_role("operations"), card)
    assert response.context["forecast"][0].foreseen.is_overdue
    assert "Already due: the next sweep or action applies it first." in text(response)
    assert "Suspend" in labels(response)
    assert fresh(card).state == "unused"


@on_the_day
def test_facts_and_dates_warn_softly_of_check_digits():
    card = open_card(iccid="89860000000000000018", customer="Acme", msisdn="1064000000001")
    response = page_of(of_role("support"), card)
    facts = {fact.label: (str(fact.value), fact.note) for fact in response.context["facts"]}
    assert facts == {
        "ICCID": ("89860000000000000018", "check digit is wrong"),
        "MSISDN": ("1064000000001", ""),
        "Carrier": ("China Mobile", ""),
        "Customer": ("Acme", ""),
        "Opening plan": ("Yearly plan 30 MB/month", "Y1-30"),
        "Certification": ("Enterprise", ""),
        "Device binding": ("Any device", ""),
    }
    assert [(fact.label, fact.value, fact.days) for fact in response.context["dates"]] == [
        ("Opened", date(2026, 1, 15), -54),
        ("Silent from", date(2026, 1, 15), -54),
        ("Forced activation", date(2026, 8, 1), 144),
        ("Next due", date(2026, 8, 1), 144),
    ]


@on_the_day
def test_the_meter_says_as_of_when():
    card = use(card_in_use(), DAY, 12)
    page = text(page_of(of_role("support"), card))
    assert "<strong>12</strong> / 30 MB" in page
    assert "As of 2026-03-11 01:00." in page
    assert "2026-03-01 to 2026-03-31." in page


@on_the_day
def test_the_record_tells_who_what_why_and_on_what_evidence():
    card = do("suspend", use(card_in_use(), DAY, 30.1), DAY, reason="holiday")
    entries = page_of(of_role("auditor"), card).context["record"].entries
    assert [(e.seq, str(e.action), e.by, e.shown_before, e.shown, e.reason) for e in entries] == [
        (4, "Suspend", "manage.py (command line)", "", "credit", "holiday"),
        (3, "Place hold", "rule: The cycle's allowance is used up", "in_use", "credit", ""),
        (2, "Activate", "manage.py (command line)", "unused", "in_use", "because"),
        (1, "Open", "manage.py (command line)", "", "unused", ""),
    ]
    assert [(str(name), value) for name, value in entries[1].evidence] == [
        ("used", "30.1 MB"),
        ("reached", "30 MB"),
        ("hold", "Allowance used up"),
    ]


@on_the_day
def test_terms_devices_and_checks_are_listed_and_persons_masked():
    card = card_in_use(certification="enterprise", binding="fixed", imei="868600000000001")
    card = do("rebind", do("renew", card, DAY, plan="Y1-1024"), DAY, imei="868600000000019")
    response = page_of(of_role("auditor"), card)
    page = text(response)
    assert "12 months (anniversary), 1 GB per month" in page
    assert "12 months (calendar months), 30 MB per month" in page
    assert [(term.number, str(term.plan), term.status) for term in response.context["terms"]] == [
        (2, "Yearly plan 1 GB/month, from activation day (Y1-1024)", "queued"),
        (1, "Yearly plan 30 MB/month (Y1-30)", "current"),
    ]
    assert [(b.imei, b.is_rebind) for b in response.context["bindings"]] == [
        ("868600000000019", True),
        ("868600000000001", False),
    ]
    person = do(
        "submit_real_name", open_card(certification="individual"), DAY, name="张三丰", id_number="110101199003071234"
    )
    page = text(page_of(of_role("operations"), person))
    assert ("张**" in page, "张三丰" in page, "199003071234" in page) == (True, False, False)


@on_the_day
def test_a_parked_card_is_shown_with_what_is_wrong():
    card = card_in_use()
    spoil(card, service_from=None)
    attempt("suspend", card, DAY)
    response = page_of(of_role("operations"), fresh(card))
    (why,) = response.context["whys"]
    assert (why.reason.code, why.refused.code) == ("parked", "still_broken")
    broken = "a term is running, but no cycle is metered"
    assert why.reason.sentence == f"The card's data is inconsistent: {broken}"
    assert response.context["record"].entries[0].evidence == [("why", broken)]
    assert (response.context["forecast"], labels(response)) == ([], [])


@on_the_day
@pytest.mark.parametrize("lost", ["service_until", "cycle_until"])
def test_a_card_that_contradicts_itself_is_shown_without_a_forecast(lost):
    card = card_in_use()
    spoil(card, **{lost: None})
    response = page_of(of_role("operations"), fresh(card))
    assert (response.context["forecast"], labels(response)) == ([], [])
    assert response.context["broken"] in text(response)
    assert response.context["broken"] != ""


@on_the_day
def test_a_card_without_a_policy_is_shown_all_the_same():
    card = card_in_use()
    CarrierPolicy.objects.filter(carrier="cmcc").delete()
    response = page_of(of_role("operations"), card)
    assert "no policy of the carrier" in response.context["broken"]


@on_the_day
def test_looking_changes_nothing_however_often(django_assert_max_num_queries):
    card = do("suspend", use(card_in_use(), DAY, 30.1), DAY)
    record, facts = story(card), fresh(card).facts()
    client = of_role("operations")
    with django_assert_max_num_queries(18):
        page_of(client, card)
    assert client.post(f"/console/cards/{card.iccid}/").status_code == 405
    assert (story(card), {**fresh(card).facts(), "_state": None}) == (record, {**facts, "_state": None})


def test_nothing_on_the_page_needs_what_the_policy_forbids():
    page = text(page_of(of_role("support"), use(card_in_use(), DAY, 3)))
    assert (" style=" in page, "onclick" in page, "<style" in page) == (False, False, False)


def test_bars_by_day_stand_for_the_last_60_days():
    chart = by_day({DAY: 2 * MB, DAY - timedelta(days=59): MB, DAY - timedelta(days=60): 9 * MB}, DAY)
    assert (len(chart.bars), chart.highest_bytes, chart.width) == (60, 2 * MB, 600)
    assert [(bar.on, bar.height, bar.y) for bar in chart.used] == [(DAY - timedelta(days=59), 48, 52), (DAY, 96, 4)]


def test_bars_of_a_card_without_usage_are_empty():
    chart = by_day({}, DAY)
    assert (chart.used, chart.highest_bytes) == ([], 0)


def cycles(card, policy):
    """The cycles of a card as its page on DAY shows them."""
    terms, records = card.terms.order_by("number"), list(card.events.order_by("seq"))
    return cycles_of(list(terms), records, fresh(card).meter(DAY), policy, DAY)


def test_cycles_follow_the_terms_the_packs_and_the_limits_each_had():
    card = card_in_use(plan="Y1-1024")
    card = do("top_up", card, date(2026, 1, 20), plan="PACK-100")
    card = do("top_up", card, date(2026, 1, 31), plan="PACK-100")
    card = do("set_limit", card, date(2026, 2, 10), limit_mb="500")
    card = do("top_up", do("set_limit", card, DAY, limit_mb="700"), DAY, plan="PACK-100")
    found = cycles(card, CarrierPolicy())
    assert found == [
        Cycle(date(2026, 1, 15), date(2026, 2, 1), 1224 * MB),
        Cycle(date(2026, 2, 1), date(2026, 3, 1), 1024 * MB, 500 * MB),
        Cycle(date(2026, 3, 1), date(2026, 4, 1), 1124 * MB, 700 * MB, 0),
    ]
    chart = by_cycle({date(2026, 1, 31): 3 * MB, date(2026, 2, 1): 1024 * MB}, found)
    assert [(bar.used_bytes, bar.is_out, bar.x, bar.mark, bar.limit_mark) for bar in chart.bars] == [
        (3 * MB, False, 91, 4, None),
        (1024 * MB, True, 101, 20, 61),
        (0, False, 111, 12, 46),
    ]
    assert chart.has_limits


def test_packs_that_outlive_their_cycle_are_seen_in_the_next():
    card = do("top_up", card_in_use(), date(2026, 1, 20), plan="PACK-100")
    found = cycles(card, CarrierPolicy(ends_packs=False))
    assert [cycle.quota_bytes // MB for cycle in found[:2]] == [130, 130]


def test_a_total_kept_of_the_carriers_cycle_is_the_cards_first_ones_but_for_days_that_lie_elsewhere():
    """Before the card's service begins, between two terms, in the second one; and a later reading makes it no less."""
    march = PastCycle(cycle_from=date(2026, 3, 1), cycle_until=date(2026, 4, 1), bytes=100 * MB)
    first = Cycle(date(2026, 3, 5), date(2026, 3, 10), 30 * MB)
    second = Cycle(date(2026, 3, 20), date(2026, 4, 1), 30 * MB)

    def used(readings):
        readings = {date(2026, 3, day): mb * MB for day, mb in readings.items()}
        return [bar.used_bytes // MB for bar in by_cycle(readings, [first, second], [march]).bars]

    assert used({}) == [100, 0]
    assert used({4: 1, 9: 2, 10: 4, 20: 8, 31: 16}) == [71, 24]
    assert used({5: 101}) == [101, 0]
    (running,) = by_cycle({}, [replace(first, used_bytes=7 * MB)], [march]).bars
    assert running.used_bytes == 7 * MB
    assert [bar.used_bytes for bar in by_cycle({}, [Cycle(date(2026, 4, 1), DAY, 30 * MB)], [march]).bars] == [0]


def test_a_limit_beyond_the_drawing_is_only_told():
    (bar,) = by_cycle({}, [Cycle(DAY, DAY + timedelta(days=1), 30 * MB, 500 * MB)]).bars
    assert (bar.limit_bytes, bar.limit_mark) == (500 * MB, None)


@on_day(date(2026, 3, 10))
def test_a_shut_down_card_says_how_long_is_left():
    card = swept(card_in_use(plan="M1-100"), DAY)
    page = text(page_of(of_role("operations"), card))
    assert "Renew before 2026-05-02: permanently cancelled in 53 days." in page


def write(client, card, action, **data):
    """Send one of the small forms that stand on the card's page; the page afterwards."""
    sent = {"version": card.version, **data}
    return client.post(f"/console/cards/{card.iccid}/{action}/", sent, headers=ENGLISH, follow=True)


@on_the_day
def test_tags_and_the_remark_are_written_right_on_the_page():
    card, client = card_in_use(), of_role("support")
    write(client, card, "tag", tag="VIP")
    write(client, fresh(card), "tag", tag="试点")
    page = write(client, fresh(card), "remark", remark="in the shed")
    notes = page.context["notes"]
    assert [(tag.name, tag.url) for tag in notes.tags] == [
        ("VIP", "/console/cards/?tag=VIP"),
        ("试点", "/console/cards/?tag=%E8%AF%95%E7%82%B9"),
    ]
    assert (notes.known_tags, notes.remark) == (["VIP", "试点"], "in the shed")
    assert '<option value="VIP">' in text(page)
    page = write(client, fresh(card), "untag", tag="VIP")
    assert [tag.name for tag in page.context["notes"].tags] == ["试点"]
    assert fresh(card).tag_list == ["试点"]


@on_the_day
def test_a_tag_that_is_there_or_one_too_many_is_refused_with_the_form():
    card, client = do("tag", card_in_use(), DAY, tag="VIP"), of_role("support")
    response = write(client, card, "tag", tag="VIP")
    assert (response.status_code, "The card already has this tag: VIP." in text(response)) == (409, True)
    for number in range(7):
        card = do("tag", card, DAY, tag=str(number))
    notes = page_of(client, card).context["notes"]
    assert (notes.may_tag, notes.may_untag, notes.refused.code) == (False, True, "too_many_tags")


@on_the_day
@pytest.mark.parametrize("role", ["auditor", "carrier_desk"])
def test_who_may_not_write_notes_reads_them(role):
    card = do("remark", do("tag", card_in_use(), DAY, tag="VIP"), DAY, remark="in the shed")
    page = text(page_of(of_role(role), card))
    forms = [action for action in ("tag", "untag", "remark") if f"{card.iccid}/{action}/" in page]
    assert (">VIP<" in page, "in the shed" in page, forms) == (True, True, [])


def life(card):
    response = page_of(of_role("auditor"), card)
    return response.context["life"]


@on_the_day
def test_the_line_through_time_is_the_record_and_the_forecast():
    card = do("suspend", card_in_use(), date(2026, 2, 1), reason="")
    card = do("suspend", do("resume", card, date(2026, 2, 10)), DAY, reason="")
    found = life(card)
    assert [(band.shown, band.start, band.until, band.is_ahead) for band in found.bands] == [
        ("in_use", date(2026, 1, 15), date(2026, 2, 1), False),
        ("voluntary", date(2026, 2, 1), date(2026, 2, 10), False),
        ("in_use", date(2026, 2, 10), DAY, False),
        ("voluntary", DAY, date(2027, 1, 1), True),
        ("shut_down", date(2027, 1, 1), date(2027, 4, 1), True),
    ]
    assert [(str(mark.label), mark.on) for mark in found.marks] == [
        ("Open", date(2026, 1, 15)),
        ("Activate", date(2026, 1, 15)),
        ("Suspend", DAY),
        ("Today", DAY),
        ("Shut down", date(2027, 1, 1)),
        ("Cancel", date(2027, 4, 1)),
    ]
    assert (found.shown_last, found.shown) == ("cancelled", ["in_use", "voluntary", "shut_down"])


@on_the_day
def test_the_line_calls_what_stopped_the_card_by_its_name():
    found = life(use(card_in_use(), DAY, 30.1))
    assert [str(band.began_by) for band in found.bands] == ["Activate", "", "Start next cycle", "Shut down"]
    assert [str(mark.label) for mark in found.marks][:4] == ["Open", "Activate", "Allowance used up", "Today"]


@on_the_day
def test_the_line_of_a_cancelled_card_leads_to_today():
    card = do("cancel", card_in_use(), date(2026, 2, 1), reason="lost")
    found = life(card)
    assert [(band.shown, band.until) for band in found.bands] == [("in_use", date(2026, 2, 1)), ("cancelled", DAY)]
    assert (found.end, [mark.is_ahead for mark in found.marks]) == (DAY, [False] * 4)


@on_the_day
def test_the_line_of_a_card_that_was_taken_over_begins_before_its_record():
    facts = {"state": "in_use", "activated_on": date(2026, 1, 20), "service_until": date(2027, 1, 1)}
    response = page_of(of_role("auditor"), open_card(**facts))
    found = response.context["life"]
    assert [(band.shown, band.start, band.until) for band in found.bands] == [
        ("", date(2026, 1, 15), DAY),
        ("in_use", DAY, date(2027, 1, 1)),
        ("shut_down", date(2027, 1, 1), date(2027, 4, 1)),
    ]
    assert [(str(mark.label), mark.on) for mark in found.marks][:3] == [
        ("Open", date(2026, 1, 15)),
        ("Activate", date(2026, 1, 20)),
        ("Take over", DAY),
    ]
    assert "not recorded here" in text(response)


def test_a_card_opened_today_has_a_line_too():
    card = open_card(opened_on=DAY)
    found = life_of(card, list(card.events.all()), [], DAY)
    assert [(band.start, band.until) for band in found.bands] == [(DAY, DAY + timedelta(days=1))]
    assert lying(found).boxes[0].width == upright(found).boxes[0].height + 596


def test_no_words_on_the_line_overlap_and_no_pole_crosses_any():
    card = open_card()
    busy = life_of(card, list(card.events.all()), [], DAY)
    days = [DAY - timedelta(days=days) for days in (53, 50, 49, 30, 11, 10, 9, 2, 0)]
    busy.marks[:] = [Mark(day, "Force activation") for day in days]
    flags = lying(busy).flags
    boxes = [(flag.x, flag.x + 90, flag.y - 10, flag.date_y) for flag in flags]
    poles = [(flag.x - 5, flag.y - 10) for flag in flags]
    assert len(flags) > 5
    for this, (left, right, top, bottom) in enumerate(boxes):
        for other, (start, end, above, below) in enumerate(boxes):
            assert this == other or right <= start or end <= left or bottom <= above or below <= top
        assert not any(left <= x <= right and y < top for x, y in poles)
    lines = [flag.y for flag in upright(busy).flags]
    assert all(below - above >= 24 for above, below in pairwise(lines))
