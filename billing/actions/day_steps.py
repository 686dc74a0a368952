"""What money does for each civil day once its sweep is through; `simportal/days.py` carries the days on with it.

A step is asked with the day, within `for_day`, and with when to give up, by `time.monotonic()`. It answers whether
nothing of it is left, raises what failed, and asked again it does what is left.
"""

import time

from django.utils import timezone

from billing.actions import auto_renew, notices, orders
from billing.actions.kinds import work_off_order
from billing.actions.looks import looking
from billing.models import Order
from cards.calendar import end_of
from cards.choices import DayStep


class RenewalsLeft(Exception):
    """Some customers' automatic renewals of a day have failed; each is in the log."""


def expire_orders(day, give_up_at):
    """Expire what nobody paid by the end of the day, and forget drafts that nobody placed."""
    orders.expire_unpaid(min(timezone.now(), end_of(day)))
    return True


def renew(day, give_up_at):
    """Draft, pay and serve the automatic renewals of the day; switches of cards that are gone are forgotten first."""
    auto_renew.forget_what_was_said()
    with looking(DayStep.RENEWALS, day) as look:
        auto_renew.begin_runs(day, look)
    while True:
        failed = auto_renew.carry_runs_on(day, give_up_at - time.monotonic())
        at_work = [order.job for order in Order.objects.renewing(day).select_related("job")]
        if not at_work:
            break
        for job in at_work:
            if work_off_order(job, give_up_at - time.monotonic()).is_at_work:
                return False
    is_left = auto_renew.runs_left(day)
    if is_left and failed:
        raise RenewalsLeft(day) from failed
    return not is_left


def tell(day, give_up_at):
    """Write down what customers are to be told as of the day."""
    with looking(DayStep.NOTICES, day) as look:
        notices.gather(day, look)
    return True


DAY_STEPS = {DayStep.EXPIRY: expire_orders, DayStep.RENEWALS: renew, DayStep.NOTICES: tell}
