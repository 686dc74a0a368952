"""What waits is told: beside the links of the menu and on the dashboard, to whoever sees to it and to nobody else."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.actions import orders
from cards.actions import audit
from cards.actions.jobs.control import may, permitted_jobs
from cards.choices import Action, AuditAction, JobKind
from cards.models import CardRequest, Job, SweptDay
from cards.paging import CountUpTo
from simportal.dashboard import SECTIONS_OF_HOME
from simportal.waiting import MOST_IN_MENU, WAITS, waiting_in_menu
from tests.billing import build as b
from tests.billing.test_payments import deposit, receive, signed_notification
from tests.billing.test_withdrawals import came_online, failed, withdrawn
from tests.build import card_in_use, do, member, on_day, open_card, spoil, use
from tests.carriers.rows import a_difference, an_account, on_account
from tests.console.pages import logged_in, of_role, superuser, text

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 10)
ROLES = ("support", "operations", "finance", "carrier_desk", "auditor")
ENGLISH = {"accept-language": "en"}
COUNT = re.compile(r'aria-hidden="true">([^<]+)</span><span class="visually-hidden">([^<]+)</span>')


@pytest.fixture(autouse=True)
def _clock():
    with on_day(TODAY):
        yield


def job(status="ready", kind=JobKind.ACTION, action="suspend", owner="olga", age=0, **columns):
    owner, _ = User.objects.get_or_create(username=owner)
    made = Job.objects.create(kind=kind, action=action, owner=owner, status=status, **columns)
    Job.objects.filter(pk=made.pk).update(created_at=timezone.now() - timedelta(days=age))
    return made


def asked(card=None, count=1):
    card, by = card or card_in_use(customer="Acme"), member()
    for _each in range(count):
        CardRequest.objects.create(customer=card.customer, card=card, by=by, text="Why does it not work?")


def menu_of(client, url="/console/"):
    """What waits, by the title of its link."""
    sections = client.get(url, headers=ENGLISH).context["nav"].sections
    return {str(link.title): link.waiting for section in sections for link in section.links if link.waiting}


def asked_on(day):
    """What the database is asked, by name, about all that waits for everybody alike."""
    with on_day(day):
        return {name: CountUpTo.of(each.rows(), MOST_IN_MENU) for name, each in WAITS.items() if not each.is_personal}


def test_what_waits_for_everybody_is_asked_in_the_same_words_on_any_day():
    assert asked_on(TODAY) == asked_on(TODAY + timedelta(days=1)) == asked_on(TODAY + timedelta(days=400))


@pytest.fixture
def much():
    something_of_everything()


def something_of_everything():
    """Something of everything that can wait."""
    chief, owner = b.financier(username="chief"), member("Acme", "owner", "owner")
    asked(count=2)
    job()
    job("failed", action="cancel")
    individual = open_card(certification="individual", opened_on=TODAY)
    do("submit_real_name", individual, TODAY, name="张三丰", id_number="110101199003071234")
    spoil(open_card(opened_on=TODAY), parked="{}")
    use(card_in_use(), TODAY, mb=2_000_000)
    SweptDay.objects.create(day=TODAY, braked_at=datetime(2026, 6, 10, tzinfo=UTC))
    account = an_account()
    a_difference(on_account(card_in_use(), account))
    on_account(card_in_use(), account, step="unknown")
    b.price("Y1-30", "30")
    b.placed(cards=[card_in_use(customer="Acme")], user=chief)
    b.fund("100")
    orders.make_adjustment(b.customer(), Decimal(-2000), user=chief, note="for the delay")
    receive(*signed_notification(deposit("10.00"), amount="9.99", reference="T1"))
    withdrawn(owner, b.financier(username="other"), "40")
    came_online("5.00")
    failed(withdrawn(owner, User.objects.get(username="other"), "5", "origin").refunds.get())


OF_CARDS = {"Queues": 3, "Requests": 2, "Jobs": 2, "Carriers": 2, "Nightly sweep": 1}
OF_MONEY = {"Orders": 1, "Payments to clear": 1, "Refunds to payers": 1, "Withdrawals": 1, "Approvals": 1}


@pytest.mark.once
def test_the_menu_tells_each_role_what_waits_for_it(much):
    told = {role: menu_of(of_role(role)) for role in ROLES}
    assert told == {
        "support": {"Requests": 2, "Jobs": 1},
        "operations": OF_CARDS,
        "finance": OF_MONEY,
        "carrier_desk": {"Carriers": 2},
        "auditor": {},
    }
    assert menu_of(superuser()) == OF_CARDS | OF_MONEY


def test_nobody_is_told_of_what_they_asked_for_themselves():
    chief = b.financier(username="chief")
    orders.make_adjustment(b.customer(), Decimal(-2000), user=chief, note="for the delay")
    colleague = of_role("finance")
    assert menu_of(colleague) == {"Approvals": 1}
    assert waiting_in_menu(chief)["money:approvals"] == 0


def test_a_count_stands_in_the_menu_with_its_words_and_nothing_where_nothing_waits():
    client = of_role("support")
    assert COUNT.findall(text(client.get("/console/jobs/", headers=ENGLISH))) == []
    asked()
    page = text(client.get("/console/jobs/", headers=ENGLISH))
    hint = '<span class="visually-hidden">something is waiting for you</span>'
    assert (COUNT.findall(page), hint in page) == ([("1", "1 waiting")] * 2, True)  # at the side, and on a phone
    page = text(client.get("/console/jobs/", headers={"accept-language": "zh-hans"}))
    assert COUNT.findall(page) == [("1", "1 项待处理")] * 2


@pytest.mark.parametrize(
    ("waiting", "told"),
    [(MOST_IN_MENU, ("99", "99 waiting")), (MOST_IN_MENU + 1, ("99+", "more than 99 waiting"))],
)
def test_more_than_the_menu_counts_is_said_to_be_more(waiting, told):
    asked(count=waiting)
    assert set(COUNT.findall(text(of_role("support").get("/console/jobs/", headers=ENGLISH)))) == {told}


def test_whoever_may_only_look_is_told_nothing_and_members_of_nothing(much):
    assert "something is waiting" not in text(of_role("auditor").get("/console/jobs/", headers=ENGLISH))
    assert logged_in(User.objects.get(username="owner")).get("/console/").status_code == 404


def test_what_waits_is_counted_in_one_statement_however_much_it_is(much, django_assert_num_queries):
    of_role("operations")
    user = User.objects.get(username="operations")
    user.get_all_permissions()
    with django_assert_num_queries(1):
        counts = waiting_in_menu(user)
    assert sum(counts.values()) == sum(OF_CARDS.values())


def test_the_way_home_counts_nothing():
    client = of_role("support")
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/").url == "/console/"
    assert [query["sql"] for query in queries if "COUNT(" in query["sql"]] == []


def test_each_thing_that_waits_is_listed_at_an_address(much):
    client = superuser()
    titled = {name: each.url for name, each in WAITS.items() if each.title}
    assert {name: client.get(url).status_code for name, url in titled.items()} == dict.fromkeys(titled, 200)


@pytest.mark.parametrize(("status", "told"), [("failed", {"Orders": 1}), ("running", {})])
def test_an_order_whose_work_failed_waits_for_who_may_go_on_with_it(status, told):
    chief = priced()
    order = b.placed(cards=[card_in_use(customer="Acme")], user=chief)
    orders.pay(order, user=chief)
    Job.objects.filter(pk=order.job_id).update(status=status)
    assert menu_of(of_role("operations")) == told


def priced():
    b.price("Y1-30", "30")
    b.fund("30")
    return b.financier(username="chief")


# jobs


def test_a_job_waits_for_whoever_may_go_on_with_it():
    of = job("done", kind=JobKind.IMPORT_CARDS, action="")
    every = [job(kind=kind, action="", of=of) for kind in JobKind if kind not in (JobKind.ACTION, JobKind.UNDO)]
    every += [job(kind=JobKind.UNDO, action="", of=of)]
    for action in (Action.SUSPEND, Action.PLACE_HOLD, Action.CANCEL, Action.ASSIGN):
        done = job("done", action=action)
        every += [done, job(action=action), job(kind=JobKind.UNDO, action="", of=done)]
    people = [User.objects.get(username=role) for role in map(named, ROLES)]
    people += [User.objects.get(username="olga"), User.objects.create_superuser("admin")]
    allowed = {each.username: {made.pk for made in every if may(each, made)} for each in people}
    found = {each.username: {*Job.objects.filter(permitted_jobs(each)).values_list("pk", flat=True)} for each in people}
    keys = {made.pk for made in every}
    assert {name: keys & jobs for name, jobs in found.items()} == allowed
    assert (len(allowed["admin"]), allowed["finance"]) == (len(keys) - 4, set())


def named(role):
    of_role(role)
    return role


@pytest.mark.parametrize(
    ("columns", "waits"),
    [
        ({"status": "ready"}, 1),
        ({"status": "asking", "kind": "import_cards", "action": ""}, 1),
        ({"status": "failed"}, 1),
        ({"status": "failed", "age": 6}, 1),
        ({"status": "failed", "age": 8}, 0),
        ({"status": "running"}, 0),
        ({"status": "done"}, 0),
        ({"status": "failed", "kind": "order", "action": ""}, 0),
    ],
)
def test_jobs_wait_that_are_ready_to_start_or_have_failed_lately(columns, waits):
    job(**columns)
    assert menu_of(of_role("operations")).get("Jobs", 0) == waits


def test_a_failed_job_that_somebody_followed_up_waits_no_more():
    first = job("failed")
    job("done", of=first)
    assert menu_of(of_role("operations")) == {}


# the dashboard


def sections_of(client):
    shown = client.get("/console/").context["sections"]
    return [name.removeprefix("console/dashboard/_").removesuffix(".html") for name in shown]


def test_the_first_page_has_the_sections_of_each_role():
    assert {role: sections_of(of_role(role)) for role in ROLES} == {
        "support": ["queues", "stopped", "states", "requests"],
        "operations": ["queues", "stopped", "states", "requests", "charts", "night"],
        "finance": ["money", "states", "charts"],
        "carrier_desk": ["queues", "stopped", "states"],
        "auditor": ["log", "states", "charts", "night"],
    }
    assert sections_of(superuser()) == list(SECTIONS_OF_HOME)


def test_who_has_two_roles_has_the_sections_of_both():
    client = of_role("support")
    User.objects.get(username="support").groups.add(*User.objects.get(username=named("finance")).groups.all())
    assert sections_of(client) == ["queues", "money", "stopped", "states", "requests", "charts"]


def queues_of(role):
    return [queue.code for queue in of_role(role).get("/console/").context["queues"]]


def test_a_queue_is_on_the_first_page_of_who_may_act_on_it():
    everything = ["cancelling", "expiring", "forced", "used_up", "low", "real_name", "parked", "stray"]
    everything += ["late", "quarantine", "go_on", "failed"]
    assert {role: queues_of(role) for role in ("support", "operations", "carrier_desk")} == {
        "support": ["go_on", "failed"],
        "operations": everything,
        "carrier_desk": ["stray", "go_on", "failed"],
    }


def test_finance_is_told_of_the_money_that_waits(much):
    tiles = of_role("finance").get("/console/", headers=ENGLISH).context["money_tiles"]
    assert {(str(tile.title), tile.count, tile.tone) for tile in tiles} == {
        ("Orders to pay", 1, ""),
        ("Payments to clear", 1, "is-urgent"),
        ("Openings not paid", 2, ""),
        ("Withdrawals to transfer", 1, "is-urgent"),
        ("Failed refunds to payers", 1, "is-urgent"),
    }


@pytest.mark.parametrize(
    ("role", "sentence"), [("finance", "Nothing pending."), ("support", "Nobody is waiting for an answer.")]
)
def test_a_section_in_which_nothing_waits_says_so(role, sentence):
    assert sentence in text(of_role(role).get("/console/", headers=ENGLISH))


def test_support_reads_the_requests_that_wait_longest():
    asked(count=6)
    page = text(of_role("support").get("/console/", headers=ENGLISH))
    keys = list(CardRequest.objects.order_by("pk").values_list("pk", flat=True))
    assert [f"/console/requests/{key}/" in page for key in keys] == [True] * 5 + [False]


def test_the_auditor_reads_what_people_did_last():
    audit.record(AuditAction.LOGIN, by=User.objects.create_user("operations"), about="operations")
    client = of_role("auditor")
    page = client.get("/console/", headers=ENGLISH)
    assert [entry.actor_name for entry in page.context["entries"]] == ["operations"]
    assert 'href="/console/log/"' in text(page)
    assert "entries" not in of_role("support").get("/console/").context
