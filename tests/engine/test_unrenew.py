"""Taking a renewal back: the term that was bought last leaves the queue, as long as it has not started."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cards import rules
from cards.actions.action_requests import act
from cards.actions.jobs import control, worker
from cards.actions.selections import freeze_ids
from cards.actions.write import attach_queues
from cards.errors import BadInput
from cards.models import CardEvent, PolicyBook, ServiceTerm
from cards.permissions import Actor
from cards.proof import Proof
from tests.build import SHELL, attempt, card_in_use, do, fresh, on_day, open_card, staff, story, swept
from tests.engine.test_forecast import cards, live, lives, rolled_back

pytestmark = pytest.mark.django_db

DAY = date(2026, 1, 20)
MOVED_BY_EACH_RECORD = ("_state", "version", "changed_on")


def with_queue(card):
    return attach_queues([fresh(card)])[0]


def facts(card):
    """Everything the card is, its queue included, but for what each record moves."""
    return {name: value for name, value in with_queue(card).facts().items() if name not in MOVED_BY_EACH_RECORD}


def terms(card):
    return list(ServiceTerm.objects.filter(card=card).order_by("number").values_list("number", "plan__code"))


def renewed(card, *plans):
    for plan in plans:
        card = do("renew", card, DAY, plan=plan)
    return card


def unrenew(card, day=DAY, term=""):
    """Take back the last term, or the one of that number; the code of the refusal, or None."""
    refused = attempt("unrenew", card, day, term=term).refused
    return refused and refused.code


def sound():
    return list(Proof().problems()) == []


def test_a_renewal_that_was_taken_back_leaves_nothing_but_its_records():
    card = card_in_use(plan="M1-100")
    before = facts(card)
    renewed(card, "Y1-30")
    assert terms(card) == [(1, "M1-100"), (2, "Y1-30")]
    do("unrenew", card, DAY)
    assert (facts(card), terms(card), sound()) == (before, [(1, "M1-100")], True)
    records = CardEvent.objects.filter(card=card).order_by("seq").values_list("seq", "action", "to_state", "evidence")
    assert list(records)[2:] == [
        (3, "grant", "in_use", {"plan": "Y1-30", "term": 2}),
        (4, "unrenew", "in_use", {"plan": "Y1-30", "term": 2}),
    ]


def test_without_the_term_the_card_ends_when_it_would_have_ended():
    card = renewed(card_in_use(plan="M1-100"), "M1-100")
    end = date(2026, 3, 1)
    assert [made.action for made in rules.forecast(with_queue(card), end, PolicyBook.read())] == [
        "start_term",
        "expire",
    ]
    do("unrenew", card, DAY)
    assert [made.action for made in rules.forecast(with_queue(card), end, PolicyBook.read())] == ["expire"]
    swept(card, end)
    assert story(card)[-2:] == [
        ("unrenew", "", "in_use", DAY),
        ("expire", "expire", "shut_down", date(2026, 2, 1)),
    ]
    assert sound()


def test_the_one_bought_last_goes_first_and_its_number_is_given_again():
    card = renewed(card_in_use(plan="M1-100"), "Y1-30", "Y1-1024")
    assert (unrenew(card), terms(card)) == (None, [(1, "M1-100"), (2, "Y1-30")])
    renewed(card, "M1-100")
    assert terms(card) == [(1, "M1-100"), (2, "Y1-30"), (3, "M1-100")]
    assert [unrenew(card) for _ in range(3)] == [None, None, "nothing_renewed"]
    assert (terms(card), sound()) == ([(1, "M1-100")], True)


@pytest.mark.parametrize(
    ("term", "code"),
    [("", None), (1, "term_started"), (2, "later_term"), ("3", None), (4, "nothing_renewed")],
)
def test_who_means_a_certain_term_gets_that_one_or_none(term, code):
    card = renewed(card_in_use(plan="M1-100"), "Y1-30", "Y1-1024")
    before = story(card), facts(card), terms(card)
    assert unrenew(card, term=term) == code
    assert ((story(card), facts(card), terms(card)) == before) == (code is not None)
    assert sound()


@pytest.mark.parametrize("term", ["0", "-1", "1.5", "two", "２", "32768", "9" * 5_000])
def test_what_is_no_number_of_a_term_takes_nothing_back(term):
    card = renewed(card_in_use(plan="M1-100"), "Y1-30")
    with pytest.raises(BadInput) as bad:
        unrenew(card, term=term)
    assert bad.value.field == "term"
    assert terms(card) == [(1, "M1-100"), (2, "Y1-30")]


@pytest.mark.parametrize(
    ("days", "last", "second", "records"),
    [
        (-1, None, None, ["unrenew"]),
        (0, "nothing_renewed", "term_started", ["start_term"]),
        (1, "nothing_renewed", "term_started", ["start_term"]),
    ],
)
def test_on_the_day_on_which_the_term_starts_it_is_too_late(days, last, second, records):
    """What is due is done first, though nobody swept: the term starts, and stays."""
    day = date(2026, 2, 1) + timedelta(days=days)
    pair = [renewed(card_in_use(plan="M1-100"), "M1-100") for _ in range(2)]
    assert [unrenew(pair[0], day), unrenew(pair[1], day, term=2)] == [last, second]
    for card in pair:
        assert [action for action, *_ in story(card)] == ["open", "activate", "grant", *records]
    assert sound()


def test_the_term_that_a_card_was_opened_with_stays():
    card = open_card(plan="M1-100")
    assert [unrenew(card, term=term) for term in ("", 1)] == ["nothing_renewed"] * 2
    renewed(card, "Y1-30")
    assert unrenew(card, term=1) == "later_term"
    assert [unrenew(card), unrenew(card)] == [None, "nothing_renewed"]
    assert (terms(card), sound()) == ([(1, "M1-100")], True)


def test_a_stopped_card_gives_its_renewal_back_and_stays_stopped():
    card = do("suspend", renewed(card_in_use(plan="M1-100"), "Y1-30"), DAY)
    card = do("unrenew", card, DAY)
    assert (card.shown, terms(card), sound()) == ("voluntary", [(1, "M1-100")], True)


def test_a_card_that_is_over_has_nothing_to_give_back():
    cancelled = do("cancel", renewed(card_in_use(), "Y1-30"), DAY)
    shut_down = swept(card_in_use(plan="M1-100"), date(2026, 2, 1))
    assert [unrenew(cancelled), unrenew(shut_down)] == ["cancelled", "nothing_renewed"]
    assert terms(cancelled) == [(1, "Y1-30"), (2, "Y1-30")]


def test_only_who_may_takes_back():
    card = renewed(card_in_use(), "Y1-30")
    actor_of = {"seller": ("renew",), "operator": ("renew", "unrenew")}
    seller, operator = (Actor.of(staff(*may, username=name)) for name, may in actor_of.items())
    assert attempt("unrenew", card, DAY, actor=seller).refused.code == "not_permitted"
    assert attempt("unrenew", card, DAY, actor=operator).refused is None


def test_the_terms_of_many_cards_go_in_one_statement(django_assert_max_num_queries):
    """Whatever their numbers: the last term of one card is the second, of another the fourth."""
    fleet = [renewed(card_in_use(plan="M1-100"), *["Y1-30"] * count) for count in (1, 2, 3)]
    other = renewed(card_in_use(plan="M1-100"), "Y1-30", "Y1-30", "Y1-30")
    ids = [card.pk for card in fleet]
    with django_assert_max_num_queries(8) as one_statement_for_each_table:
        act("unrenew", ids, actor=SHELL, on=DAY)
    deleted = [query for query in one_statement_for_each_table.captured_queries if "DELETE" in query["sql"]]
    assert (len(deleted), [len(terms(card)) for card in (*fleet, other)], sound()) == (1, [1, 2, 3, 4], True)


@given(cards, lives, st.sampled_from(["M1-100", "Y1-30", "Y1-1024"]))
@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@rolled_back()
def test_whatever_a_card_has_lived_through_a_renewal_taken_back_leaves_it_as_it_was(opened_with, life, plan):
    test, device = opened_with.pop("test"), opened_with.pop("device")
    card = open_card(**opened_with, **test, **device)
    day = live(card, life)
    if swept(card, day).is_final:
        return
    do("renew", card, day, plan=plan)  # whatever is done to a card moves its meter to that day
    before = facts(card), terms(card)
    do("renew", card, day, plan=plan)
    do("unrenew", card, day)
    assert ((facts(card), terms(card)), sound()) == (before, True)


@on_day(date(2026, 2, 5))
def test_a_bulk_renewal_is_undone_where_it_waits_and_stays_where_it_started():
    waiting, again = (card_in_use(since=date(2026, 2, 5)) for _ in range(2))
    ended = card_in_use(plan="M1-100")
    fleet, user = (waiting, ended, again), staff("renew", "grant", "unrenew")
    before = facts(waiting), terms(waiting)
    selection = freeze_ids([card.pk for card in fleet], owner=user, asked={"from": "page"})
    job = control.start(control.draft(selection, "renew", user=user), user=user, params={"plan": "M1-100"})
    done = worker.work_off(job)
    assert [fresh(card).state for card in fleet] == ["in_use"] * 3
    do("renew", again, date(2026, 2, 5), plan="Y1-1024")
    undone = worker.work_off(control.start(control.undo(done, user=user), user=user))
    outcomes = {pk: written and written[0] for pk, _seq, written in control.outcomes(undone)}
    assert outcomes == {waiting.pk: None, ended.pk: "term_started", again.pk: "changed_meanwhile"}
    assert [terms(card) for card in fleet] == [
        [(1, "Y1-30")],
        [(1, "M1-100"), (2, "M1-100")],
        [(1, "Y1-30"), (2, "M1-100"), (3, "Y1-1024")],
    ]
    last = waiting.events.latest("seq")
    evidence = {"plan": "M1-100", "term": 2, "undoes": last.seq - 1}
    assert (last.action, last.evidence, last.job) == ("unrenew", evidence, undone)
    assert (facts(waiting), terms(waiting), sound()) == (*before, True)
