"""The list of cards as staff see it: rows, tabs, pages, what is refused, who may look, and what it costs."""

import uuid
from datetime import date

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.utils import translation
from django.utils.html import escape

from cards.columns import declared
from cards.columns.declared import LIST_COLUMNS
from cards.columns.kinds import Day, Listed
from cards.models import Card, Selection
from cards.pages.card_columns import USUAL, cards_with, list_cells, rows_of
from cards.pages.card_rows import MeterInRow, Next, Shown, Usage
from cards.pages.frames import CONSOLE, MY
from tests.build import card_in_use, do, member, on_day, open_card, spoil, story, swept, use
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
LIST = "/console/cards/"
ENGLISH = {"accept-language": "en"}
STAFF = ["support", "operations", "finance", "carrier_desk", "auditor"]
on_the_day = on_day(DAY)


@pytest.fixture
def ops():
    return of_role("operations")


def shown(client, query=""):
    """The cards that a view of the list shows, by ICCID."""
    response = client.get(LIST + query, headers=ENGLISH)
    assert response.status_code == 200
    return [row["iccid"] for row in response.context["rows"]]


@pytest.mark.parametrize("role", STAFF)
def test_every_role_of_the_staff_sees_every_card(role):
    cards = [open_card(customer="Acme"), open_card()]
    assert shown(of_role(role)) == [card.iccid for card in reversed(cards)]


def test_a_stranger_is_asked_to_log_in(client):
    assert client.get(LIST).headers["Location"] == "/admin/login/?next=/console/cards/"
    assert client.post(LIST, {"q": "8986"}).headers["Location"] == "/admin/login/?next=/console/cards/"


def test_for_a_customer_there_is_no_such_page():
    client = logged_in(member("Acme"))
    assert (client.get(LIST).status_code, client.post(LIST, {"q": "8986"}).status_code) == (404, 404)


@on_the_day
def test_a_row_says_what_matters(ops):
    card = use(
        card_in_use(customer="Acme", msisdn="1064000000001", binding="first_use"), DAY, 25, imei="868600000000001"
    )
    (row,) = ops.get(LIST, headers=ENGLISH).context["rows"]
    assert row == {
        "pk": card.pk,
        "iccid": card.iccid,
        "url": f"/console/cards/{card.iccid}/",
        "msisdn": "1064000000001",
        "state": Shown("in_use", False),
        "customer": "Acme",
        "tags": [],
        "remark": "",
        "usage": MeterInRow(Usage(25 * 1_048_576, 30 * 1_048_576, 83, "is-low"), card.read_at, 1),
        "next": Next(date(2026, 12, 31), "last day of service", 296, False),
        "plan": card.plan,
        "carrier": "China Mobile",
    }


@on_the_day
@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: open_card(), ("unused", None, date(2026, 8, 1), False)),
        (lambda: open_card(test_months=3, test_quota_mb=30), ("testing", 0, date(2026, 4, 14), False)),
        (lambda: use(card_in_use(), DAY, 31), ("credit", 31, date(2026, 12, 31), False)),
        (lambda: card_in_use(since=DAY, plan="M1-100"), ("in_use", 0, date(2026, 3, 31), True)),
        (lambda: use(open_card(certification="individual"), DAY, 1), ("real_name", None, date(2026, 8, 1), False)),
        (lambda: swept(card_in_use(plan="M1-100"), DAY), ("shut_down", None, date(2026, 5, 2), False)),
        (lambda: do("cancel", card_in_use(), DAY, reason="lost"), ("cancelled", None, DAY, False)),
    ],
)
def test_each_state_shows_its_cause_its_meter_and_the_day_that_matters_next(ops, make, expected):
    make()
    (row,) = ops.get(LIST).context["rows"]
    used = row["usage"] and row["usage"].usage.used_bytes // 1_048_576
    assert (row["state"].code, used, row["next"].day, row["next"].is_soon) == expected


def test_a_card_that_contradicts_itself_is_listed_all_the_same(ops):
    card = card_in_use()
    spoil(card, cycle_until=None, service_from=None)
    (row,) = ops.get(LIST).context["rows"]
    assert (row["iccid"], row["usage"]) == (card.iccid, None)


@on_the_day
def test_tabs_count_each_state_and_each_highest_hold(ops):
    open_card()
    do("suspend", use(card_in_use(), DAY, 31), DAY)
    do("suspend", card_in_use(), DAY)
    tabs = ops.get(LIST + "?hold=voluntary&carrier=cmcc", headers=ENGLISH).context["states"].tabs
    assert [(tab.label, tab.count, tab.url, tab.is_current) for tab in tabs] == [
        ("All", "3", f"{LIST}?carrier=cmcc", False),
        ("Testing", "0", f"{LIST}?carrier=cmcc&state=testing", False),
        ("Unused", "1", f"{LIST}?carrier=cmcc&state=unused", False),
        ("In use", "0", f"{LIST}?carrier=cmcc&state=in_use", False),
        ("Carrier block", "0", f"{LIST}?carrier=cmcc&hold=anomaly", False),
        ("ID not verified", "0", f"{LIST}?carrier=cmcc&hold=real_name", False),
        ("Device changed", "0", f"{LIST}?carrier=cmcc&hold=rebind", False),
        ("Allowance used up", "1", f"{LIST}?carrier=cmcc&hold=credit", False),
        ("Usage limit reached", "0", f"{LIST}?carrier=cmcc&hold=threshold", False),
        ("Suspended manually", "1", f"{LIST}?carrier=cmcc&hold=voluntary", True),
        ("Shut down", "0", f"{LIST}?carrier=cmcc&state=shut_down", False),
        ("Cancelled", "0", f"{LIST}?carrier=cmcc&state=cancelled", False),
    ]


def test_all_suspended_cards_have_a_tab_while_they_are_looked_at(ops):
    tabs = ops.get(LIST + "?state=suspended", headers=ENGLISH).context["states"].tabs
    assert [tab.label for tab in tabs if tab.is_current] == ["Suspended"]


def test_tabs_say_how_they_were_counted(ops, monkeypatch):
    monkeypatch.setattr("cards.state_counts.COUNTED", 2)
    for _ in range(3):
        open_card()
    kept, counted, capped = (
        ops.get(LIST + query, headers=ENGLISH).context["states"] for query in ("", "?carrier=cucc", "?carrier=cmcc")
    )
    assert [(states.tabs[0].count, states.note, states.is_capped) for states in (kept, counted, capped)] == [
        ("3", "Exact: updated with every change.", False),
        ("0", "Exact: counted just now.", False),
        ("2+", "At least this many: counting stops at 2 cards.", True),
    ]


def test_pages_lead_on_and_back_and_keep_the_view(ops, monkeypatch):
    monkeypatch.setattr("cards.views.console.card_list.CONSOLE_LIST.page_size", 2)
    cards = [open_card() for _ in range(5)][::-1]
    walked, url = [], LIST + "?carrier=cmcc"
    while url:
        response = ops.get(url)
        walked.append([row["iccid"] for row in response.context["rows"]])
        last, url = response, response.context["next_url"]
    assert walked == [[c.iccid for c in cards[:2]], [c.iccid for c in cards[2:4]], [cards[4].iccid]]
    assert last.context["previous_url"] == f"{LIST}?carrier=cmcc&before={cards[4].pk}"
    back = ops.get(last.context["previous_url"])
    assert ([row["iccid"] for row in back.context["rows"]], back.context["next_url"]) == (
        walked[1],
        f"{LIST}?carrier=cmcc&after={cards[3].pk}",
    )


def test_the_last_page_is_one_click_away(ops, monkeypatch):
    monkeypatch.setattr("cards.views.console.card_list.CONSOLE_LIST.page_size", 2)
    cards = [open_card() for _ in range(5)]
    last = ops.get(ops.get(LIST + "?sort=oldest").context["last_url"])
    assert [row["iccid"] for row in last.context["rows"]] == [card.iccid for card in cards[3:]]
    assert (last.context["next_url"], last.context["last_url"]) == (None, None)
    assert last.context["first_url"] == f"{LIST}?sort=oldest"


@on_the_day
def test_a_heading_sorts_by_its_column_and_then_the_other_way_round(ops):
    late, soon = card_in_use(since=date(2026, 3, 1), msisdn="13800000001"), card_in_use(plan="M1-100", since=DAY)
    view = "?carrier=cmcc&cols=msisdn,state,until"

    def heads(query):
        """The cards, and of each heading that is a link or sorted: where it leads, and how it is sorted."""
        response = ops.get(LIST + query, headers=ENGLISH)
        lines = {line.label: (line.url, line.sorted) for head in response.context["heads"] for line in head.lines}
        text(response)
        return [row["iccid"] for row in response.context["rows"]], {
            name: said for name, said in lines.items() if said[0]
        }

    at = f"{LIST}?carrier=cmcc&cols=msisdn%2Cstate%2Cuntil&sort="
    usual = {"ICCID": (f"{at}iccid", ""), "MSISDN": (f"{at}msisdn", ""), "Last day of service": (f"{at}expiry", "")}
    newest, rising, falling = [soon.iccid, late.iccid], [soon.iccid, late.iccid], [late.iccid, soon.iccid]
    assert heads(view) == (newest, usual)
    assert heads(f"{view}&sort=expiry") == (rising, usual | {"Last day of service": (f"{at}-expiry", "ascending")})
    assert heads(f"{view}&sort=-expiry") == (falling, usual | {"Last day of service": (f"{at}expiry", "descending")})
    assert heads(f"{view}&sort=-msisdn") == (falling, usual | {"MSISDN": (f"{at}msisdn", "descending")})
    page = text(ops.get(LIST + f"{view}&sort=-expiry&after={late.service_until}_{late.pk}", headers=ENGLISH))
    assert '<th scope="col" aria-sort="descending"><a class="sorts" href="' in page
    assert (soon.iccid in page, late.iccid in page) == (True, False)
    assert [row["iccid"] for row in ops.get(LIST + "?expiring=3650&sort=-expiry").context["rows"]] == falling
    assert ops.get(LIST + "?sort=-newest").status_code == 400


def test_a_pasted_list_is_sorted_by_its_form(ops):
    numbers = "+".join(open_card().iccid for _ in range(2))
    page = text(ops.get(f"{LIST}?q={numbers}", headers=ENGLISH))
    assert ('class="sorts"' in page, '<option value="-iccid">ICCID, descending</option>' in page) == (False, True)


def test_a_page_is_as_long_as_it_is_asked_to_be(ops):
    cards = [open_card() for _ in range(27)][::-1]
    first = ops.get(LIST + "?size=25&carrier=cmcc")
    assert len(first.context["rows"]) == 25
    assert first.context["next_url"] == f"{LIST}?size=25&carrier=cmcc&after={cards[24].pk}"
    assert [row["iccid"] for row in ops.get(first.context["next_url"]).context["rows"]] == [
        card.iccid for card in cards[25:]
    ]
    assert '<option selected>25</option><option value="">50</option><option>100</option>' in text(first)
    assert len(shown(ops)) == 27
    assert ops.post(LIST, {"q": "8986", "size": "200"}).headers["Location"] == f"{LIST}?q=8986&size=200"
    page = text(ops.get(LIST + "?size=26", headers=ENGLISH))
    assert "Cards per page: Select a valid choice. 26 is not one of the available choices." in page
    ids = [card.pk for card in cards]
    chosen = ops.post("/console/selections/", {"page": str(uuid.uuid4()), "query": "size=200", "ids": ids})
    assert (chosen.status_code, Selection.objects.get().size) == (302, 27)
    too_many = ops.post("/console/selections/", {"page": str(uuid.uuid4()), "ids": range(1, 202)})
    assert too_many.status_code == 400


@on_the_day
def test_a_quick_filter_is_one_click_and_one_more_takes_it_off(ops):
    low = use(card_in_use(), DAY, 25)
    open_card()
    chips = {chip.label: chip for chip in ops.get(LIST + "?carrier=cmcc", headers=ENGLISH).context["chips"]}
    assert chips["Allowance nearly used up"].url == f"{LIST}?carrier=cmcc&quick=low"
    assert shown(ops, "?carrier=cmcc&quick=low") == [low.iccid]
    chips = ops.get(LIST + "?carrier=cmcc&quick=low", headers=ENGLISH).context["chips"]
    assert [(chip.label, chip.url) for chip in chips if chip.is_current] == [
        ("Allowance nearly used up", f"{LIST}?carrier=cmcc")
    ]


def test_chosen_columns_stand_in_the_address_and_the_usual_ones_do_not(ops):
    open_card()
    response = ops.post(LIST, {"q": "8986", "cols": ["msisdn", "imei"]})
    assert response.headers["Location"] == f"{LIST}?q=8986&cols=msisdn%2Cimei"
    assert ops.post(LIST, {"q": "8986", "cols": list(USUAL)}).headers["Location"] == f"{LIST}?q=8986"
    context = ops.get(LIST + "?cols=msisdn,imei").context
    assert list(context["rows"][0]) == ["pk", "iccid", "url", "msisdn", "imei"]
    assert [name for name, _label, is_shown in context["offered_columns"] if is_shown] == ["msisdn", "imei"]


def test_columns_stand_in_their_cells_in_whatever_order_they_are_asked_for():
    with translation.override("en"):
        cells = [(cell.kind, list(cell.columns), cell.lines) for cell in list_cells([*LIST_COLUMNS][::-1])]
        assert [cell.lines for cell in list_cells(["remark", "carrier"])] == [["ICCID"], ["Remark"], ["Carrier"]]
    assert cells == [
        ("numbers", ["msisdn", "imsi"], ["ICCID", "MSISDN", "IMSI"]),
        ("badge", ["state"], ["State"]),
        ("whose", ["customer", "tags", "remark"], ["Customer", "Tags, Remark"]),
        ("meter", ["usage"], ["Usage (MB)"]),
        ("next", ["next"], ["Next event"]),
        ("opening", ["plan", "carrier"], ["Opening plan", "Carrier"]),
        ("plan", ["current_plan"], ["Current plan"]),
        ("identifier", ["imei"], ["IMEI"]),
        ("day", ["opened"], ["Opened on"]),
        ("day", ["activated"], ["Active since"]),
        ("day", ["until"], ["Last day of service"]),
        ("day", ["cancel"], ["Cancelled on"]),
        ("day", ["forced"], ["Forced activation on"]),
        ("text", ["certification"], ["Certification"]),
        ("text", ["real_name"], ["ID verification"]),
        ("text", ["stopped"], ["Last suspended"]),
        ("label", ["step"], ["At the carrier"]),
    ]


@on_the_day
def test_a_column_is_added_by_its_declaration_alone(ops, monkeypatch):
    """The list offers it, an address may ask for it, it has a cell of its own, and the files have it."""
    open_card()
    column = Day("silent_from", listed=Listed("silent", "Silent since"))
    assert ops.get(LIST + "?cols=state,silent").status_code == 400
    monkeypatch.setitem(LIST_COLUMNS, "silent", column)
    monkeypatch.setattr(declared, "COLUMNS", (*declared.COLUMNS, column))
    response = ops.get(LIST + "?cols=state,silent", headers=ENGLISH)
    assert ("silent", "Silent since", True) in response.context["offered_columns"]
    page = text(response)
    assert '<th scope="col">Silent since</th>' in page
    assert '<td class="is-row nowrap" data-label="Silent since">2026-01-15</td>' in page
    exported = b"".join(ops.get(f"{LIST}export/?format=codes", headers=ENGLISH).streaming_content).decode().splitlines()
    assert [line.rpartition(",")[2] for line in exported] == ["silent_from", "2026-01-15"]


@pytest.mark.parametrize("name", LIST_COLUMNS)
def test_a_column_asks_for_what_it_needs_and_nothing_else(ops, django_assert_num_queries, name):
    card_in_use(customer="Acme")
    do("tag", open_card(msisdn="13800000000"), DAY, tag="VIP")
    assert connection.features.supports_json_field  # which SQLite is asked once
    with django_assert_num_queries(1):
        rows = rows_of(cards_with([name]), [name], DAY, CONSOLE)
    assert [set(row) for row in rows] == [{"pk", "iccid", "url", name}] * 2
    assert ops.get(f"{LIST}?cols={name}").status_code == 200


@on_the_day
def test_the_usage_is_told_in_mb_and_in_per_cent_and_the_current_plan_by_its_name(ops):
    use(card_in_use(), DAY, 25.05)
    page = text(ops.get(LIST + "?cols=usage,current_plan", headers=ENGLISH))
    assert '<label>83% <progress class="meter is-low" value="83" max="100"></progress></label>' in page
    assert "25.1 / 30<small" in page or "25 / 30<small" in page
    assert 'data-label="Current plan">Yearly plan 30 MB/month<small>Y1-30</small></td>' in page


def test_tags_lead_to_the_cards_that_have_them(ops):
    tagged = do("remark", do("tag", open_card(), DAY, tag="VIP 客户"), DAY, remark="ask <first>")
    open_card()
    page = text(ops.get(LIST))
    assert f'<a class="tag" href="{LIST}?tag=VIP%20%E5%AE%A2%E6%88%B7">VIP 客户</a>' in page
    assert "ask &lt;first&gt;" in page
    assert shown(ops, "?tag=VIP+%E5%AE%A2%E6%88%B7") == [tagged.iccid]


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("1440*", "Searching for: cards whose MSISDN begins with 1440"),
        ("*157", "Searching for: cards whose number ends in 157"),
        ("Acme", "Searching for: cards with “Acme” in their customer&#x27;s name or their remark, or as a tag"),
    ],
)
def test_the_list_says_how_a_term_was_understood(ops, term, words):
    assert words in text(ops.get(LIST, {"q": term}, headers=ENGLISH))


def test_a_list_keeps_its_tabs_as_buttons_of_the_form(ops):
    open_card()
    card = card_in_use()
    numbers = " ".join(Card.objects.values_list("iccid", flat=True))
    page = text(ops.get(LIST, {"q": numbers}, headers=ENGLISH))
    assert '<button form="search" name="tab" value="state=in_use">' in page
    response = ops.post(LIST, {"q": numbers, "state": "unused", "tab": "state=in_use"}, follow=True)
    assert [row["iccid"] for row in response.context["rows"]] == [card.iccid]
    assert ops.post(LIST, {"state": "unused", "tab": "all"}).headers["Location"] == LIST


def test_what_was_not_found_is_a_file(ops):
    open_card()
    [open_card(msisdn="13800000002") for _ in range(2)]
    numbers = "89860000000000000001 13800000002 =1+1 13899999999"
    for response in (
        ops.post(LIST + "unknown/", {"q": numbers}, headers=ENGLISH),
        ops.get(LIST + "unknown/", {"q": numbers}, headers=ENGLISH),
    ):
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert b"".join(response.streaming_content).decode("utf-8-sig").splitlines() == [
            "Number,Result",
            "'=1+1,no card",
            '"=""13899999999""",no card',
            '"=""13800000002""",several cards',
        ]


def test_only_the_first_unknown_numbers_are_listed(ops, monkeypatch):
    monkeypatch.setattr("cards.pages.found.NUMBERS_LISTED", 2)
    open_card()
    page = text(ops.get(LIST, {"q": "13899999991 13899999992 13899999993"}, headers=ENGLISH))
    assert ("3 unknown" in page, "13899999992</li>" in page, "13899999993</li>" in page) == (True, True, False)
    assert "Only the first ones are shown; the file has all of them." in page


@pytest.mark.parametrize(
    ("query", "names"),
    [("customer=cme", ["Acme", "Acme <Ltd>"]), ("tag=v", ["VIP"]), ("customer=", []), ("", []), ("plan=Y1", [])],
)
def test_a_field_offers_the_names_that_fit(ops, query, names):
    open_card(customer="Acme <Ltd>")
    do("tag", open_card(customer="Acme"), DAY, tag="VIP")
    open_card(customer="Bolt")
    page = text(ops.get(f"{LIST}names/?{query}"))
    assert page.strip() == "".join(f'<option value="{escape(name)}"></option>' for name in names)


def test_a_page_behind_the_last_card_leads_back(ops):
    card = open_card()
    page = ops.get(f"{LIST}?after={card.pk}", headers=ENGLISH)
    assert (page.status_code, page.context["rows"]) == (200, [])
    assert "Go to first page" in text(page)


def test_a_search_that_is_posted_has_an_address(ops):
    open_card(customer="Acme")
    response = ops.post(LIST, {"q": "Acme", "carrier": "cmcc", "state": "", "expiring": ""})
    assert response.headers["Location"] == f"{LIST}?q=Acme&carrier=cmcc"
    assert len(shown(ops, "?q=Acme&carrier=cmcc")) == 1


def test_a_long_list_is_answered_at_once_and_pages_by_its_form(ops, monkeypatch):
    monkeypatch.setattr("cards.views.console.card_list.CONSOLE_LIST.page_size", 2)
    cards = [open_card() for _ in range(3)]
    numbers = [f"8986{number:016d}" for number in range(1, 301)]
    first = ops.post(LIST, {"q": "\r\n".join(numbers)}, headers=ENGLISH)
    assert [row["iccid"] for row in first.context["rows"]] == [cards[2].iccid, cards[1].iccid]
    assert len(first.context["found"].numbers.unknown) == 297
    page = text(first)
    assert f'<button class="btn" form="search" name="after" value="{cards[1].pk}">' in page
    assert "297 unknown" in page
    second = ops.post(LIST, {"q": "\r\n".join(numbers), "after": cards[1].pk}, headers=ENGLISH)
    assert [row["iccid"] for row in second.context["rows"]] == [cards[0].iccid]


@pytest.mark.parametrize("query", ["?state=open", "?nonsense=1", "?q=8986&q=x", "?after=first", "?customer=Nobody"])
def test_what_is_not_understood_shows_nothing_and_says_so(ops, query):
    open_card()
    response = ops.get(LIST + query, headers=ENGLISH)
    assert (response.status_code, response.context["rows"], "states" in response.context) == (400, [], False)
    assert "Nothing is shown because the search is ambiguous." in text(response)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "There are no cards yet."),
        ("?q=8986", "No cards match."),
        ("?carrier=cucc", "No cards match."),
        ("?state=unused", "Search all states"),
    ],
)
def test_an_empty_list_says_what_to_do(ops, query, words):
    assert words in text(ops.get(LIST + query, headers=ENGLISH))


def test_a_name_cannot_smuggle_in_markup(ops):
    open_card(customer="<script>alert(1)</script>")
    page = text(ops.get(LIST))
    assert ("&lt;script&gt;alert(1)" in page, "<script>alert" in page) == (True, False)
    assert "<script>alert" not in text(ops.get(LIST + "?q=%3Cscript%3Ealert(1)%3C/script%3E"))


def test_looking_changes_nothing(ops):
    card = card_in_use()
    record = story(card)
    ops.get(LIST)
    ops.get(LIST + "?q=8986")
    ops.post(LIST, {"q": "8986"})
    assert story(card) == record


@on_the_day
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_page_of_50_costs_at_most_9_queries_and_64_kb(ops, django_assert_max_num_queries, language):
    for number in range(52):
        use(card_in_use(customer=f"深圳共享充电宝科技有限公司第 {number % 7} 分公司"), DAY, 25 + number % 7)
    ops.get(LIST)
    numbers = "+".join(Card.objects.values_list("iccid", flat=True)[:40])
    for query in (
        "",
        "?state=in_use&carrier=cmcc&plan=Y1-30",
        "?hold=credit",
        f"?q={numbers}",
        "?q=8986&due=30",
        "?q=0001",
        "?q=1440",
    ):
        with django_assert_max_num_queries(9):
            response = ops.get(LIST + query, headers={"accept-language": language})
        assert response.status_code == 200
        assert len(response.content) < 64_000
    assert len(shown(ops)) == 50


def test_nothing_on_the_page_needs_what_the_policy_forbids(ops):
    open_card()
    page = text(ops.get(LIST))
    assert (" style=" in page, "onclick" in page, "<style" in page) == (False, False, False)


def test_only_staff_of_today_may_look():
    user = member("Acme")
    user.is_staff = True
    user.save()
    user.user_permissions.add(Permission.objects.get(codename="view_card"))
    client = logged_in(user)
    assert client.get(LIST).status_code == 200
    user.is_active = False
    user.save()
    assert client.get(LIST).status_code == 302


def test_more_filters_are_drawn_once_they_are_asked_for(ops):
    """By htmx as the summary is opened, by a link where no script runs; and at once where one of them is asked for."""
    open_card()
    fields = ('name="customer"', 'name="opened_since"', 'name="current_plan"')

    def drawn(url, **headers):
        page = text(ops.get(url, headers=ENGLISH | headers))
        return [field in page for field in fields], page

    none, page = drawn(LIST + "?carrier=cmcc")
    asked = f"{LIST}?carrier=cmcc&amp;filters=all"
    assert none == [False, False, False]
    assert f'<details class="filters" hx-get="{asked}" hx-trigger="toggle once"' in page
    assert f'<a href="{asked}">Show all filters</a>' in page
    every, part = drawn(LIST + "?carrier=cmcc&filters=all", HX_Request="true")
    assert (every, "<table" in part, "<details" in part) == ([True, True, True], False, False)
    every, page = drawn(LIST + "?carrier=cmcc&filters=all")
    assert every == [True, True, True]
    assert '<details class="filters" open>' in page
    assert shown(ops, "?carrier=cmcc&filters=all") == shown(ops, "?carrier=cmcc")
    every, page = drawn(LIST + "?stock=1")
    assert (every, '<details class="filters" open>' in page) == ([True, True, True], True)
    assert ops.get(LIST + "?filters=some").status_code == 400


@pytest.mark.parametrize("text", ["89860000000000000017", "8986 *é+", "any", "a&b=(c):@"])
def test_the_addresses_of_many_cards_are_those_of_each(text):
    assert [frame.urls("card")(text) for frame in (CONSOLE, MY)] == [frame.url("card", text) for frame in (CONSOLE, MY)]
