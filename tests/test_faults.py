"""`make faults` in short: two of its faults, once each, upon a job whose outcome is compared row by row."""

import pytest
from django.db import connection

from tests.faults.rounds import Stage, own_folder, run
from tests.faults.table import FAULTS

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def stage():
    if connection.vendor != "postgresql":
        pytest.skip("the faults fall upon a PostgreSQL of their own: once, in the run on PostgreSQL")
    with own_folder() as folder:
        yield Stage(folder)


@pytest.mark.parametrize("name", ["worker killed", "database crashed"])
def test_what_a_fault_interrupts_ends_as_if_it_had_not_been_there(stage, name):
    round = run(FAULTS[name], "small job", stage, strikes=1, hurried=True)
    assert (round.lost, round.doubled, round.problems) == ({}, {}, [])
    assert None not in [*round.went_on, round.done_after]
