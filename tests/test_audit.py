"""The audit list: who changed what people may do and how they get in, and who took data out of the house."""

import re

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from cards.actions import sealing
from cards.actions.audit import record, visited_from
from cards.choices import AuditAction
from cards.models import AuditEntry, Customer, EventCursor, Seal
from cards.permissions import Actor
from cards.proof import AUDIT, Proof
from cards.proof.seals import prove_seals
from simportal.visits import visits
from tests.build import unguarded
from tests.processes import wait_until

pytestmark = pytest.mark.django_db

COLUMNS = ("action", "actor_kind", "actor_name", "by", "about", "user", "customer", "address", "details")


def written():
    """What the list says, the first first."""
    return list(AuditEntry.objects.order_by("pk").values_list(*COLUMNS))


@pytest.fixture
def ops():
    return User.objects.create_user("ops", is_staff=True)


def test_an_entry_says_who_did_what_to_whom_from_where(ops):
    alice, acme = User.objects.create_user("alice"), Customer.objects.create(name="Acme")
    with visited_from("203.0.113.7"):
        record(AuditAction.MEMBER_ADDED, by=ops, about=alice, customer=acme, role="owner")
    record(AuditAction.CHANGED, by=alice, about=acme, before={"name": "Acne"}, after={"name": "Acme"})
    record(AuditAction.JOB_STARTED, by=Actor.shell(), about="Job 7", rows=12)
    member = ("member_added", "staff", "ops", ops.pk, "alice", alice.pk, acme.pk, "203.0.113.7", {"role": "owner"})
    details = {"before": {"name": "Acne"}, "after": {"name": "Acme"}}
    changed = ("changed", "customer", "alice", alice.pk, "Acme", None, acme.pk, "", details)
    job = ("job_started", "command", "manage.py", None, "Job 7", None, None, "", {"rows": 12})
    assert written() == [member, changed, job]


def test_a_name_of_any_length_is_cut_and_who_is_gone_stays_in_the_list(ops):
    record(AuditAction.DELETED, by=ops, about="x" * 300)
    key = ops.pk
    ops.delete()
    assert written() == [("deleted", "staff", "ops", key, "x" * 200, None, None, "", {})]


def test_what_was_not_done_is_not_recorded(ops):
    with transaction.atomic():
        record(AuditAction.DELETED, by=ops, about="a plan")
        transaction.set_rollback(True)
    assert written() == []


RAW = {
    "changed": "UPDATE cards_auditentry SET actor_name = 'somebody else'",
    "deleted": "DELETE FROM cards_auditentry",
    "replaced": "INSERT OR REPLACE INTO cards_auditentry SELECT * FROM cards_auditentry",
    "emptied": "TRUNCATE cards_auditentry",
}
NOT_A_STATEMENT = {"sqlite": "emptied", "postgresql": "replaced"}


@pytest.mark.parametrize("how", [how for how in RAW if how != NOT_A_STATEMENT[connection.vendor]])
def test_the_database_refuses_to_take_an_entry_back(ops, how):
    record(AuditAction.LOGIN, by=ops, about=ops)
    before = written()
    refusal = "an audit entry is never changed or deleted"
    with pytest.raises(DatabaseError, match=re.escape(refusal)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(RAW[how])
    assert written() == before


def test_it_is_sealed_each_night_and_proved(ops):
    record(AuditAction.LOGIN, by=ops, about=ops)
    record(AuditAction.TWO_STEP_OFF, by=ops, about=ops)
    newest = AuditEntry.objects.latest("pk").pk

    def sealed():
        sealing.seal_next(AUDIT)
        return EventCursor.objects.get(pk=AUDIT.reader).through == newest

    def found():
        return [problem.code for problem in Proof().problems(parts=[prove_seals(AUDIT)])]

    wait_until(sealed, what="that the entries are settled")
    assert (list(Seal.objects.values_list("book", "rows")), found()) == ([("audit", 2)], [])
    unguarded()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cards_auditentry SET actor_name = 'somebody else' WHERE action = 'login'")
    assert found() == ["seal_broken"]


def test_an_entry_carries_the_address_of_the_request(ops, rf, settings):
    settings.PROXIES = 1
    answer = visits(lambda request: record(AuditAction.LOGIN, by=ops, about=ops))
    answer(rf.get("/", headers={"X-Forwarded-For": "192.0.2.1, 198.51.100.9"}))
    record(AuditAction.LOGIN, by=ops, about=ops)  # outside of a request there is none
    assert [entry[-2] for entry in written()] == ["198.51.100.9", ""]
