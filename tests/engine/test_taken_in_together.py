"""What a file makes of a card does not depend on the rows beside it, however much they are alike."""

from datetime import date

import pytest
from django.db.models import F

from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.models import Card, CardEvent, DeviceBinding, RealNameCheck, ServiceTerm
from cards.proof import Proof
from tests.build import SHELL, on_day
from tests.engine.test_forecast import rolled_back

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
OPENED = {"carrier": "cmcc", "certification": "enterprise", "opened_on": "2026-01-15", "plan": "Y1-30"}
IMEI = "490154203237518"
IN_USE = {"state": "in_use", "activated_on": "2025-06-20", "service_until": "2026-06-20", "opened_on": "2025-01-15"}
# Each of these says something else of the card than the others.
SAID = [
    {},
    {"carrier": "cucc"},
    {"certification": "individual"},
    {"plan": "M1-100"},
    {"opened_on": "2026-01-14"},
    {"test_months": "3", "test_quota_mb": "10"},
    {"test_months": "2", "test_quota_mb": "10"},
    {"test_months": "3", "test_quota_mb": "20"},
    {"binding": "first_use"},
    {"binding": "fixed", "imei": IMEI},
    {"binding": "fixed", "imei": "356938035643809"},
    IN_USE,
    IN_USE | {"used_mb": "1.5"},
    IN_USE | {"certification": "individual"},
    IN_USE | {"service_until": "2026-02-20"},
    {"state": "unused", "opened_on": "2025-01-15"},
]


@on_day(TODAY)
def test_rows_taken_in_together_make_the_cards_that_each_makes_alone():
    texts = [
        {"iccid": f"8986{number:016d}", "msisdn": f"14400{number:08d}", "imsi": f"{460040000000000 + number}"}
        | OPENED
        | {"customer": f"Firm {number % 3}" if number % 4 else ""}
        | SAID[number % len(SAID)]
        for number in range(3 * len(SAID))
    ]
    alone = [became_alone(text) for text in texts]
    assert what_became_of(texts) == alone
    assert list(Proof().problems()) == []


def became_alone(text):
    with rolled_back():
        (card,) = what_became_of([text])
    return card


def what_became_of(texts):
    """Of each card what it is, its records, terms, devices and checks, whatever their keys are."""
    rows = [read_card_row(number, text, TODAY) for number, text in enumerate(texts)]
    assert apply_cards(rows, actor=SHELL, source="fleet.xlsx").errors == []
    return [
        [without_keys(card), *(list(map(without_keys, of_card(model, card["id"]))) for model in OF_CARDS)]
        for card in Card.objects.annotate(owner=F("customer__name")).order_by("iccid").values()
    ]


OF_CARDS = (CardEvent, ServiceTerm, DeviceBinding, RealNameCheck)


def of_card(model, card_id):
    return model.objects.filter(card=card_id).order_by("pk").values()


def without_keys(row):
    row["evidence"] = {name: value for name, value in row.get("evidence", {}).items() if name != "customer_id"}
    return {name: value for name, value in row.items() if name not in ("id", "card_id", "customer_id", "executed_at")}
