"""A clock that was set back makes no lease longer: what ends later than it could is over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing.actions.digests import claim_digest
from billing.models import Digest
from cards.actions.jobs import engine
from cards.models import Customer, Job, JobChunk

pytestmark = pytest.mark.django_db

HELD = "a worker"
GIVEN_BACK = ""
# Who has the row, how many seconds its time still lasts by today's clock, and whether it is free.
LEASES = [
    (HELD, -1, True),
    (HELD, 80, False),
    (HELD, 95, False),  # clocks of two machines differ
    (HELD, 110, True),
    (HELD, 3_600, True),
    (GIVEN_BACK, -1, True),
    (GIVEN_BACK, 110, False),
    (GIVEN_BACK, 30 * 60 + 5, False),
    (GIVEN_BACK, 30 * 60 + 20, True),
    (GIVEN_BACK, 3_600, True),
]


def ahead(seconds):
    return timezone.now() + timedelta(seconds=seconds)


@pytest.mark.parametrize(("worker", "seconds", "is_free"), LEASES)
def test_a_chunk(worker, seconds, is_free):
    job = Job.objects.create(kind="bulk", status="running")
    chunk = JobChunk.objects.create(job=job, number=1, size=1, payload=[], worker=worker, leased_until=ahead(seconds))
    assert engine.chunks_at_work() == (0 if is_free else len(worker) and 1)
    assert engine.claim_chunk("another", kinds=["bulk"]) == (chunk if is_free else None)


@pytest.mark.parametrize(("worker", "seconds", "is_free"), LEASES)
def test_a_job_that_is_prepared(worker, seconds, is_free):
    job = Job.objects.create(kind="bulk", worker=worker, leased_until=ahead(seconds))
    assert engine.claim_job("another", kinds=["bulk"]) == (job if is_free else None)


@pytest.mark.parametrize(("seconds", "is_due"), [(-1, True), (29 * 60, False), (31 * 60, True)])
def test_a_digest(seconds, is_due):
    digest = Digest.objects.create(
        customer=Customer.objects.create(name="Acme"), day="2026-03-02", due_at=ahead(seconds)
    )
    assert claim_digest(timezone.now()) == (digest if is_due else None)
