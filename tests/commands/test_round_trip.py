"""What the portal exports of cards comes back in as it was: each format, each language, also saved by a spreadsheet."""

import csv
import io
from datetime import date

import pytest
from django.utils import translation

from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.columns.kinds import Format
from cards.exports.stream import file_blocks
from cards.models import Card, CardEvent
from tests.build import SHELL, card_in_use, do, on_day, open_card, swept, use
from tests.commands.calls import iccid, run
from tests.commands.test_import_cards import NOTHING

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
COUNT = 2_000
KINDS = (
    {},
    {"test_months": "3", "test_quota_mb": "10", "msisdn": "14400000001"},
    {"state": "in_use", "activated_on": "2026-01-20", "service_until": "2027-01-01", "used_mb": "12.3456"},
    {
        "state": "suspended",
        "activated_on": "2026-01-20",
        "service_until": "2027-01-01",
        "holds": "voluntary,credit",
        "used_mb": "31",
    },
    {"certification": "individual", "customer": "=1+1", "carrier": "cbn", "imsi": "460000000000001"},
    {"binding": "fixed", "imei": "868600000000001", "customer": "海川“共享”, 出行"},
    {"state": "cancelled", "customer": "@home"},
)


@pytest.fixture(autouse=True)
def _today():
    with on_day(DAY):
        yield


def fleet(count):
    texts = {"carrier": "cmcc", "certification": "enterprise", "opened_on": "2026-01-05", "plan": "Y1-30"}
    rows = [texts | KINDS[number % len(KINDS)] | {"iccid": iccid(number)} for number in range(count)]
    taken = apply_cards([read_card_row(number, row, DAY) for number, row in enumerate(rows)], actor=SHELL)
    assert (taken.errors, len(taken.created)) == ([], count)


def lives():
    """Cards to which things have happened since they were opened here."""
    use(card_in_use(binding="first_use"), DAY, 12.349, imei="868600000000002")
    do("suspend", use(card_in_use(plan="M1-100", since=date(2026, 3, 1)), DAY, 100.5), DAY)
    swept(use(card_in_use(since=date(2026, 1, 20), plan="M1-100"), date(2026, 1, 25), 5), DAY)
    use(card_in_use(), date(2026, 2, 20), 5)
    do("cancel", open_card(), DAY)
    use(open_card(test_months=3, test_quota_mb=30), DAY, 7.25)
    do("place_hold", card_in_use(), DAY, kind="anomaly")


def exported(path, format, language, to_staff=True):
    with translation.override(language):
        path.write_bytes(b"".join(file_blocks(Card.objects.order_by("pk"), format, to_staff)))
    return path


def saved_by_a_spreadsheet(path, encoding):
    """As it shows the cells: days with slashes, numbers without their zeros, no sign that kept it from reckoning."""

    def shown(cell):
        if cell.startswith('="'):
            return cell[2:-1]
        try:
            return f"{date.fromisoformat(cell):%Y/%-m/%-d}"
        except ValueError:
            return cell.rstrip("0").rstrip(".") if "." in cell and cell.replace(".", "").isdigit() else cell

    rows = [list(map(shown, row)) for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))]
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def as_they_are():
    return list(Card.objects.order_by("pk").values()), CardEvent.objects.count()


@pytest.mark.parametrize(("language", "encoding"), [("zh-hans", "gb18030"), ("en", "utf-8-sig")])
def test_2000_cards_saved_by_a_spreadsheet_change_nothing(tmp_path, language, encoding):
    fleet(COUNT)
    path = saved_by_a_spreadsheet(exported(tmp_path / "cards.csv", Format.CSV, language), encoding)
    assert "2026/1/5" in path.read_text(encoding=encoding)
    before = as_they_are()
    for options in ([], ["--update"]):
        ended = run("import_cards", path, *options, "--json")
        assert ended.document == NOTHING | {"rows": COUNT, "unchanged": COUNT}
    assert as_they_are() == before


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("format", list(Format))
@pytest.mark.parametrize("to_staff", [True, False])
def test_each_export_comes_back_in(tmp_path, format, language, to_staff):
    fleet(3 * len(KINDS))
    lives()
    count, before = Card.objects.count(), as_they_are()
    path = exported(tmp_path / "cards", format, language, to_staff)
    assert run("import_cards", path, "--update", "--json").document == NOTHING | {"rows": count, "unchanged": count}
    assert as_they_are() == before


def test_a_change_in_the_saved_file_is_seen(tmp_path):
    fleet(len(KINDS))
    path = saved_by_a_spreadsheet(exported(tmp_path / "cards.csv", Format.CSV, "zh-hans"), "gb18030")
    text = path.read_text(encoding="gb18030")
    path.write_text(text.replace("14400000001", "14400000002").replace("2026/1/20", "2026/1/21"), encoding="gb18030")
    seen = run("import_cards", path, "--json").document
    assert (seen["updated"], seen["unchanged"]) == (0, len(KINDS) - 3)
    assert sorted((error["row"], error["field"]) for error in seen["errors"]) == [
        (3, "msisdn"),
        (4, "activated_on"),
        (5, "activated_on"),
    ]
    run("import_cards", path, "--update", "--json")
    assert Card.objects.filter(msisdn="14400000002").count() == 1


def test_a_usage_file_with_the_words_of_a_card_export_is_refused_by_name(tmp_path):
    fleet(1)
    path = exported(tmp_path / "cards.csv", Format.CSV, "en")
    assert run("import_usage", path).err.startswith("The file has unknown columns: ")
