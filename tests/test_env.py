"""Every setting of the environment: a good value, and a refusal in one sentence."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings

from simportal import env

BASE = Path("/srv/portal")
IN_SERVICE = {"SECRET_KEY": "a long random text"}


def read(**variables):
    return env.read_environment(IN_SERVICE | variables, BASE)


A_KEY, ANOTHER_KEY = "a" * 43 + "=", "b" * 43 + "="
NO_CARRIER_KEY = "CARRIER_KEY lists keys of 44 characters as section 9 of docs/operations.md makes them."


def test_secret_key_alone_is_a_portal_in_service_on_sqlite_with_the_embedded_broker():
    assert read() == env.Environment(
        debug=False,
        secret_key="a long random text",
        secret_key_fallbacks=[],
        allowed_hosts=[],
        database=read(DATABASE_URL="sqlite:///var/simportal.sqlite3").database,
        redis_url=None,
        mail_server=None,
        mail_from=env.DEFAULT_MAIL_FROM,
        today=None,
        port=8000,
        portal_url="",
        proxies=0,
        forwarded_allow_ips="127.0.0.1,::1",
        staff_totp="required",
        metrics_token="",
        kept={
            **{"REAL_NAME_YEARS": 3, "REQUEST_YEARS": 3, "USAGE_MONTHS": 13, "NOTICE_DAYS": 365, "JOB_DAYS": 90},
            **{"COMMAND_DAYS": 400},
            **{"INVITATION_DAYS": 30, "SESSION_DAYS": 14, "UPLOAD_DAYS": 7, "EXPORT_DAYS": 1},
        },
        log_format="json",
        sentry_dsn="",
        carrier_key=[],
        carrier_egress_note="",
        webhook_loopback=False,
    )


def test_an_empty_value_counts_as_absent():
    assert read(DEBUG="", DATABASE_URL=" ", REDIS_URL="", ALLOWED_HOSTS="", SIMPORTAL_TODAY="", PORT="") == read()


@pytest.mark.parametrize(
    ("variables", "setting", "expected"),
    [
        ({"DEBUG": "1"}, "debug", True),
        ({"DEBUG": "0"}, "debug", False),
        ({"DEBUG": "1", "SECRET_KEY": ""}, "secret_key", env.DEBUG_SECRET_KEY),
        ({"SECRET_KEY_FALLBACKS": "one, two,"}, "secret_key_fallbacks", ["one", "two"]),
        ({"ALLOWED_HOSTS": "sim.example.cn, 10.0.0.1,"}, "allowed_hosts", ["sim.example.cn", "10.0.0.1"]),
        ({"REDIS_URL": "redis://:pass@cache:6379/1"}, "redis_url", "redis://:pass@cache:6379/1"),
        ({"REDIS_URL": "rediss://cache/0"}, "redis_url", "rediss://cache/0"),
        ({"MAIL_FROM": "SIM <sim@example.cn>"}, "mail_from", "SIM <sim@example.cn>"),
        ({"DEBUG": "1", "SIMPORTAL_TODAY": "2026-03-02"}, "today", date(2026, 3, 2)),
        ({"PORT": "8080"}, "port", 8080),
        ({"PORTAL_URL": "https://sim.example.cn"}, "portal_url", "https://sim.example.cn"),
        ({"PORTAL_URL": "https://SIM.example.cn:8443/"}, "portal_url", "https://sim.example.cn:8443"),
        ({"PORTAL_URL": "https://[2001:db8::1]"}, "portal_url", "https://[2001:db8::1]"),
        ({"DEBUG": "1", "PORTAL_URL": "http://10.0.0.1:8000"}, "portal_url", "http://10.0.0.1:8000"),
        ({"DEBUG": "1", "PORT": "8001"}, "portal_url", "http://127.0.0.1:8001"),
        ({"PROXIES": "2"}, "proxies", 2),
        ({"PROXIES": "1"}, "forwarded_allow_ips", "*"),
        ({"PROXIES": "1", "FORWARDED_ALLOW_IPS": "*"}, "forwarded_allow_ips", "*"),
        ({"FORWARDED_ALLOW_IPS": "10.0.0.1, fd00::/8,"}, "forwarded_allow_ips", "10.0.0.1,fd00::/8"),
        ({"STAFF_TOTP": "optional"}, "staff_totp", "optional"),
        ({"DEBUG": "1"}, "staff_totp", "optional"),
        ({"DEBUG": "1", "STAFF_TOTP": "required"}, "staff_totp", "required"),
        ({"METRICS_TOKEN": "0123456789abcdef"}, "metrics_token", "0123456789abcdef"),
        ({"CARRIER_KEY": f"{A_KEY}, {ANOTHER_KEY}"}, "carrier_key", [A_KEY, ANOTHER_KEY]),
        ({"DEBUG": "1", "WEBHOOK_LOOPBACK": "1"}, "webhook_loopback", True),
        ({"WEBHOOK_LOOPBACK": "0"}, "webhook_loopback", False),
        ({"CARRIER_EGRESS_NOTE": "203.0.113.7"}, "carrier_egress_note", "203.0.113.7"),
        ({"DEBUG": "1"}, "log_format", "text"),
        ({"DEBUG": "1", "LOG_FORMAT": "json"}, "log_format", "json"),
        ({"LOG_FORMAT": "text"}, "log_format", "text"),
        *(
            ({"SENTRY_DSN": dsn}, "sentry_dsn", dsn)
            for dsn in ("https://0a1b@sentry.example.cn/2", "http://0a1b:2c3d@10.0.0.9:9000/sub/12")
        ),
    ],
)
def test_good_value(variables, setting, expected):
    assert getattr(read(**variables), setting) == expected


def test_what_is_kept_is_kept_as_long_as_is_said_from_the_least_to_the_most():
    for name, (usual, least, most) in env.KEPT.items():
        said = [read(**{name: text}).kept for text in ("", str(least), str(most))]
        assert said == [read().kept | {name: count} for count in (usual, least, most)]


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///var/simportal.sqlite3", "/srv/portal/var/simportal.sqlite3"),
        ("sqlite:////data/cards.sqlite3", "/data/cards.sqlite3"),
    ],
)
def test_sqlite_waits_for_its_turn_and_keeps_foreign_keys(url, file):
    database = read(DATABASE_URL=url).database
    assert (database["ENGINE"], database["NAME"]) == ("django.db.backends.sqlite3", Path(file))
    assert database["OPTIONS"] == {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; "
        "PRAGMA cache_size=-16000",
    }
    assert database["CONN_MAX_AGE"] == 60


def test_postgresql():
    database = read(DATABASE_URL="postgresql://portal:p%40ss@db:5433/cards").database
    assert {name: database[name] for name in ("ENGINE", "USER", "PASSWORD", "HOST", "PORT", "NAME")} == {
        "ENGINE": "django.db.backends.postgresql",
        "USER": "portal",
        "PASSWORD": "p@ss",
        "HOST": "db",
        "PORT": 5433,
        "NAME": "cards",
    }
    assert database["OPTIONS"] == {
        "connect_timeout": 2,
        "tcp_user_timeout": 5_000,
        "options": "-c jit=off -c max_parallel_workers_per_gather=0 -c client_connection_check_interval=1000 "
        "-c datestyle=ISO -c constraint_exclusion=on",
    }
    assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (60, True)


def test_postgresql_keeps_the_options_of_its_url():
    database = read(DATABASE_URL="postgresql://portal@db/cards?sslmode=require").database
    assert database["OPTIONS"]["sslmode"] == "require"
    assert "jit=off" in database["OPTIONS"]["options"]


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://relay", env.MailServer("relay", 25, "", "", "")),
        ("smtp+starttls://sim:p%40ss@mx.example.cn", env.MailServer("mx.example.cn", 587, "sim", "p@ss", "starttls")),
        (
            "smtps://sim%40example.cn:pass@mx:2465",
            env.MailServer("mx", 2465, "sim@example.cn", "pass", "tls"),
        ),
    ],
)
def test_mail_server(url, server):
    assert read(EMAIL_URL=url, MAIL_FROM="sim@example.cn").mail_server == server


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"DEBUG": "yes"}, "DEBUG is 1 or 0, not 'yes'."),
        (
            {"SECRET_KEY": ""},
            "SECRET_KEY is not set: give a long random text, or DEBUG=1 for a portal that nobody relies on.",
        ),
        (
            {"SECRET_KEY_FALLBACKS": "old, a long random text"},
            "SECRET_KEY_FALLBACKS lists each secret key of before once, and not SECRET_KEY itself.",
        ),
        (
            {"SECRET_KEY_FALLBACKS": "old,old"},
            "SECRET_KEY_FALLBACKS lists each secret key of before once, and not SECRET_KEY itself.",
        ),
        ({"REAL_NAME_YEARS": "1"}, "REAL_NAME_YEARS is a number of years from 2 to 50, not '1'."),
        ({"REAL_NAME_YEARS": "three"}, "REAL_NAME_YEARS is a number of years from 2 to 50, not 'three'."),
        ({"REQUEST_YEARS": "51"}, "REQUEST_YEARS is a number of years from 1 to 50, not '51'."),
        ({"REQUEST_YEARS": "9999"}, "REQUEST_YEARS is a number of years from 1 to 50, not '9999'."),
        ({"USAGE_MONTHS": "12"}, "USAGE_MONTHS is a number of months from 13 to 120, not '12'."),
        ({"USAGE_MONTHS": "13.5"}, "USAGE_MONTHS is a number of months from 13 to 120, not '13.5'."),
        ({"JOB_DAYS": "29"}, "JOB_DAYS is a number of days from 30 to 3650, not '29'."),
        ({"JOB_DAYS": "36500"}, "JOB_DAYS is a number of days from 30 to 3650, not '36500'."),
        ({"JOB_DAYS": "90 days"}, "JOB_DAYS is a number of days from 30 to 3650, not '90 days'."),
        (
            {"ALLOWED_HOSTS": "https://sim.example.cn"},
            "ALLOWED_HOSTS is a comma-separated list of host names, and 'https://sim.example.cn' is none.",
        ),
        (
            {"DATABASE_URL": "mysql://root:secret@db/cards"},
            "DATABASE_URL begins with sqlite:/// or postgresql://, not with 'mysql'.",
        ),
        (
            {"DATABASE_URL": "postgresql://portal:secret@db:port/cards"},
            "DATABASE_URL cannot be read: write postgresql://user:password@host:port/name.",
        ),
        (
            {"DATABASE_URL": "postgresql://portal:secret@db"},
            "DATABASE_URL names no database: it ends with a file for SQLite, a name for PostgreSQL.",
        ),
        (
            {"DATABASE_URL": "sqlite://:memory:"},
            "DATABASE_URL needs a file for SQLite: web and worker share it, and memory has one owner.",
        ),
        (
            {"REDIS_URL": "amqp://broker"},
            "REDIS_URL begins with redis:// or rediss://; leave it out for the embedded broker.",
        ),
        (
            {"EMAIL_URL": "http://sim:secret@mx"},
            "EMAIL_URL begins with smtp://, smtp+starttls:// or smtps://, not with 'http'.",
        ),
        (
            {"EMAIL_URL": "smtps://sim:secret@mx:port"},
            "EMAIL_URL cannot be read: write smtps://user:password@host:port.",
        ),
        (
            {"EMAIL_URL": "smtps://"},
            "EMAIL_URL cannot be read: write smtps://user:password@host:port.",
        ),
        (
            {"EMAIL_URL": "smtps://mx"},
            "MAIL_FROM is not set: with EMAIL_URL, say from which address mail is sent.",
        ),
        (
            {"MAIL_FROM": "the portal"},
            "MAIL_FROM is an address such as 'SIM portal <sim@example.cn>', not 'the portal'.",
        ),
        (
            {"SIMPORTAL_TODAY": "2026-03-02"},
            "SIMPORTAL_TODAY moves the clock, which is for demos and tests: it needs DEBUG=1, or go unset.",
        ),
        (
            {"DEBUG": "1", "SIMPORTAL_TODAY": "9999-12-31"},
            "SIMPORTAL_TODAY is a day from 2000 to 2099, not '9999-12-31'.",
        ),
        (
            {"DEBUG": "1", "SIMPORTAL_TODAY": "2 March"},
            "SIMPORTAL_TODAY is a day such as 2026-03-02, not '2 March'.",
        ),
        ({"PORT": "http"}, "PORT is a number from 1 to 65535, not 'http'."),
        (
            {"WEBHOOK_LOOPBACK": "1"},
            "WEBHOOK_LOOPBACK sends webhooks to the machine itself, for trials: it needs DEBUG=1.",
        ),
        ({"WEBHOOK_LOOPBACK": "yes"}, "WEBHOOK_LOOPBACK is 1 or 0, not 'yes'."),
        (
            {"STAFF_TOTP": "off"},
            "STAFF_TOTP is required or optional, not 'off': whether all staff log in in two steps.",
        ),
        *(
            (
                {"FORWARDED_ALLOW_IPS": wrong},
                "FORWARDED_ALLOW_IPS lists addresses or networks of your proxies, comma-separated, or is *,"
                f" not {wrong!r}.",
            )
            for wrong in ("proxy", "10.0.0.1/8", "*,10.0.0.1", ",")
        ),
        ({"LOG_FORMAT": "JSON"}, "LOG_FORMAT is json or text, not 'JSON'."),
        *(
            (
                {"SENTRY_DSN": dsn},
                "SENTRY_DSN is the address of a project as Sentry shows it: https://key@sentry.example.cn/2.",
            )
            for dsn in (
                *(
                    "https://sentry.example.cn/2",
                    "https://0a1b@sentry.example.cn",
                    "https://0a1b@sentry.example.cn/two",
                ),
                *("0a1b@sentry.example.cn/2", "ftp://0a1b@sentry/2", "https://0a1b@sentry:0/2", "https://0a1b@a b/2"),
            )
        ),
        ({"METRICS_TOKEN": "secret"}, "METRICS_TOKEN is a long random text, of 16 characters at least."),
        ({"CARRIER_KEY": "too short"}, NO_CARRIER_KEY),
        ({"CARRIER_KEY": f"{A_KEY},{A_KEY}"}, NO_CARRIER_KEY),
        ({"CARRIER_KEY": "=" * 44}, NO_CARRIER_KEY),
        ({"PORT": "65536"}, "PORT is a number from 1 to 65535, not '65536'."),
    ],
)
def test_refused_value(variables, sentence):
    with pytest.raises(env.BadSetting) as refusal:
        read(**variables)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    "address",
    [
        *("sim.example.cn", "ftp://sim.example.cn", "http://sim.example.cn", "https://", "https://sim.example.cn:port"),
        *(
            "https://sim.example.cn/portal",
            "https://sim.example.cn?x",
            "https://sim.example.cn#x",
            "https:sim.example.cn",
        ),
        *(
            "https://me:secret@sim.example.cn",
            "https://sim.example.cn:0",
            "https://sim.example.cn:65536",
            "https://a b",
        ),
        *("https://sim.example.cn\\@evil", "https://sim.example.cn//", "https://-", "https://\u0435vil.cn"),
    ],
)
def test_an_address_of_the_portal_that_is_none(address):
    """No refusal repeats it: it may hold a password."""
    with pytest.raises(env.BadSetting) as refusal:
        read(PORTAL_URL=address)
    assert str(refusal.value) == (
        "PORTAL_URL is where people reach the portal, such as https://sim.example.cn, with nothing behind the host."
    )


@pytest.mark.once
@pytest.mark.processes
@pytest.mark.parametrize("door", [["manage.py", "check"], ["-m", "celery", "-A", "simportal", "report"]])
def test_every_door_refuses_in_one_sentence_with_exit_code_2(door):
    done = subprocess.run(
        [sys.executable, *door],
        env=os.environ | {"DEBUG": "perhaps"},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "DEBUG is 1 or 0, not 'perhaps'.\n")


def test_an_older_python_is_refused_in_a_sentence():
    older = "import runpy, sys; sys.version_info, sys.version = (3, 10, 13), '3.10.13'; runpy.run_path('manage.py')"
    done = subprocess.run([sys.executable, "-c", older], cwd=settings.BASE_DIR, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "simportal needs Python 3.11 or later; this is 3.10.13.\n")


def test_what_no_log_may_have():
    given = {"SECRET_KEY": "one", "SECRET_KEY_FALLBACKS": "two", "METRICS_TOKEN": "three-of-this-test"}
    given |= {"DATABASE_URL": "postgresql://portal:fo%20ur@db/cards", "REDIS_URL": "redis://:fi%23ve@cache/0"}
    given |= {"EMAIL_URL": "smtp://me:six@mx", "MAIL_FROM": "a@b.cn", "SENTRY_DSN": "https://5e7e2:7e8@sentry/1"}
    given["CARRIER_KEY"] = A_KEY
    secrets = ["one", "two", "three-of-this-test", "5e7e2", "7e8", A_KEY, "fo ur", "fi%23ve", "fi#ve", "six"]
    assert (read(**given).secrets(), read().secrets()) == (secrets, ["a long random text"])
