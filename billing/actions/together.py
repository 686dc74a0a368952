"""Orders that were drafted together, one for each customer: the same step is taken on each of them by itself."""

from collections.abc import Callable
from dataclasses import dataclass

from billing.actions import orders
from billing.errors import MoneyRefused
from billing.models import Order
from billing.permissions import may_pay, may_place, may_withdraw


@dataclass(frozen=True)
class StepAnswer:
    """What became of an order by a step: the `order` before it, the order `now` (None: nothing is left of the draft),
    and why the step was refused, or the last part of it."""

    order: Order
    now: Order | None
    refused: MoneyRefused | None = None

    @property
    def is_as_before(self) -> bool:
        """Whether there was nothing left to do."""
        before, now = self.order, self.now
        return now is not None and (now.state, now.is_being_placed) == (before.state, before.is_being_placed)


@dataclass(frozen=True)
class TogetherStep:
    """A step: how it is taken, and who may take it."""

    take: Callable
    may: Callable


def take_together(step, found, *, user, shown):
    """Take a step (`TOGETHER_STEPS`) on each of these orders; an answer for each. What is refused stops no other.

    `shown` is what `user` saw of the drafts, by their keys. Large orders are placed and served in the background, and
    so are those that come after as many cards as can be waited for. Taken twice, it is taken once.
    """
    answers, at_once = [], orders.ORDERED_AT_ONCE
    for order in found:
        refused = None
        try:
            TOGETHER_STEPS[step].take(order, user, shown.get(order.pk), at_once)
        except MoneyRefused as error:
            refused = error
        except Order.DoesNotExist:  # somebody discarded the draft at this very moment
            pass
        now = Order.objects.select_related("customer", "job").filter(pk=order.pk).first()
        answers.append(StepAnswer(order, now, refused))
        at_once = max(at_once - order.job.total, 0)
    return answers


def _place(order, user, shown, at_once):
    _place_what_was_shown(order, user, shown, at_once, pays=False)


def _place_and_pay(order, user, shown, at_once):
    if order.is_draft or shown:
        _place_what_was_shown(order, user, shown, at_once, pays=True)
    else:
        _pay(order, user, shown, at_once)


def _place_what_was_shown(order, user, shown, at_once, pays):
    """Place a draft; whatever was shown to be placed, or is being placed, stays as it is."""
    if order.is_draft and not order.is_being_placed and not shown:
        raise MoneyRefused("not_ready")
    if shown and not order.is_being_placed:
        orders.place_as_shown(order, user=user, shown=shown, pays=pays, at_once=at_once)


def _pay(order, user, shown, at_once):
    (orders.pay_and_fulfil if order.size <= at_once else orders.pay)(order, user=user)


def _discard(order, user, shown, at_once):
    orders.withdraw(order, user=user)


def _may_place_and_pay(user, order):
    return may_place(user, order) and _may_pay(user, order)


def _may_pay(user, order):
    return may_pay(user, order.customer_id)


TOGETHER_STEPS = {
    "place-and-pay": TogetherStep(_place_and_pay, _may_place_and_pay),
    "place": TogetherStep(_place, may_place),
    "pay": TogetherStep(_pay, _may_pay),
    "discard": TogetherStep(_discard, may_withdraw),
}
