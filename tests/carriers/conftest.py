"""Fixtures of the carriers' tests: a carrier of ours for each protocol, and the portal beside it."""

import math

import pytest

from tests.carriers.fakes import FAKES
from tests.carriers.trial import Trial


@pytest.fixture(params=FAKES)
def fake(request):
    with FAKES[request.param]() as started:
        print(f"{started.NAME}: FAKE_SEED={started.seed}")
        started.rate = math.inf  # nobody waits where the rate is not what is looked at
        yield started
    assert started.violations == []


@pytest.fixture
def trial(fake, db, tmp_path, caplog):
    begun = Trial(fake, tmp_path)
    yield begun
    secrets = {*fake.secrets.values(), *fake.ever_given}
    told = "\n".join([caplog.text, *begun.said])
    assert not [secret for secret in secrets if secret in told]
    assert "Traceback" not in told
