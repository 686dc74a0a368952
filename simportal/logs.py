"""The log of the running program, on stderr: for machines one JSON object a line, for people with `DEBUG` text.

No bodies of requests, no settings, no addresses of visitors: what is not in `FIELDS` is not written.
"""

import copy
import json
import logging
import re
import time
from functools import cache
from urllib.parse import quote

from django.conf import settings
from pythonjsonlogger.json import JsonFormatter

from cards.log_context import log_facts
from simportal.outage_lines import OutageLines

# In the order of a line. The first four stand in each.
FIELDS = (
    *("time", "level", "logger", "message"),
    *("request", "user", "job", "chunk", "card", "day"),
    *("method", "route", "status", "ms", "refused", "fault"),
    *("task", "size", "counts", "left_out", "exception"),
)
SHORTEST_SECRET = 8  # a shorter one would be found in the middle of words
# PostgreSQL quotes whole rows there.
ROWS = re.compile(r"(\n|\\n)(DETAIL|CONTEXT):.*?(?=\n\nThe above|\n\nDuring|\Z)", re.DOTALL)


class Stderr(logging.StreamHandler):
    """Writes all but what an outage or a mistake repeats."""

    def __init__(self):
        super().__init__()
        self.outage_lines = OutageLines()

    def emit(self, record):
        try:
            lines = self.outage_lines.admitted(record, time.monotonic())
        except Exception:  # whoever logs is never stopped by it
            return self.handleError(record)
        for line in lines:
            super().emit(line)


class MistakesAlone(logging.Filter):
    """Of what Django says of a request, the mistakes of ours: all else stands in the request's own line.

    The address is taken out: an old link has its secret there.
    """

    def filter(self, record):
        if getattr(record, "status_code", None) != 500:
            return False
        record.msg, record.args = "A mistake while answering %s", (log_facts().get("route", "a request"),)
        return True


class _Discreet(logging.Formatter):
    """Whatever wrote it: neither a secret of the settings nor a row of the database is in a line."""

    def format(self, record):
        shown = copy.copy(record)
        shown.msg, shown.args = ROWS.sub("", record.getMessage()), ()
        return hide_secrets(super().format(shown))

    def formatException(self, exc_info):
        return ROWS.sub("", super().formatException(exc_info))


class Text(_Discreet):
    pass


class OneObject(_Discreet, JsonFormatter):
    def __init__(self):
        renamed = {"levelname": "level", "name": "logger", "exc_info": "exception"}
        super().__init__(
            ["levelname", "name", "message"], rename_fields=renamed, timestamp="time", json_ensure_ascii=False
        )

    def jsonify_log_record(self, log_data):
        facts = {} if "is_apart" in log_data else log_facts()
        known = log_data | {"request": None} | facts  # Django adds the whole request
        return super().jsonify_log_record({name: known[name] for name in FIELDS if known.get(name) is not None})


def hide_secrets(text):
    """The text without the secrets of the settings, should a library have quoted one."""
    return _secrets().sub("***", text)


@cache
def _secrets():
    """A pattern of each secret, as it stands, in an address and in JSON."""
    given = [secret for secret in settings.ENV.secrets() if len(secret) >= SHORTEST_SECRET]
    forms = {form for secret in given for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])}
    return re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))) or r"(?!)")
