"""C01, C02: a program's "for ever" and its "never" are no instants and no days, through whichever door they come."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.urls import reverse

from cards.models import Card, CarrierPolicy, UsageDay
from tests import build
from tests.commands.calls import card_row, csv_file, iccid, result, run, usage_row
from tests.console.pages import of_role

pytestmark = pytest.mark.django_db

FOREVER, FIRST = (Path(__file__).parent / name for name in ("C01-forever-instant", "C02-first-instant"))
NOTHING = {"rows": 1, "created": 0, "updated": 0, "unchanged": 0, "stale": 0, "quarantined": 0}
ADMIN = "/admin/cards/carrierpolicy/add/"


@pytest.fixture(autouse=True)
def _today():
    with build.on_day(date(2026, 3, 10)):
        yield


@pytest.mark.parametrize(
    ("name", "text"), [("usage-a.csv", "9999-12-31T23:59:59Z"), ("usage-b.csv", "9999-12-31T23:59:59-12:00")]
)
@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_c01_the_end_of_time_is_refused_and_every_page_can_be_shown(name, text, options):
    result("import_cards", FOREVER / "cards.csv")
    assert result("import_usage", FOREVER / "usage-1.csv")["created"] == 1
    ended = run("import_usage", FOREVER / name, *options, "--json")
    message = f"“{text}” is in the future"
    assert (ended.code, ended.document) == (
        1,
        NOTHING | {"errors": [{"row": 2, "field": "read_at", "message": message}], "warnings": []},
    )
    assert list(UsageDay.objects.values_list("day", flat=True)) == [date(2026, 3, 2)]
    client, card = of_role("operations"), Card.objects.get()
    for address in ("/console/", "/console/cards/", f"/console/cards/{card.iccid}/", "/console/queues/"):
        assert client.get(address).status_code == 200
    assert result("card", card.iccid)["cycle"]["used_bytes"] == 1000
    assert len(result("card", "--all")) == 1


def test_c02_the_beginning_of_time_costs_its_own_row_alone():
    result("import_cards", FIRST / "cards.csv")
    result("import_usage", FIRST / "usage-1.csv")
    ended = run("import_usage", FIRST / "usage-2.csv", "--json")
    message = "“0001-01-01T00:00:00” is before 2000"
    assert (ended.code, ended.document["created"]) == (1, 2)
    assert ended.document["errors"] == [{"row": 3, "field": "read_at", "message": message}]
    first, second, third = (result("card", f"8986041230000000000{number}") for number in (1, 2, 3))
    assert (first["cycle"]["used_bytes"], second["cycle"]["used_bytes"]) == (1005, 1000)
    assert (third["state"], third["holds"]) == ("suspended", ["credit"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-03-11T00:59:59", None),
        ("2026-03-11T01:00:00", "is in the future"),
        ("2026-03-10T18:00:00Z", "is in the future"),
        ("2000-01-01T00:00:00", None),
        ("1999-12-31T23:59:59", "is before 2000"),
        ("1999-12-31T16:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", "is before 2000"),
        ("0001-01-01T00:00:00", "is before 2000"),
        ("9999-12-31T23:59:59.999999+00:00", "is in the future"),
        ("10000-01-01T00:00:00Z", "is not a date and time"),
        ("0000-00-00T00:00:00", "is not a date and time"),
        ("2026-03-05T24:00:00", "is not a date and time"),
    ],
)
def test_the_bounds_of_an_instant(tmp_path, text, message):
    build.card_in_use()
    path = csv_file(tmp_path / "usage.csv", [usage_row(day="2026-03-05", read_at=text)])
    ended = run("import_usage", path, "--json")
    errors = ended.document["errors"]
    assert (ended.code, ended.document["created"]) == ((1, 0) if message else (0, 1))
    assert [(error["field"], message in error["message"]) for error in errors] == [("read_at", True)] * len(errors)


def test_without_a_moved_clock_an_instant_may_be_an_hour_ahead(tmp_path, settings):
    settings.SIMPORTAL_TODAY = None
    build.card_in_use()
    now = datetime.now(UTC)
    rows = [usage_row(day="2026-03-05", read_at=(now + timedelta(minutes=minutes)).isoformat()) for minutes in (55, 65)]
    ended = run("import_usage", csv_file(tmp_path / "usage.csv", rows), "--json")
    assert (ended.document["created"], [error["row"] for error in ended.document["errors"]]) == (1, [3])


@pytest.mark.parametrize("day", ["2026-03-11", "9999-12-31", "1999-12-31", "0001-01-01"])
def test_the_bounds_of_a_readings_day(tmp_path, day):
    build.card_in_use()
    ended = run(
        "import_usage", csv_file(tmp_path / "usage.csv", [usage_row(day=day, read_at="2026-03-10T23:00")]), "--json"
    )
    assert (ended.code, ended.document["created"], ended.document["errors"][0]["field"]) == (1, 0, "day")


@pytest.mark.parametrize("column", ["opened_on", "activated_on", "service_until"])
@pytest.mark.parametrize("day", ["9999-12-31", "2100-01-01", "1999-12-31", "0001-01-01"])
def test_the_bounds_of_a_cards_days(tmp_path, column, day):
    row = card_row(opened_on="2026-01-15", state="in_use") | {
        "activated_on": "2026-01-20",
        "service_until": "2027-01-01",
    }
    assert run("import_cards", csv_file(tmp_path / "good.csv", [row]), "--dry-run").code == 0
    ended = run("import_cards", csv_file(tmp_path / "cards.csv", [row | {column: day}]), "--json")
    assert (ended.code, ended.document["errors"], Card.objects.count()) == (
        1,
        [{"row": 2, "field": column, "message": f"“{day}” is not a day from 2000 to 2099"}],
        0,
    )


@pytest.mark.parametrize("command", [("sweep", "--dry-run"), ("forecast", iccid(1))])
@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2100-01-01"])
def test_the_bounds_of_a_commands_day(command, day):
    build.card_in_use()
    ended = run(*command, "--through", day)
    assert (ended.code, "is not a day from 2000 to 2099" in ended.err) == (2, True)
    assert run(*command, "--through", "2099-12-31").code == 0


@pytest.mark.parametrize("day", ["9999-12-31", "2100-01-01"])
def test_the_bounds_of_a_policys_day(admin_client, day):
    policy = CarrierPolicy.objects.first()
    form = {field.name: getattr(policy, field.name) for field in policy._meta.fields if field.name != "id"}
    response = admin_client.post(ADMIN, form | {"valid_from": day})
    assert "2000" in str(response.context["errors"])
    assert CarrierPolicy.objects.filter(valid_from__year__gte=2100).count() == 0


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_the_bounds_of_addresses(day):
    """Nothing is stored by them, and none of them breaks a page."""
    card = build.card_in_use(customer="Acme")
    client, card_url = of_role("finance"), f"/console/cards/{card.iccid}/"
    for address in (
        f"{card_url}?since={day}",
        f"{card_url}?through={day}",
        f"{reverse('money:receipt-list')}?since={day}&through={day}",
        f"{reverse('money:order-list')}?since={day}&through={day}",
        f"/console/cards/?sort=expiry&after={day}_1",
    ):
        assert client.get(address).status_code == 200, address
    statement = reverse("money:statement", args=[card.customer_id])
    assert client.get(f"{statement}?month={day[:7]}").status_code == 404


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2100-01-01"])
@pytest.mark.parametrize(("page", "field"), [("money:prices", "valid_from"), ("money:receipt-new", "received_on")])
def test_the_bounds_of_a_price_and_a_receipt(page, field, day):
    response = of_role("finance").post(reverse(page), {field: day}, headers={"accept-language": "en"})
    assert (response.status_code, response.context["form"].errors[field]) == (
        422,
        [f"“{day}” is not a day from 2000 to 2099"],
    )
