"""Fixtures of the carriers' tests: a carrier of ours for each protocol, and the portal beside it."""

import contextlib
import math

import pytest
from django.db import transaction

from tests.carriers.fakes import FAKES
from tests.carriers.trial import Trial
from tests.log_of import log_of


@pytest.fixture(params=FAKES)
def fake(request):
    with started(request.param) as fake:
        yield fake


@contextlib.contextmanager
def started(name):
    """A carrier of ours that speaks this protocol, and complains of nothing until the block ends."""
    with FAKES[name]() as fake:
        print(f"{fake.NAME}: FAKE_SEED={fake.seed}")  # pytest shows it where a test fails, to run it again so
        fake.rate = math.inf  # nobody waits where the rate is not what is looked at
        yield fake
    assert fake.violations == []


@contextlib.contextmanager
def taken_back():
    """The portal is as it was behind the block. What is durable in it is so within the block, as within a test."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


@pytest.fixture
def trial(fake, db, tmp_path, caplog):
    begun = Trial(fake, tmp_path)
    yield begun
    tells_no_secret(begun, caplog)


def tells_no_secret(trial, caplog):
    """Nor does it show where it broke."""
    secrets = {*trial.fake.secrets.values(), *trial.fake.ever_given}
    said = "\n".join([log_of(caplog), *trial.said])
    assert not [secret for secret in secrets if secret in said]
    assert "Traceback" not in said
