from datetime import date, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict
from django.utils import timezone

from cards.actions import fleet_snapshot
from cards.actions.sweep import sweep
from cards.filters import CardFilter
from cards.models import Card, Job
from cards.pages.queues import CARD_QUEUES, queues
from tests.build import card_in_use, do, on_day, open_card, spoil, use
from tests.console.pages import of_role, text

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 10)
on_today = on_day(TODAY)
URL = "/console/queues/"


def shown_to(role="operations"):
    """The page's queues that have anything: code -> (count, [(name, day, days left, note, actions)])."""
    page = of_role(role).get(URL, headers={"accept-language": "en"})
    return {
        section.queue.code: (section.queue.cards, [entry(row) for row in section.rows])
        for section in page.context["sections"]
        if section.queue.cards or section.rows
    }


def entry(row):
    return row.name, row.day, row.days_left, str(row.note), [action_in(url) for _, url in row.actions]


def action_in(url):
    """The action that an address is for: of what is sold, the form of an order."""
    address = urlsplit(url)
    return dict(parse_qsl(address.query)).get("action") or address.path.split("/")[-2]


@on_today
def test_cards_to_be_cancelled_are_shown_by_the_days_left_and_protected_ones_left_out():
    later, sooner, protected, too_late = (card_in_use(plan="M1-100") for _ in range(4))
    sweep(date(2026, 2, 1))
    for card, day in ((later, 24), (sooner, 11), (protected, 12), (too_late, 25)):
        spoil(card, cancel_on=date(2026, 6, day))
    do("protect", protected, date(2026, 2, 1))
    offered = ["renew", "protect"]
    assert shown_to()["cancelling"] == (
        2,
        [
            (sooner.iccid, date(2026, 6, 11), 1, "", offered),
            (later.iccid, date(2026, 6, 24), 14, "", offered),
        ],
    )


@on_today
def test_cards_forced_active_next_month_come_soonest_first():
    days = ("2026-07-31", "2026-07-01", "2026-08-01")
    cards = [open_card() for _ in days]
    for card, day in zip(cards, days, strict=True):
        spoil(card, forced_activation_on=day)
    assert shown_to()["forced"] == (
        2,
        [(cards[1].iccid, date(2026, 7, 1), 21, "", []), (cards[0].iccid, date(2026, 7, 31), 51, "", [])],
    )


def check_waits():
    card = open_card(certification="individual")
    return do("submit_real_name", card, TODAY, name="张三丰", id_number="110101199003071234")


@on_today
def test_a_real_name_check_waits_under_its_masked_name_with_both_answers():
    card = check_waits()
    waits = (1, [(card.iccid, TODAY, None, "张** 1101************34", ["approve_real_name", "reject_real_name"])])
    assert shown_to()["real_name"] == waits


@on_today
def test_who_may_not_decide_is_offered_nothing():
    check_waits()
    assert [actions for *_, actions in shown_to("support")["real_name"][1]] == [[]]


@on_today
def test_parked_cards_say_why_and_can_be_taken_back():
    card = open_card(opened_on="2026-06-01")
    spoil(card, silent_from=None, next_due_on=TODAY)
    sweep(TODAY)
    ((name, _, _, note, actions),) = shown_to()["parked"][1]
    assert (name, bool(note), actions) == (card.iccid, True, ["unpark"])


@on_today
def test_what_was_used_after_its_end_comes_last_used_first():
    cards = [card_in_use(plan="M1-100") for _ in range(2)]
    sweep(date(2026, 2, 1))
    for card, day in zip(cards, (4, 5), strict=True):
        use(card, date(2026, 2, day), mb=1)
    count, rows = shown_to()["stray"]
    assert (count, [row[:2] for row in rows]) == (
        2,
        [(cards[1].iccid, date(2026, 2, 5)), (cards[0].iccid, date(2026, 2, 4))],
    )


@on_today
def test_cards_without_a_late_reading_are_shown_longest_ago_first():
    cards = [card_in_use() for _ in range(4)]
    for card, day in zip(cards, (7, 6, 5), strict=False):
        Card.objects.filter(pk=card.pk).update(read_at=timezone.make_aware(datetime(2026, 6, day, 12)))
    fleet_snapshot.refresh()
    count, rows = shown_to()["late"]
    assert (count, [name for name, *_ in rows]) == (3, [cards[3].iccid, cards[2].iccid, cards[1].iccid])


@on_today
def test_jobs_that_failed_lately_lead_to_their_pages():
    owner = User.objects.create_user("olga")
    jobs = [Job.objects.create(kind="action", action="suspend", owner=owner, status="failed") for _ in range(2)]
    Job.objects.filter(pk=jobs[0].pk).update(created_at=timezone.now() - timedelta(days=8))
    page = of_role("support").get(URL)
    (failed,) = [section for section in page.context["sections"] if section.queue.code == "failed"]
    assert (failed.queue.cards, [row.url for row in failed.rows]) == (1, [f"/console/jobs/{jobs[1].pk}/"])


@on_today
def test_the_few_are_no_more_than_five_and_the_rest_is_one_click_away():
    for _ in range(6):
        spoil(open_card(), forced_activation_on="2026-07-01")
    page = of_role("operations").get(URL)
    (forced,) = [section for section in page.context["sections"] if section.queue.code == "forced"]
    assert (forced.queue.cards, len(forced.rows)) == (6, 5)
    assert 'href="/console/cards/?quick=forced"' in text(page)


@on_today
def test_the_page_needs_few_queries_however_many_wait(django_assert_num_queries):
    for _ in range(6):
        check_waits()
    fleet_snapshot.snapshot(TODAY)
    client = of_role("operations")
    with django_assert_num_queries(16):
        client.get(URL)


@on_today
def test_each_figure_is_the_length_of_the_list_that_it_leads_to():
    check_waits()
    use(card_in_use(), TODAY, mb=29)
    use(card_in_use(), TODAY, mb=31)
    for name, day, card in (
        ("service_until", "2026-07-10", card_in_use()),
        ("service_until", "2026-07-11", card_in_use()),
        ("forced_activation_on", "2026-07-31", open_card()),
        ("stray_usage_on", "2026-06-01", card_in_use()),
    ):
        spoil(card, **{name: day})
    fleet_snapshot.refresh()
    waiting = queues(fleet_snapshot.snapshot(TODAY), TODAY, User.objects.create_superuser("admin"))
    listed = {code: CardFilter(QueryDict(f"quick={code}"), Card.objects.all()).qs.count() for code in CARD_QUEUES}
    assert {code: waiting[code].cards for code in CARD_QUEUES} == listed
    assert listed == {
        "cancelling": 0, "expiring": 1, "forced": 1, "used_up": 1, "low": 1, "real_name": 1, "parked": 0, "stray": 1,
        "late": 3,
    }  # fmt: skip
