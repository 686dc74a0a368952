"""What is fetched for all cards of an account: when, in which pieces, and what becomes of those that fail."""

from datetime import date, timedelta

import pytest
from django.utils import timezone
from django.utils.translation import override

from cards.calendar import days
from cards.carriers.actions import pieces
from cards.carriers.actions.fetching import Pulls
from cards.carriers.actions.pulls import Completeness, completeness, plan_pulls, pull_day
from cards.carriers.choices import Can, OwnWords
from cards.carriers.models import CarrierAccount, Drift, Pull
from cards.carriers.results import (
    AccountFault,
    Busy,
    CallFailed,
    LoginRefused,
    Missing,
    TurnedDown,
    Unknown,
)
from cards.errors import BadInput, NothingHeard
from cards.leases import Lost
from cards.models import UsageDay
from cards.models.card import MB
from tests.build import card_in_use, do, on_day, open_card
from tests.carriers.telling import NoCall, account_with, beijing, told_by

pytestmark = pytest.mark.django_db

NOV_2, NOV_3, NOV_4, NOV_5 = (date(2026, 11, day) for day in (2, 3, 4, 5))
NOW = beijing(NOV_4, 12)
LATER = timedelta(hours=1)


@pytest.fixture
def carrier():
    with on_day(NOV_4), override("en"), told_by() as carrier:
        carrier.at = NOW
        yield carrier


def fleet(count):
    return [card_in_use() for _number in range(count)]


def pulled(account, now=NOW, most=100):
    """Take pieces until none is left at this moment; how many calls that were."""
    source, done = Pulls(), 0
    while source.due(account, now) and source.do(account, NoCall(now), now):
        done += 1
        assert done < most
    return done


def asked(carrier):
    return [len(keys) for _day, keys in carrier.calls]


def planned(account):
    rows = Pull.objects.filter(account=account).order_by("next_at", "-day")
    return [(row.kind, row.day, row.round, row.next_at) for row in rows]


def figures(pull):
    pull = Pull.objects.get(pk=pull.pk)
    return pull.told, pull.missing, pull.total, pull.pieces, pull.next_at


# pieces


def test_each_card_is_asked_for_once_in_pieces_of_a_call(carrier):
    cards = fleet(23)
    account = account_with(cards)
    carrier.amounts = {card.pk: card.pk * MB for card in cards[1:]}
    pull = pull_day(account, NOV_3, NOW)
    assert pulled(account, NOW + LATER) == 3
    assert [keys for _day, keys in carrier.calls] == [[card.pk for card in cards[k : k + 10]] for k in (0, 10, 20)]
    assert figures(pull) == (22, 1, 23, [], None)
    assert dict(UsageDay.objects.values_list("card", "bytes")) == carrier.amounts
    assert (Pull.objects.get().why, completeness(account, NOV_3)) == ("blank", Completeness(22, 23))
    assert completeness(account, NOV_2) is None


def test_a_piece_is_no_larger_than_the_account_allows(carrier):
    account = account_with(fleet(5), batch=2)
    pull_day(account, NOV_3, NOW)
    pulled(account, NOW + LATER)
    assert asked(carrier) == [2, 2, 1]


def test_cards_that_were_cancelled_long_ago_or_are_unknown_there_are_not_asked_for(carrier):
    long_ago, lately, unknown, card = open_card(), open_card(), open_card(), open_card()
    do("cancel", long_ago, date(2026, 7, 1))
    do("cancel", lately, NOV_2)
    account = account_with([long_ago, lately, unknown, card])
    account.lines.filter(card=unknown).update(missing_at=NOW)
    pull_day(account, NOV_3, NOW)
    pulled(account, NOW + LATER)
    assert carrier.calls == [(NOV_3, [lately.pk, card.pk])]


def test_two_workers_share_a_pull_and_a_dead_ones_piece_is_done_by_another(carrier):
    cards = fleet(15)
    account = account_with(cards)
    pull = pull_day(account, NOV_3, NOW)
    now = NOW + LATER
    (_, first), (_, second) = (pieces.hand_out(account, now) for _worker in range(2))
    assert [(len(pieces.lines_of(pull, piece))) for piece in (first, second)] == [10, 5]
    assert pieces.hand_out(account, now) is None
    assert not Pulls().due(account, now)
    carrier.amounts = {card.pk: MB for card in cards}
    assert pulled(account, now + pieces.HELD_FOR) == 2
    assert figures(pull) == (15, 0, 15, [], None)
    with pytest.raises(Lost):  # the dead one after all
        pieces.finish_piece(pull, first, pieces.CameOfPiece(told=10), now)
    assert figures(pull) == (15, 0, 15, [], None)


def test_a_worker_that_comes_too_late_writes_nothing(carrier):
    cards = fleet(2)
    account = account_with(cards)
    pull = pull_day(account, NOV_3, NOW)

    def another_has_it():
        carrier.amounts = {card.pk: MB for card in cards}
        pulled(account, NOW + pieces.HELD_FOR)
        carrier.amounts, carrier.at = {card.pk: 2 * MB for card in cards}, carrier.at + LATER

    carrier.meanwhile = another_has_it
    assert pulled(account) == 1
    assert figures(pull) == (2, 0, 2, [], None)
    assert set(UsageDay.objects.values_list("bytes", flat=True)) == {MB}


def test_a_pull_again_corrects_and_doubles_nothing(carrier):
    cards = fleet(2)
    account = account_with(cards)
    for mb in (3, 5):
        carrier.amounts, carrier.at = {card.pk: mb * MB for card in cards}, carrier.at + LATER
        pull_day(account, NOV_3, NOW)
        pulled(account, NOW + LATER)
    assert list(UsageDay.objects.values_list("day", "bytes")) == [(NOV_3, 5 * MB)] * 2
    assert [pull.round for pull in Pull.objects.order_by("pk")] == [10, 11]


# failures


def test_a_busy_carrier_is_asked_again_when_it_says_and_that_is_no_try(carrier):
    account = account_with(fleet(12), retry_s=30)
    pull = pull_day(account, NOV_3, NOW)
    carrier.amounts = dict.fromkeys(account.lines.values_list("card", flat=True), MB)
    carrier.fails = [Busy(90, "9000", "busy")]
    assert pulled(account) == 2
    row = Pull.objects.get()
    assert (row.failed, row.why, row.next_at) == (0, "busy", NOW + timedelta(seconds=90))
    assert pulled(account, NOW + timedelta(seconds=89)) == 0
    assert pulled(account, NOW + timedelta(seconds=90)) == 1
    assert (asked(carrier), figures(pull)[:3]) == ([10, 2, 10], (12, 0, 12))


def test_waits_grow_while_nothing_is_heard_and_the_others_go_on(carrier):
    account = account_with(fleet(12), retry_s=30)
    pull_day(account, NOV_3, NOW)
    carrier.fails = [NothingHeard("gone")]
    now, waits = NOW, []
    for _try in range(2):
        pulled(account, now)
        waits.append(Pull.objects.get().next_at - now)
        now = Pull.objects.get().next_at
        carrier.fails = [Unknown(text="<html>")]
    assert (waits, asked(carrier)) == ([timedelta(seconds=30), timedelta(seconds=60)], [10, 2, 10])
    assert (Pull.objects.get().failed, Pull.objects.get().why) == (2, "<html>")


def settled(account, now):
    """Go on until nothing is due any more, however late."""
    while row := Pull.objects.filter(account=account, next_at__isnull=False).order_by("next_at").first():
        now = max(now, row.next_at)
        pulled(account, now)
    return now


@pytest.mark.parametrize("result", [TurnedDown("11011", "no such card"), Unknown(text="cut")])
def test_a_card_that_breaks_the_call_stops_no_other(carrier, result):
    cards = fleet(25)
    account = account_with(cards)
    carrier.amounts = {card.pk: MB for card in cards}
    carrier.breaks = {cards[3].pk: result, cards[17].pk: result}
    pull = pull_day(account, NOV_3, NOW)
    settled(account, NOW)
    assert figures(pull) == (23, 2, 25, [], None)
    told = set(UsageDay.objects.values_list("card", flat=True))
    assert told == {card.pk for card in cards} - set(carrier.breaks)
    assert Pull.objects.get().why == result.text


@pytest.mark.once
def test_an_outage_divides_nothing_beyond_measure_and_loses_nothing(carrier):
    cards = fleet(120)
    account = account_with(cards, batch=4)
    carrier.amounts = {card.pk: MB for card in cards}
    pull = pull_day(account, NOV_3, NOW)
    carrier.fails = [Unknown(text="500")] * 40
    now = NOW
    while carrier.fails:
        now = max(now, Pull.objects.get().next_at)
        Pulls().do(account, NoCall(now), now)
        assert len(Pull.objects.get().pieces) <= pieces.MOST_PIECES
    settled(account, now)
    assert figures(pull) == (120, 0, 120, [], None)


@pytest.mark.parametrize("failure", [CallFailed(AccountFault("403", "not on the list")), LoginRefused("no")])
def test_an_account_that_is_not_accepted_is_broken_and_the_piece_waits(carrier, failure):
    account = account_with(fleet(3), retry_s=30)
    pull_day(account, NOV_3, NOW)
    carrier.fails = [failure]
    assert pulled(account) == 1
    row = Pull.objects.get()
    assert (row.failed, row.next_at, len(row.pieces)) == (0, NOW + timedelta(seconds=30), 1)
    assert CarrierAccount.objects.get().broken_since == NOW


def test_a_day_that_cannot_be_asked_for_any_more_is_missing(carrier):
    account = account_with(fleet(12))
    pull = pull_day(account, NOV_3, NOW)
    carrier.fails = [None, Unknown(text="500")]
    Pulls().do(account, NoCall(NOW), NOW)
    Pulls().do(account, NoCall(NOW), NOW)
    with on_day(NOV_4 + timedelta(days=7)):
        pulled(account, NOW + timedelta(days=7))
    assert figures(pull) == (0, 12, 12, [], None)
    assert Pull.objects.get().why == OwnWords.DAY_IS_GONE


# states, and lists of what changed


def fetched(account, kind, day=NOV_4, round=1):
    pull = Pull.objects.create(account=account, kind=kind, day=day, round=round, next_at=NOW)
    pulled(account)
    return figures(pull)


def seen(account):
    return list(account.lines.order_by("card").values_list("seen_service", "seen_at"))


def test_all_cards_are_looked_at_also_those_that_were_not_known_there(carrier):
    cards = fleet(5)
    account = account_with(cards)
    account.lines.filter(card=cards[0]).update(missing_at=NOW - LATER)
    carrier.looks = {cards[1].pk: Missing("11011", "unknown"), cards[2].pk: Unknown(text="?")}
    assert fetched(account, "states") == (4, 1, 5, [], None)
    assert [keys for _day, keys in carrier.calls] == [[card.pk for card in cards[:3]], [card.pk for card in cards[3:]]]
    assert seen(account) == [("active", NOW), ("", NOW), ("", None), ("active", NOW), ("active", NOW)]
    assert list(account.lines.exclude(missing_at=None).values_list("card", flat=True)) == [cards[1].pk]
    assert account.lines.get(card=cards[2]).ask_at > NOW  # by itself, later


def test_more_than_states_is_asked_for_while_a_night_is_long_enough_for_it(carrier):
    account = account_with(fleet(5), qps=0.001)
    fetched(account, "states")
    account.settings = {"qps": 0.002}
    account.save()
    fetched(account, "states", round=2)
    assert [what for what, _keys in carrier.calls] == ["state", "state", "all", "all"]


def test_a_carrier_that_is_busy_while_all_are_looked_at_is_asked_on(carrier):
    account = account_with(fleet(4), retry_s=1)
    carrier.fails = [Busy(5)]
    fetched(account, "states")
    pulled(account, NOW + timedelta(seconds=5))
    assert seen(account) == [("active", NOW + timedelta(seconds=5))] * 3 + [("active", NOW)]


def test_changed_cards_are_looked_at_page_by_page(carrier):
    carrier.CAN = frozenset({Can.CHANGED})
    by_iccid, by_msisdn, other, elsewhere = open_card(), open_card(msisdn="1440000000001"), open_card(), open_card()
    account = account_with([by_iccid, by_msisdn, other])
    carrier.lists = [(by_iccid.iccid,), (by_msisdn.msisdn, elsewhere.iccid, "1440000000009", "no number at all " * 9)]
    assert fetched(account, "changed") == (5, 0, 5, [], None)
    assert list(Drift.objects.values_list("kind", "number", "state")) == [("stranger", "1440000000009", "open")]
    assert carrier.calls == [(NOW - timedelta(days=1), ""), (NOW - timedelta(days=1), "1")]
    asked_for = account.lines.filter(ask_at__isnull=False).order_by("card").values_list("card", flat=True)
    assert list(asked_for) == [by_iccid.pk, by_msisdn.pk]
    carrier.calls.clear()
    fetched(account, "changed", round=2)
    assert carrier.calls[0] == (NOW - timedelta(minutes=15), "")
    account_with([open_card(msisdn="1440000000009")])
    fetched(account, "changed", round=3)
    assert Drift.objects.get().state == "self_closed"


def test_a_page_that_fails_is_asked_for_again(carrier):
    account = account_with([], retry_s=30)
    carrier.lists, carrier.fails = [(), ()], [None, Unknown(text="cut"), TurnedDown("1", "no")]
    fetched(account, "changed")
    settled(account, NOW)
    assert [cursor for _since, cursor in carrier.calls] == ["", "1", "1", "1"]
    assert Pull.objects.get().ended_at is not None


# when


def test_a_new_account_begins_with_the_next_times(carrier):
    account = account_with([])
    assert plan_pulls(NOW) == 4
    assert planned(account) == [
        ("usage_day", NOV_4, 1, beijing(NOV_5, 6, 30)),
        ("usage_day", NOV_3, 3, beijing(NOV_5, 6, 30)),
        ("usage_day", NOV_2, 4, beijing(NOV_5, 6, 30)),
        ("usage_day", NOV_4, 2, beijing(NOV_5, 10)),
    ]
    plan_pulls(NOW + LATER)
    assert len(planned(account)) == 4


def test_before_the_time_it_is_today(carrier):
    account = account_with([])
    plan_pulls(beijing(NOV_4, 6, 29))
    assert planned(account)[0] == ("usage_day", NOV_3, 1, beijing(NOV_4, 6, 30))
    assert planned(account)[-1] == ("usage_day", NOV_3, 2, beijing(NOV_4, 10))


def test_days_that_were_missed_are_made_up_for_as_far_as_the_carrier_tells_them(carrier):
    account = account_with([])
    plan_pulls(NOW)
    after = NOV_4 + timedelta(days=20)
    with on_day(after):
        plan_pulls(beijing(after, 12))
    made = Pull.objects.filter(account=account, round=1).order_by("day")
    assert [(row.day, row.next_at) for row in made] == [
        (day, beijing(day + timedelta(days=1), 6, 30)) for day in (NOV_4, *days(after - timedelta(days=7), after))
    ]


def test_totals_are_fetched_in_the_morning_and_before_midnight_and_those_missed_are_not(carrier):
    carrier.CAN = frozenset({Can.USAGE_CYCLE})
    account = account_with([])
    plan_pulls(NOW)
    assert planned(account) == [
        ("usage_cycle", NOV_4, 2, beijing(NOV_4, 23, 30)),
        ("usage_cycle", NOV_5, 1, beijing(NOV_5, 6, 30)),
    ]
    with on_day(NOV_4 + timedelta(days=9)):
        assert plan_pulls(NOW + timedelta(days=9)) == 2


def test_a_month_is_compared_on_the_second_of_the_next_if_its_days_were_fetched(carrier):
    account = account_with([])
    plan_pulls(NOW)
    of_month = Pull.objects.filter(kind="usage_month")
    assert of_month.count() == 0  # the account is newer than the month
    dec_4 = date(2026, 12, 4)
    with on_day(dec_4):
        plan_pulls(beijing(dec_4, 12))
    assert [(row.account, row.day, row.next_at) for row in of_month] == [
        (account, date(2026, 12, 1), beijing(date(2027, 1, 2), 8))
    ]


def test_a_month_is_fetched_like_days(carrier):
    cards = fleet(12)
    account = account_with(cards)
    carrier.amounts = {card.pk: 5 * MB for card in cards}
    assert fetched(account, "usage_month", date(2026, 10, 1)) == (12, 0, 12, [], None)
    assert (asked(carrier), carrier.calls[0][0]) == ([10, 2], date(2026, 10, 1))
    assert set(Drift.objects.values_list("kind", "state")) == {("usage", "open")}
    assert UsageDay.objects.count() == 0


def test_lists_of_changed_cards_are_asked_for_all_day(carrier):
    carrier.CAN = frozenset({Can.CHANGED})
    account = account_with([])
    plan_pulls(NOW)
    assert [(kind, day, at.hour) for kind, day, _round, at in map(_local, planned(account))] == [
        ("changed", NOV_4, 17),
        ("changed", NOV_4, 23),
        ("changed", NOV_5, 5),
        ("changed", NOV_5, 11),
    ]


def _local(row):
    return (*row[:3], timezone.localtime(row[3]))


def test_accounts_that_are_off_or_tell_nothing_are_not_planned(carrier):
    account_with([])
    CarrierAccount.objects.update(is_on=False)
    assert plan_pulls(NOW) == 0
    CarrierAccount.objects.update(is_on=True)
    carrier.CAN = frozenset()
    assert plan_pulls(NOW) == 0


@pytest.mark.once
@pytest.mark.parametrize("day", [NOV_4, NOV_4 - timedelta(days=8)])
def test_a_day_that_the_carrier_does_not_tell_is_refused(carrier, day):
    account = account_with([])
    with pytest.raises(BadInput) as refused:
        pull_day(account, day)
    assert str(refused.value.sentence) == "told1: the carrier tells the usage of days from 2026-10-28 to 2026-11-03."


def test_totals_are_asked_for_days_of_the_running_cycle_alone(carrier):
    carrier.CAN = frozenset({Can.USAGE_CYCLE})
    account = account_with(fleet(1), carrier="cucc", cycle_day=27)
    carrier.amounts = {account.lines.get().card_id: 3 * MB}
    pull_day(account, NOV_4, NOW)
    pulled(account, NOW + LATER)
    assert list(UsageDay.objects.values_list("day", "bytes")) == [(NOV_4, 3 * MB)]
    with pytest.raises(BadInput):
        pull_day(account, date(2026, 10, 26))


def test_an_account_that_tells_no_usage_says_so(carrier):
    carrier.CAN = frozenset()
    account = account_with([])
    with pytest.raises(BadInput) as refused:
        pull_day(account, NOV_3, NOW)
    assert str(refused.value.sentence) == "told1: its protocol tells no usage."


@pytest.mark.once
@pytest.mark.parametrize(("told", "total", "percent"), [(0, 0, 100.0), (812, 818, 99.2), (99_999, 100_000, 99.9)])
def test_only_all_is_a_hundred_percent(told, total, percent):
    its = Completeness(told, total)
    assert (its.percent, its.missing) == (percent, total - told)
