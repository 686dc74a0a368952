"""Orders whose work has failed are found among the orders, by who looks after them, and not among the jobs of staff."""

from datetime import date

import pytest

from billing.actions import orders, refunds
from billing.models import Order
from cards.actions.jobs import engine
from cards.choices import JobStatus
from cards.models import Job
from tests.billing import build as b
from tests.build import card_in_use, on_day
from tests.console.pages import of_role, text

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}


@pytest.fixture(autouse=True)
def _today():
    b.price("Y1-30", "30.00")
    b.fund("1000")
    with on_day(date(2026, 3, 2)):
        yield


def failed(job):
    Job.objects.filter(pk=job.pk).update(status=JobStatus.RUNNING)
    assert engine.fail(job, "x")


def stuck():
    return list(Order.objects.stuck().order_by("pk"))


def test_it_is_stuck_as_long_as_somebody_has_to_go_on_with_it():
    boss = b.financier()
    draft = b.drafted(cards=[card_in_use(customer="Acme")], user=boss)
    paid = orders.pay(b.placed(cards=[card_in_use(customer="Acme")], user=boss), user=boss)
    well, over = (b.paid(cards=[card_in_use(customer="Acme")], user=boss) for _order in range(2))
    refund = refunds.request_refund(well, user=boss, reason="x")
    failed(draft.job)
    failed(paid.job)
    failed(over.job)  # which nobody waits for any more
    failed(refund.job)
    assert stuck() == [draft, paid, well]
    refunds.decline(refund, user=boss)
    orders.withdraw(draft, user=boss)
    assert stuck() == [paid]
    engine.reopen(paid.job, boss)
    assert stuck() == []


def test_the_list_and_the_menu_tell_of_it_and_the_jobs_do_not():
    order = b.drafted(cards=[card_in_use(customer="Acme")], user=b.financier())
    failed(order.job)
    ops, support = of_role("operations"), of_role("support")
    shown = {query: ops.get(f"/console/orders/?{query}").context["entries"] for query in ("stuck=1", "")}
    assert {query: [entry[0] for entry in entries] for query, entries in shown.items()} == {
        "stuck=1": [order],
        "": [order],
    }
    assert ops.get("/console/orders/?stuck=2").status_code == 400
    counts = [client.get("/console/jobs/").context["nav"].counts for client in (ops, support)]
    assert [count["money:order-list"] for count in counts] == [1, 0]
    assert [count["console:job-list"] for count in counts] == [0, 0]
    assert ops.get("/console/jobs/?status=failed").context["entries"] == []
    assert f"#{order.job_id}" not in text(ops.get("/console/queues/", headers=ENGLISH))
    engine.stop(order.job, None)
    assert ops.get("/console/orders/?stuck=1").context["entries"] == []
