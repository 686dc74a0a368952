"""What `check --deploy` finds wrong with an installation, beside what Django finds: for each setting, or why nothing.

A new setting has a line in one of the two tables (`tests/test_settings.py`).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Info, Tags, Warning, register
from django.db import DatabaseError, connection
from django.http.request import validate_host

from cards.phrases import listed
from simportal.env import KEPT, THIS_MACHINE

ALIKE = 0.85  # a letter or two in ten


@dataclass(frozen=True)
class Advice:
    """When `is_broken`, `said` is wrong with a setting in service, and `hint` is what to do."""

    setting: str
    number: int
    is_broken: Callable[[], bool]
    said: str
    hint: str

    def warning(self):
        return Warning(self.said, hint=self.hint, id=f"simportal.W{self.number:03}")


def _portal_has_another_host():
    host = urlsplit(settings.PORTAL_URL).hostname
    return bool(host and settings.ALLOWED_HOSTS) and not validate_host(host, settings.ALLOWED_HOSTS)


ADVICE = (
    Advice(
        "PORTAL_URL",
        1,
        lambda: not settings.PORTAL_URL,
        "PORTAL_URL is not set, so no mail is sent, and there are no labels and no invitation links.",
        "Set it to where people reach the portal: https://sim.example.cn.",
    ),
    Advice(
        "PROXIES",
        2,
        lambda: not settings.PROXIES,
        "PROXIES is 0, so behind a proxy all visitors share one address and its 50 wrong passwords.",
        "Set it to how many proxies of yours stand before the portal: 1 behind nginx alone.",
    ),
    Advice(
        "STAFF_TOTP",
        3,
        lambda: settings.STAFF_TOTP != "required",
        "STAFF_TOTP is optional, so a guessed password is enough to work as one of the staff.",
        "Leave it out: in service it is required.",
    ),
    Advice(
        "DATABASE_URL",
        4,
        lambda: connection.vendor == "sqlite",
        "DATABASE_URL is SQLite, which has one writer at a time and lives on one machine.",
        "Use PostgreSQL in service: docs/operations.md says how a portal moves there.",
    ),
    Advice(
        "REDIS_URL",
        5,
        lambda: not settings.REDIS_URL,
        "REDIS_URL is not set, so there is one worker, in the process of `manage.py worker`.",
        "Set it to a Redis of the portal's own, so that workers and beat are processes of their own.",
    ),
    Advice(
        "EMAIL_URL",
        6,
        lambda: not settings.SENDS_MAIL and bool(settings.PORTAL_URL),
        "EMAIL_URL is not set, so nobody gets a notice, nor a link for a forgotten password.",
        "Set it to your mail server, and MAIL_FROM to the address that mail is from.",
    ),
    Advice(
        "ALLOWED_HOSTS",
        7,
        lambda: "*" in settings.ALLOWED_HOSTS,
        "ALLOWED_HOSTS has *, so the portal answers under any name that somebody leads to it.",
        "List the names under which people reach it.",
    ),
    Advice(
        "ALLOWED_HOSTS",
        8,
        _portal_has_another_host,
        "ALLOWED_HOSTS does not have the host of PORTAL_URL, so every link in mail and on labels is refused.",
        "List that host too.",
    ),
    Advice(
        "METRICS_TOKEN",
        9,
        lambda: not settings.METRICS_TOKEN,
        "METRICS_TOKEN is not set, so nobody can watch the portal: /metrics and /readyz?full are closed.",
        "Set it to a long random text, and tell whatever watches.",
    ),
    Advice(
        "LOG_FORMAT",
        11,
        lambda: settings.LOG_FORMAT != "json",
        "LOG_FORMAT is text, so the log cannot be searched by request, job or card.",
        "Leave it out: in service it is json.",
    ),
    Advice(
        "FORWARDED_ALLOW_IPS",
        10,
        lambda: settings.FORWARDED_ALLOW_IPS != THIS_MACHINE and not settings.PROXIES,
        "FORWARDED_ALLOW_IPS names proxies and PROXIES is 0, so all visitors count under the proxy's address.",
        "Set PROXIES to how many proxies of yours stand before the portal, or leave FORWARDED_ALLOW_IPS out.",
    ),
)
NO_ADVICE = {
    "SECRET_KEY": "Django's own check: security.W009",
    "SECRET_KEY_FALLBACKS": "Django's own check: security.W025; `manage.py secret_keys` says what rests on each",
    "DEBUG": "Django's own check: security.W018",
    "MAIL_FROM": "with EMAIL_URL the portal does not start without it",
    "SIMPORTAL_TODAY": "with DEBUG=0 the portal does not start with it",
    "SENTRY_DSN": "a portal without one is as sound",
    "CARRIER_KEY": "its own check, which looks at the accounts: simportal.E012",
    "CARRIER_EGRESS_NOTE": "a remark for the staff",
    "WEBHOOK_LOOPBACK": "with DEBUG=0 the portal does not start with it",
    "PORT": "of `manage.py run` alone",
} | dict.fromkeys(KEPT, "whatever lies within its bounds is the dealer's to decide")
NAMES = {each.setting for each in ADVICE} | set(NO_ADVICE)


@register(Tags.security, deploy=True)
def settings_fit_for_service(app_configs, **kwargs):
    return [each.warning() for each in ADVICE if each.is_broken()]


@register(Tags.security, deploy=True)
def accounts_can_be_opened(app_configs, **kwargs):
    """An account whose secrets nobody can read sends nothing: it is found before the portal starts."""
    from simportal.enciphered import accounts_by_key  # the models are not there yet when this module is read

    try:
        closed = accounts_by_key().get(None, [])
    except DatabaseError:  # it is not there yet, or away: the portal says that itself
        return []
    if not closed:
        return []
    return [
        Error(
            f"CARRIER_KEY does not open the secrets of these accounts: {listed(closed)}.",
            hint="List the key that they were kept under (docs/operations.md, section 9), or enter their secrets anew.",
            id="simportal.E012",
        )
    ]


@register(Tags.security, deploy=True)
def somebody_takes_payments(app_configs, **kwargs):
    """Where nobody takes payments online, all that is sold is paid by bank; where somebody does, we must be told."""
    from billing.actions.providers import provider_names  # the models are not there yet when this module is read

    try:
        names = provider_names()
    except DatabaseError:
        return []
    if not names:
        said = "No payment account is in use, so nobody can pay online, and nobody renews a card without an account."
        return [Info(said, hint="docs/payments.md says how one is set up.", id="simportal.I013")]
    if not settings.PORTAL_URL:
        said = f"PORTAL_URL is not set, so these payment accounts cannot tell the portal who has paid: {listed(names)}."
        return [Warning(said, hint="Set it to where people reach the portal.", id="simportal.W014")]
    return []


@register(Tags.security, deploy=True)
def names_that_are_none(app_configs, **kwargs):
    """A name that is nearly a setting's is a mistake that nobody sees: the setting is as if it were not there."""
    unknown = sorted(set(os.environ) - NAMES)
    meant = {name: get_close_matches(name.upper(), NAMES, n=1, cutoff=ALIKE) for name in unknown}
    return [
        Warning(
            f"{name} is no setting of the portal's; {alike[0]} is one.",
            hint="Correct the name, or take it out of the environment.",
            id="simportal.W099",
        )
        for name, alike in meant.items()
        if alike
    ]
