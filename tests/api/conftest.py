import pytest

from cards.models import Customer
from tests.api.program import Program


@pytest.fixture
def acme():
    return Customer.objects.get_or_create(name="Acme")[0]


@pytest.fixture
def program(acme):
    """A program of Acme's that may do everything."""
    return Program(acme)
