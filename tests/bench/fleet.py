"""A fleet of any size in a moment, for benches that read: cards of every kind, written past the actions.

`python -m tests.bench.fleet 1000000` fills the empty, migrated database of DATABASE_URL. The same number of cards is
always the same fleet, and a card's number says what kind of card it is.
"""

import sys
from datetime import date, datetime, timedelta

import django

if __name__ == "__main__":
    django.setup()

from django.core.management.color import no_style
from django.db import connection, transaction
from django.utils import timezone

from cards.models import Card, CardTag, Customer, Plan, StateTally, Tag

TODAY = date(2026, 8, 1)
MB = 1_048_576
CUSTOMERS = 200
TAGGED_EVERY = 20
TAGS = ("vip", "shared", "试用", "north")
CHUNK = 10_000

RUNS = {
    "state": "in_use",
    "quota_mb": 1024,
    "term_number": 1,
    "activation_cause": "first_use",
    "activated_on": date(2026, 2, 10),
    "service_from": date(2026, 2, 10),
    "cycle_from": TODAY,
    "cycle_until": date(2026, 9, 1),
}
HELD = RUNS | {"state": "suspended", "resumes_to": "in_use"}
ENDED = RUNS | {"cycle_from": None, "cycle_until": None}

# What a hundred cards in a row are: (how many, their facts).
KINDS = (
    (56, RUNS),
    (3, RUNS | {"used_bytes": 900 * MB, "usage_level": 80}),
    (1, RUNS | {"remark": "=do not calculate, “上海”", "limit_mb": 500, "protected": True}),
    (11, {"state": "unused", "silent_from": date(2026, 5, 3)}),
    (5, {"state": "testing", "test_months": 3, "test_quota_mb": 30}),
    (3, HELD | {"holds": "credit", "used_bytes": 1030 * MB, "usage_level": 100}),
    (4, HELD | {"holds": "voluntary"}),
    (1, HELD | {"holds": "threshold,voluntary", "limit_mb": 100, "used_bytes": 120 * MB}),
    (2, HELD | {"holds": "real_name", "certification": "individual", "real_name": "submitted"}),
    (1, HELD | {"holds": "anomaly"}),
    (8, ENDED | {"state": "shut_down"}),
    (5, ENDED | {"state": "cancelled"}),
)
FACTS = [facts for count, facts in KINDS for _ in range(count)]


def write_fleet(cards):
    """Write so many cards, and what pages keep beside them: customers, tags, sums. The database is analysed after."""
    customers = Customer.objects.bulk_create([Customer(name=f"客户 {number:03d}") for number in range(CUSTOMERS)])
    tags = Tag.objects.bulk_create([Tag(name=name) for name in TAGS])
    plan = Plan.objects.get(code="Y1-1024")
    with _without_indexes(), transaction.atomic():
        for start in range(0, cards, CHUNK):
            numbers = range(start, min(start + CHUNK, cards))
            _insert(Card, [_facts(number, customers, plan) for number in numbers])
            tagged = (number for number in numbers if number % TAGGED_EVERY == 0)
            _insert(CardTag, [{"card_id": number + 1, "tag_id": _tag(tags, number).pk} for number in tagged])
    _keep_sums()
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Card]):
            cursor.execute(statement)
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "VACUUM ANALYZE")


def iccid(number):
    return f"8986{number:016d}"


def msisdn(number):
    return f"14{number:011d}"


def _facts(number, customers, plan):
    kind = FACTS[number * 37 % 100]
    days = number * 7 % 300
    facts = {
        "id": number + 1,
        "iccid": iccid(number),
        "msisdn": msisdn(number),
        "imsi": f"4600{number:011d}",
        "carrier": ("cmcc", "cmcc", "cucc", "ctcc")[number % 4],
        "customer_id": customers[number % CUSTOMERS].pk if number % 10 else None,
        "certification": "enterprise",
        "plan_id": plan.pk,
        "opened_on": date(2026, 1, 1) + timedelta(days=number % 28),
        "changed_on": TODAY,
        "version": 1,
        "used_bytes": number * 7919 % (700 * MB) if kind["state"] == "in_use" else 0,
        "read_at": timezone.make_aware(datetime(2026, 8, 1, 6)),
        "seen_imei": f"8686{number:011d}",
        "tags": _tag_names(number),
    } | kind
    return facts | _days(facts, days)


def _days(facts, days):
    """The days of the card's clock, spread over a year, and when something is due on it next."""
    match facts["state"]:
        case "testing":
            day = TODAY + timedelta(days=1 + days // 4)
            return {"test_until": day, "next_due_on": day}
        case "unused":
            day = date(2026, 9 + days % 4, 1)
            return {"forced_activation_on": day, "next_due_on": day}
        case "shut_down":
            day = TODAY + timedelta(days=1 + days % 90)
            return {"service_until": day - timedelta(days=90), "cancel_on": day, "next_due_on": day}
        case "cancelled":
            day = TODAY - timedelta(days=days)
            return {"service_until": day - timedelta(days=90), "cancel_on": day}
    day = TODAY + timedelta(days=1 + days)
    return {"service_until": day, "next_due_on": day}


def _tag(tags, number):
    return tags[number // TAGGED_EVERY % len(tags)]


def _tag_names(number):
    return "" if number % TAGGED_EVERY else _tag(TAGS, number)


def _insert(model, rows):
    """Rows given as facts by column; what a row leaves out has the model's default."""
    fields = [
        field
        for field in model._meta.concrete_fields
        if any(field.attname in row for row in rows) or not field.primary_key
    ]
    defaults = {field.attname: field.get_default() for field in fields}
    values = [[field.get_db_prep_save((defaults | row)[field.attname], connection) for field in fields] for row in rows]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {model._meta.db_table} ({columns}) FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({marks})", values)


class _without_indexes:
    """A million rows are written in a minute, and with twenty indexes on them in five."""

    def __enter__(self):
        with connection.schema_editor() as editor:
            for index in Card._meta.indexes:
                editor.remove_index(Card, index)

    def __exit__(self, *exception):
        with connection.schema_editor() as editor:
            for index in Card._meta.indexes:
                editor.add_index(Card, index)


def _keep_sums():
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {StateTally._meta.db_table} (day, action, state, holds, cards) "
            "SELECT changed_on, 'open', state, holds, COUNT(*) FROM cards_card GROUP BY changed_on, state, holds"
        )


if __name__ == "__main__":
    write_fleet(int(sys.argv[1]))
