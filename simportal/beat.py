"""Beat: rings every bell at its interval, by a clock that nobody sets, and never before its last ring was heard."""

import logging
import time

from celery.beat import Scheduler, SchedulingError
from kombu.exceptions import OperationalError
from redis import RedisError

from simportal.outage_lines import BROKER

logger = logging.getLogger(__name__)


class Bells(Scheduler):
    """Rings all bells when it starts: whoever was away longer than an interval would else wait for one more.

    Each bell has a queue of its own, and what lies in it was not heard yet. So nothing piles up while no worker is
    there, whoever comes hears each bell once and at once, and a broker that has lost everything is rung anew.
    """

    clock = staticmethod(time.monotonic)

    def __init__(self, *args, **kwargs):
        self.next_at = {}  # by name, on that clock
        super().__init__(*args, **kwargs)

    def tick(self):
        """Ring what is due; in how many seconds the next one is."""
        for name, entry in self.schedule.items():
            if self.next_at.setdefault(name, self.clock()) <= self.clock():
                self.next_at[name] = self.clock() + entry.schedule.seconds
                self.ring(entry)
        return max(0, min(self.next_at.values()) - self.clock())

    def ring(self, entry):
        """A broker that is away is one line in the log, and looked for at the next ring."""
        try:
            self.producer  # noqa: B018 - connects, and says so while it cannot
            if not self._unheard(entry):
                self.apply_async(entry, producer=self.producer, advance=False)
        except (SchedulingError, OperationalError, RedisError, OSError) as error:
            logger.error("The bell of %s could not be rung: %s", entry.task, error, extra={"outage": BROKER})
            self.close()

    def _unheard(self, entry):
        return self.connection.default_channel.queue_declare(entry.options["queue"]).message_count
