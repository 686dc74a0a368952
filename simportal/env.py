"""What the environment says, read once, with types. Whatever it says wrongly is refused in one sentence."""

import base64
import contextlib
import ipaddress
import os
import secrets
from dataclasses import dataclass
from datetime import date
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from simportal.addresses import (
    BadSetting,
    MailServer,
    read_database,
    read_mail_server,
    read_portal_url,
    read_redis,
    read_sentry_dsn,
)

DEBUG_SECRET_KEY = "only-for-debug-and-therefore-no-secret"
DEFAULT_DATABASE_URL = "sqlite:///var/simportal.sqlite3"
SHORTEST_TOKEN = 16
THIS_MACHINE, ANY_ADDRESS = "127.0.0.1,::1", "*"
# What is kept how long, in the unit that ends the name: usually, at least, at most. docs/operations.md has why.
KEPT = {
    "REAL_NAME_YEARS": (3, 2, 50),
    "REQUEST_YEARS": (3, 1, 50),
    "USAGE_MONTHS": (13, 13, 120),
    "NOTICE_DAYS": (365, 60, 3650),
    "JOB_DAYS": (90, 30, 3650),
    "COMMAND_DAYS": (400, 90, 3650),
    "INVITATION_DAYS": (30, 1, 365),
    "SESSION_DAYS": (14, 1, 90),
    "UPLOAD_DAYS": (7, 1, 28),
    "EXPORT_DAYS": (1, 1, 30),
}
DEFAULT_MAIL_FROM = "simportal <simportal@localhost>"


@dataclass(frozen=True)
class Environment:
    debug: bool
    secret_key: str
    secret_key_fallbacks: list
    allowed_hosts: list
    database: dict
    redis_url: str | None
    mail_server: MailServer | None
    mail_from: str
    today: date | None
    port: int
    portal_url: str
    proxies: int
    forwarded_allow_ips: str
    staff_totp: str
    metrics_token: str
    kept: dict
    log_format: str
    sentry_dsn: str
    carrier_key: list
    carrier_egress_note: str
    webhook_loopback: bool

    def secrets(self):
        """What must stand in no log, whoever quotes it."""
        dsn = urlsplit(self.sentry_dsn)
        keys = [self.secret_key, *self.secret_key_fallbacks, self.metrics_token, dsn.username, dsn.password]
        keys += self.carrier_key
        of_redis = urlsplit(self.redis_url or "").password or ""
        of_mail = self.mail_server and self.mail_server.password
        return [text for text in (*keys, self.database["PASSWORD"], of_redis, unquote(of_redis), of_mail) if text]


def read_environment(variables, base_dir):
    """The settings in `variables` (a mapping of names to text). An empty value counts as absent."""
    given = {name: text.strip() for name, text in variables.items() if text.strip()}
    debug, port = _debug(given.get("DEBUG", "0")), _port(given.get("PORT", "8000"))
    proxies = _proxies(given.get("PROXIES", "0"))
    return Environment(
        debug=debug,
        secret_key=_secret_key(given.get("SECRET_KEY"), debug),
        secret_key_fallbacks=_fallbacks(given.get("SECRET_KEY_FALLBACKS", ""), given.get("SECRET_KEY")),
        allowed_hosts=_allowed_hosts(given.get("ALLOWED_HOSTS", "")),
        database=read_database(given.get("DATABASE_URL", DEFAULT_DATABASE_URL), base_dir),
        redis_url=read_redis(given.get("REDIS_URL")),
        mail_server=read_mail_server(given.get("EMAIL_URL")),
        mail_from=_mail_from(given.get("MAIL_FROM"), "EMAIL_URL" in given),
        today=_today(given.get("SIMPORTAL_TODAY"), debug),
        port=port,
        portal_url=read_portal_url(given.get("PORTAL_URL"), debug, port),
        proxies=proxies,
        forwarded_allow_ips=_forwarded_allow_ips(given.get("FORWARDED_ALLOW_IPS"), proxies),
        staff_totp=_staff_totp(given.get("STAFF_TOTP"), debug),
        metrics_token=_metrics_token(given.get("METRICS_TOKEN", "")),
        kept={name: _kept(name, given.get(name), *bounds) for name, bounds in KEPT.items()},
        log_format=_log_format(given.get("LOG_FORMAT"), debug),
        sentry_dsn=read_sentry_dsn(given.get("SENTRY_DSN", "")),
        carrier_key=_carrier_key(given.get("CARRIER_KEY", "")),
        carrier_egress_note=given.get("CARRIER_EGRESS_NOTE", ""),
        webhook_loopback=_webhook_loopback(given.get("WEBHOOK_LOOPBACK", "0"), debug),
    )


def _debug(text):
    if text not in ("0", "1"):
        raise BadSetting(f"DEBUG is 1 or 0, not {text!r}.")
    return text == "1"


def _webhook_loopback(text, debug):
    if text not in ("0", "1"):
        raise BadSetting(f"WEBHOOK_LOOPBACK is 1 or 0, not {text!r}.")
    if text == "1" and not debug:
        raise BadSetting("WEBHOOK_LOOPBACK sends webhooks to the machine itself, for trials: it needs DEBUG=1.")
    return text == "1"


def _secret_key(text, debug):
    if text is None and not debug:
        raise BadSetting(
            "SECRET_KEY is not set: give a long random text, or DEBUG=1 for a portal that nobody relies on."
        )
    return text or DEBUG_SECRET_KEY


def _fallbacks(text, secret_key):
    """The keys of before; no refusal repeats one."""
    keys = [key.strip() for key in text.split(",") if key.strip()]
    if secret_key in keys or len(set(keys)) < len(keys):
        raise BadSetting("SECRET_KEY_FALLBACKS lists each secret key of before once, and not SECRET_KEY itself.")
    return keys


def _allowed_hosts(text):
    hosts = [host.strip() for host in text.split(",") if host.strip()]
    for host in hosts:
        if "/" in host or " " in host:
            raise BadSetting(f"ALLOWED_HOSTS is a comma-separated list of host names, and {host!r} is none.")
    return hosts


def _mail_from(text, has_server):
    if text is None and has_server:
        raise BadSetting("MAIL_FROM is not set: with EMAIL_URL, say from which address mail is sent.")
    if text and "@" not in parseaddr(text)[1]:
        raise BadSetting(f"MAIL_FROM is an address such as 'SIM portal <sim@example.cn>', not {text!r}.")
    return text or DEFAULT_MAIL_FROM


def _today(text, debug):
    if text is None:
        return None
    if not debug:
        raise BadSetting(
            "SIMPORTAL_TODAY moves the clock, which is for demos and tests: it needs DEBUG=1, or go unset."
        )
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadSetting(f"SIMPORTAL_TODAY is a day such as 2026-03-02, not {text!r}.") from None
    if not 2000 <= day.year < 2100:  # as for all days that come in: cards.calendar, which needs these settings
        raise BadSetting(f"SIMPORTAL_TODAY is a day from 2000 to 2099, not {text!r}.")
    return day


def _port(text):
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise BadSetting(f"PORT is a number from 1 to 65535, not {text!r}.")
    return int(text)


def _proxies(text):
    if not (text.isascii() and text.isdecimal() and int(text) < 10):
        raise BadSetting(f"PROXIES is how many proxies stand before the portal, 0 to 9, not {text!r}.")
    return int(text)


def _forwarded_allow_ips(text, proxies):
    """From which addresses gunicorn believes that a request came by https, as it reads them: from this machine alone,
    unless somebody has said that a proxy stands before the portal, on whichever machine that is.
    """
    if text is None:
        return ANY_ADDRESS if proxies else THIS_MACHINE
    addresses = [address.strip() for address in text.split(",") if address.strip()]
    if not addresses or (addresses != [ANY_ADDRESS] and not all(map(_is_network, addresses))):
        raise BadSetting(
            f"FORWARDED_ALLOW_IPS lists addresses or networks of your proxies, comma-separated, or is *, not {text!r}."
        )
    return ",".join(addresses)


def _is_network(text):
    try:
        return bool(ipaddress.ip_network(text))
    except ValueError:
        return False


def _staff_totp(text, debug):
    if text not in (None, "required", "optional"):
        raise BadSetting(f"STAFF_TOTP is required or optional, not {text!r}: whether all staff log in in two steps.")
    return text or ("optional" if debug else "required")


def _metrics_token(text):
    if 0 < len(text) < SHORTEST_TOKEN:
        raise BadSetting(f"METRICS_TOKEN is a long random text, of {SHORTEST_TOKEN} characters at least.")
    return text


def _carrier_key(text):
    """The keys of carrier accounts' secrets: the first one writes, and each one reads. No refusal repeats one."""
    keys = [key.strip() for key in text.split(",") if key.strip()]
    if not all(map(_is_fernet_key, keys)) or len(set(keys)) < len(keys):
        raise BadSetting("CARRIER_KEY lists keys of 44 characters as section 9 of docs/operations.md makes them.")
    return keys


def _is_fernet_key(key):
    try:
        return len(key) == 44 and len(base64.urlsafe_b64decode(key)) == 32
    except ValueError:
        return False


def carrier_key_of_this_machine(folder):
    """The key of a portal that nobody relies on: made once, and kept beside its database."""
    path = folder / "carrier_key"
    if not path.exists():
        made = path.with_suffix(f".{os.getpid()}")
        made.touch(mode=0o600)
        made.write_text(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
        with contextlib.suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
    return [path.read_text().strip()]


def _kept(name, text, usual, least, most):
    """For how many years, months or days something is kept."""
    text, unit = text or str(usual), name.rpartition("_")[2].lower()
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and least <= int(text) <= most):
        raise BadSetting(f"{name} is a number of {unit} from {least} to {most}, not {text!r}.")
    return int(text)


def _log_format(text, debug):
    if text not in (None, "json", "text"):
        raise BadSetting(f"LOG_FORMAT is json or text, not {text!r}.")
    return text or ("text" if debug else "json")
