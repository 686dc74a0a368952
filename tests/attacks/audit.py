"""The audit list: nothing takes an entry back, and nobody has it say that somebody else did something."""

from itertools import product

from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client

from cards.actions.audit import record
from cards.choices import AuditAction
from cards.models import AuditEntry
from tests.attacks.attack import Attack, Tally
from tests.build import member

COLUMNS = [column.column for column in AuditEntry._meta.concrete_fields]
OTHERWISE = {"sqlite": "INSERT OR REPLACE INTO {table} SELECT * FROM {table}", "postgresql": "TRUNCATE {table}"}
SIGNATURES = ("by", "by_id", "actor", "actor_name", "user", "user_id", "owner", "at", "address")


def raw_writes(stage):
    tally, table = Tally(), AuditEntry._meta.db_table
    record(AuditAction.LOGIN, by=member(), about="somebody")
    before = list(AuditEntry.objects.values())
    changes = [f"UPDATE {table} SET {column} = {column}" for column in COLUMNS]
    deletions = [f"DELETE FROM {table}", f"DELETE FROM {table} WHERE id > 0 AND actor_kind <> ''"]
    for statement in [*changes, *deletions, OTHERWISE[connection.vendor].format(table=table)]:
        with tally.one_try():
            if is_done(statement) or list(AuditEntry.objects.values()) != before:
                tally.got_through(statement)
    return tally


def is_done(statement):
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError:
        return False
    return True


def signatures(stage):
    """What is sent along says that somebody else does it."""
    tally, user, other = Tally(), member("Acme", "alice", "owner"), User.objects.create_superuser("admin")
    client = Client()
    client.force_login(user)
    for name, value in product(SIGNATURES, (other.pk, other.username)):
        with tally.one_try():
            newest = AuditEntry.objects.first()
            client.get("/account/data/file/", {name: value})
            client.post(f"/my/members/invite/{user.memberships.get().customer_id}/", {"role": "viewer", name: value})
            written = AuditEntry.objects.filter(pk__gt=newest.pk if newest else 0)
            signed = list(written.values_list("by", "actor_name", "address"))
            if signed != [(user.pk, "alice", "127.0.0.1")] * 2:  # the file, and the invitation
                tally.got_through(name, value, signed)
    return tally


ATTACKS = {
    "audit list, raw": Attack(
        "an entry of the audit list taken back",
        "raw SQL: each column, deletion, replacement, emptying",
        raw_writes,
        asks_the_database=True,
    ),
    "audit list, signatures": Attack(
        "an entry of the audit list signed by somebody else",
        f"{len(SIGNATURES)} names of who it was, in addresses and forms",
        signatures,
    ),
}
