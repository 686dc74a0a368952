import pytest

from billing.payments import PROVIDERS
from cards.calendar import as_of
from tests.bills.paper import DAY, Paper, moment


@pytest.fixture
def paper(monkeypatch):
    """The provider `paper`, at noon of the day after `DAY`."""
    provider = Paper()
    monkeypatch.setitem(PROVIDERS, "paper", provider)
    with as_of(moment("12:00", DAY.replace(day=3))):
        yield provider
