"""Taking a renewal back: the term that was bought last leaves the queue, as long as it has not started."""

from datetime import date, timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from cards import guards
from cards.actions.ask import Ask
from cards.actions.jobs import control, worker
from cards.actions.selections import freeze
from cards.actions.write import attach_queues
from cards.models import Card, PolicyBook
from tests.build import SHELL, attempt, card_in_use, do, fresh, on_day, open_card

pytestmark = pytest.mark.django_db

DAY = date(2026, 1, 20)


def facts(card):
    """Everything the card is, but for what each record moves."""
    (card,) = attach_queues([fresh(card)])
    return {name: value for name, value in card.facts().items() if name not in ("_state", "version", "changed_on")}


def terms(card):
    return list(card.terms.order_by("number").values_list("number", "plan__code", "starts_on"))


def refusal(card, day=DAY):
    refused = attempt("unrenew", card, day).refused
    return refused and refused.code


def test_a_renewal_that_was_taken_back_leaves_nothing():
    card = card_in_use(plan="M1-100")
    before, next_due = facts(card), card.next_due_on
    card = do("renew", card, DAY, plan="Y1-30")
    assert len(terms(card)) == 2
    card = do("unrenew", card, DAY)
    assert (facts(card), card.next_due_on) == (before, next_due)
    assert terms(card) == [(1, "M1-100", date(2026, 1, 15))]
    event = card.events.latest("seq")
    assert (event.action, event.evidence, event.from_state, event.to_state) == (
        "unrenew",
        {"term": 2},
        "in_use",
        "in_use",
    )
    call_command("verify", stdout=StringIO())


def test_the_last_one_goes_first():
    card = card_in_use(plan="M1-100")
    for plan in ("Y1-30", "M1-100"):
        do("renew", card, DAY, plan=plan)
    do("unrenew", card, DAY)
    assert [number for number, *_ in terms(card)] == [1, 2]
    do("unrenew", card, DAY)
    assert (terms(card), refusal(card)) == ([(1, "M1-100", date(2026, 1, 15))], "nothing_renewed")


@pytest.mark.parametrize(("days", "code"), [(-1, None), (0, "nothing_renewed"), (1, "nothing_renewed")])
def test_until_the_day_on_which_the_term_starts(days, code):
    card = do("renew", card_in_use(plan="M1-100"), DAY, plan="M1-100")
    assert refusal(card, date(2026, 2, 1) + timedelta(days=days)) == code


def test_the_term_that_a_card_was_opened_with_stays():
    card = open_card(plan="M1-100")
    assert refusal(card) == "nothing_renewed"
    do("renew", card, DAY, plan="Y1-30")
    do("unrenew", card, DAY)
    assert (terms(card), refusal(card)) == ([(1, "M1-100", None)], "nothing_renewed")


def test_a_cancelled_card_takes_nothing_back():
    card = do("cancel", do("renew", card_in_use(), DAY, plan="Y1-30"), DAY)
    assert refusal(card) == "cancelled"


@pytest.mark.parametrize(("term", "code"), [(1, "term_started"), (2, "later_term"), (3, None), (4, "later_term")])
def test_who_means_a_certain_term_gets_that_one_or_none(term, code):
    card = card_in_use(plan="M1-100")
    for _ in range(2):
        do("renew", card, DAY, plan="M1-100")
    (card,) = attach_queues([fresh(card)])
    refused = guards.refusal("unrenew", card, Ask(SHELL, DAY, PolicyBook.read(), params={"term": term}))
    assert (refused and refused.code) == code


@on_day(date(2026, 2, 5))
def test_a_bulk_renewal_is_undone_where_it_waits_and_stays_where_it_started():
    waiting, ended = card_in_use(plan="Y1-30"), card_in_use(plan="M1-100")
    user = User.objects.create_superuser("admin")
    job = control.draft(freeze(Card.objects.all(), owner=user, asked={}), "renew", user=user)
    done = worker.work_off(control.start(job, user=user, params={"plan": "M1-100"}))
    assert [fresh(card).state for card in (waiting, ended)] == ["in_use", "in_use"]
    undone = worker.work_off(control.start(control.undo(done, user=user), user=user))
    outcomes = {pk: written and written[0] for pk, _seq, written in control.outcomes(undone)}
    assert outcomes == {waiting.pk: None, ended.pk: "term_started"}
    assert ([number for number, *_ in terms(waiting)], fresh(ended).term_number) == ([1], 2)
