"""C10: what a spreadsheet leaves of ICCIDs that it took for numbers: 15 true digits, then zeros."""

import uuid
from datetime import date
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import override

from cards.actions.jobs import worker
from cards.models import Card, Job
from tests.build import on_day, open_card
from tests.commands.calls import card_row, csv_file, run
from tests.console.pages import of_role, text

pytestmark = pytest.mark.django_db

FOLDER = Path(__file__).parent / "C10-iccid-ending-in-zeros"
ROUNDED = (
    "“{}” was rounded by a spreadsheet and its last digits are lost; format the column as text and export again"
).format
DOUBTFUL = "“{}” ends as numbers do that a spreadsheet has rounded; compare it with the card".format


@pytest.fixture(autouse=True)
def today(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "files"
    with on_day(date(2026, 3, 10)):
        yield


def imported(path, *options):
    """(exit code, what was created, errors by row, warnings by row)."""
    with override("en"):
        ended = run("import_cards", path, "--json", *options)
    document = ended.document
    assert {said["field"] for name in ("errors", "warnings") for said in document[name]} <= {"iccid"}
    told = [{said["row"]: said["message"] for said in document[name]} for name in ("errors", "warnings")]
    return ended.code, document["created"], *told


def previewed(client, path):
    """The page of the file's job, looked at and not yet started."""
    form = {"key": str(uuid.uuid4()), "what": "cards", "file": SimpleUploadedFile(path.name, path.read_bytes())}
    response = client.post("/console/imports/", form, headers={"accept-language": "en"})
    job = worker.work_off(Job.objects.get(pk=response.url.split("/")[-2]))
    return client.get(f"/console/jobs/{job.pk}/", headers={"accept-language": "en"})


def test_three_rows_of_one_number_are_refused_and_no_card_is_made():
    number = "89860412345678900000"
    expected = (1, 0, dict.fromkeys((2, 3, 4), ROUNDED(number)), {})
    assert imported(FOLDER / "cards.csv", "--dry-run") == expected
    assert imported(FOLDER / "cards.csv") == expected
    assert Card.objects.count() == 0


def test_one_such_row_is_taken_with_a_warning():
    number = "89860412345678800000"
    expected = (0, 1, {}, {2: DOUBTFUL(number)})
    assert imported(FOLDER / "cards-2.csv", "--dry-run") == expected
    assert Card.objects.count() == 0
    assert imported(FOLDER / "cards-2.csv") == expected
    assert Card.objects.get().iccid == number
    assert imported(FOLDER / "cards-2.csv") == (0, 0, {}, {}), "a card that is there already is that card"


def test_the_browser_says_the_same():
    client = of_role("operations")
    refused, taken = (previewed(client, FOLDER / name) for name in ("cards.csv", "cards-2.csv"))
    assert [(row.row, row.message) for row in refused.context["wrong"]] == [
        (row, ROUNDED("89860412345678900000")) for row in (2, 3, 4)
    ]
    assert (taken.context["changes"], list(taken.context["wrong"])) == (1, [])
    assert f"Row 2: {DOUBTFUL('89860412345678800000')}" in text(taken)


def of_numbers(tmp_path, numbers):
    return csv_file(tmp_path / "cards.csv", [card_row(iccid=number) for number in numbers])


def ending_in_zeros(count, zeros="00000"):
    return [f"898604{number:09d}{zeros}" for number in range(1, count + 1)]


def ordinary(count):
    return [f"898604{number:09d}12345" for number in range(1, count + 1)]


@pytest.mark.parametrize("zeros", ["00000", "0000"])
@pytest.mark.parametrize(
    ("doubtful", "others", "is_refused"),
    [(1, 0, False), (2, 0, True), (2, 197, True), (2, 198, False), (3, 297, False), (3, 296, True)],
)
def test_more_than_one_row_in_a_hundred_is_no_chance(tmp_path, zeros, doubtful, others, is_refused):
    numbers = ending_in_zeros(doubtful, zeros)
    code, created, errors, warnings = imported(of_numbers(tmp_path, [*numbers, *ordinary(others)]))
    rows = range(2, doubtful + 2)
    if is_refused:
        assert (code, created, errors, warnings) == (
            *(1, others),
            {row: ROUNDED(number) for row, number in zip(rows, numbers, strict=True)},
            {},
        )
    else:
        assert (code, created, errors, warnings) == (
            *(0, doubtful + others),
            {},
            {row: DOUBTFUL(number) for row, number in zip(rows, numbers, strict=True)},
        )


def test_a_number_that_stands_twice_far_apart_is_found_also_with_other_data(tmp_path, monkeypatch):
    monkeypatch.setattr("cards.actions.imports.rounding.NUMBERS_PER_LOOKUP", 50)
    monkeypatch.setattr("cards.actions.imports.cards_file.CARDS_AT_ONCE", 50)
    (number,) = ending_in_zeros(1)
    rows = [card_row(iccid=each) for each in ordinary(300)]
    rows = [card_row(iccid=number, msisdn="14400000001"), *rows, card_row(iccid=number, msisdn="14400000002")]
    path = csv_file(tmp_path / "cards.csv", rows)
    assert imported(path) == (1, 300, {2: ROUNDED(number), 303: ROUNDED(number)}, {})
    assert Card.objects.filter(iccid=number).count() == 0


def test_cards_that_are_there_already_are_no_doubtful_rows(tmp_path):
    number, other = ending_in_zeros(2)
    open_card(iccid=number)
    path = of_numbers(tmp_path, [number, other, number, f"{number[:19]}"])
    assert imported(path) == (0, 1, {}, {3: DOUBTFUL(other)})
    assert set(Card.objects.values_list("iccid", flat=True)) == {number, other}


@pytest.mark.parametrize(
    "written", ["89860412345678900000.0", '"89,860,412,345,678,900,000"', "8986 0412 3456 7890 0000"]
)
def test_it_is_seen_however_the_number_is_written(tmp_path, written):
    path = tmp_path / "cards.csv"
    row = "cmcc,enterprise,2026-03-01,Y1-30"
    path.write_text(f"iccid,carrier,certification,opened_on,plan\n{written},{row}\n{written},{row}\n")
    code, created, errors, _warnings = imported(path)
    assert (code, created, list(errors), Card.objects.count()) == (1, 0, [2, 3], 0)
    assert all("was rounded by a spreadsheet" in message for message in errors.values())
