"""Case C18: a card whose renewal is ordered or queued is renewed, and nobody is led to pay for it twice."""

from datetime import date, timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import translation

from billing import proof
from billing.actions import orders
from billing.actions.auto_renew import cards_to_renew
from billing.actions.shown import shown_by_check
from billing.choices import OrderState
from billing.errors import MoneyRefused
from billing.models import Order
from cards.actions.ordered_terms import attach_ordered
from cards.actions.write import attach_queues
from cards.calendar import this_moment
from cards.management.documents import documents
from cards.management.portraits import portrait
from cards.models import Card, OrderedTerm
from tests.billing import build as b
from tests.build import card_in_use, do, fresh, on_day, open_card, swept, unguarded

pytestmark = pytest.mark.django_db

# A card in use since then with M1-100 has service until 2026-04-01.
SINCE, END = date(2026, 3, 2), date(2026, 4, 1)


@pytest.fixture(autouse=True)
def _priced():
    b.price("M1-100", "5.00")
    b.fund("100")
    with on_day(SINCE):
        yield


@pytest.fixture
def user():
    return b.financier()


def monthly(name="Acme", **columns):
    return card_in_use(SINCE, plan="M1-100", customer=name, **columns)


def order(user, *cards, also_renewed=False):
    return b.drafted(cards=cards, user=user, plan="M1-100", also_renewed=also_renewed)


def checked(draft):
    """(how many can, how many cannot by reason) of a draft."""
    (chunk,) = draft.job.chunks.all()
    reasons = {group: count for group, (count, _written, _cards) in chunk.check_result["reasons"].items()}
    return chunk.check_result["counts"]["can"], reasons


def refusal(do, *args, **kwargs):
    with pytest.raises(MoneyRefused) as refused:
        do(*args, **kwargs)
    return refused.value


def test_the_second_order_of_the_same_renewal_says_which_is_the_first(user):
    card = monthly()
    first = orders.place(order(user, card), user=user)
    second = order(user, card)
    assert checked(second) == (0, {f"ordered_already:{first.number}": 1})
    orders.pay(first, user=user)
    orders.check_again(second)
    assert checked(second) == (0, {f"paid_already:{first.number}": 1})
    orders.fulfil_if_small(b.fresh(first))
    orders.check_again(second)
    assert checked(second) == (0, {"renewed_already": 1})
    assert (b.balance(), card.terms.count(), OrderedTerm.objects.count()) == (95, 2, 0)


def test_who_wants_one_more_term_says_so(user):
    card, other = monthly(), monthly()
    first = orders.place(order(user, card), user=user)
    both = order(user, card, other)
    assert checked(both) == (1, {f"ordered_already:{first.number}": 1})
    orders.include_renewed(both, True, user=user)
    assert checked(both) == (2, {})
    assert both.job.chunks.get().check_result["effects"] == {"queues": 1, "queues_again": 1}
    for each in (first, both):
        orders.pay_and_fulfil(orders.place(each, user=user), user=user)
    assert (b.balance(), card.terms.count(), other.terms.count()) == (85, 3, 2)
    assert list(proof.problems()) == []


def test_of_two_drafts_that_are_both_placed_the_second_is_refused_and_names_the_first(user):
    card = monthly()
    first, second = order(user, card), order(user, card)
    orders.place(first, user=user)
    refused = refusal(orders.place, second, user=user, shown=shown_by_check(second.job))
    assert (refused.code, refused.facts) == ("ordered_already", {"order": first.number, "day": "2026-03-02"})
    with translation.override("en"):
        assert refused.sentence == f"Order {first.number} of 2026-03-02, not paid yet, renews this card."
    assert (b.fresh(second).state, checked(second)) == ("draft", (0, {f"ordered_already:{first.number}": 1}))


def test_of_several_cards_those_that_were_renewed_meanwhile_are_left_out_after_another_look(user):
    quicker, card = monthly(), monthly()
    draft = order(user, quicker, card)
    do("renew", quicker, SINCE, plan="M1-100")
    refused = refusal(orders.place, draft, user=user, shown=shown_by_check(draft.job))
    assert (refused.code, refused.facts) == ("renewed_meanwhile", {"count": 1})
    assert checked(draft) == (1, {"renewed_already": 1})
    placed = orders.place(draft, user=user, shown=shown_by_check(draft.job))
    assert [line[0] for line in b.lines(placed)] == [card.iccid]


def test_who_has_shown_no_total_leaves_out_what_was_renewed_meanwhile(user):
    quicker, card = monthly(), monthly()
    draft = order(user, quicker, card)
    do("renew", quicker, SINCE, plan="M1-100")
    placed = orders.place(draft, user=user)
    assert (placed.total, [line[0] for line in b.lines(placed)]) == (5, [card.iccid])


def test_a_term_is_on_order_from_placing_until_it_is_queued_or_will_never_come(user):
    def on_order():
        return list(
            OrderedTerm.objects.values_list("order_number", "is_paid", "plan__code", "months", "customer__name")
        )

    card = monthly()
    first = order(user, card)
    assert on_order() == []
    first = orders.place(first, user=user)
    assert on_order() == [(first.number, False, "M1-100", 1, "Acme")]
    orders.withdraw(first, user=user)
    assert on_order() == []
    expiring = orders.place(order(user, card), user=user)
    orders.expire_unpaid(this_moment() + timedelta(days=30))
    assert (b.fresh(expiring).state, on_order()) == (OrderState.EXPIRED, [])
    paid = orders.pay(orders.place(order(user, card), user=user), user=user)
    assert on_order() == [(paid.number, True, "M1-100", 1, "Acme")]
    do("cancel", card, SINCE)  # so that its line goes back
    orders.fulfil_if_small(paid)
    assert (b.fresh(paid).state, on_order()) == (OrderState.REFUNDED, [])


def test_what_one_customer_ordered_renews_nothing_for_the_next(user):
    card, _next = monthly(), b.customer("Other")
    orders.place(order(user, card), user=user)
    assert Card.objects.renewed().count() == 1
    do("assign", card, SINCE, customer="Other")
    assert Card.objects.renewed().count() == 0
    do("assign", card, SINCE, customer="Acme")
    assert Card.objects.renewed().count() == 1


def test_both_ways_to_ask_whether_a_card_is_renewed_say_the_same(user):
    """One rule in two languages, over every place in a card's life."""
    b.customer("Other")
    unused, opened_longer = open_card(plan="M1-100", customer="Acme"), open_card(plan="M1-100", customer="Acme")
    running, queued, ordered, paid, anothers, ended, back = (monthly() for _ in range(7))
    do("renew", opened_longer, SINCE, plan="M1-100")
    do("renew", queued, SINCE, plan="M1-100")
    orders.place(order(user, ordered, anothers), user=user)
    orders.pay(orders.place(order(user, paid), user=user), user=user)
    do("assign", anothers, SINCE, customer="Other")
    swept(ended, END)
    with on_day(END):
        orders.place(order(user, back), user=user)
    renewed = {opened_longer, ordered, paid, back}
    assert set(Card.objects.renewed()) == set(Card.objects.with_next_terms()) == renewed
    in_memory = attach_ordered(attach_queues(list(Card.objects.all())))
    assert {card for card in in_memory if card.is_renewed} == renewed
    assert {running, queued, ended, unused, anothers}.isdisjoint(renewed)  # the queued term has started by now


@pytest.mark.parametrize("day", [END - timedelta(days=1), END, END + timedelta(days=1)])
def test_every_figure_asks_the_one_rule(user, day):
    """On the last day of service, the first without, and the day after: a renewed card is in none of them."""
    card, renewed = monthly(), monthly()
    with on_day(END - timedelta(days=1)):
        orders.place(order(user, renewed), user=user)
    swept(card, day)
    found = {
        "ending": Card.objects.ending(day, 30),
        "ended": Card.objects.ended(),
        "cancelling": Card.objects.cancelling(day, 100),
    }
    is_over = day >= END
    assert {name: list(cards) for name, cards in found.items()} == {
        "ending": [] if is_over else [fresh(card)],
        "ended": [fresh(card)] if is_over else [],
        "cancelling": [fresh(card)] if is_over else [],
    }


def test_the_command_line_says_what_is_on_its_way(user):
    card = monthly()
    placed = orders.place(order(user, card), user=user)
    with translation.override("en"):
        ((read, document),) = documents([card.pk])
        lines = portrait(read, document).splitlines()
    said = f"Order {placed.number} of 2026-03-02, not paid yet, renews this card."
    assert f"{said} The next term is to start on 2026-04-01." in lines
    (expire, *_later) = document["forecast"]
    assert (expire["on"], expire["action"]) == (END, "expire")  # as long as nobody has paid


def test_the_proof_finds_what_is_on_order_without_a_line_and_a_line_that_is_not_on_order(user):
    card = monthly()
    placed = orders.place(order(user, card), user=user)
    assert list(proof.problems()) == []
    OrderedTerm.objects.update(months=2)
    assert {(p.code, p.iccid) for p in proof.problems()} == {
        ("ordered_term_without_line", card.iccid),
        ("line_without_ordered_term", card.iccid),
    }
    OrderedTerm.objects.all().delete()
    assert [(p.code, p.iccid) for p in proof.problems()] == [("line_without_ordered_term", card.iccid)]
    unguarded("billing_order")
    Order.objects.filter(pk=placed.pk).update(kind="pack")
    assert list(proof.problems()) == []


def test_an_automatic_renewal_leaves_what_is_ordered_by_hand_and_is_named_itself(user):
    card = monthly()
    placed = orders.place(order(user, card), user=user)
    assert not cards_to_renew(END - timedelta(days=7)).exists()
    orders.withdraw(placed, user=user)
    by_rule = orders.pay(orders.place(order(None, card), user=None), user=None)
    assert checked(order(user, card)) == (0, {f"paid_already:{by_rule.number}": 1})


def test_orders_that_stood_when_the_portal_was_updated_are_on_their_way(user):
    _placed, paid = (orders.place(order(user, monthly()), user=user) for _ in range(2))
    orders.pay(paid, user=user)
    b.paid(cards=[monthly()], user=user, plan="M1-100")
    facts = list(OrderedTerm.objects.values_list("card", "order_number", "is_paid", "customer__name"))
    OrderedTerm.objects.all().delete()
    import_module("billing.migrations.0011_terms_on_order").order_terms(apps, None)
    assert list(OrderedTerm.objects.values_list("card", "order_number", "is_paid", "customer__name")) == facts
    assert (len(facts), list(proof.problems())) == (2, [])
