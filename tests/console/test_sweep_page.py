import re
from datetime import date, timedelta

import pytest
from django.utils import timezone

from cards.actions.sweep import sweep
from cards.choices import DayStep, Rule
from cards.models import Card, DaysAtWork, StepOfDay, SweptDay
from cards.views.console import sweep as console_sweep
from cards.views.console.sweep import Night, Tonight
from tests.build import card_in_use, do, fresh, on_day, open_card, story, use
from tests.console.pages import of_role, text

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 10)
on_today = on_day(TODAY)
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def parked_card():
    """A card whose cycle was lost, and that the sweep therefore set aside."""
    card = card_in_use()
    Card.objects.filter(pk=card.pk).update(cycle_until=None, next_due_on=TODAY)
    sweep(TODAY)
    return fresh(card)


def repaired(card):
    Card.objects.filter(pk=card.pk).update(cycle_until="2026-07-01")
    return fresh(card)


def test_tonight_says_what_will_happen_to_whom_and_changes_nothing():
    ends_test = open_card(test_months=5, test_quota_mb=30, opened_on="2026-01-11", customer="Acme")
    forced = open_card(opened_on="2025-11-20")
    sweep(TODAY)
    tonight = Tonight(date(2026, 6, 11))
    assert (tonight.cards, tonight.total, tonight.is_cut) == (1, 1, False)
    assert tonight.rules == [(Rule.END_TEST.label, 1)]
    assert list(tonight.customers) == [("Acme", 1)]
    (change,) = tonight.changes
    assert (change.iccid, change.day, change.before, change.after) == (
        ends_test.iccid, date(2026, 6, 11), "testing", "unused"
    )  # fmt: skip
    assert (fresh(ends_test).state, fresh(forced).state) == ("testing", "in_use")


def test_tonight_looks_at_no_more_cards_than_a_page_can_wait_for(monkeypatch):
    for _ in range(3):
        open_card(opened_on="2025-11-20")
    monkeypatch.setattr(console_sweep, "CHUNKS_LOOKED_AT", 2)
    monkeypatch.setattr("cards.actions.sweep.DUE_AT_ONCE", 1)
    monkeypatch.setattr(console_sweep, "DUE_AT_ONCE", 1)
    tonight = Tonight(TODAY)
    assert (tonight.cards, tonight.looked_at, tonight.total, tonight.is_cut) == (3, 2, 2, True)


def test_a_night_tells_its_rules_and_how_long_it_took():
    SweptDay.objects.create(day=TODAY, counts={"end_test": 2, "expire": 5}, finished_at="2026-06-10T00:00:00Z")
    SweptDay.objects.filter(day=TODAY).update(started_at="2026-06-09T23:59:57Z")
    night = Night(SweptDay.objects.get())
    assert (night.day, night.changes, night.seconds) == (TODAY, 7, 3.0)
    assert night.rules == [(Rule.EXPIRE.label, 5), (Rule.END_TEST.label, 2)]


@on_today
def test_the_page_shows_the_nights_the_parked_and_the_stray(parked_card):
    stray = card_in_use(plan="M1-100")
    sweep(TODAY)
    use(stray, TODAY, mb=1)
    page = text(of_role("operations").get("/console/sweep/", headers=ENGLISH))
    assert f'href="/console/cards/{stray.iccid}/"' in page
    assert "a term is running, but no cycle is metered" in page
    assert f'action="/console/sweep/unpark/{parked_card.iccid}/"' in page
    assert "2026-06-11" in page


@on_today
def test_only_the_last_30_nights_are_shown():
    for back in range(40):
        SweptDay.objects.create(day=TODAY - timedelta(days=back), finished_at="2026-06-10T00:00:00Z")
    response = of_role("support").get("/console/sweep/")
    assert [night.day for night in response.context["nights"]] == [TODAY - timedelta(days=back) for back in range(30)]


@on_today
def test_a_card_is_taken_back_once_its_data_agree_again(parked_card):
    client = of_role("operations", "olga")
    url = f"/console/sweep/unpark/{parked_card.iccid}/"
    response = client.post(url, follow=True, headers=ENGLISH)
    assert fresh(parked_card).parked != ""
    assert "Correct the data first." in text(response)
    repaired(parked_card)
    response = client.post(url, follow=True, headers=ENGLISH)
    assert fresh(parked_card).parked == ""
    assert f"{parked_card.iccid} was unparked." in text(response)
    assert parked_card.events.latest("seq").actor_name == "olga"


@on_today
def test_who_may_not_take_a_card_back_sees_no_button_and_is_refused(parked_card):
    repaired(parked_card)
    record = story(parked_card)
    client = of_role("support")
    assert "/console/sweep/unpark/" not in text(client.get("/console/sweep/"))
    response = client.post(f"/console/sweep/unpark/{parked_card.iccid}/", follow=True, headers=ENGLISH)
    assert response.status_code == 403
    assert (fresh(parked_card).parked != "", story(parked_card)) == (True, record)


def test_a_card_is_taken_back_by_post_only_and_must_exist():
    client = of_role("operations")
    assert client.get("/console/sweep/unpark/89860000000000000001/").status_code == 405
    assert client.post("/console/sweep/unpark/89860000000000000001/").status_code == 404


@pytest.fixture
def braked():
    return SweptDay.objects.create(day=TODAY, braked_at="2026-06-10T00:10:00Z")


@on_today
def test_a_day_that_the_brake_holds_is_released_by_name(braked):
    client = of_role("operations", "olga")
    assert "The sweep for 2026-06-10 is on hold" in text(client.get("/console/sweep/", headers=ENGLISH))
    client.post("/console/sweep/release/", {"day": "2026-06-10"})
    swept = SweptDay.objects.get()
    assert (swept.released_by, timezone.now() - swept.released_at < timedelta(minutes=1)) == ("olga", True)
    page = text(client.get("/console/sweep/", headers=ENGLISH))
    assert "waits" not in page
    assert f"Released by olga {timezone.localtime(swept.released_at):%Y-%m-%d %H:%M}" in re.sub(r"<[^>]*>", "", page)


@on_today
def test_a_day_released_before_the_instant_was_kept_shows_the_name_alone(braked):
    SweptDay.objects.update(released_by="olga")
    page = text(of_role("support").get("/console/sweep/", headers=ENGLISH))
    assert re.search(r"Released by olga\s*</span>", page)


@on_today
@pytest.mark.parametrize(
    ("role", "day", "status"),
    [("support", "2026-06-10", 403), ("operations", "2026-06-09", 404), ("operations", "x", 404)],
)
def test_the_brake_is_released_only_by_those_who_may_and_for_the_day_they_saw(braked, role, day, status):
    response = of_role(role).post("/console/sweep/release/", {"day": day})
    assert (response.status_code, SweptDay.objects.get().released_by) == (status, "")


@on_today
def test_the_page_needs_few_queries_however_much_it_lists(django_assert_max_num_queries):
    for number in range(12):
        card = open_card(opened_on="2025-11-20", customer=f"Customer {number}")
        do("unassign", card, TODAY)
    client = of_role("support")
    with django_assert_max_num_queries(22):
        client.get("/console/sweep/")


@on_today
def test_each_night_shows_how_far_the_steps_after_its_sweep_are():
    """By day: only swept; all done; one given up, one failed and one waiting; today, which is not over."""
    first = TODAY - timedelta(days=2)
    DaysAtWork.objects.create(pk=1, first_day=first)
    for back in range(4):
        SweptDay.objects.create(day=TODAY - timedelta(days=back), finished_at=timezone.now())
    for step in DayStep:
        StepOfDay.objects.create(day=first, step=step, finished_at=timezone.now())
    second = first + timedelta(days=1)
    StepOfDay.objects.create(day=second, step="expiry", finished_at=timezone.now(), tries=5, gave_up=True)
    StepOfDay.objects.create(day=second, step="renewals", tries=2)
    response = of_role("support").get("/console/sweep/", headers=ENGLISH)
    nights = response.context["nights"]
    assert [[(badge.label, badge.tone) for badge in night.steps] for night in nights[1:]] == [
        [
            ("Unpaid orders: gave up", "bad"),
            ("Auto-renewals: failed 2 times, trying again", "warning"),
            ("Notices: waiting", ""),
        ],
        [("Unpaid orders", "good"), ("Auto-renewals", "good"), ("Notices", "good")],
        [],
    ]
    page = re.sub(r"<[^>]*>", "", text(response))
    assert "goes on until the day is over" in page
    assert "The portal is still making up for 2026-06-09 and the days after it. Next: Auto-renewals." in page


@on_today
def test_a_portal_that_is_not_behind_says_nothing_of_it():
    DaysAtWork.objects.create(pk=1, first_day=TODAY)
    assert "making up" not in text(of_role("support").get("/console/sweep/", headers=ENGLISH))


@on_today
@pytest.mark.parametrize(("back", "is_held"), [(59, False), (60, False), (61, True)])
def test_so_many_days_are_left_that_somebody_has_to_look_at_the_clock(back, is_held):
    DaysAtWork.objects.create(pk=1, first_day=TODAY - timedelta(days=back))
    page = re.sub(r"<[^>]*>", "", text(of_role("support").get("/console/sweep/", headers=ENGLISH)))
    assert ("Check the server's clock." in page, "still making up" in page) == (is_held, not is_held)


@on_today
def test_days_whose_sweep_is_still_to_come_say_so():
    DaysAtWork.objects.create(pk=1, first_day=TODAY - timedelta(days=1))
    page = text(of_role("support").get("/console/sweep/", headers=ENGLISH))
    assert "Next: nightly sweep." in re.sub(r"<[^>]*>", "", page)
