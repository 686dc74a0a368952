"""A portal with as many cards as asked for, laid straight into its tables: for benches that only look.

States, holds, carriers, plans, customers and tags lie in the same shares at a thousand cards and at a million, and
through one another, as years of buying and selling leave them. The cards have no records: nothing may be done to them.
"""

from contextlib import contextmanager
from datetime import date, timedelta

from django.conf import settings
from django.db import connection

from cards.calendar import add_months
from cards.choices import Carrier, Hold, State
from cards.models import Card, CardTag, Customer, Plan, ServiceTerm, StateTally, Tag

TODAY = date(2026, 8, 3)
CUSTOMERS, TAGS = 500, 8
# With which it is looked at: on the day as of which it is laid.
OF_THE_FLEET = {
    "SIMPORTAL_TODAY": TODAY,
    "ALLOWED_HOSTS": ["*"],
    "STORAGES": settings.STORAGES
    | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}},
}

# (cards of a thousand, state, holds, resumes to, cards that are as many days old at the most, usage level)
KINDS = (
    (50, State.TESTING, "", "", 80, 0),
    (150, State.UNUSED, "", "", 180, 0),
    (520, State.IN_USE, "", "", 360, 0),
    (70, State.IN_USE, "", "", 360, 80),
    (10, State.IN_USE, "", "", 360, 100),
    (50, State.SUSPENDED, Hold.VOLUNTARY, State.IN_USE, 360, 0),
    (40, State.SUSPENDED, Hold.CREDIT, State.IN_USE, 360, 100),
    (5, State.SUSPENDED, "credit,voluntary", State.IN_USE, 360, 100),
    (10, State.SUSPENDED, Hold.THRESHOLD, State.IN_USE, 360, 0),
    (10, State.SUSPENDED, Hold.REAL_NAME, State.UNUSED, 180, 0),
    (5, State.SUSPENDED, Hold.REBIND, State.IN_USE, 360, 0),
    (5, State.SUSPENDED, Hold.ANOMALY, State.IN_USE, 360, 0),
    (45, State.SHUT_DOWN, "", "", 89, 0),
    (5, State.SHUT_DOWN, Hold.VOLUNTARY, "", 89, 0),
    (25, State.CANCELLED, "", "", 300, 0),
)
CARRIERS = (*[Carrier.CMCC] * 5, *[Carrier.CUCC] * 3, Carrier.CTCC, Carrier.CBN)

# `mixed` is a number below 1,000,003 in no visible order; what is taken from it by different divisors is independent.
NUMBERED = {
    "postgresql": "SELECT n, (n * 7919 + 104729) % 1000003 AS mixed FROM generate_series(1, {cards}::bigint) AS n",
    "sqlite": "SELECT value AS n, (value * 7919 + 104729) % 1000003 AS mixed FROM numbers",
}


def lay(cards, has_large_customer=False):
    """Fill an empty, migrated database with this many cards, tags, terms and sums over them, and analyze it.

    A large customer, the first one, has a tenth of all cards.
    """
    _lay_master_data()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA cache_size = -1000000")
        with _without_indexes():
            cursor.execute(_cards_statement(cards, has_large_customer))
        cursor.execute(_tags_statement())
        cursor.execute(_terms_statement())
        cursor.execute(_tallies_statement())
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


@contextmanager
def _without_indexes():
    """Indexes are made in one go once the rows are there, which takes a quarter of the time."""
    with connection.schema_editor() as editor:
        for index in Card._meta.indexes:
            editor.remove_index(Card, index)
    yield
    with connection.schema_editor() as editor:
        for index in Card._meta.indexes:
            editor.add_index(Card, index)


def _lay_master_data():
    Customer.objects.bulk_create(Customer(name=f"Customer {number:03d} Ltd") for number in range(CUSTOMERS))
    Tag.objects.bulk_create(Tag(name=f"lot-{number}") for number in range(TAGS))


def _cards_statement(cards, has_large_customer):
    customers = list(Customer.objects.order_by("pk").values_list("pk", flat=True))
    plans = list(Plan.objects.filter(kind="plan").order_by("pk").values_list("pk", flat=True))
    large = f"WHEN mixed % 10 = 7 THEN {customers[0]}" if has_large_customer else ""
    since, until = TODAY.replace(day=1), add_months(TODAY.replace(day=1), 1)
    columns = {
        "id": "n",
        "iccid": "'8986' || SUBSTR(CAST(1000000000000000 + n * 13 AS text), 2) || CAST(mixed % 10 AS text)",
        "msisdn": "'1440' || SUBSTR(CAST(1000000000 + (n * 7919) % 999999937 AS text), 2)",
        "imsi": "'46004' || SUBSTR(CAST(10000000000 + n AS text), 2)",
        "carrier": _one_of(CARRIERS, "mixed / 3"),
        "customer_id": f"CASE {large} WHEN mixed % 11 = 0 THEN NULL ELSE {customers[0]} + "
        f"(mixed % {CUSTOMERS}) * (mixed % 97) / 97 END",
        "certification": "CASE WHEN mixed % 7 = 0 THEN 'individual' ELSE 'enterprise' END",
        "plan_id": _one_of(plans, "mixed / 7"),
        "state": "kind.state",
        "holds": "kind.holds",
        "resumes_to": "kind.resumes_to",
        "version": "1",
        "changed_on": "aged.changed_on",
        "next_due_on": "aged.next_due_on",
        "parked": """CASE WHEN mixed % 300 = 0 THEN '["no_queued_term", {}]' ELSE '' END""",
        "opened_on": "aged.opened_on",
        "test_months": "CASE WHEN kind.state = 'testing' THEN 3 ELSE 0 END",
        "test_quota_mb": "CASE WHEN kind.state = 'testing' THEN 30 ELSE 0 END",
        "test_until": "aged.test_until",
        "silent_from": "aged.silent_from",
        "forced_activation_on": "aged.forced_activation_on",
        "activated_on": "aged.activated_on",
        "activation_cause": "CASE WHEN aged.activated_on IS NULL THEN '' ELSE 'first_use' END",
        "term_number": "CASE WHEN aged.service_until IS NULL THEN 0 ELSE 1 END",
        "service_from": "aged.activated_on",
        "service_until": "aged.service_until",
        "cancel_on": "aged.cancel_on",
        "protected": "mixed % 50 = 0",
        "cycle_from": f"CASE WHEN {_METERED} THEN {_day(since)} END",
        "cycle_until": f"CASE WHEN {_METERED} THEN {_day(until)} END",
        "quota_mb": f"CASE WHEN {_METERED} THEN 100 ELSE 0 END",
        "pack_mb": "0",
        "limit_waived": "mixed % 2 = 3",
        "used_bytes": f"CASE WHEN {_METERED} THEN (kind.usage_level + mixed % 20) * 1048576 ELSE 0 END",
        "usage_level": "kind.usage_level",
        "stray_usage_on": "CASE WHEN aged.cancel_on IS NOT NULL AND mixed % 20 = 1 THEN aged.cancel_on END",
        "binding": "CASE WHEN mixed % 3 = 0 THEN 'first_use' ELSE 'none' END",
        "bound_imei": "CASE WHEN mixed % 3 = 0 THEN '8674' || SUBSTR(CAST(100000000000 + n AS text), 2) ELSE '' END",
        "previous_imei": "''",
        "seen_imei": "CASE WHEN mixed % 3 = 0 THEN '8674' || SUBSTR(CAST(100000000000 + n AS text), 2) ELSE '' END",
        "rebinds": "0",
        "real_name": "CASE WHEN mixed % 70 = 0 THEN 'submitted' ELSE 'none' END",
        "tags": f"CASE WHEN mixed % 10 = 3 THEN 'lot-' || CAST(mixed / 10 % {TAGS} AS text) ELSE '' END",
        "remark": "''",
    }
    return (
        f"{_with(cards)} INSERT INTO {Card._meta.db_table} ({', '.join(columns)}) SELECT {', '.join(columns.values())} "
        "FROM numbered JOIN kind ON numbered.mixed / 17 % 1000 BETWEEN kind.low AND kind.high "
        "JOIN aged ON aged.kind = kind.kind AND aged.age = numbered.mixed / 13 % kind.ages ORDER BY n"
    )


_METERED = "'in_use' IN (kind.state, kind.resumes_to)"


def _with(cards):
    kinds, aged, low = [], [], 0
    for number, (share, state, holds, resumes_to, ages, level) in enumerate(KINDS):
        kinds.append(f"({number}, {low}, {low + share - 1}, '{state}', '{holds}', '{resumes_to}', {ages}, {level})")
        aged += [f"({number}, {age}, {', '.join(map(_day, _days(resumes_to or state, age)))})" for age in range(ages)]
        low += share
    return (
        ("WITH " if connection.vendor == "postgresql" else _NUMBERS.format(cards=cards))
        + f"numbered AS ({NUMBERED[connection.vendor].format(cards=cards)}), "
        f"kind (kind, low, high, state, holds, resumes_to, ages, usage_level) AS (VALUES {', '.join(kinds)}), "
        "aged (kind, age, opened_on, test_until, silent_from, forced_activation_on, activated_on, service_until, "
        f"cancel_on, next_due_on, changed_on) AS {_MATERIALIZED[connection.vendor]} (VALUES {', '.join(aged)})"
    )


_NUMBERS = "WITH RECURSIVE numbers (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM numbers LIMIT {cards}), "
_MATERIALIZED = {"postgresql": "", "sqlite": "MATERIALIZED"}


def _days(phase, age):
    """The days of a card that has been in its phase for so long, in the order of the columns of `aged`."""
    began = TODAY - timedelta(days=age)
    if phase == State.TESTING:
        until = add_months(began, 3)
        return began, until, None, None, None, None, None, until, began
    if phase == State.UNUSED:
        forced = add_months(began.replace(day=1), 7)
        return began, None, began, forced, None, None, None, forced, began
    if phase == State.IN_USE:
        until = add_months(began.replace(day=1), 13)
        return began, None, began, None, began, until, None, until, began
    opened = add_months(began, -12)
    if phase == State.SHUT_DOWN:
        cancel = began + timedelta(days=90)
        return opened, None, opened, None, opened, began, cancel, cancel, began
    return opened, None, opened, None, opened, began - timedelta(days=90), began, None, began


def _day(day):
    if day is None:
        return "NULL"
    return f"DATE '{day}'" if connection.vendor == "postgresql" else f"'{day}'"


def _one_of(values, number):
    cases = " ".join(f"WHEN {place} THEN '{value}'" for place, value in enumerate(values))
    if isinstance(values[0], int):
        cases = cases.replace("'", "")
    return f"CASE {number} % {len(values)} {cases} END"


def _tags_statement():
    return (
        f"INSERT INTO {CardTag._meta.db_table} (card_id, tag_id) SELECT card.id, tag.id "
        f"FROM {Card._meta.db_table} AS card JOIN {Tag._meta.db_table} AS tag ON tag.name = card.tags ORDER BY card.id"
    )


def _terms_statement():
    """The first term of each card, begun or not."""
    return (
        f"INSERT INTO {ServiceTerm._meta.db_table} "
        "(card_id, number, plan_id, months, alignment, quota_mb, bought_on, starts_on, service_until) "
        "SELECT id, 1, plan_id, 12, 'calendar', 30, opened_on, service_from, service_until "
        f"FROM {Card._meta.db_table} ORDER BY id"
    )


def _tallies_statement():
    return (
        f"INSERT INTO {StateTally._meta.db_table} (day, action, state, holds, cards) "
        f"SELECT changed_on, 'adopt', state, holds, COUNT(*) FROM {Card._meta.db_table} GROUP BY 1, 2, 3, 4"
    )
