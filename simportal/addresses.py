"""The addresses among the settings: of the database, the broker, the mail server, Sentry and the portal itself.

No refusal repeats one: it may hold a password.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import dj_database_url

DATABASE_SCHEMES = ("sqlite", "postgresql", "postgres")
CONNECT_SECONDS = 2  # the fewest that libpq knows
LOST_AFTER_MS = 5_000
CONNECTED_SECONDS = 60  # so long may a thread keep its connection
REDIS_SCHEMES = ("redis", "rediss")
REDIS_ADDRESS = re.compile(
    r"rediss?://(?:(?:[^\s#?/%\[\]]|%[0-9a-f]{2})*@)?(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])"
    r"(?::[0-9]{1,5})?(?:/[0-9]{0,4})?",
    re.IGNORECASE,
)
# How each scheme is secured, and its usual port.
MAIL_SCHEMES = {"smtp": ("", 25), "smtp+starttls": ("starttls", 587), "smtps": ("tls", 465)}
# A host name or address, and perhaps a port.
HOST_AND_PORT = r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
ADDRESS = re.compile(rf"(?P<scheme>https?)://{HOST_AND_PORT}/?", re.IGNORECASE)
# The address of a project; older servers add a second key.
DSN = re.compile(
    rf"https?://[0-9a-z]+(?::[0-9a-z]+)?@{HOST_AND_PORT}(?:/[a-z0-9_.-]+)*/[0-9]+", re.IGNORECASE | re.ASCII
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


def read_database(url, base_dir):
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


# A cache of 16 MB: with less, pages of a chunk are written down before it is committed, and then once more.
SQLITE_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "cache_size=-16000")


def _sqlite(parsed, base_dir):
    """SQLite for a web server and a worker at once: readers never wait, writers queue instead of failing.

    A new connection reads the layout of all tables first, which takes as long as several statements of a page.
    """
    if parsed["NAME"] == ":memory:":
        raise BadSetting("DATABASE_URL needs a file for SQLite: web and worker share it, and memory has one owner.")
    return parsed | {
        "NAME": base_dir / parsed["NAME"],
        "CONN_MAX_AGE": CONNECTED_SECONDS,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": "; ".join(map("PRAGMA {}".format, SQLITE_PRAGMAS)),
        },
    }


def _postgresql(parsed):
    """PostgreSQL without its compiler and its helpers: to start either takes longer than a page's statement runs.
    Days that it gives as text are as people write them here, whatever the server is told otherwise. That a condition
    contradicts itself, it sees before it looks for rows.

    A server that does not answer, or that the network has lost, is given up after seconds; a connection that a restart
    has closed is opened again before a page begins. Of a process that died the server gives up within a second what it
    does and waits for, with the locks that it holds.
    """
    options = {
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": LOST_AFTER_MS,
        "options": "-c jit=off -c max_parallel_workers_per_gather=0 -c client_connection_check_interval=1000 "
        "-c datestyle=ISO -c constraint_exclusion=on",
    }
    options |= parsed.get("OPTIONS", {})
    return parsed | {"CONN_MAX_AGE": CONNECTED_SECONDS, "CONN_HEALTH_CHECKS": True, "OPTIONS": options}


def read_redis(url):
    """The broker's address; None where there is none."""
    if url is None:
        return None
    if url.partition("://")[0] not in REDIS_SCHEMES:
        raise BadSetting("REDIS_URL begins with redis:// or rediss://; leave it out for the embedded broker.")
    if not REDIS_ADDRESS.fullmatch(url) or not _has_good_host_and_port(url):
        raise BadSetting(
            "REDIS_URL cannot be read: write redis://user:password@host:port/number, and in the password"
            " %23 for #, %3F for ?, %2F for /, %25 for %, %5B and %5D for brackets."
        )
    return url


def _has_good_host_and_port(url):
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def read_mail_server(url):
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


def read_portal_url(text, debug, port):
    """Where people reach the portal, without a slash at the end; "" in service where nobody said so."""
    if text is None:
        return f"http://127.0.0.1:{port}" if debug else ""
    url = ADDRESS.fullmatch(text)
    if not url or (url["scheme"] == "http" and not debug) or not _has_good_port(url):
        raise BadSetting(
            "PORTAL_URL is where people reach the portal, such as https://sim.example.cn, with nothing behind the host."
        )
    return text.removesuffix("/").lower()


def read_sentry_dsn(text):
    """The address of a project at Sentry, as Sentry shows it; "" where there is none."""
    if text and (not (dsn := DSN.fullmatch(text)) or not _has_good_port(dsn)):
        raise BadSetting("SENTRY_DSN is the address of a project as Sentry shows it: https://key@sentry.example.cn/2.")
    return text


def _has_good_port(address):
    return int(address["port"] or 1) in range(1, 65536)
