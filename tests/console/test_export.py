"""Lists of cards as files: every byte in both languages, who may, what is refused, and that it streams."""

import csv
import io
from datetime import date, datetime

import pytest
from django.db import transaction
from django.test import Client
from openpyxl import load_workbook

from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.actions.selections import freeze
from cards.columns.declared import COLUMNS, LIST_COLUMNS
from cards.columns.kinds import Format
from cards.exports.stream import file_blocks
from cards.models import Card
from tests.build import SHELL, card_in_use, do, fresh, member, on_day, open_card, staff, swept, use
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
EXPORT = "/console/cards/export/"
STAFF = ["support", "operations", "finance", "carrier_desk", "auditor"]
ENGLISH, CHINESE = {"accept-language": "en"}, {"accept-language": "zh-hans"}
IMEI = "868600000000001"
on_the_day = on_day(DAY)

HEADINGS_EN = (
    "ICCID,MSISDN,IMSI,Carrier,Customer,Certification,Opened on,Test months,Test allowance (MB),Opening plan,"
    "Current plan,State,Holds,Activated on,Last day of service,Used (MB),Allowance (MB),Used (%),Usage limit (MB),"
    "Usage as of,Last day of the test,Forced activation on,Cancelled on,ID verification,Device binding,Bound IMEI,Tags,"
    "Remark\n"
)


@pytest.fixture
def ops():
    return of_role("operations")


def exported(client, query, headers=ENGLISH):
    """The whole file, as bytes."""
    response = client.get(f"{EXPORT}?{query}", headers=headers)
    assert response.status_code == 200, text(response)
    return b"".join(response.streaming_content)


def fleet():
    """Four cards, oldest first: in a test period, unused, in use, and stopped for two reasons."""
    testing = open_card(test_months=3, test_quota_mb=30, customer="=1+1", msisdn="1064000000001")
    unused = open_card(customer="上海, “物联”", certification="individual")
    used = use(card_in_use(binding="first_use", imsi="460000000000001", carrier="cucc"), DAY, 12.349, imei=IMEI)
    used = do("remark", do("tag", used, DAY, tag="north"), DAY, remark="-call back")
    stopped = do("suspend", use(card_in_use(plan="M1-100", since=date(2026, 3, 1)), DAY, 100.5), DAY)
    return [testing, unused, used, fresh(stopped)]


@on_the_day
def test_csv_for_people_in_english(ops):
    fleet()
    assert exported(ops, "format=csv").decode() == (
        "\ufeff"
        + HEADINGS_EN
        + '"=""89860000000000000004""",,,China Mobile,,Enterprise,2026-03-01,,,M1-100,M1-100,Suspended,'
        '"Allowance used up, Suspended manually",2026-03-01,2026-03-31,100.50,100,100,,2026-03-11 01:00,,2026-10-01,,'
        "Not submitted,Any device,,,\n"
        '"=""89860000000000000003""",,"=""460000000000001""",China Unicom,,Enterprise,2026-01-15,,,Y1-30,Y1-30,In use,,'
        "2026-01-15,2026-12-31,12.34,30,41,,2026-03-11 01:00,,2026-08-01,,Not submitted,First device seen,"
        '"=""868600000000001""",north,\'-call back\n'
        '"=""89860000000000000002""",,,China Mobile,"上海, “物联”",Individual,2026-01-15,,,Y1-30,,Unused,,,,,,,,,,'
        "2026-08-01,,Not submitted,Any device,,,\n"
        '"=""89860000000000000001""","=""1064000000001""",,China Mobile,\'=1+1,Enterprise,2026-01-15,3,30,Y1-30,,'
        "Testing,,,,0.00,30,0,,,2026-04-14,,,Not submitted,Any device,,,\n"
    )


@on_the_day
def test_csv_for_people_in_chinese(ops):
    fleet()
    assert exported(ops, "format=csv&hold=credit", CHINESE).decode() == (
        "\ufeffICCID,MSISDN,IMSI,运营商,客户,认证类型,开卡日期,测试月数,测试流量（MB）,开卡套餐,当前套餐,状态,停用原因,激活日期,"
        "服务到期日,已用（MB）,套餐流量（MB）,已用（%）,用量上限（MB）,用量截至,测试到期日,强制激活日期,销户日期,实名认证,机卡绑定,"
        "绑定的 IMEI,标签,备注\n"
        '"=""89860000000000000004""",,,中国移动,,企业认证,2026-03-01,,,M1-100,M1-100,已停用,信控停用、主动停用,2026-03-01,'
        "2026-03-31,100.50,100,100,,2026-03-11 01:00,,2026-10-01,,未提交,不限设备,,,\n"
    )


@pytest.mark.once
@on_the_day
@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
def test_codes_are_the_same_in_every_language(ops, language):
    fleet()
    assert exported(ops, "format=codes", language).decode() == (
        "iccid,msisdn,imsi,carrier,customer,certification,opened_on,test_months,test_quota_mb,plan,state,holds,"
        "activated_on,service_until,used_mb,binding,bound_imei\n"
        '89860000000000000004,,,cmcc,,enterprise,2026-03-01,,,M1-100,suspended,"credit,voluntary",2026-03-01,'
        "2026-04-01,100.5,none,\n"
        "89860000000000000003,,460000000000001,cucc,,enterprise,2026-01-15,,,Y1-30,in_use,,2026-01-15,2027-01-01,"
        "12.349,first_use,868600000000001\n"
        '89860000000000000002,,,cmcc,"上海, “物联”",individual,2026-01-15,,,Y1-30,unused,,,,,none,\n'
        "89860000000000000001,1064000000001,,cmcc,'=1+1,enterprise,2026-01-15,3,30,Y1-30,testing,,,,0,none,\n"
    )


@on_the_day
def test_a_workbook(ops):
    fleet()
    sheet = load_workbook(io.BytesIO(exported(ops, "format=xlsx"))).active
    rows = [[cell.value for cell in row] for row in sheet]
    assert sheet.title == "Cards"
    assert rows[0] == HEADINGS_EN.strip().split(",")
    assert rows[2] == [
        *("89860000000000000003", None, "460000000000001", "China Unicom", None, "Enterprise", datetime(2026, 1, 15)),
        *(None, None, "Y1-30", "Y1-30", "In use", None, datetime(2026, 1, 15), datetime(2026, 12, 31), 12.34, 30, 41),
        None,
        *("2026-03-11 01:00", None, datetime(2026, 8, 1), None, "Not submitted", "First device seen", IMEI),
        *("north", "-call back"),
    ]
    assert [row[4] for row in rows[3:]] == ["上海, “物联”", "=1+1"]
    assert {cell.data_type for row in sheet for cell in row} == {"s", "n", "d", "inlineStr"} - {"inlineStr"}


@pytest.mark.once
@pytest.mark.parametrize(
    ("format", "expected"),
    [("csv", "\ufeff" + HEADINGS_EN), ("codes", ",".join(c.name for c in COLUMNS if "codes" in c.formats) + "\n")],
)
def test_an_empty_list_has_its_headings(ops, format, expected):
    assert exported(ops, f"format={format}&state=cancelled").decode() == expected
    assert exported(ops, f"format={format}&q=89860000000000000099").decode() == expected


@on_the_day
def test_the_file_has_the_columns_that_the_list_shows_in_its_order(ops):
    cards = fleet()
    do("renew", cards[2], DAY, plan="Y1-30")
    assert exported(ops, "format=csv&columns=shown").decode() == (
        "\ufeffICCID,MSISDN,State,Customer,Tags,Remark,Used (MB),Allowance (MB),Used (%),Usage as of,Next event on,"
        "Next event,Opening plan,Carrier\n"
        '"=""89860000000000000004""",,Suspended,,,,100.50,100,100,2026-03-11 01:00,2026-03-31,last day of service,'
        "M1-100,China Mobile\n"
        '"=""89860000000000000003""",,In use,,north,\'-call back,12.34,30,41,2026-03-11 01:00,2026-12-31,'
        "renewed; the current term's last day,Y1-30,China Unicom\n"
        '"=""89860000000000000002""",,Unused,"上海, “物联”",,,,,,,2026-08-01,forced active,Y1-30,China Mobile\n'
        '"=""89860000000000000001""","=""1064000000001""",Testing,\'=1+1,,,0.00,30,0,,2026-04-14,last day of the test,'
        "Y1-30,China Mobile\n"
    )
    chosen = exported(ops, "format=csv&columns=shown&cols=imei,msisdn,until&sort=expiry&q=8986&state=in_use")
    assert chosen.decode() == (
        f'\ufeffICCID,MSISDN,IMEI,Last day of service\n"=""89860000000000000003""",,"=""{IMEI}""",2026-12-31\n'
    )
    sheet = load_workbook(io.BytesIO(exported(ops, "format=xlsx&columns=shown&cols=usage,next&state=unused"))).active
    assert [[cell.value for cell in row] for row in sheet] == [
        ["ICCID", "Used (MB)", "Allowance (MB)", "Used (%)", "Usage as of", "Next event on", "Next event"],
        ["89860000000000000002", None, None, None, None, datetime(2026, 8, 1), "forced active"],
    ]


@pytest.mark.once
@on_the_day
@pytest.mark.parametrize("name", LIST_COLUMNS)
def test_every_column_of_the_list_has_its_words_in_a_file(ops, name):
    fleet()
    lines = exported(ops, f"format=csv&columns=shown&cols={name}").decode().splitlines()
    assert ([line.count('"=""898') for line in lines], lines[0][:6]) == ([0, 1, 1, 1, 1], "\ufeffICCID")


def test_a_pasted_list_has_them_too_and_what_staff_note_is_no_customers(ops):
    card = do("remark", open_card(customer="Acme"), DAY, remark="owes us")
    posted = ops.post(
        f"{EXPORT}?columns=shown", {"q": card.iccid, "format": "csv", "cols": ["remark"]}, headers=ENGLISH
    )
    assert b"".join(posted.streaming_content).decode() == f'\ufeffICCID,Remark\n"=""{card.iccid}""",owes us\n'
    theirs = logged_in(member("Acme")).get(
        "/my/cards/export/?format=csv&columns=shown&cols=remark,state", headers=ENGLISH
    )
    assert b"".join(theirs.streaming_content).decode() == f'\ufeffICCID,State\n"=""{card.iccid}""",Unused\n'


@pytest.mark.once
def test_an_empty_workbook_has_its_headings(ops):
    sheet = load_workbook(io.BytesIO(exported(ops, "format=xlsx"))).active
    assert [[cell.value for cell in row] for row in sheet] == [HEADINGS_EN.strip().split(",")]


@on_the_day
def test_a_cycle_that_nobody_started_yet_has_used_nothing(ops):
    use(card_in_use(), date(2026, 2, 20), 5)
    assert [row["used_mb"] for row in codes(ops)] == ["0"]
    assert exported(ops, "format=csv").decode().splitlines()[1].split(",")[15:18] == ["0.00", "30", "0"]


@on_the_day
def test_a_card_whose_service_is_over_has_no_meter(ops):
    swept(use(card_in_use(since=date(2026, 1, 20), plan="M1-100"), date(2026, 1, 25), 5), DAY)
    (row,) = codes(ops)
    assert (row["state"], row["used_mb"], row["service_until"]) == ("shut_down", "", "2026-02-01")


def codes(client):
    return list(csv.DictReader(io.StringIO(exported(client, "format=codes").decode())))


@on_the_day
def test_another_portal_takes_the_fleet_over_as_it_stands(ops):
    """The file is taken in again under other numbers, and the new cards are exported as the old ones were."""
    cards = fleet()
    use(cards[1], DAY, 2)
    use(card_in_use(), date(2026, 2, 20), 5)
    swept(use(card_in_use(since=date(2026, 1, 20), plan="M1-100"), date(2026, 1, 25), 5), DAY)
    do("cancel", open_card(), DAY)
    use(open_card(test_months=3, test_quota_mb=30), DAY, 7.25)
    do("place_hold", card_in_use(), DAY, kind="anomaly")
    old = codes(ops)
    moved = [row | {"iccid": row["iccid"].replace("898600", "898611")} for row in old]
    taken = apply_cards([read_card_row(2, tidied(row), DAY) for row in moved], actor=SHELL)
    assert (taken.errors, len(taken.created)) == ([], len(old))
    again = {row["iccid"]: row for row in codes(ops) if row["iccid"].startswith("898611")}
    assert again == {row["iccid"]: row for row in moved}


def tidied(row):
    """As `open_table` reads the cells."""
    return {name: cell.removeprefix("'") for name, cell in row.items()}


@on_the_day
def test_the_file_has_all_pages_in_the_order_of_the_list(ops):
    late = card_in_use(since=date(2026, 3, 1))
    unused = open_card()
    soon = card_in_use(since=date(2026, 2, 1), plan="M1-100")
    soon, late, unused = soon.iccid, late.iccid, unused.iccid

    def order(query):
        return [line.split(",")[0] for line in exported(ops, f"format=codes{query}").decode().splitlines()[1:]]

    assert order("") == [soon, unused, late]
    assert order(f"&after={Card.objects.get(iccid=soon).pk}") == [soon, unused, late]
    assert order("&sort=expiry") == [soon, late, unused]
    assert order("&cols=msisdn,state") == [soon, unused, late]


def test_the_file_says_whose_and_of_when_it_is(ops):
    with on_the_day:
        response = ops.get(f"{EXPORT}?format=csv", headers=CHINESE)
        english = ops.get(f"{EXPORT}?format=xlsx", headers=ENGLISH)
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == (
        "attachment; filename*=utf-8''%E7%89%A9%E8%81%94%E5%8D%A1-2026-03-10.csv"
    )
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert english.headers["Content-Disposition"] == 'attachment; filename="SIM cards-2026-03-10.xlsx"'
    assert english.headers["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    for either in (response, english):
        b"".join(either.streaming_content)


@pytest.mark.once
@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("", "Choose a format: csv, xlsx, codes."),
        ("format=pdf", "Choose a format: csv, xlsx, codes."),
        ("format=csv&format=xlsx", "Choose a format: csv, xlsx, codes."),
        ("format=csv&state=dead", "State: Select a valid choice. dead is not one of the available choices."),
        ("format=csv&nonsense=1", "There is no filter called “nonsense”."),
        ("format=codes&columns=shown", "CSV for programs and other portals always has all columns."),
        ("format=csv&columns=all", "Say columns=shown for the columns of the list, or nothing for all of them."),
        ("format=csv&columns=shown&cols=nonsense", "There is no column called “nonsense”."),
        ("format=codes&customer=Nobody", "There is no customer with “Nobody” in their name."),
    ],
)
def test_what_is_not_clear_is_refused_and_never_wider(ops, query, complaint):
    open_card()
    response = ops.get(f"{EXPORT}?{query}", headers=ENGLISH)
    assert (response.status_code, response.streaming) == (400, False)
    assert complaint in text(response)
    assert "89860000000000000001" not in text(response)


@pytest.mark.once
@pytest.mark.parametrize("role", STAFF)
def test_every_role_of_the_staff_may(role):
    open_card()
    assert exported(of_role(role), "format=codes").decode().count("\n") == 2


@pytest.mark.once
def test_a_stranger_is_asked_to_log_in_and_for_a_customer_there_is_nothing():
    assert Client().get(f"{EXPORT}?format=csv").headers["Location"].startswith("/admin/login/")
    assert logged_in(member("Acme")).get(f"{EXPORT}?format=csv").status_code == 404


def test_a_long_pasted_list_is_posted(ops):
    wanted, _other = open_card(), open_card()
    response = ops.post(EXPORT, {"q": wanted.iccid, "format": "codes"})
    assert b"".join(response.streaming_content).count(wanted.iccid.encode()) == 1


def test_a_selection(ops):
    first, _second, third = open_card(), open_card(), open_card()
    owner = staff(username="owner")
    picked = freeze(Card.objects.filter(pk__in=[first.pk, third.pk]), owner=owner, asked={}, name="Nord/Süd")
    response = logged_in(owner).get(f"/console/selections/{picked.pk}/export/?format=codes")
    lines = b"".join(response.streaming_content).decode().splitlines()[1:]
    assert [line.split(",")[0] for line in lines] == [third.iccid, first.iccid]
    assert "Nord%20S%C3%BCd-" in response.headers["Content-Disposition"]
    assert ops.get(f"/console/selections/{picked.pk}/export/?format=codes").status_code == 404


def many(count):
    texts = {"carrier": "cmcc", "certification": "enterprise", "opened_on": "2026-01-15", "plan": "Y1-30"}
    rows = [read_card_row(n, texts | {"iccid": f"8986{n:016d}"}, DAY) for n in range(count)]
    assert len(apply_cards(rows, actor=SHELL).created) == count


@pytest.mark.parametrize(("format", "taken"), [(Format.CSV, 2), (Format.XLSX, 1)])  # a CSV begins with its headings
def test_a_client_that_goes_away_leaves_nothing_open(format, taken):
    many(2_000)
    with transaction.atomic():
        blocks = file_blocks(Card.objects.order_by("pk"), format)
        assert all(next(blocks) for _ in range(taken))
        blocks.close()
        transaction.set_rollback(True)  # PostgreSQL was told to stop, and takes that for a failure of the transaction
    assert Card.objects.count() == 2_000


def test_it_streams():
    many(3_000)
    blocks = list(file_blocks(Card.objects.order_by("pk"), "codes"))
    assert len(blocks) > 2
    assert max(map(len, blocks)) < 400_000
    assert b"".join(blocks).count(b"\n") == 3_001
