"""What went wrong is also told to a Sentry, where somebody has given its address.

It gets what is ours and nothing of people's: which error where in the code, under which number the log has the rest.
What the error said, what was asked and by whom is not sent. An outage is no event: whoever watches `/readyz` knows.
Of a mistake that a bell makes again and again each process sends one a minute.
"""

import logging
import time

import sentry_sdk
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import LoggingIntegration

from cards.log_context import log_facts
from simportal import __version__
from simportal.outage_lines import A_LINE_EVERY, OUR_ROOMS, mistake_behind, outage_behind, outage_of

OF_AN_EVENT = ("event_id", "timestamp", "level", "platform", "release", "server_name", "logger")
OF_AN_ERROR = ("type", "module", "mechanism")
OF_A_FRAME = ("filename", "function", "module", "lineno", "context_line", "in_app")
FACTS = ("request", "route", "method", "task", "job", "chunk", "day")
_SENT_AT = {}


def start_sentry(dsn):
    sentry_sdk.init(
        dsn,
        release=__version__,
        before_send=before_send,
        default_integrations=False,  # they would add the arguments of commands
        auto_enabling_integrations=False,
        integrations=[
            AtexitIntegration(callback=lambda pending, timeout: None),  # it would print where to
            CeleryIntegration(propagate_traces=False),
            DedupeIntegration(),
            DjangoIntegration(middleware_spans=False, signals_spans=False),
            LoggingIntegration(level=None, event_level=logging.ERROR),
        ],
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
    )


def before_send(event, hint):
    """The event as it leaves, made anew of what may; None for an outage, and for what was just sent."""
    if _is_outage(hint) or _was_just_sent(hint):
        return None
    facts = log_facts()
    sent = {name: event[name] for name in OF_AN_EVENT if name in event}
    sent["tags"] = {name: str(facts[name]) for name in FACTS if facts.get(name) is not None}
    if facts.get("user"):
        sent["user"] = {"id": str(facts["user"])}
    if errors := event.get("exception", {}).get("values"):
        sent["exception"] = {"values": [_error(error) for error in errors]}
    sent["transaction"] = facts.get("route") or facts.get("task") or ""
    record = hint.get("log_record")
    if record and record.name.startswith(OUR_ROOMS):
        sent["message"] = str(record.msg)  # without what was filled in, which others do before
    return sent


def _is_outage(hint):
    record, raised = hint.get("log_record"), hint.get("exc_info")
    return bool((record and outage_of(record)) or (raised and outage_behind(raised[1])))


def _was_just_sent(hint):
    mistake, now = mistake_behind((hint.get("exc_info") or (None, None))[1]), time.monotonic()
    if mistake is None:
        return False
    if now - _SENT_AT.get(mistake, -A_LINE_EVERY) < A_LINE_EVERY:
        return True
    _SENT_AT[mistake] = now
    return False


def _error(error):
    frames = (error.get("stacktrace") or {}).get("frames", [])
    kept = [{name: frame[name] for name in OF_A_FRAME if name in frame} for frame in frames]
    return {name: error[name] for name in OF_AN_ERROR if error.get(name)} | {"stacktrace": {"frames": kept}}
