"""Fixtures of the payments' tests: a provider of ours for each protocol, and the portal beside it."""

import pytest

from billing.payments import PROVIDERS
from tests.log_of import log_of
from tests.payments.fakes import FAKES
from tests.payments.paper import Paper
from tests.payments.shop import HOST, Shop


@pytest.fixture(params=FAKES)
def fake(request):
    with FAKES[request.param]() as started:
        yield started
    assert started.violations == []


@pytest.fixture
def shop(fake, db, settings, caplog):
    settings.PORTAL_URL = HOST
    begun = Shop(fake)
    yield begun
    assert begun.is_proved()
    assert not [secret for secret in fake.secrets.values() if secret in log_of(caplog)]


@pytest.fixture
def paper(monkeypatch):
    """A provider that needs an account, beside those that there are."""
    monkeypatch.setitem(PROVIDERS, Paper.name, Paper())
