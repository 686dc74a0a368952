from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cards.actions import fleet_snapshot
from cards.actions.sweep import sweep
from cards.choices import Hold, State
from cards.models import Card, FleetFigures, Job, SweptDay
from cards.pages.charts import bars, line
from cards.tasks import housekeeping
from simportal.dashboard import LastSweep
from simportal.dashboard_charts import activations, agenda, expiries, readings, usage
from simportal.dashboard_states import Fleet
from simportal.models import ProvenNight
from tests.build import card_in_use, do, member, on_day, open_card, spoil, use
from tests.console.filtering import found as found_by
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 10)
on_today = on_day(TODAY)


@pytest.fixture
def cards():
    """One testing, one unused, one in use, and three suspended: one of them for two reasons."""
    open_card(test_months=9, test_quota_mb=30)
    open_card(opened_on="2026-05-20")
    first, second, third, _ = (card_in_use() for _ in range(4))
    do("suspend", first, TODAY)
    do("suspend", second, TODAY)
    do("place_hold", second, TODAY, kind="anomaly")
    use(third, TODAY, mb=31)


# states and holds


def counted(found):
    return {tile.code: (tile.cards, tile.change, tile.carried) for tile in found}


def test_each_card_counts_once_in_its_state_beside_how_it_was_30_days_ago(cards):
    expected = dict.fromkeys(State.values, (0, 0, 0))
    expected |= {"testing": (1, 0, 0), "unused": (1, 1, 0), "in_use": (1, -3, 0), "suspended": (3, 3, 0)}
    fleet = Fleet(TODAY)
    assert (counted(fleet.states), fleet.in_all) == (expected, 6)


def test_a_suspended_card_counts_under_the_hold_it_shows_and_is_carried_by_each(cards):
    expected = dict.fromkeys(Hold.values, (0, 0, 0))
    expected |= {"anomaly": (1, 1, 1), "credit": (1, 1, 1), "voluntary": (1, 1, 2)}
    assert counted(Fleet(TODAY).holds) == expected


def test_holds_that_stay_on_record_do_not_stop_anything():
    card = do("place_hold", card_in_use(plan="M1-100"), TODAY - timedelta(days=140), kind="anomaly")
    sweep(TODAY)
    assert Card.objects.get(pk=card.pk).holds == "anomaly"
    assert counted(Fleet(TODAY).holds) == dict.fromkeys(Hold.values, (0, 0, 0))


def test_the_table_says_each_of_the_30_days(cards):
    fleet = Fleet(TODAY)
    rows = dict(fleet.rows)
    assert (max(rows), min(rows), len(rows)) == (TODAY, date(2026, 5, 11), 31)
    places = [list(fleet.columns).index(State.UNUSED.label), list(fleet.columns).index(Hold.ANOMALY.label)]
    shown = {str(day): [rows[day][place] for place in places] for day in rows if day.day in (19, 20, 9, 10)}
    assert shown == {
        "2026-05-19": [0, 0], "2026-05-20": [1, 0], "2026-06-09": [1, 0], "2026-06-10": [1, 1],
    }  # fmt: skip


# charts


@pytest.mark.once
def test_bars_are_as_high_as_their_share_and_never_nothing_for_something():
    drawn = bars([("a", 0), ("b", 1), ("c", 5_000), ("d", 10_000)])
    assert [(bar.label, bar.x, bar.y, bar.height) for bar in drawn.bars] == [
        ("a", 1, 100, 0), ("b", 11, 99, 1), ("c", 21, 52, 48), ("d", 31, 4, 96),
    ]  # fmt: skip
    assert (drawn.width, drawn.total, drawn.highest, drawn.is_empty) == (40, "15,001", "10,000", False)
    assert bars([("a", 0)]).is_empty


@pytest.mark.once
@pytest.mark.parametrize(
    ("counts", "points"),
    [([5], "1,8"), ([7, 7, 7], "1,8 30,8 59,8"), ([0, 10, 5], "1,15 30,1 59,8"), ([10, 0], "1,1 59,15")],
)
def test_a_trend_runs_between_its_lowest_and_its_highest(counts, points):
    assert line(counts) == points


def of_chart(chart):
    return [(bar.label, bar.text) for bar in chart.bars if bar.count]


def lengths_of(chart):
    """How many cards each bar leads to, of those that have a height."""
    with on_today:
        return [len(found_by(bar.url.partition("?")[2])) for bar in chart.bars if bar.count]


def test_activations_count_first_use_staff_and_force_on_their_days():
    use(open_card(), TODAY, mb=1)
    use(open_card(), TODAY - timedelta(days=29), mb=1)
    do("activate", open_card(), TODAY - timedelta(days=30))
    do("force_activate", open_card(), TODAY)
    chart = activations(fleet_snapshot.snapshot(TODAY).document, TODAY)
    assert (of_chart(chart), len(chart.bars)) == ([("2026-05-12", "1"), ("2026-06-10", "2")], 30)
    assert lengths_of(chart) == [1, 2]
    assert len(found_by(chart.url.partition("?")[2])) == 3


def test_usage_is_the_sum_of_all_cards_by_day():
    first, second = card_in_use(), card_in_use()
    yesterday = TODAY - timedelta(days=1)
    taken = ((first, TODAY - timedelta(days=30), 1), (first, yesterday, 1024), (first, TODAY, 2), (second, TODAY, 1.5))
    for card, day, mb in taken:
        use(card, day, mb=mb)
    chart = usage(TODAY)
    assert (of_chart(chart), chart.total) == ([("2026-06-09", "1.0 GB"), ("2026-06-10", "3.5 MB")], "1.0 GB")


# figures that are kept


def test_days_ahead_are_counted_from_tomorrow_to_the_last_day_of_the_chart():
    for day in (10, 11, 17, 18):
        Card.objects.filter(pk=card_in_use().pk).update(next_due_on=date(2026, 6, day))
    found = agenda(fleet_snapshot.snapshot(TODAY).document, TODAY)
    ahead = {date(2026, 6, day): 0 for day in range(11, 18)} | {date(2026, 6, 11): 1, date(2026, 6, 17): 1}
    assert ({day: cards for day, cards, _url in found.days}, found.most) == (ahead, 1)
    assert [len(found_by(url.partition("?")[2])) for _day, _cards, url in found.days] == list(ahead.values())
    assert len(found_by(found.url.partition("?")[2])) == 2


def test_the_last_days_of_service_are_counted_by_weeks_from_today_on():
    for day in ("2026-06-10", "2026-06-11", "2026-06-17", "2026-06-18", "2026-09-02", "2026-09-03"):
        spoil(card_in_use(), service_until=day)
    over = card_in_use(plan="M1-100")  # until 2026-02-01
    sweep(date(2026, 5, 1))
    spoil(over, service_until="2026-06-12")
    found = expiries(fleet_snapshot.snapshot(TODAY).document, TODAY)
    assert (of_chart(found), len(found.bars)) == ([("2026-06-10", "2"), ("2026-06-17", "1"), ("2026-08-26", "1")], 12)
    assert lengths_of(found) == [2, 1, 1]


def test_forced_next_month_is_the_calendar_month_after_this():
    for day in ("2026-06-30", "2026-07-01", "2026-07-31", "2026-08-01"):
        spoil(open_card(), forced_activation_on=day)
    do("cancel", open_card(), TODAY)
    spoil(card_in_use(), forced_activation_on="2026-07-01")
    assert fleet_snapshot.snapshot(TODAY).document["quick"]["forced"] == 2


@on_today
def test_readings_are_told_by_their_age_in_civil_days():
    def at(day, hour):
        return timezone.make_aware(datetime(2026, 6, day, hour))

    for read_at in (at(10, 9), at(9, 0), at(8, 23), at(7, 0), at(6, 23), at(3, 0), at(2, 23)):
        Card.objects.filter(pk=card_in_use().pk).update(read_at=read_at)
    card_in_use()
    open_card()
    fleet_snapshot.refresh()
    document = fleet_snapshot.snapshot(TODAY).document
    found = readings(document, TODAY)
    assert ([cards for _, cards, _ in found.ages], found.in_use) == ([2, 2, 2, 1, 1], 8)
    assert (found.oldest, found.newest) == (at(2, 23), at(10, 9))
    lengths = [len(found_by(url.partition("?")[2])) for _, _, url in found.ages[1:]]
    assert lengths == [2, 2, 1, 1]


def test_figures_are_counted_once_and_again_when_they_are_old_or_of_another_day():
    first = fleet_snapshot.snapshot(TODAY)
    card_in_use()
    assert fleet_snapshot.snapshot(TODAY).document == first.document
    with on_today:
        housekeeping()
        assert fleet_snapshot.snapshot(TODAY).document["readings"]["in_use"] == 0
        FleetFigures.objects.update(as_of=timezone.now() - timedelta(seconds=301))
        housekeeping()
    again = fleet_snapshot.snapshot(TODAY)
    assert (again.document["readings"]["in_use"], again.as_of > first.as_of) == (1, True)
    assert fleet_snapshot.snapshot(TODAY + timedelta(days=1)).document["day"] == "2026-06-11"
    assert FleetFigures.objects.count() == 3  # with as of when the list of those not read is, and what is brought


# the sweep


@pytest.mark.parametrize(
    ("last", "behind", "is_behind"), [(TODAY, 0, False), (date(2026, 6, 9), 1, False), (date(2026, 6, 8), 2, True)]
)
def test_the_portal_is_behind_when_yesterday_is_not_swept(last, behind, is_behind):
    SweptDay.objects.create(day=last, finished_at="2026-06-10T00:00:00Z")
    SweptDay.objects.create(day=TODAY + timedelta(days=1))
    found = LastSweep(TODAY)
    assert (found.day.day, found.days_behind, found.is_behind, found.is_ahead) == (last, behind, is_behind, False)


def test_a_portal_that_never_had_anything_due_is_not_behind():
    found = LastSweep(TODAY)
    assert (found.day, found.days_behind, found.is_behind, found.overdue) == (None, 0, False, 0)


@pytest.mark.parametrize(("day", "overdue"), [("2026-06-10", 1), ("2026-06-11", 0)])
def test_what_is_due_by_today_and_not_done_is_overdue(day, overdue):
    Card.objects.filter(pk=card_in_use().pk).update(next_due_on=day)
    assert LastSweep(TODAY).overdue == overdue


# the page


def seen_by(role, url="/console/"):
    return of_role(role).get(url, headers={"accept-language": "en"})


@on_today
def test_every_figure_links_to_its_list(cards):
    page = text(seen_by("operations"))
    wanted = [f"/console/cards/?state={state}" for state in State] + [f"/console/cards/?hold={hold}" for hold in Hold]
    quick = ("cancelling", "expiring", "forced", "used_up", "low", "parked", "stray", "late")
    wanted += [f"/console/cards/?quick={code}" for code in quick]
    wanted += [
        "/console/jobs/?waits=go_on",
        "/console/jobs/?waits=failed",
        "/console/orders/?stuck=1",
        "/console/real-name/",
    ]
    assert [url for url in wanted if f'href="{url}"' not in page] == []


def queries_of(client):
    with CaptureQueriesContext(connection) as queries:
        client.get("/console/")
    return len(queries)


@on_today
def test_the_page_needs_few_queries_however_many_cards(cards):
    clients = {role: of_role(role) for role in ("support", "operations", "finance", "carrier_desk", "auditor")}
    fleet_snapshot.snapshot(TODAY)
    # One of them counts all that waits beside the links of the menu.
    expected = {"support": 13, "operations": 21, "finance": 11, "carrier_desk": 12, "auditor": 17}
    assert {role: queries_of(client) for role, client in clients.items()} == expected


@pytest.mark.once
@on_today
def test_the_page_warns_when_the_sweep_is_behind(cards):
    SweptDay.objects.create(day=TODAY - timedelta(days=3), finished_at="2026-06-07T00:00:00Z")
    assert "The sweep is 3 days behind: the last day swept is 2026-06-07." in text(seen_by("operations"))


@pytest.mark.once
@on_today
@pytest.mark.parametrize(("days_ahead", "warns"), [(0, False), (1, True)])
def test_the_page_warns_when_a_day_was_swept_that_has_not_come(cards, days_ahead, warns):
    day = TODAY + timedelta(days=days_ahead)
    SweptDay.objects.create(day=day, finished_at="2026-06-10T00:00:00Z")
    sentence = f"The last day swept, {day}, has not come yet: was the clock set back?"
    assert (sentence in text(seen_by("operations"))) == warns


@pytest.mark.once
@on_today
def test_the_page_warns_of_a_day_that_waits_for_somebody():
    SweptDay.objects.create(day=TODAY, braked_at=datetime(2026, 6, 10, tzinfo=UTC))
    assert "The sweep for 2026-06-10 is waiting for review" in text(seen_by("operations"))


@pytest.mark.once
@on_today
def test_the_page_warns_of_what_the_proof_has_found():
    ProvenNight.objects.create(day=TODAY, finished_at=datetime(2026, 6, 10, tzinfo=UTC), problem_count=2)
    assert "The proof of the records and the books on 2026-06-10 found 2 problems." in text(seen_by("operations"))


@pytest.mark.once
@on_today
@pytest.mark.parametrize("role", ["support", "finance", "carrier_desk"])
def test_who_does_not_see_to_the_night_is_not_warned_of_it(role):
    SweptDay.objects.create(day=TODAY, braked_at=datetime(2026, 6, 10, tzinfo=UTC))
    SweptDay.objects.create(day=TODAY - timedelta(days=3), finished_at="2026-06-07T00:00:00Z")
    ProvenNight.objects.create(day=TODAY, finished_at=datetime(2026, 6, 10, tzinfo=UTC), problem_count=2)
    assert 'class="notice' not in text(seen_by(role))


@on_today
def test_what_waits_is_counted():
    user = User.objects.create_user("olga")
    for status, age in (("ready", 0), ("failed", 0), ("failed", 6), ("failed", 8), ("done", 0)):
        job = Job.objects.create(kind="action", action="suspend", owner=user, status=status)
        Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(days=age))
    use(card_in_use(), TODAY, mb=29)
    use(card_in_use(), TODAY, mb=31)
    spoil(open_card(opened_on=TODAY), parked="{}")
    waits = {queue.code: queue.cards for queue in seen_by("operations").context["queues"] if queue.cards}
    assert waits == {"low": 1, "used_up": 1, "parked": 1, "go_on": 1, "failed": 2}


@pytest.mark.once
def test_a_stranger_is_asked_to_log_in_and_led_back(client):
    response = client.get("/console/")
    assert (response.status_code, response["location"]) == (302, "/admin/login/?next=/console/")


@pytest.mark.once
@pytest.mark.parametrize("page", ["/console/", "/console/sweep/", "/console/queues/"])
def test_for_a_customer_the_console_does_not_exist(page):
    assert logged_in(member()).get(page).status_code == 404
