"""Every figure that staff look at leads to a list of exactly so many rows, which is a file too: for each role."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from billing.actions import orders
from cards.actions import fleet_snapshot
from cards.actions.sweep import sweep
from cards.models import AuditEntry, FleetFigures, Job
from tests.billing import build as b
from tests.build import card_in_use, do, on_day, open_card, spoil, use
from tests.console.pages import logged_in, of_role, text
from tests.console.test_waiting import ROLES, TODAY, job, something_of_everything

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}
# What the links of the menu with several lists lead to: the page, which shows the figure of each.
OF_SEVERAL = {
    "/console/queues/": ("/console/real-name/", "/console/cards/?quick=parked", "/console/quarantine/"),
    "/console/carriers/": ("/console/carriers/drift/", "/console/cards/?step=unknown"),
}


@pytest.fixture(autouse=True)
def _clock():
    with on_day(TODAY):
        yield


@pytest.fixture
def world():
    """Something of everything that waits, and of everything that the charts count."""
    over = card_in_use(plan="M1-100")
    sweep(date(2026, 2, 1))
    spoil(over, cancel_on="2026-06-20")
    something_of_everything()
    job("asking", kind="import_cards", action="")
    job("failed", age=8)
    job("failed", kind="order", action="")
    job("done", of=job("failed", action="assign"))
    stopped = do("suspend", card_in_use(), TODAY - timedelta(days=7))
    do("place_hold", stopped, TODAY, kind="anomaly")
    use(card_in_use(), TODAY, mb=29)
    use(card_in_use(), TODAY, mb=31)
    use(open_card(), TODAY, mb=1)
    do("cancel", card_in_use(), TODAY)
    for name, day, card in (
        ("service_until", "2026-06-13", card_in_use()),
        ("forced_activation_on", "2026-07-31", open_card()),
        ("stray_usage_on", "2026-06-01", card_in_use()),
        ("next_due_on", "2026-06-11", card_in_use()),
        ("next_due_on", "2026-06-09", card_in_use()),
    ):
        spoil(card, **{name: day})
    b.credit("100", "Poor")
    orders.make_adjustment(b.customer("Poor"), Decimal(5), user=User.objects.get(username="chief"), note="a letter")
    fleet_snapshot.refresh()


def figures_of(client):
    """(what it is, figure, address of its list) of all that the first page and the queues show this person."""
    home = client.get("/console/", headers=ENGLISH).context
    for section in home["nav"].sections:
        yield from ((f"menu: {link.title}", link.waiting, link.waiting_url) for link in section.links if link.waiting)
    if home["approvals"]:
        yield "approvals", home["approvals"], "/console/approvals/?mine=1"
    for name in ("waiting", "money_tiles"):
        yield from ((str(tile.title), tile.count, tile.url) for tile in home.get(name, ()))
    for queue in home.get("queues", ()):
        yield queue.code, queue.cards, queue.url
    yield "all cards", home["fleet"].in_all, "/console/cards/"
    for tile in home["fleet"].states:
        yield tile.code, tile.cards, f"/console/cards/?state={tile.code}"
    for tile in home["fleet"].holds:
        yield tile.code, tile.cards, f"/console/cards/?hold={tile.code}"
    for name in ("expiries", "activations"):
        if name in home:
            yield f"all {name}", int(home[name].total), home[name].url
            yield from ((f"{name} {bar.label}", bar.count, bar.url) for bar in home[name].bars if bar.count)
    if "agenda" in home:
        yield "agenda", sum(cards for _day, cards, _url in home["agenda"].days), home["agenda"].url
        yield from ((f"due {day}", cards, url) for day, cards, url in home["agenda"].days if cards)
        yield "overdue", home["sweep"].overdue, f"/console/cards/?due_through={TODAY}"
        yield "in use", home["readings"].in_use, "/console/cards/?state=in_use"
        yield from ((f"read {age}", cards, url) for age, cards, url in home["readings"].ages if url)
    for section in client.get("/console/queues/", headers=ENGLISH).context["sections"]:
        yield f"queue: {section.queue.code}", section.queue.cards, section.queue.url
        for bar in section.chart.bars if section.chart else ():
            yield f"queue: {section.queue.code} {bar.label}", bar.count, bar.url


def rows_at(client, url):
    """How many rows a list has: those of its file, or of the files of the lists that its page shows."""
    if url in OF_SEVERAL:
        page = text(client.get(url, headers=ENGLISH))
        assert [each for each in OF_SEVERAL[url] if f'href="{each}' not in page] == []
        return sum(rows_at(client, each) for each in OF_SEVERAL[url])
    if url == "/console/sweep/":
        return text(client.get(url, headers=ENGLISH)).count('name="day"')
    assert client.get(url, headers=ENGLISH).status_code == 200, url
    path, _mark, query = url.partition("?")
    file = "/console/cards/export/?format=csv&" if path == "/console/cards/" else f"{path.rstrip('/')}.csv?"
    answer = client.get(file + query, headers=ENGLISH)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8"), url
    return len(list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))) - 1


def test_every_figure_is_the_length_of_its_list_for_whoever_looks(world):
    clients = {role: of_role(role) for role in ROLES}
    clients["admin"] = logged_in(User.objects.create_superuser("admin"))
    lengths, shown, wrong = {}, set(), []
    for role, client in clients.items():
        for what, figure, url in figures_of(client):
            whose = (role, url) if "waits=" in url or "mine=" in url or url in OF_SEVERAL else url
            if whose not in lengths:
                lengths[whose] = rows_at(client, url)
            if figure != lengths[whose]:
                wrong.append((role, what, figure, lengths[whose], url))
            if figure:
                shown.add(what)
    assert wrong == []
    assert {
        *(
            "Requests to answer",
            "approvals",
            "go_on",
            "failed",
            "real_name",
            "parked",
            "quarantine",
            "stray",
            "late",
            "low",
        ),
        *("used_up", "expiring", "forced", "Orders to pay", "Payments to clear", "Openings not paid", "agenda"),
        *("Withdrawals to transfer", "Failed refunds to payers", "Differences from the carriers", "cancelling"),
        *("Orders without an outcome", "Customers with a negative balance", "anomaly", "credit", "suspended"),
        *("all expiries", "all activations", "overdue", "in use", "menu: Jobs", "menu: Nightly sweep"),
    } <= shown


def test_a_file_of_a_list_stands_in_the_audit_list_and_says_what_the_page_says(world):
    client = of_role("operations")
    found = client.get("/console/jobs.csv?waits=failed", headers=ENGLISH).getvalue().decode("utf-8-sig")
    failed = Job.objects.get(status="failed", action="cancel")
    lines = list(csv.DictReader(io.StringIO(found)))
    assert [(line["Job"], line["Kind"], line["Status"], line["Requested by"]) for line in lines] == [
        (str(failed.pk), "Cancel", "Failed", "olga")
    ]
    checks = client.get("/console/real-name.csv", headers=ENGLISH).getvalue().decode("utf-8-sig")
    assert ("张三丰" in checks, "张**" in checks, "1101************34" in checks) == (False, True, True)
    told = AuditEntry.objects.filter(action="exported").order_by("pk").values_list("actor_name", "about")
    assert list(told) == [
        ("operations", f"jobs-{TODAY}.csv"),
        ("operations", f"id-verifications-{TODAY}.csv"),
    ]


def test_a_file_is_refused_where_its_list_is(world):
    client = of_role("operations")
    refused = client.get("/console/jobs.csv?waits=everybody", headers=ENGLISH)
    assert (refused.status_code, "Nothing was exported" in text(refused)) == (400, True)


def test_openings_not_paid_are_counted_with_the_figures_of_the_fleet(world):
    client = of_role("finance")
    (tile,) = [each for each in client.get("/console/").context["money_tiles"] if each.as_of]
    card_in_use(customer="Acme")
    (later,) = [each for each in client.get("/console/").context["money_tiles"] if each.as_of]
    assert (later.count, later.as_of) == (tile.count, tile.as_of)
    fleet_snapshot.refresh(every=0)
    (counted,) = [each for each in client.get("/console/").context["money_tiles"] if each.as_of]
    assert counted.count == tile.count + 1


@pytest.mark.parametrize(
    ("took", "ago", "is_counted"),
    [(0.1, 299, False), (0.1, 301, True), (10, 301, False), (10, 999, False), (10, 1_001, True)],
)
def test_what_takes_long_is_counted_less_often(took, ago, is_counted):
    fleet_snapshot.snapshot(TODAY)
    brought = FleetFigures.objects.get(pk=fleet_snapshot.ROW_OF_WHAT_IS_BROUGHT)
    brought.document["seconds"], brought.as_of = took, timezone.now() - timedelta(seconds=ago)
    brought.save()
    fleet_snapshot.refresh()
    assert (fleet_snapshot.snapshot(TODAY).brought_as_of != brought.as_of) == is_counted


def test_figures_of_another_version_are_counted_anew():
    fleet_snapshot.snapshot(TODAY)
    made = FleetFigures.objects.get(pk=fleet_snapshot.ROW)
    del made.document["form"]
    made.save()
    assert fleet_snapshot.snapshot(TODAY).document["form"] == fleet_snapshot.DOCUMENT_FORM


@pytest.mark.parametrize(("since", "through", "found"), [(-8, -6, 1), (-8, -8, 0), (-7, -7, 1), (-6, 0, 0)])
def test_cards_that_were_stopped_lately_say_when_and_by_whom(since, through, found):
    do("suspend", card_in_use(), TODAY - timedelta(days=7))
    days = [str(TODAY + timedelta(days=number)) for number in (since, through)]
    page = of_role("support").get(
        f"/console/cards/?stopped_since={days[0]}&stopped_through={days[1]}&cols=state,stopped", headers=ENGLISH
    )
    assert [row["stopped"].split(" ")[0] for row in page.context["rows"]] == ["2026-06-03"] * found


def test_a_card_that_a_rule_has_stopped_says_which():
    use(card_in_use(), TODAY, mb=31)
    client = of_role("support")
    home = client.get("/console/", headers=ENGLISH).context
    (row,) = client.get(home["stopped_url"], headers=ENGLISH).context["rows"]
    assert row["stopped"] == f"{TODAY} The cycle's allowance is used up"
    asked = {"format": "csv", "columns": "shown", "cols": "stopped"}
    file = client.get("/console/cards/export/", asked, headers=ENGLISH).getvalue().decode("utf-8-sig")
    assert file.splitlines()[1].endswith(row["stopped"])


def test_days_of_the_agenda_hold_the_day_and_no_other():
    for day in (date(2026, 6, 10), date(2026, 6, 11), date(2026, 6, 12)):
        spoil(card_in_use(), next_due_on=day)
    client = of_role("operations")
    url = "/console/cards/?due_since=2026-06-11&due_through=2026-06-11"
    assert len(client.get(url).context["rows"]) == 1
    refused = client.get("/console/cards/?due_since=2026-06-12&due_through=2026-06-11", headers=ENGLISH)
    assert (refused.status_code, "2026-06-12 is after 2026-06-11" in text(refused)) == (400, True)
