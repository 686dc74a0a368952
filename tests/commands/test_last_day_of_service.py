"""A card file says the end of service either way: the first day without it, or its last day as people say it."""

from datetime import date

import pytest

from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.usual_headings import usual_card_headings
from cards.errors import BadInput
from cards.files.headings import evened
from cards.models import Card
from tests.build import on_day
from tests.commands.calls import csv_file, iccid, run

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
SAID = {
    "carrier": "cmcc",
    "certification": "enterprise",
    "plan": "Y1-30",
    "state": "in_use",
    "opened_on": "2025-01-15",
    "activated_on": "2025-06-20",
}


@pytest.mark.parametrize(
    ("heading", "said", "until"),
    [
        ("service_until", "2026-06-01", date(2026, 6, 1)),
        ("last_day_of_service", "2026-06-01", date(2026, 6, 2)),
        ("last_day_of_service", "2028-02-28", date(2028, 2, 29)),
        ("Last day of service", "2026-12-31", date(2027, 1, 1)),
        ("服务到期日", "2026年5月31日", date(2026, 6, 1)),
        ("服务到期日（含）", "2026/5/31", date(2026, 6, 1)),
        ("服务到期日（不含）", "2026-06-01", date(2026, 6, 1)),
    ],
)
def test_the_end_of_service_is_read_as_its_heading_says_it(tmp_path, heading, said, until):
    path = csv_file(tmp_path / "cards.csv", [{"iccid": iccid(1), **SAID, heading: said}])
    with on_day(TODAY):
        assert run("import_cards", path).code == 0
    card = Card.objects.get()
    assert (card.service_until, card.terms.get().service_until) == (until, until)


def row(**days):
    return read_card_row(2, {"iccid": iccid(1)} | days, TODAY)


def test_both_may_stand_there_as_long_as_they_say_the_same():
    both = row(service_until="2026-06-01", last_day_of_service="2026-05-31")
    assert (both, both.given) == (row(last_day_of_service="2026-05-31"), frozenset({"iccid", "service_until"}))
    with pytest.raises(BadInput) as refused:
        row(service_until="2026-06-01", last_day_of_service="2026-06-01")
    assert [fault.field for fault in refused.value.faults] == ["last_day_of_service"]
    with pytest.raises(BadInput) as refused:
        row(last_day_of_service="31.5.2026")
    assert [fault.field for fault in refused.value.faults] == ["last_day_of_service"]


def test_what_may_mean_either_is_asked():
    assert evened("到期日期") not in usual_card_headings()
