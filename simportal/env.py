"""What the environment says, read once, with types. Whatever it says wrongly is refused in one sentence."""

import re
from dataclasses import dataclass
from datetime import date
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

import dj_database_url

DEBUG_SECRET_KEY = "only-for-debug-and-therefore-no-secret"
DEFAULT_DATABASE_URL = "sqlite:///var/simportal.sqlite3"
DATABASE_SCHEMES = ("sqlite", "postgresql", "postgres")
CONNECT_SECONDS = 2  # the fewest that libpq knows
LOST_AFTER_MS = 5_000
REDIS_SCHEMES = ("redis", "rediss")
SHORTEST_TOKEN = 16
DEFAULT_MAIL_FROM = "simportal <simportal@localhost>"
# How each scheme is secured, and its usual port.
MAIL_SCHEMES = {"smtp": ("", 25), "smtp+starttls": ("starttls", 587), "smtps": ("tls", 465)}
ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?/?",
    re.IGNORECASE,
)


class BadSetting(Exception):
    """A setting that the portal does not start with; the message is for whoever set it."""


@dataclass(frozen=True)
class MailServer:
    """Where mail goes out; `security` is `tls` from the first byte on, `starttls`, or nothing."""

    host: str
    port: int
    user: str
    password: str
    security: str


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
    staff_totp: str
    metrics_token: str
    real_name_years: int
    request_years: int


def read_environment(variables, base_dir):
    """The settings in `variables` (a mapping of names to text). An empty value counts as absent."""
    given = {name: text.strip() for name, text in variables.items() if text.strip()}
    debug, port = _debug(given.get("DEBUG", "0")), _port(given.get("PORT", "8000"))
    return Environment(
        debug=debug,
        secret_key=_secret_key(given.get("SECRET_KEY"), debug),
        secret_key_fallbacks=_fallbacks(given.get("SECRET_KEY_FALLBACKS", ""), given.get("SECRET_KEY")),
        allowed_hosts=_allowed_hosts(given.get("ALLOWED_HOSTS", "")),
        database=_database(given.get("DATABASE_URL", DEFAULT_DATABASE_URL), base_dir),
        redis_url=_redis_url(given.get("REDIS_URL")),
        mail_server=_mail_server(given.get("EMAIL_URL")),
        mail_from=_mail_from(given.get("MAIL_FROM"), "EMAIL_URL" in given),
        today=_today(given.get("SIMPORTAL_TODAY"), debug),
        port=port,
        portal_url=_portal_url(given.get("PORTAL_URL"), debug, port),
        proxies=_proxies(given.get("PROXIES", "0")),
        staff_totp=_staff_totp(given.get("STAFF_TOTP"), debug),
        metrics_token=_metrics_token(given.get("METRICS_TOKEN", "")),
        real_name_years=_years("REAL_NAME_YEARS", given.get("REAL_NAME_YEARS", "3"), fewest=2),
        request_years=_years("REQUEST_YEARS", given.get("REQUEST_YEARS", "3"), fewest=1),
    )


def _debug(text):
    if text not in ("0", "1"):
        raise BadSetting(f"DEBUG is 1 or 0, not {text!r}.")
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


def _database(url, base_dir):
    """Django's settings for the database. No refusal repeats the URL: it may hold a password."""
    scheme = url.partition(":")[0]
    if scheme not in DATABASE_SCHEMES:
        raise BadSetting(f"DATABASE_URL begins with sqlite:/// or postgresql://, not with {scheme!r}.")
    try:
        parsed = dj_database_url.parse(url)
    except ValueError:
        raise BadSetting("DATABASE_URL cannot be read: write postgresql://user:password@host:port/name.") from None
    if not parsed["NAME"]:
        raise BadSetting("DATABASE_URL names no database: it ends with a file for SQLite, a name for PostgreSQL.")
    return _sqlite(parsed, base_dir) if scheme == "sqlite" else _postgresql(parsed)


def _sqlite(parsed, base_dir):
    """SQLite for a web server and a worker at once: readers never wait, writers queue instead of failing."""
    if parsed["NAME"] == ":memory:":
        raise BadSetting("DATABASE_URL needs a file for SQLite: web and worker share it, and memory has one owner.")
    return parsed | {
        "NAME": base_dir / parsed["NAME"],
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON",
        },
    }


def _postgresql(parsed):
    """PostgreSQL without its compiler and its helpers: to start either takes longer than a page's statement runs.

    A server that does not answer, or that the network has lost, is given up after seconds; a connection that a restart
    has closed is opened again before a page begins. Of a process that died the server gives up within a second what it
    does and waits for, with the locks that it holds.
    """
    options = {
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": LOST_AFTER_MS,
        "options": "-c jit=off -c max_parallel_workers_per_gather=0 -c client_connection_check_interval=1000",
    }
    options |= parsed.get("OPTIONS", {})
    return parsed | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "OPTIONS": options}


def _redis_url(text):
    if text and urlsplit(text).scheme not in REDIS_SCHEMES:
        raise BadSetting("REDIS_URL begins with redis:// or rediss://; leave it out for the embedded broker.")
    return text


def _mail_server(url):
    """The server that an URL names; as with the database, no refusal repeats it."""
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in MAIL_SCHEMES:
        raise BadSetting(f"EMAIL_URL begins with smtp://, smtp+starttls:// or smtps://, not with {parts.scheme!r}.")
    security, usual_port = MAIL_SCHEMES[parts.scheme]
    try:
        host, port = parts.hostname, parts.port or usual_port
    except ValueError:
        host = None
    if not host:
        raise BadSetting("EMAIL_URL cannot be read: write smtps://user:password@host:port.")
    return MailServer(host, port, unquote(parts.username or ""), unquote(parts.password or ""), security)


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


def _portal_url(text, debug, port):
    """Where people reach the portal, without a slash at the end; "" in service where nobody said so."""
    if text is None:
        return f"http://127.0.0.1:{port}" if debug else ""
    url = ADDRESS.fullmatch(text)
    if not url or (url["scheme"] == "http" and not debug) or int(url["port"] or 1) not in range(1, 65536):
        raise BadSetting(
            "PORTAL_URL is where people reach the portal, such as https://sim.example.cn, with nothing behind the host."
        )
    return text.removesuffix("/").lower()


def _proxies(text):
    if not (text.isascii() and text.isdecimal() and int(text) < 10):
        raise BadSetting(f"PROXIES is how many proxies stand before the portal, 0 to 9, not {text!r}.")
    return int(text)


def _staff_totp(text, debug):
    if text not in (None, "required", "optional"):
        raise BadSetting(f"STAFF_TOTP is required or optional, not {text!r}: whether all staff log in in two steps.")
    return text or ("optional" if debug else "required")


def _metrics_token(text):
    if 0 < len(text) < SHORTEST_TOKEN:
        raise BadSetting(f"METRICS_TOKEN is a long random text, of {SHORTEST_TOKEN} characters at least.")
    return text


def _years(name, text, fewest):
    if not (text.isascii() and text.isdecimal() and fewest <= int(text[:3]) <= 50 and len(text) < 3):
        raise BadSetting(f"{name} is a number of years from {fewest} to 50, not {text!r}.")
    return int(text)
