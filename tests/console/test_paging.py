"""Pages: forward, back and from the end, in every order, by an index; counts that stop at a cap."""

from datetime import date
from itertools import product

import pytest
from django.db import connection
from django.http import QueryDict

from cards import filters, state_counts
from cards.filters import CardFilter
from cards.models import Card
from cards.paging import END, OLDEST, Along, counts_up_to, page_of
from cards.quick import SORTS
from tests.build import card_in_use, do, on_day, open_card, swept
from tests.console.filtering import filter_of, in_order

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)


def test_pages_follow_each_other_in_both_directions():
    for _ in range(5):
        open_card()
    ids = list(Card.objects.order_by("-pk").values_list("pk", flat=True))

    def page(**cursor):
        page = page_of(Card.objects.all(), 2, **cursor)
        return [card.pk for card in page.rows], page.before, page.after

    assert page() == (ids[:2], None, ids[1])
    assert page(after=ids[1]) == (ids[2:4], ids[2], ids[3])
    assert page(after=ids[3]) == (ids[4:], ids[4], None)
    assert page(before=ids[4]) == (ids[2:4], ids[2], ids[3])
    assert page(before=ids[2]) == (ids[:2], None, ids[1])
    assert page(after=ids[4]) == ([], None, None)
    assert page(before=ids[0]) == ([], None, None)


def test_counts_stop_at_their_cap_in_one_statement(django_assert_num_queries):
    for _ in range(4):
        open_card()
    everything, nothing = Card.objects.all(), Card.objects.none()
    with django_assert_num_queries(1):
        counts = counts_up_to(2, [everything, everything.filter(pk__lt=0), nothing])
    assert counts == [3, 0, 0]


def test_the_last_page_is_read_from_the_end():
    for _ in range(5):
        open_card()
    ids = list(Card.objects.order_by("-pk").values_list("pk", flat=True))
    page = page_of(Card.objects.all(), 2, before=END)
    assert ([card.pk for card in page.rows], page.before, page.after) == (ids[3:], ids[3], None)
    page = page_of(Card.objects.all(), 2, before=END, order=OLDEST)
    assert [card.pk for card in page.rows] == [ids[1], ids[0]]
    page = page_of(Card.objects.all(), 9, before=END)
    assert ([card.pk for card in page.rows], page.before, page.after) == (ids, None, None)


@pytest.fixture
def fleet():
    """Two cards or more at each day that a list can be sorted by, and some without."""
    ended = [swept(card_in_use(plan="M1-100"), DAY) for _ in range(2)]
    return [
        *ended,
        *(card_in_use(since=DAY, plan=plan) for plan in ("Y1-30", "M1-100", "Y1-30")),
        *(open_card(opened_on=day) for day in (date(2026, 2, 1), date(2026, 1, 1), date(2026, 2, 1))),
        *(open_card(msisdn=f"1380000000{n}", imsi=f"46000000000000{n}") for n in (3, 1, 2)),
        do("cancel", open_card(), DAY, reason="lost"),
    ]


def walked(query, backwards):
    """Every page of two, one after the other, by the cursors that they give."""
    params, rows = QueryDict(query, mutable=True), []
    if backwards:
        params["before"] = END
    while True:
        filtered = CardFilter(params, queryset=Card.objects.all())
        page = filtered.page(2, Card.objects.only("iccid"))
        assert filtered.is_valid(), filtered.form.errors
        rows = page.rows + rows if backwards else rows + page.rows
        place = page.before if backwards else page.after
        if place is None:
            return [card.pk for card in rows]
        params = QueryDict(query, mutable=True)
        params["before" if backwards else "after"] = str(place)


VALUES = {
    "expiry": lambda card: card.service_until,
    "cancel": lambda card: card.cancel_on if card.state == "shut_down" else None,
    "forced": lambda card: None if card.activated_on else card.forced_activation_on,
    "due": lambda card: card.next_due_on,
    "iccid": lambda card: card.iccid,
    "msisdn": lambda card: card.msisdn,
    "imsi": lambda card: card.imsi,
}


def sorted_by(value, cards, falls=False):
    """The keys of these cards by what `value` gives of them, and of those without, the newest first."""
    having, rest = [card for card in cards if value(card)], [card for card in cards if not value(card)]
    expected = sorted(having, key=lambda card: (value(card), card.pk), reverse=falls) + sorted(
        rest, key=lambda card: -card.pk
    )
    return [card.pk for card in expected]


@on_day(DAY)
def test_every_order_is_walked_through_in_both_directions_and_leaves_nobody_out(fleet):
    cards = Card.objects.all()
    expected = {name: sorted_by(value, cards) for name, value in VALUES.items()}
    expected |= {f"-{name}": sorted_by(value, cards, falls=True) for name, value in VALUES.items()}
    assert {name: walked(f"sort={name}", backwards=False) for name in expected} == expected
    assert {name: walked(f"sort={name}", backwards=True) for name in expected} == expected


@on_day(DAY)
def test_newest_and_oldest_go_by_the_order_in_which_cards_came(fleet):
    ids = [card.pk for card in fleet]
    assert (walked("sort=oldest", False), walked("sort=newest", False), walked("", True)) == (ids, ids[::-1], ids[::-1])
    assert {*VALUES, *(f"-{name}" for name in VALUES), "newest", "oldest"} == set(SORTS)


ASKED_BY = {
    "quick=expiring": "service_until",
    "expiring=60": "service_until",
    "due=60": "next_due_on",
    "q=8986": "iccid",
}


@on_day(DAY)
def test_what_is_asked_by_a_column_stands_in_its_order(fleet):
    for query, column in ASKED_BY.items():
        shown = [getattr(card, column) for card in in_order(query)]
        assert shown == sorted(shown), query
        newest = [card.pk for card in in_order(f"{query}&sort=newest")]
        assert newest == sorted(newest, reverse=True), query
        assert sorted(walked(query, backwards=True)) == sorted(card.pk for card in filter_of(query).cards), query


def test_a_page_costs_one_query_and_asks_nothing_more_for_its_rows(fleet, django_assert_num_queries):
    filtered = CardFilter(QueryDict("sort=expiry"), queryset=Card.objects.all())
    with django_assert_num_queries(1):
        page = filtered.page(2, Card.objects.only("iccid"))
        assert [len(card.iccid) for card in page.rows] == [20, 20]
    filtered = CardFilter(QueryDict("quick=real_name"), queryset=Card.objects.all())
    with django_assert_num_queries(1):
        assert filtered.page(2, Card.objects.only("iccid")).rows == []


@on_day(DAY)
@pytest.mark.parametrize("backwards", [False, True])
def test_rows_that_lie_far_apart_in_an_order_are_the_same_rows(fleet, backwards):
    """However far an order is walked along before its rows are looked for in another way, and whichever are known."""
    in_use = Card.objects.filter(state="in_use")

    def pages(order, along):
        place = END if backwards else None
        while True:
            where = {"before": place} if backwards else {"after": place}
            page = page_of(in_use, 2, order=order, along=along, **where)
            yield [card.pk for card in page.rows], page.before, page.after
            place = page.before if backwards else page.after
            if place is None:
                return

    keys = list(in_use.order_by("pk").values_list("pk", flat=True))
    for name, (_label, order) in SORTS.items():
        plain = list(pages(order, None))
        for steps, known in product(((1,), (2,), (1, 2), (2, 100), (100,)), ([], keys[:2], keys[-2:], keys)):
            along = Along(Card.objects.all(), steps, lambda _is_descending, known=known: known)
            assert list(pages(order, along)) == plain, (name, steps, known)
        assert sorted(pk for keys, *_ in plain for pk in keys) == keys


@on_day(DAY)
def test_few_cards_are_counted_once_and_then_taken_by_their_keys(fleet, monkeypatch):
    """Two statements. Beyond what is counted the order is walked along, in two statements and one for what is met.

    Where that does not fill the page, some of the cards, and how far they lie along the order, say how far it reaches.
    """
    monkeypatch.setattr(filters, "WALKED", (2,))
    query = "carrier=cmcc&state=in_use&sort=-iccid"
    expected = sorted(Card.objects.filter(state="in_use", carrier="cmcc"), key=lambda card: card.iccid, reverse=True)

    def statements():
        asked = []

        def note(execute, sql, params, many, context):
            asked.append("cmcc" in params)
            return execute(sql, params, many, context)

        filtered = CardFilter(QueryDict(query), queryset=Card.objects.all())
        assert filtered.is_valid()
        with connection.execute_wrapper(note):
            assert filtered.page(9, Card.objects.only("iccid")).rows == expected
            assert filtered.counted.counts["in_use"] == len(expected) == 3
        return asked

    assert statements() == [True, False]
    monkeypatch.setattr(state_counts, "COUNTED", len(fleet) - 1)  # all of whom are of this carrier
    assert statements() == [True, False, True, True, False, True]
    monkeypatch.setattr(filters, "WALKED", (2, len(fleet)))
    assert statements() == [True, False, True, False, True, False]


# PostgreSQL reads a table of three cards as it likes; how it reads a million, the bench of lists shows.
sqlite_plans = pytest.mark.once


def plan_of(sql, params):
    """How SQLite carries out a statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        return " / ".join(row[3] for row in cursor.fetchall())


@sqlite_plans
@on_day(DAY)
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("hold=credit", "card_first_hold"),
        ("state=unused", "card_state"),
        ("carrier=cmcc", "card_carrier"),
        ("plan=Y1-30", "card_plan"),
        ("certification=individual", "card_individual"),
        ("quick=no_real_name", "card_individual"),
        ("stock=1", "card_customer"),
        ("quick=low", "card_low"),
        ("quick=used_up", "card_used_up"),
        ("quick=forced", "card_forced"),
        ("quick=real_name", "card_real_name"),
        ("quick=parked", "card_parked"),
        ("due=7", "card_due"),
        ("expiring=7", "card_service_until"),
        ("opened_since=2026-03-01&opened_through=2026-03-01", "card_opened"),
        ("activated_since=2026-03-01&activated_through=2026-03-01", "card_activated"),
        ("ends_since=2026-03-01", "card_service_until"),
        ("current_plan=Y1-30", "term_plan"),
        ("q=144", "card_msisdn"),
        ("q=460001", "card_imsi"),
    ],
)
def test_each_choice_is_read_by_its_own_index(query, index):
    filtered = CardFilter(QueryDict(query), queryset=Card.objects.all())
    keys = filtered.qs.order_by(*filtered.natural_order.sorting).values("pk")[:50]
    assert index in plan_of(*keys.query.sql_with_params())


@sqlite_plans
@on_day(DAY)
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("state=unused&sort=expiry", "card_state_until"),
        ("state=unused&sort=-expiry", "card_state_until"),
        ("state=testing&sort=due", "card_state_due"),
        ("state=testing&sort=forced", "card_state_forced"),
        ("state=testing&sort=newest", "card_state"),
    ],
)
def test_each_state_stands_in_order_in_an_index(query, index):
    filtered = CardFilter(QueryDict(query), queryset=Card.objects.all())
    first, *_rest = filtered.order.parts(filtered.qs)
    keys = first.rows.order_by(*filtered.order.sorting).values("pk")[:50]
    plan = plan_of(*keys.query.sql_with_params())
    assert f"{index} " in plan
    assert "TEMP B-TREE" not in plan


@sqlite_plans
@pytest.mark.parametrize(
    ("query", "indexes"),
    [("*157", ("card_iccid_reversed", "card_msisdn_reversed")), ("8674*", ("card_bound_elsewhere", "card_seen_imei"))],
)
def test_what_may_stand_in_two_columns_is_read_by_two_indexes(query, indexes):
    open_card(msisdn="14400000157", binding="fixed", imei="867400000000001")
    found = []

    def note(execute, sql, params, many, context):
        if "UNION" in sql:
            found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        assert len(filter_of(f"q={query}").cards) == 1
    plan = plan_of(*found[0])
    assert [name in plan for name in indexes] == [True, True]
