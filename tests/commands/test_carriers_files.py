"""Files as dealers and carriers have them: headings, words, titles and units, and what is told for a whole file."""

import json
from datetime import date, timedelta

import pytest
from django.utils import translation

from cards.actions.imports.card_table import EXAMPLE_CARD
from cards.calendar import instant_told
from cards.catalogue.words import USUAL_WORDS, code_of
from cards.models import Card, CarrierPolicy, Plan, UsageDay
from cards.models.card import MB
from tests import build
from tests.commands.calls import card_row, csv_file, iccid, result, run, usage_row, xlsx_file
from tests.commands.test_import_cards import NOTHING as NO_CARDS
from tests.commands.test_import_usage import NOTHING

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 22)


@pytest.fixture(autouse=True)
def _today():
    with build.on_day(TODAY):
        yield


@pytest.fixture
def written(tmp_path):
    """A file of this text."""

    def write(text, encoding="utf-8"):
        path = tmp_path / "file.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def days():
    return {(str(day), bytes) for day, bytes in UsageDay.objects.values_list("day", "bytes")}


# headings


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_carriers_headings_and_words(written, delimiter, encoding):
    text = (
        "某某运营商物联网卡清单\n制表日期：2026-03-01\n\n"
        "序号,卡号（必填）,接入号,运营商,客户名称,认证类型,开卡时间,套餐,机卡绑定\n"
        f"1,{iccid(1)},14400000001,中国移动,海川共享,企业,2026/1/5 10:20,年包 30MB/月,无\n"
        f"2,{iccid(2)},-,移动,—,个人,2026/1/5 10:20,Y1-30,不绑定\n"
    )
    document = result("import_cards", written(text.replace(",", delimiter), encoding))
    assert document == NO_CARDS | {"rows": 2, "created": 2, "new_customers": ["海川共享"]}
    columns = ("iccid", "msisdn", "carrier", "customer__name", "certification", "opened_on", "plan__code", "binding")
    assert list(Card.objects.order_by("iccid").values_list(*columns)) == [
        (iccid(1), "14400000001", "cmcc", "海川共享", "enterprise", date(2026, 1, 5), "Y1-30", "none"),
        (iccid(2), "", "cmcc", None, "individual", date(2026, 1, 5), "Y1-30", "none"),
    ]


def test_sep_says_the_delimiter_and_is_no_row(written):
    text = "sep=;\r\n" + ";".join(card_row()) + "\r\n" + ";".join(card_row(carrier="vodafone").values()) + "\r\n"
    (error,) = run("import_cards", written(text), "--json").document["errors"]
    assert (error["row"], error["field"]) == (2, "carrier")


def test_a_header_that_is_repeated_is_no_row(written):
    lines = [",".join(card_row()), ",".join(card_row(1).values()), ",".join(card_row()), ",".join(card_row(2).values())]
    assert result("import_cards", written("\n".join(lines))) == NO_CARDS | {"rows": 2, "created": 2}


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("卡号,运营商,认证类型,开卡日期,套餐,颜色", "The file has unknown columns: “颜色”."),
        ("卡号,iccid,运营商,认证类型,开卡日期,套餐", "The file has duplicate columns: “iccid”."),
        ("卡号,运营商,认证类型,开卡日期", "The file is missing columns: “plan”."),
        ("物联卡号,运营商,认证类型,开卡日期,套餐", "The file has unknown columns: “物联卡号”."),
        ("卡号,运营商,认证类型,开卡日期,套餐,到期日期", "The file has unknown columns: “到期日期”."),
    ],
)
def test_a_header_that_leaves_a_doubt_is_refused(written, header, sentence):
    ended = run("import_cards", written(f"{header}\n"), "--json")
    assert (ended.code, ended.err.strip()) == (2, sentence)


def test_a_heading_that_says_its_column_twice_or_how_a_day_is_written(written):
    header = "ICCID(卡号),运营商/carrier,认证类型,开卡日期(yyyy-mm-dd),套餐【必填】,【客户名称】"
    path = written(f"{header}\n{iccid(1)},cmcc,企业,2026-01-15,Y1-30,Acme\n")
    assert result("import_cards", path) == NO_CARDS | {"rows": 1, "created": 1, "new_customers": ["Acme"]}
    other = "ICCID(MSISDN),运营商,认证类型,开卡日期,套餐"
    ended = run("import_cards", written(f"{other}\n{iccid(1)},cmcc,企业,2026-01-15,Y1-30\n"))
    assert ended.err.startswith("The file has unknown columns: “iccid(msisdn)”.")
    ended = run("import_usage", written(f"iccid,day,流量(TB)\n{iccid(1)},2026-03-20,1\n"), "--unit=mb")
    assert ended.err.startswith("The file has unknown columns: “流量(tb)”.")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_words_as_the_portal_calls_them(language):
    with translation.override(language):
        for vocabulary, words in USUAL_WORDS.items():
            assert {code_of(vocabulary, str(label)) for _code, label in vocabulary.choices} == set(vocabulary.values)
            assert {word: code_of(vocabulary, word) for word in words} == words
            assert code_of(vocabulary, "停机") is None


def test_a_plan_by_its_name_and_a_name_of_two_is_none_s(tmp_path):
    Plan.objects.filter(code="Y1-1024").update(name="车联网 年包")
    Plan.objects.filter(code="M1-100").update(name="共享")
    Plan.objects.create(code="M3-100", name="共享", kind="plan", months=3, alignment="calendar", quota_mb=100)
    rows = [
        card_row(1, plan="车联网年包"),
        card_row(2, plan="y1-30"),
        card_row(3, plan="共享"),
        card_row(4, plan="PACK-100"),
    ]
    ended = run("import_cards", csv_file(tmp_path / "a.csv", rows), "--json").document
    assert [(error["row"], error["field"]) for error in ended["errors"]] == [(4, "plan"), (5, "plan")]
    assert list(Card.objects.order_by("iccid").values_list("plan__code", flat=True)) == ["Y1-1024", "Y1-30"]


def test_the_example_of_the_template_is_no_card(tmp_path):
    edited = EXAMPLE_CARD | {"customer": "Acme"}
    document = result("import_cards", csv_file(tmp_path / "a.csv", [EXAMPLE_CARD, edited, EXAMPLE_CARD | card_row(2)]))
    said = {"field": None, "message": "the example row of the template; it was left out"}
    warnings = [{"row": 2} | said, {"row": 3} | said]
    assert document == NO_CARDS | {"rows": 1, "created": 1, "new_customers": ["海川共享"], "warnings": warnings}
    assert Card.objects.get().iccid == iccid(2)


# what is told for the whole file


def test_what_is_told_for_the_whole_file_fills_what_the_rows_leave_open(written):
    path = written(f"iccid,carrier,opened_on\n{iccid(1)},,2026-01-15\n{iccid(2)},cucc,2026-01-15\n")
    told = ["carrier=中国移动", "plan=Y1-30", "certification=enterprise", "customer=Acme"]
    assert result("import_cards", path, *(f"--default={pair}" for pair in told))["created"] == 2
    columns = ("carrier", "plan__code", "certification", "customer__name")
    assert list(Card.objects.order_by("iccid").values_list(*columns)) == [
        ("cmcc", "Y1-30", "enterprise", "Acme"),
        ("cucc", "Y1-30", "enterprise", "Acme"),
    ]


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--default=carrier", "default: “carrier” is not name=value"),
        ("--default=customer=-", "default: “customer=-” is not name=value"),
        ("--default=colour=red", "default: there is no column “colour”; there are iccid, msisdn"),
        ("--default=carrier=vodafone", "carrier: “vodafone” is not one of cmcc, cucc, ctcc, cbn"),
    ],
)
def test_what_is_told_wrongly_is_refused_at_once(tmp_path, option, sentence):
    ended = run("import_cards", csv_file(tmp_path / "a.csv", [card_row()]), option, "--json")
    assert (ended.code, ended.err.startswith(sentence), Card.objects.count()) == (2, True, 0), ended.err


def test_a_mapping_says_what_the_columns_are(tmp_path, written):
    path = written(f"物联卡号,网络,认证,开,资费,颜色\n{iccid(1)},cmcc,enterprise,2026-01-15,Y1-30,red\n")
    mapping = {"物联卡号": "iccid", "网络": "carrier", "认证": "certification", "开": "opened_on", "颜色": ""}
    (tmp_path / "mapping.json").write_text(json.dumps(mapping), encoding="utf-8")
    assert result("import_cards", path, "--mapping", tmp_path / "mapping.json") == NO_CARDS | {"rows": 1, "created": 1}


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', '{"a": "colour"}', "\xff"])
def test_what_is_no_mapping(tmp_path, written, content):
    (tmp_path / "mapping.json").write_bytes(content.encode("latin-1"))
    ended = run("import_cards", written("iccid\n"), "--mapping", tmp_path / "mapping.json", "--json")
    assert (ended.code, ended.err.startswith("mapping: "), ended.err.count("\n")) == (2, True, 1)
    assert run("import_cards", written("iccid\n"), "--mapping", tmp_path / "none.json", "--json").code == 2


# usage


@pytest.mark.parametrize(
    ("heading", "figure", "options", "expected"),
    [
        ("流量(MB)", "1.5", (), 1_572_864),
        ("用量（KB）", "0.3", (), 307),
        ("usage_gb", "0.000000001", (), 1),
        ("使用量（字节）", "12", (), 12),
        ("流量", "2", ("--unit=kb",), 2048),
        ("bytes", "2", ("--unit=mb",), 2 * MB),
        ("bytes", "2 KB", (), 2048),
        ("流量(MB)", "512KB", (), 524_288),
        ("流量(MB)", "1,234.5", (), round(1234.5 * MB)),
        ("bytes", "7", (), 7),
    ],
)
def test_usage_in_other_units(written, heading, figure, options, expected):
    build.card_in_use(iccid=iccid(1))
    path = written(f'卡号,日期,{heading},采集时间\n{iccid(1)},2026/3/20,"{figure}",2026/3/21 1:00\n')
    assert result("import_usage", path, *options) == NOTHING | {"rows": 1, "created": 1}
    assert days() == {("2026-03-20", expected)}


def test_usage_in_a_workbook(tmp_path):
    build.card_in_use(iccid=iccid(1))
    rows = [["卡号", "日期", "流量(MB)"], [iccid(1), date(2026, 3, 20), 1.5], [iccid(1), date(2026, 3, 21), 0.00001]]
    assert result("import_usage", xlsx_file(tmp_path / "a.xlsx", rows))["created"] == 2
    assert days() == {("2026-03-20", 1_572_864), ("2026-03-21", 10)}


@pytest.mark.parametrize("figure", ["1,23", "-1", "1.2.3", "1 TB", "1e3", "abc", "１,5"])
def test_what_is_no_amount(written, figure):
    build.card_in_use(iccid=iccid(1))
    path = written(f'iccid,day,流量(MB)\n{iccid(1)},2026-03-20,"{figure}"\n')
    (error,) = run("import_usage", path, "--json").document["errors"]
    assert (error["row"], error["field"], error["message"][-24:]) == (2, "bytes", "is not an amount of data")


@pytest.mark.parametrize(
    ("heading", "sentence"),
    [
        ("流量", "The file has unknown columns: “流量”."),
        ("累计流量(MB)", "The file has unknown columns: “累计流量(mb)”."),
    ],
)
def test_a_figure_of_which_nobody_says_what_it_is_is_asked_for(written, heading, sentence):
    ended = run("import_usage", written(f"iccid,day,{heading}\n{iccid(1)},2026-03-20,5\n"), "--json")
    assert (ended.code, ended.err.strip()) == (2, sentence)


def test_a_mapped_figure_without_a_unit_is_asked_for(tmp_path, written):
    build.card_in_use(iccid=iccid(1))
    (tmp_path / "mapping.json").write_text('{"数": "bytes"}', encoding="utf-8")
    call = ("import_usage", written(f"iccid,day,数\n{iccid(1)},2026-03-20,5\n"), "--mapping", tmp_path / "mapping.json")
    ended = run(*call, "--json")
    assert (ended.code, ended.err.strip()) == (2, "Nothing says in which unit “数” is: bytes, KB, MB or GB.")
    assert result(*call, "--unit=kb")["created"] == 1
    assert days() == {("2026-03-20", 5120)}


def test_usage_by_msisdn(written):
    """The number of a cancelled card was given to another; one that two living cards have is nobody's."""
    build.do("cancel", build.card_in_use(iccid=iccid(1), msisdn="14400000001"), TODAY)
    card = build.card_in_use(iccid=iccid(2), msisdn="14400000001")
    for number in (3, 4):
        build.card_in_use(iccid=iccid(number), msisdn="14400000002")
    path = written(
        "接入号,日期,流量(MB)\n14400000001,2026-03-20,1\n14400000002,2026-03-20,1\n14400000003,2026-03-20,1\n"
        "123,2026-03-20,1\n,2026-03-20,1\n"
    )
    document = run("import_usage", path, "--json").document
    assert (document["rows"], document["created"]) == (5, 1)
    assert [(error["row"], error["field"], error["message"]) for error in document["errors"]] == [
        (3, "msisdn", "several cards have this MSISDN"),
        (4, "msisdn", "there is no card with this MSISDN"),
        (5, "msisdn", "“123” is not valid: an MSISDN has 11 or 13 digits"),
        (6, "iccid", "a value is required"),
    ]
    assert build.fresh(card).used_bytes == MB


def test_where_a_row_has_both_its_iccid_counts(written):
    card = build.card_in_use(iccid=iccid(1), msisdn="14400000001")
    other = build.card_in_use(iccid=iccid(2))
    path = written(f"iccid,msisdn,day,bytes\n{iccid(2)},14400000001,2026-03-20,5\n,14400000001,2026-03-20,7\n")
    assert result("import_usage", path)["created"] == 2
    assert (build.fresh(card).used_bytes, build.fresh(other).used_bytes) == (7, 5)


def test_a_file_of_one_card_may_be_told_its_number(written):
    card = build.card_in_use(iccid=iccid(1), msisdn="14400000001")
    path = written("day,bytes\n2026-03-20,5\n")
    refused = run("import_usage", path, "--default=msisdn=144")
    assert (refused.code, refused.err) == (2, "msisdn: “144” is not valid: an MSISDN has 11 or 13 digits\n")
    assert result("import_usage", path, "--default=msisdn=+86 144 0000 0001")["created"] == 1
    assert build.fresh(card).used_bytes == 5


def test_a_file_without_an_instant_is_known_as_of_now_and_the_same_again_is_unchanged(written):
    build.card_in_use(iccid=iccid(1))
    path = written(f"iccid,bytes\n{iccid(1)},5\n")
    before = instant_told()
    assert result("import_usage", path, "--default=day=2026-03-20") == NOTHING | {"rows": 1, "created": 1}
    first = UsageDay.objects.get()
    assert before <= first.read_at <= instant_told()
    for options in (["--dry-run"], []):
        again = result("import_usage", path, "--default=day=2026/3/20", *options)
        assert again == NOTHING | {"rows": 1, "unchanged": 1}
    assert UsageDay.objects.get().read_at == first.read_at
    changed = written(f"iccid,bytes\n{iccid(1)},6\n")
    assert result("import_usage", changed, "--default=day=2026-03-20") == NOTHING | {"rows": 1, "updated": 1}
    told = ("--default=day=2026-03-20", "--default=read_at=2026-03-21 01:00")
    assert result("import_usage", changed, *told) == NOTHING | {"rows": 1, "unchanged": 1}
    assert days() == {("2026-03-20", 6)}


def test_many_unchanged_days_do_not_end_a_file_early(written, monkeypatch):
    monkeypatch.setattr("cards.actions.imports.usage_applying.READINGS_AT_ONCE", {"sqlite": 1, "postgresql": 1})
    for number in (1, 2, 3):
        build.card_in_use(iccid=iccid(number))
    rows = [f"{iccid(number)},2026-03-20,5" for number in (1, 2)]
    result("import_usage", written("iccid,day,bytes\n" + "\n".join(rows)))
    more = [*rows, f"{iccid(3)},2026-03-20,5"]
    assert result("import_usage", written("iccid,day,bytes\n" + "\n".join(more))) == NOTHING | {
        "rows": 3,
        "created": 1,
        "unchanged": 2,
    }


# totals


def totals(written, *figures, number=1, options=()):
    lines = [f"{iccid(number)},{day},{figure}" for day, figure in figures]
    return result("import_usage", written("卡号,日期,累计流量(字节)\n" + "\n".join(lines)), "--cumulative", *options)


def test_totals_of_the_cycle_become_days(written):
    card = build.card_in_use(iccid=iccid(1), since=date(2026, 2, 1))
    assert totals(written, ("2026-02-27", 100), ("2026-02-28", 130), ("2026-03-01", 7))["created"] == 3
    assert days() == {("2026-02-27", 100), ("2026-02-28", 30), ("2026-03-01", 7)}
    assert totals(written, ("2026-03-05", 50)) == NOTHING | {"rows": 1, "created": 1}
    assert ("2026-03-05", 43) in days()
    assert build.fresh(card).used_bytes == 50
    assert totals(written, ("2026-03-05", 50), options=["--dry-run"]) == NOTHING | {"rows": 1, "unchanged": 1}
    assert totals(written, ("2026-03-05", 50)) == NOTHING | {"rows": 1, "unchanged": 1}
    assert totals(written, ("2026-03-06", 40)) == NOTHING | {"rows": 1, "created": 1}  # less than is known: nothing
    assert ("2026-03-06", 0) in days()


def test_the_order_of_the_rows_and_other_cards_do_not_matter(written):
    build.card_in_use(iccid=iccid(1), since=date(2026, 2, 1))
    other = build.card_in_use(iccid=iccid(2), since=date(2026, 2, 1))
    build.use(other, date(2026, 3, 2), 1)
    totals(written, ("2026-03-03", 30), ("2026-03-01", 10), ("2026-03-02", 15))
    assert days() == {("2026-03-01", 10), ("2026-03-02", 5), ("2026-03-03", 15), ("2026-03-02", MB)}


def test_the_cycle_is_the_carriers(written):
    CarrierPolicy.objects.filter(carrier="cmcc").update(cycle_day=27)
    build.card_in_use(iccid=iccid(1), since=date(2026, 1, 27))
    totals(written, ("2026-02-26", 100), ("2026-02-27", 5), ("2026-03-01", 9))
    assert days() == {("2026-02-26", 100), ("2026-02-27", 5), ("2026-03-01", 4)}


def test_a_total_that_places_a_hold(written):
    card = build.card_in_use(iccid=iccid(1), since=date(2026, 2, 1))
    totals(written, ("2026-03-05", 29 * MB), ("2026-03-06", 31 * MB))
    card = build.fresh(card)
    assert (card.used_bytes, card.holds) == (31 * MB, "credit")


def test_an_instant_that_is_told_orders_totals_as_it_does_days(written):
    build.card_in_use(iccid=iccid(1), since=date(2026, 2, 1))
    late, early = ["--default=read_at=2026-03-21 08:00"], ["--default=read_at=2026-03-21 07:00"]
    assert totals(written, ("2026-03-20", 50), options=late)["created"] == 1
    assert totals(written, ("2026-03-20", 40), options=early) == NOTHING | {"rows": 1, "stale": 1}
    assert days() == {("2026-03-20", 50)}
    assert TODAY - timedelta(days=2) == date(2026, 3, 20)


def test_own_headings_stay_the_fast_way(tmp_path, monkeypatch):
    build.card_in_use(iccid=iccid(1))
    monkeypatch.setattr("cards.actions.imports.usage_staging.RowFeed", None)
    assert result("import_usage", csv_file(tmp_path / "a.csv", [usage_row()]))["created"] == 1
