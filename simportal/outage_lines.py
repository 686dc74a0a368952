"""Which lines an outage writes: while something is away each process says so once a minute, and not at each try."""

import copy
import logging
from dataclasses import dataclass

from kombu.exceptions import OperationalError as BrokerError
from redis import RedisError

from cards.faults import Fault, causes, fault_of

A_LINE_EVERY = 60  # seconds
BROKER = "broker"
OUTAGES = (Fault.AWAY, Fault.FULL, Fault.DISK)
# Of Celery, those who say at each try that the broker cannot be reached.
SPEAKS_OF_THE_BROKER = ("celery.beat", "celery.worker.consumer", "kombu")


@dataclass
class Outage:
    """The lines of one outage: when the last was written, when the last came, and how many were left out since."""

    written_at: float
    seen_at: float
    left_out: int = 0


class OutageLines:
    """One line a minute for each kind of outage; the next one says how many were left out."""

    def __init__(self):
        self.kinds = {}

    def admitted(self, record, now):
        """What is to be written when this record comes: the record, or instead of it a line, or nothing.

        Before it, what was left out of outages that are over. `now` is in seconds, of a clock that nobody sets.
        """
        outage = outage_of(record)
        lines = [_of_what_was_left_out(name, kind) for name, kind in self._ended(outage, now)]
        if outage is None:
            return [*lines, record]
        kind = self.kinds.get(outage)
        if kind and now - kind.written_at < A_LINE_EVERY:
            kind.left_out, kind.seen_at = kind.left_out + 1, now
            return lines
        self.kinds[outage] = Outage(written_at=now, seen_at=now)
        return [*lines, _as_one_line(record, kind.left_out if kind else 0)]

    def _ended(self, outage, now):
        """The others, of which nothing came for a minute; they are forgotten."""
        silent = [name for name, kind in self.kinds.items() if now - kind.seen_at >= A_LINE_EVERY]
        ended = [name for name in silent if name != outage]
        kinds = [(name, self.kinds.pop(name)) for name in ended]
        return [(name, kind) for name, kind in kinds if kind.left_out]


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


def _as_one_line(record, left_out):
    """Without the traceback, which is that of whoever asked first: what is away says the message."""
    said = [record.getMessage(), *([str(record.exc_info[1])] if record.exc_info else [])]
    line = copy.copy(record)
    line.msg, line.args = ": ".join(text.partition("\n")[0] for text in said), ()
    line.exc_info = line.exc_text = line.stack_info = None
    if left_out:
        line.msg += f" ({left_out} more lines left out)"
        line.left_out = left_out
    return line


def _of_what_was_left_out(name, kind):
    record = logging.makeLogRecord({"name": __name__, "levelno": logging.WARNING, "levelname": "WARNING"})
    record.msg, record.left_out = f"{kind.left_out} more lines left out of an outage: {name}", kind.left_out
    record.is_apart = True  # it has nothing to do with what is going on now
    return record
