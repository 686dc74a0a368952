"""The civil days, carried on together: of each day the sweep, then what money does, and only then the next day.

So a portal that was down for weeks ends as one that never was. Today is not over: its steps are done again at each
ring, and once more, for the last time, when it is over; from then on their rows (`StepOfDay`) keep them from being done
again. One worker at a time carries the days on, under a lease (`DaysAtWork`).
"""

import logging
import math
import time
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from django.db.models import Q
from django.utils import timezone

from billing.actions.day_steps import DAY_STEPS
from cards import leases
from cards.actions.jobs.worker import name_of_worker
from cards.actions.sweep import Report, is_swept, last_swept_day, sweep_day, sweep_until, unswept_days
from cards.calendar import civil_today, days, for_day
from cards.faults import fault_of
from cards.log_context import logged_with
from cards.models import DaysAtWork, StepOfDay
from cards.models.sweep import FAILS_FROM_TRIES, MOST_DAYS_UNASKED

logger = logging.getLogger(__name__)

DAYS_LEASE = timedelta(minutes=1)  # and the next ring: what a killed worker was at goes on within two minutes
# Of a step of a day that is over, after a mistake or a fault; then the next days go on without it.
MOST_TRIES, MOST_TRIES_OF_FAULTS = 5, 60
LOOKS_AGAIN_AFTER = 0.5  # seconds, for somebody who waits


def carry_on(today, seconds):
    """A stretch, of about so many `seconds`, of what is left of the days up to today.

    Nothing while another worker is at it, nor where so many days are left that somebody has to look at the clock first.
    A day that the brake holds holds all its steps and the days after it.
    """
    give_up_at = time.monotonic() + seconds
    with _at_work(today) as worker:
        if worker and worker.at_work.is_held(today):
            logger.error("More than %s days are left. If the clock is right, run: manage.py sweep", MOST_DAYS_UNASKED)
        elif worker:
            worker.carry_on(today, partial(sweep_until, give_up_at=give_up_at), give_up_at)


def carry_through(through, progress=None):
    """All that is left of the days up to `through`, for somebody who waits for it: no brake holds it.

    The report of the sweep. `progress`, if given, is called with each day and the number of cards done, chunk by chunk.
    """
    report = Report()

    def sweep(day):
        report.days.append(day)
        for outcomes in sweep_day(day):
            report.add(outcomes)
            worker.keep()
            if progress:
                progress(day, sum(len(outcome.keys) for outcome in outcomes))
        return True

    with _at_work(civil_today(), waits=True) as worker:
        while not worker.carry_on(through, sweep, math.inf):
            time.sleep(LOOKS_AGAIN_AFTER)
    return report


def are_made_up(today):
    """Whether no day before today has anything left to be done."""
    at_work = DaysAtWork.objects.first()
    return at_work is not None and at_work.first_open_day >= today


@contextmanager
def _at_work(today, waits=False):
    """A `DaysWorker` that is at work alone; None while another one is, unless it `waits` for that one."""
    DaysAtWork.objects.get_or_create(pk=1, defaults={"first_day": _first_day(today)})
    worker = name_of_worker()
    while not (mine := _acquired(worker)) and waits:
        time.sleep(LOOKS_AGAIN_AFTER)
    try:
        yield mine and DaysWorker(mine)
    except leases.Lost:
        logger.warning("Another worker carries the days on: this one was away for too long")
    finally:
        DaysAtWork.objects.filter(worker=worker).update(worker="", leased_until=None, tries=0)


def _acquired(worker):
    now = timezone.now()
    free = DaysAtWork.objects.filter(Q(leased_until=None) | Q(leased_until__lt=now))
    return leases.acquire(free, worker=worker, leased_until=now + DAYS_LEASE)


def _first_day(today):
    """A portal that has swept takes up the last day that it has swept; a new one renews and tells from today on."""
    return last_swept_day() or today


class DaysWorker:
    """One worker's turn at carrying the days on."""

    def __init__(self, at_work):
        self.at_work, self.today = at_work, civil_today()

    def keep(self):
        """Stay at it for a while longer; `Lost` if another worker has taken over."""
        mine = DaysAtWork.objects.filter(worker=self.at_work.worker)
        leases.extend(mine, leased_until=timezone.now() + DAYS_LEASE)

    def carry_on(self, through, sweep, give_up_at):
        """Do day after day what is left of it; whether nothing is left. `sweep(day)` says whether the day is swept."""
        for day in self._days_left(through):
            self.keep()
            if not (is_swept(day) or sweep(day)) or not self._take_steps(day, give_up_at):
                return False
            if time.monotonic() > give_up_at:
                return day == through
        return True

    def _days_left(self, through):
        first = min([self.at_work.first_open_day, *unswept_days(through)[:1]])
        return days(first, through)

    def _take_steps(self, day, give_up_at):
        """The steps of a day that is swept. Days before the first were only swept: nobody was promised anything."""
        if day < self.at_work.first_day:
            return True
        return all(self._take_step(day, step, give_up_at) for step in StepOfDay.left(day))

    def _take_step(self, day, step, give_up_at):
        """Whether the step is behind us: done, or failed too often to hold up what comes after it any longer."""
        self.keep()
        try:
            with for_day(day), logged_with(day=day):
                is_done = DAY_STEPS[step](day, give_up_at)
        except Exception as error:
            logger.exception("The step %s of %s failed", step.value, day, extra={"day": day})
            return self._has_failed(day, step, error)
        if is_done and day < self.today:
            StepOfDay.objects.update_or_create(day=day, step=step, defaults={"finished_at": timezone.now()})
            logger.info("The step %s of %s is done", step.value, day, extra={"day": day})
        elif is_done:
            StepOfDay.objects.filter(day=day, step=step).delete()  # that it failed before
        return is_done

    def _has_failed(self, day, step, error):
        """Count it; whether what comes after it goes on. Today's is tried again at the next ring and never given up."""
        row, _is_new = StepOfDay.objects.get_or_create(day=day, step=step)
        if day >= self.today:
            row.tries = min(row.tries + 1, FAILS_FROM_TRIES)
            row.save()
            return True
        row.tries += 1
        if row.tries >= (MOST_TRIES_OF_FAULTS if fault_of(error) else MOST_TRIES):
            row.gave_up, row.finished_at = True, timezone.now()
        row.save()
        return row.gave_up
