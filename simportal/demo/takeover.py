"""A small fleet that another dealer had until this morning, taken over in service: some of it is nearly lost."""

from datetime import timedelta

from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.calendar import add_months
from simportal.demo.fleet import with_check_digit

CUSTOMER = "远航船舶监控（惠州）有限公司"
SOURCE = "远航-存量卡接管清单.xlsx"
TAKEN_OVER_ONE_IN = 50  # of the demo's cards
MOST = 24
WITHOUT_SERVICE_DAYS = 75  # of the 90 after which a card is cancelled
USED_MB = 12


def how_many(size):
    """How many of a demo's cards are taken over."""
    return min(size // TAKEN_OVER_ONE_IN, MOST)


def take_over(count, today, actor, at):
    rows = [read_card_row(number, _texts(number, today), today) for number in range(2, count + 2)]
    created = apply_cards(rows, actor=actor, at=at, source=SOURCE)
    assert created.errors == [], created.errors


def _texts(number, today):
    """Two of three are without service, the others in use; each for some time, and not the same."""
    opened_on = add_months(today, -20) + timedelta(days=number)
    texts = {
        "iccid": with_check_digit(f"89860026{90_000_000_000 + number:011d}"),
        "msisdn": f"14409{90_000_000 + number:08d}",
        "carrier": "cmcc",
        "customer": CUSTOMER,
        "certification": "enterprise",
        "opened_on": str(opened_on),
        "plan": "Y1-1024",
        "activated_on": str(add_months(opened_on, 1)),
    }
    if number % 3:
        ended_on = today - timedelta(days=WITHOUT_SERVICE_DAYS + number % 15)
        return texts | {"state": "shut_down", "service_until": str(ended_on)}
    return texts | {
        "state": "in_use",
        "service_until": str(today + timedelta(days=20 + number)),
        "used_mb": str(USED_MB * number),
    }
