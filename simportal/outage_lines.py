"""Which lines an outage writes: while something is away each process says so once a minute, and not at each try.

The same of a mistake that comes back outside of pages: a bell makes it again every two seconds.
"""

import copy
import logging
import traceback
from dataclasses import dataclass

from kombu.exceptions import OperationalError as BrokerError
from redis import RedisError

from cards.faults import Fault, causes, fault_of
from cards.log_context import log_facts

A_LINE_EVERY = 60  # seconds
BROKER = "broker"
OUTAGES = (Fault.AWAY, Fault.FULL, Fault.DISK)
# Of Celery, those who say at each try that the broker cannot be reached.
SPEAKS_OF_THE_BROKER = ("celery.beat", "celery.worker.consumer", "kombu")
OUR_ROOMS = ("simportal.", "cards.", "billing.")


@dataclass
class Repeated:
    """Lines that say the same: when the last was written, when the last came, and how many were left out since."""

    written_at: float
    seen_at: float
    left_out: int = 0


class OutageLines:
    """One line a minute for each kind of outage, and for each mistake; the next one says how many were left out."""

    def __init__(self):
        self.kinds = {}

    def admitted(self, record, now):
        """What is to be written when this record comes: the record, or instead of it a line, or nothing.

        Before it, what was left out of what is over. `now` is in seconds, of a clock that nobody sets.
        """
        name = _name_of(record)
        lines = [_of_what_was_left_out(*ended) for ended in self._ended(name, now)]
        if name is None:
            return [*lines, record]
        kind = self.kinds.get(name)
        if kind and now - kind.written_at < A_LINE_EVERY:
            kind.left_out, kind.seen_at = kind.left_out + 1, now
            return lines
        self.kinds[name] = Repeated(written_at=now, seen_at=now)
        return [*lines, _as_one_line(record, kind.left_out if kind else 0)]

    def _ended(self, going_on, now):
        """The others, of which nothing came for a minute; they are forgotten."""
        silent = [name for name, kind in self.kinds.items() if now - kind.seen_at >= A_LINE_EVERY]
        ended = [name for name in silent if name != going_on]
        kinds = [(name, self.kinds.pop(name)) for name in ended]
        return [(name, kind) for name, kind in kinds if kind.left_out]


def _name_of(record):
    """What the record's line has in common with others of which one a minute is enough; None where each counts."""
    if outage := outage_of(record):
        return f"an outage: {outage}"
    if record.levelno >= logging.ERROR and record.exc_info and (mistake := mistake_behind(record.exc_info[1])):
        return f"a mistake: {mistake}"
    return None


def outage_of(record):
    """The outage that a record tells of, by a name; None where it is about something else."""
    if record.levelno < logging.WARNING:
        return None
    if told := getattr(record, "outage", None):
        return str(told) if told in (*OUTAGES, BROKER) else None
    if record.name.startswith(SPEAKS_OF_THE_BROKER):
        return BROKER
    return outage_behind(record.exc_info[1]) if record.exc_info else None


def outage_behind(error):
    """The outage that an error came of; None where it is a mistake, or passes sooner."""
    if any(isinstance(cause, BrokerError | RedisError) for cause in causes(error)):
        return BROKER
    fault = fault_of(error)
    return str(fault) if fault in OUTAGES else None


def mistake_behind(error):
    """A mistake by its task, its kind and where in our code it came up; None in a page, whose number people quote."""
    facts = log_facts()
    if error is None or error.__traceback__ is None or "request" in facts:
        return None
    places = [(frame.f_globals.get("__name__", ""), line) for frame, line in traceback.walk_tb(error.__traceback__)]
    ours = [place for place in places if place[0].startswith(OUR_ROOMS)]
    module, line = (ours or places)[-1]
    return f"{facts.get('task', 'no task')}, {type(error).__name__}, {module}:{line}"


def _as_one_line(record, left_out):
    """Of an outage without the traceback, which is that of whoever asked first: what is away says the message."""
    line = copy.copy(record)
    if outage_of(record):
        said = [record.getMessage(), *([str(record.exc_info[1])] if record.exc_info else [])]
        line.msg = ": ".join(text.partition("\n")[0] for text in said)
        line.exc_info = line.exc_text = line.stack_info = None
    else:
        line.msg = record.getMessage()
    line.args = ()
    if left_out:
        line.msg += f" ({left_out} more lines left out)"
        line.left_out = left_out
    return line


def _of_what_was_left_out(name, kind):
    record = logging.makeLogRecord({"name": __name__, "levelno": logging.WARNING, "levelname": "WARNING"})
    record.msg, record.left_out = f"{kind.left_out} more lines left out of {name}", kind.left_out
    record.is_apart = True  # it has nothing to do with what is going on now
    return record
