"""Looks at a fleet that `lists_fleet` has laid, as a visitor or a ring makes them: how long each takes."""

import json
import sys
import time
from datetime import timedelta

import django

if __name__ == "__main__":
    django.setup()

from django.contrib.auth.models import User
from django.test import override_settings
from django.utils import timezone

from billing.actions.day_steps import DAY_STEPS
from billing.choices import NoticeKind
from billing.models import CustomerAccount
from cards.actions import fleet_snapshot
from cards.actions.compacting import compact
from cards.calendar import for_day
from cards.choices import DayStep, MemberRole
from cards.models import Customer, FleetFigures, Membership, UsageTally
from tests.bench.cost import as_deployed
from tests.bench.lists_fleet import OF_THE_FLEET, TODAY, lay
from tests.console.pages import logged_in

A_MINUTE = 60


def prepare(cards):
    """A fleet with a large customer, and agreements with all: the cards of every other one renew themselves.

    Nobody wants to be told anything, so that nothing is left to be told.
    """
    lay(cards, has_large_customer=True)
    for number, customer in enumerate(Customer.objects.order_by("pk")):
        CustomerAccount.objects.update_or_create(
            customer=customer, defaults={"auto_renews": number % 2 == 0, "muted": NoticeKind.values}
        )
    member = User.objects.create_user("member")
    Membership.objects.create(customer=_large(), user=member, role=MemberRole.OWNER)
    User.objects.create_superuser("staff")
    compact(TODAY)


def looks():
    """What each goal is about, as a call."""
    member, staff = (logged_in(User.objects.get(username=name)) for name in ("member", "staff"))
    customers = "/console/customers/"
    return {
        "my_page": lambda: _visit(member, "/my/"),
        "customers_page": lambda: _visit(staff, customers),
        "customer_page": lambda: _visit(staff, f"{customers}{_large().pk}/"),
        "renewals_ring": lambda: _step(DayStep.RENEWALS),
        "notices_ring": lambda: _step(DayStep.NOTICES),
        "sums_ring": lambda: compact(TODAY),
        "fleet_figures": lambda: _refresh(fleet_snapshot.ROW, fleet_snapshot.ROW_OF_THE_LIST),
        "not_read": _list_after_usage,
        "not_paid": lambda: _refresh(fleet_snapshot.ROW_OF_WHAT_IS_BROUGHT),
    }


def _refresh(*rows):
    """The ring at which these are a day old."""
    FleetFigures.objects.filter(pk__in=rows).update(as_of=timezone.now() - timedelta(days=1))
    fleet_snapshot.refresh()


def _list_after_usage():
    """The cards that were not read, once usage was taken in."""
    UsageTally.objects.create(day=TODAY, bytes=1, readings=1)
    _refresh(fleet_snapshot.ROW_OF_THE_LIST)


def _large():
    return Customer.objects.order_by("pk").first()


def _visit(client, url):
    page = client.get(url, secure=True)
    if page.status_code != 200:
        sys.exit(f"{url} answered {page.status_code}")


def _step(step):
    with for_day(TODAY):
        DAY_STEPS[step](TODAY, time.monotonic() + A_MINUTE)


def serve():
    """Look at what each line that comes in names; how long that took goes out as a line of JSON."""
    known = looks()
    as_deployed()
    print(json.dumps(list(known)), flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        known[line.strip()]()
        print(json.dumps({"ms": (time.perf_counter() - start) * 1_000}), flush=True)


if __name__ == "__main__":
    with override_settings(**OF_THE_FLEET):
        if sys.argv[1] == "prepare":
            prepare(int(sys.argv[2]))
            print(json.dumps({}))
        else:
            serve()
