from datetime import date, timedelta

import pytest

from cards.actions.sweep import sweep
from cards.choices import Hold, State
from cards.models import Card, SweptDay
from simportal.dashboard import Agenda, LastSweep, hold_figures, state_figures
from tests.build import card_in_use, do, member, on_day, open_card, use
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 10)
on_today = on_day(TODAY)


@pytest.fixture
def cards():
    """One testing, one unused, one in use, and three suspended: one of them for two reasons."""
    open_card(test_months=9, test_quota_mb=30)
    open_card(opened_on="2026-05-01")
    first, second, third, _ = (card_in_use() for _ in range(4))
    do("suspend", first, TODAY)
    do("suspend", second, TODAY)
    do("place_hold", second, TODAY, kind="anomaly")
    use(third, TODAY, mb=31)


def counted(figures):
    return {figure.code: (figure.cards, figure.carried) for figure in figures}


def test_each_card_counts_once_in_its_state(cards):
    expected = dict.fromkeys(State.values, (0, 0))
    expected |= {"testing": (1, 0), "unused": (1, 0), "in_use": (1, 0), "suspended": (3, 0)}
    assert counted(state_figures()) == expected


def test_a_suspended_card_counts_under_the_hold_it_shows_and_is_carried_by_each(cards):
    expected = dict.fromkeys(Hold.values, (0, 0))
    expected |= {"anomaly": (1, 1), "credit": (1, 1), "voluntary": (1, 2)}
    assert counted(hold_figures()) == expected


def test_holds_that_stay_on_record_do_not_stop_anything():
    card = do("place_hold", card_in_use(plan="M1-100"), TODAY - timedelta(days=140), kind="anomaly")
    sweep(TODAY)
    assert Card.objects.get(pk=card.pk).holds == "anomaly"
    assert counted(hold_figures()) == dict.fromkeys(Hold.values, (0, 0))


def test_agenda_counts_what_is_overdue_and_each_day_ahead():
    for day in ("2026-06-10", "2026-06-11", "2026-06-17", "2026-06-18"):
        Card.objects.filter(pk=card_in_use().pk).update(next_due_on=day)
    agenda = Agenda(TODAY)
    ahead = {date(2026, 6, day): 0 for day in range(11, 18)} | {date(2026, 6, 11): 1, date(2026, 6, 17): 1}
    assert (agenda.overdue, dict(agenda.days), agenda.most) == (1, ahead, 1)


@pytest.mark.parametrize(
    ("last", "behind", "is_behind"), [(TODAY, 0, False), (date(2026, 6, 9), 1, False), (date(2026, 6, 8), 2, True)]
)
def test_the_portal_is_behind_when_yesterday_is_not_swept(last, behind, is_behind):
    SweptDay.objects.create(day=last, finished_at="2026-06-10T00:00:00Z")
    SweptDay.objects.create(day=TODAY + timedelta(days=1))
    found = LastSweep(TODAY)
    assert (found.day.day, found.days_behind, found.is_behind) == (last, behind, is_behind)


def test_a_portal_that_never_had_anything_due_is_not_behind():
    found = LastSweep(TODAY)
    assert (found.day, found.days_behind, found.is_behind) == (None, 0, False)


@on_today
def test_every_figure_links_to_its_list(cards):
    page = text(of_role("support").get("/console/"))
    wanted = [f"/console/cards/?state={state}" for state in State] + [f"/console/cards/?hold={hold}" for hold in Hold]
    assert [url for url in wanted if f'href="{url}"' not in page] == []


@on_today
def test_the_page_needs_few_queries_however_many_cards(cards, django_assert_num_queries):
    client = of_role("support")
    with django_assert_num_queries(11):
        client.get("/console/")


@on_today
def test_the_page_warns_when_the_sweep_is_behind(cards):
    SweptDay.objects.create(day=TODAY - timedelta(days=3), finished_at="2026-06-07T00:00:00Z")
    page = text(of_role("support").get("/console/", headers={"accept-language": "en"}))
    assert "The sweep is 3 days behind: the last day swept is 2026-06-07." in page


def test_a_stranger_is_asked_to_log_in_and_led_back(client):
    response = client.get("/console/")
    assert (response.status_code, response["location"]) == (302, "/admin/login/?next=/console/")


@pytest.mark.parametrize("page", ["/console/", "/console/sweep/"])
def test_for_a_customer_the_console_does_not_exist(page):
    assert logged_in(member()).get(page).status_code == 404
