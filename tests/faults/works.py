"""The work that faults fall upon: how it is made ready, when one is in the middle of it, and when it is over."""

from dataclasses import dataclass

from tests.billing.test_killed import CUSTOMERS, PAID_ORDER, RENEWING_CUSTOMERS
from tests.faults.site import TODAY

ORDERED = 5_000

CARDS = """
from datetime import date
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.actions.jobs import control, worker
from cards.actions.jobs.export import order_export
from cards.actions.selections import freeze
from cards.choices import JobKind
from cards.models import Card
from cards.permissions import Actor
from tests.billing import build as b
user = User.objects.get(username="watcher")
HEADER = "iccid,carrier,certification,opened_on,plan"
def line(number, opened_on): return f"8986{number:016d},cmcc,enterprise,{opened_on},Y1-30"
def take_in(numbers, opened_on, **more):
    rows = [dict(zip(HEADER.split(","), line(number, opened_on).split(","))) | more for number in numbers]
    apply_cards([read_card_row(2, row, date.max) for row in rows], actor=Actor.shell())
"""
SWEPT = f"""{CARDS}
for place, month in enumerate(("2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02")):
    take_in(range(place * 1_000, place * 1_000 + 1_000), f"{{month}}-15")
"""
CARD_FILE = f"""{CARDS}
lines = [HEADER, *(line(number, "2026-03-01") for number in range(10_000))]
job = control.upload(JobKind.IMPORT_CARDS, ContentFile("\\n".join(lines).encode(), name="cards.csv"), user=user)
"""
USAGE_FILE = f"""{CARDS}
b.fleet(2_000, date(2026, 3, 1))
rows = (f"8986{{number:016d}},2026-03-{{day:02d}},{{1000 + number}},2026-03-24T08:00"
        for day in range(1, 21) for number in range(2_000))
file = ContentFile("\\n".join(["iccid,day,bytes,read_at", *rows]).encode(), name="usage.csv")
job = control.upload(JobKind.IMPORT_USAGE, file, user=user)
"""
STARTED = """
job = worker.work_off(job)
job = control.start(job, user=user)
assert job.status == "running", (job.status, job.message)
"""


def tagged(cards):
    return f"""{CARDS}
b.fleet({cards}, date(2026, 3, 1))
job = control.start(
    worker.work_off(control.draft(freeze(Card.objects.all(), owner=user, asked={{}}), "tag", user=user)),
    user=user, params={{"tag": "trial"}},
)
"""


EXPORTED = f"""{CARDS}
b.fleet(20_000, date(2026, 3, 1))
order_export(user, "csv", "cards.csv")
"""
DRAFTED = f"""{CARDS}
import json
from billing.actions import kinds, orders
b.price("Y1-30", "30.00")
order = orders.draft_order(
    "renewal", b.customer(), b.fleet({ORDERED}, date(2026, 3, 2)), user=user, plan=b.Plan.objects.get(code="Y1-30")
)
kinds.work_off_order(order.job)
order = b.fresh(order)
open("form.json", "w").write(json.dumps([f"/console/orders/{{order.pk}}/place/", b.shown(order)]))
"""

HELD = (
    "EXISTS (SELECT FROM cards_jobchunk WHERE leased_until > now()) "
    "OR EXISTS (SELECT FROM cards_job WHERE leased_until > now())"
)
NO_JOB_AT_WORK = "NOT EXISTS (SELECT FROM cards_job WHERE status IN ('preparing', 'checking', 'running'))"
SERVED = f"{NO_JOB_AT_WORK} AND NOT EXISTS (SELECT FROM billing_order WHERE state IN ('draft', 'placed', 'paid'))"
LAST_SWEPT = "2026-09-01"


@dataclass(frozen=True)
class Work:
    """Some work: code that makes it ready, and conditions in SQL. `today` is when it is done."""

    words: str
    ready: str
    amid: str = HELD
    over: str = NO_JOB_AT_WORK
    today: str = TODAY
    is_posted: bool = False  # a browser sends a form and, where it gets no answer, sends it again


WORKS = {
    "sweep": Work(
        "the sweep of half a year, 6,000 cards",
        SWEPT,
        amid="EXISTS (SELECT FROM cards_cardevent WHERE action = 'force_activate')",
        over=f"EXISTS (SELECT FROM cards_sweptday WHERE day = '{LAST_SWEPT}' AND finished_at IS NOT NULL)",
        today=LAST_SWEPT,
    ),
    "cards read": Work("a file of 10,000 cards, read and checked", CARD_FILE),
    "cards": Work("an import of 10,000 cards", CARD_FILE + STARTED),
    "usage read": Work("a file of 40,000 readings, read and checked (COPY)", USAGE_FILE),
    "usage": Work("an import of 40,000 readings", USAGE_FILE + STARTED),
    "job": Work("a job for 8,000 cards", tagged(8_000)),
    "small job": Work("a job for 2,100 cards", tagged(2_100)),
    "order": Work("a paid order, 5,000 cards", PAID_ORDER, over=SERVED),
    "renewals": Work(
        f"automatic renewals of {CUSTOMERS} customers",
        RENEWING_CUSTOMERS,
        amid="EXISTS (SELECT FROM billing_renewalrun)",
        over=f"(SELECT COUNT(*) FROM billing_renewalrun WHERE finished_at IS NOT NULL) >= {CUSTOMERS} AND {SERVED}",
    ),
    "export": Work("an export of 20,000 cards", EXPORTED),
    "post": Work(
        "an order of 5,000 cards, placed by a click",
        DRAFTED,
        amid="EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' "
        "AND pid <> pg_backend_pid() AND query ILIKE '%billing_orderline%')",
        over="EXISTS (SELECT FROM billing_order WHERE state = 'placed')",
        is_posted=True,
    ),
}

# What grows while anything goes on.
PROGRESS = """
SELECT (SELECT COUNT(*) FROM cards_cardevent) + (SELECT COUNT(*) FROM cards_sweptday WHERE finished_at IS NOT NULL)
    + (SELECT COUNT(checked_at) + COUNT(done_at) FROM cards_jobchunk) + (SELECT COUNT(*) FROM billing_orderline)
    + (SELECT COUNT(finished_at) FROM billing_renewalrun) + (SELECT COUNT(finished_at) FROM cards_job)
"""
