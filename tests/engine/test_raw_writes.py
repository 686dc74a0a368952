"""Raw SQL at what is kept: the database refuses it, or `verify` finds it. `docs/reliability.md` has the same table."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from billing import proof
from billing.actions import payments
from billing.choices import Deed, OrderKind
from billing.models import DoneAlone, TermsRecord
from billing.payments import local
from cards.models import Card
from cards.proof import Proof
from tests.billing import build as b
from tests.build import card_in_use, do, member, on_day, open_card

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)

EDGE = "only along a declared edge"
RECORD_FIRST = "only as its record says"
VERSION = "goes up by one with each record"
WITH_ONE = "what a record says of a card changes only with one"
NEXT_RECORD = "has the card's next number and begins in the card's state"
EVENTS = "a card event is never changed or deleted"
CARDS = "a card is never deleted or replaced"
BOOKS = "the books are never changed or deleted"
LOG = "is never changed or deleted"
ORDERED = "what was ordered is fixed"


def record(seq, action="remark", source="state", target="state"):
    """A forged record of the card in use, numbered from its version on."""
    return (
        "INSERT INTO cards_cardevent (card_id, seq, action, from_state, to_state, holds, effective_on, executed_at,"
        " actor_kind, actor_name, rule, reason, evidence)"
        f" SELECT id, version + {seq}, '{action}', {source}, {target}, holds, changed_on, '2026-03-02 00:00:00Z',"
        " 'command', 'me', '', '', '{{}}' FROM cards_card WHERE id = {card}"
    )


def copied(table, columns, **instead):
    """Each row of the table once more, but for these columns."""
    values = ", ".join(instead.get(name, name) for name in columns)
    return f"INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table}"


CARD_COLUMNS = [field.column for field in Card._meta.concrete_fields if not field.primary_key]
EVENT_KEY = "card_id, seq"
ANOTHER_CARD = "INSERT " + copied("cards_card", CARD_COLUMNS, iccid="'89860000000000009999'") + " WHERE id = {stock}"
EVENT_COLUMNS = (
    "id, card_id, seq, action, from_state, to_state, holds, effective_on, executed_at, actor_kind, actor_name, rule,"
    " reason, evidence"
)
ENTRY = "billing_entry (key, kind, customer_id, booked_on, booked_at, actor_kind, actor_name, memo)"
ENTRY_OF = " SELECT '{key}', kind, customer_id, booked_on, booked_at, actor_kind, actor_name, memo FROM billing_entry"
POSTING = "INSERT INTO billing_posting (entry_id, account, customer_id, amount, balance)"
NEXT = "version = version + 1"


def card_set(facts):
    return f"UPDATE cards_card SET {facts} WHERE id = {{card}}"


# By database where they differ: what is done, statement by statement, and what the last of them comes to: the message
# that refuses it, or the code by which `verify` finds it.
REFUSED = {
    # cards
    "A state": ([card_set("state = 'shut_down'")], EDGE),
    "A state along an edge, with the next version": ([card_set(f"state = 'shut_down', {NEXT}")], RECORD_FIRST),
    "A state that the record does not say": (
        [record(1, target="'cancelled'"), card_set(f"state = 'shut_down', {NEXT}")],
        RECORD_FIRST,
    ),
    "A state along no edge, with its record": (
        [record(1, target="'testing'"), card_set(f"state = 'testing', {NEXT}")],
        EDGE,
    ),
    "Out of cancelled": ([f"UPDATE cards_card SET state = 'in_use', {NEXT} WHERE id = {{cancelled}}"], ""),
    "A hold": ([card_set("holds = 'credit', state = 'suspended', resumes_to = 'in_use'")], ""),
    "A hold on a stopped card": (["UPDATE cards_card SET holds = 'credit' WHERE id = {stopped}"], WITH_ONE),
    "A hold that the record does not say": (
        [
            record(1).replace("{card}", "{stopped}"),
            f"UPDATE cards_card SET holds = 'anomaly', {NEXT} WHERE id = {{stopped}}",
        ],
        RECORD_FIRST,
    ),
    "A version without a record": ([card_set(NEXT)], RECORD_FIRST),
    "Two versions at once": ([card_set("version = version + 2")], ""),
    "A version that goes back": ([card_set("version = version - 1")], VERSION),
    "Another customer": ([card_set("customer_id = {other}")], ""),
    "Another customer, with a record of something else": (
        [record(1), card_set(f"customer_id = {{other}}, {NEXT}")],
        "goes to another customer only with a record",
    ),
    "Protection": ([card_set("protected = NOT protected")], ""),
    "Protection, with a record of something else": (
        [record(1), card_set(f"protected = NOT protected, {NEXT}")],
        "protected, and not any more, only with a record",
    ),
    "Parked": ([card_set("parked = '{{}}', next_due_on = NULL")], WITH_ONE),
    "A usage limit": ([card_set("limit_mb = 5")], WITH_ONE),
    "An add-on pack": ([card_set("pack_mb = 1000")], WITH_ONE),
    "A longer term": ([card_set("service_until = '2036-01-01'")], WITH_ONE),
    "Another day of cancellation": (
        ["UPDATE cards_card SET cancel_on = '2036-01-01' WHERE id = {cancelled}"],
        WITH_ONE,
    ),
    "Another device": ([card_set("bound_imei = '861537040000035'")], WITH_ONE),
    "Another verdict on an ID": ([card_set("real_name = 'approved'")], WITH_ONE),
    "Another opening plan": (
        ["UPDATE cards_card SET plan_id = (SELECT MAX(id) FROM cards_plan) WHERE id = {card}"],
        WITH_ONE,
    ),
    "A tag": ([card_set("tags = 'mine'")], WITH_ONE),
    "Nothing due any more": ([card_set("next_due_on = NULL")], "nothing is due on a card only where"),
    "Another ICCID": ([card_set("iccid = '89860000000000009999'")], "gets another ICCID only by a swap"),
    "A card deleted": (["DELETE FROM cards_card WHERE id = {card}"], CARDS),
    "A card replaced": (
        {
            "sqlite": ["REPLACE " + copied("cards_card", ["id", *CARD_COLUMNS], state="'testing'")],
            "postgresql": [
                "INSERT "
                + copied("cards_card", ["id", *CARD_COLUMNS])
                + " ON CONFLICT (id) DO UPDATE SET state = 'testing'"
            ],
        },
        "",
    ),
    "A card put in the place of another": (
        {
            "sqlite": ["UPDATE OR REPLACE cards_card SET id = {stock} WHERE id = {card}"],
            "postgresql": ["UPDATE cards_card SET id = id + 1000 WHERE id = {card}"],
        },
        "a card keeps its key",
    ),
    # records
    "A record changed": (["UPDATE cards_cardevent SET reason = 'nothing' WHERE card_id = {card}"], EVENTS),
    "A record deleted": (["DELETE FROM cards_cardevent WHERE card_id = {card} AND seq = 2"], EVENTS),
    "A record replaced": (
        {
            "sqlite": [
                f"INSERT OR REPLACE INTO cards_cardevent ({EVENT_COLUMNS}) SELECT {EVENT_COLUMNS} FROM cards_cardevent"
            ],
            "postgresql": [
                f"INSERT INTO cards_cardevent ({EVENT_COLUMNS}) SELECT {EVENT_COLUMNS} FROM cards_cardevent"
                f" ON CONFLICT ({EVENT_KEY}) DO UPDATE SET reason = 'nothing'"
            ],
        },
        EVENTS,
    ),
    "A record put in the place of another": (
        {
            "sqlite": ["UPDATE OR REPLACE cards_cardevent SET seq = 1 WHERE card_id = {card} AND seq = 2"],
            "postgresql": ["UPDATE cards_cardevent SET seq = 9 WHERE card_id = {card} AND seq = 2"],
        },
        EVENTS,
    ),
    "A record that skips a number": ([record(2)], NEXT_RECORD),
    "A record from another state": ([record(1, source="'testing'")], NEXT_RECORD),
    "A second opening": ([record("1 - version", source="''")], ""),
    # the books
    "A posting changed": (["UPDATE billing_posting SET amount = amount + 1"], BOOKS),
    "A posting deleted": (["DELETE FROM billing_posting"], BOOKS),
    "An entry changed": (["UPDATE billing_entry SET memo = 'nothing'"], BOOKS),
    "An entry deleted": (["DELETE FROM billing_entry"], BOOKS),
    "An entry replaced": (
        {
            "sqlite": [f"INSERT OR REPLACE INTO {ENTRY}" + ENTRY_OF.replace("'{key}'", "key")],
            "postgresql": [
                f"INSERT INTO {ENTRY}"
                + ENTRY_OF.replace("'{key}'", "key")
                + " ON CONFLICT (key) DO UPDATE SET memo = 'x'"
            ],
        },
        BOOKS,
    ),
    "An entry without postings": (
        [f"INSERT INTO {ENTRY}" + ENTRY_OF.replace("{key}", "alone") + " WHERE key = '{receipt}'"],
        "the postings of an entry sum to zero",
    ),
    "A posting added to an entry": (
        [f"{POSTING} VALUES ('{{receipt}}', 'cash', NULL, 1, NULL)"],
        "an entry that is there gets no more postings",
    ),
    "An entry whose postings did not reach the wallet": (
        [
            f"{POSTING} VALUES ('mine', 'cash', NULL, -5, NULL), ('mine', 'wallet', {{acme}}, 5, 5)",
            f"INSERT INTO {ENTRY}" + ENTRY_OF.replace("{key}", "mine") + " WHERE key = '{receipt}'",
        ],
        "after the wallet is moved as its postings say",
    ),
    "Money in a wallet": (
        ["UPDATE billing_customeraccount SET balance = balance + 1"],
        "a wallet is moved only by a posting",
    ),
    "A new wallet with money in it": (
        [
            "INSERT INTO billing_customeraccount (customer_id, balance, credit_limit, auto_renews, renews_days_ahead,"
            " muted) VALUES ({other}, 100, 0, {no}, 7, '[]')"
        ],
        "a wallet begins empty",
    ),
    "A wallet deleted": (["DELETE FROM billing_customeraccount"], "a wallet is never deleted"),
    "An order paid without money": (
        ["UPDATE billing_order SET state = 'paid' WHERE id = {placed}"],
        "only once the wallet has paid for it",
    ),
    "An order that goes back": (
        ["UPDATE billing_order SET state = 'placed' WHERE id = {renewal}"],
        "an order goes only from one state to the next",
    ),
    "An order that costs less": (["UPDATE billing_order SET total = 1 WHERE id = {placed}"], ORDERED),
    "An order of another kind": (["UPDATE billing_order SET kind = 'pack' WHERE id = {placed}"], ORDERED),
    "An order of another customer": (
        ["UPDATE billing_order SET customer_id = {other} WHERE id = {placed}"],
        "a placed order stays its customer's, or who that was merged into",
    ),
    "An order deleted": (
        ["DELETE FROM billing_order WHERE id = {placed}"],
        "an order that was placed is never deleted",
    ),
    "Who did it alone": (["UPDATE billing_donealone SET amount = 0.01"], LOG),
    "Who did it alone, deleted": (["DELETE FROM billing_donealone"], LOG),
    "Who changed a price": (["UPDATE billing_termsrecord SET deed = 'other'"], LOG),
    "Who changed a price, deleted": (["DELETE FROM billing_termsrecord"], LOG),
}
EMPTIED = {
    "The records emptied": ("TRUNCATE cards_cardevent", EVENTS),
    "The cards emptied": ("TRUNCATE cards_card CASCADE", ""),
    "The books emptied": ("TRUNCATE billing_posting, billing_entry CASCADE", ""),
    "The orders emptied": ("TRUNCATE billing_order CASCADE", ""),
    "The wallets emptied": ("TRUNCATE billing_customeraccount CASCADE", "a wallet is never deleted"),
}
FOUND = {
    "A record that its card does not follow": ([record(1)], "version"),
    "A card without records": ([ANOTHER_CARD], "no_events"),
    "A term more": (
        [
            "INSERT INTO cards_serviceterm (card_id, plan_id, number, months, alignment, quota_mb, bought_on)"
            " SELECT card_id, plan_id, 9, months, alignment, quota_mb, bought_on FROM cards_serviceterm"
            " WHERE card_id = {stock}"
        ],
        "term_numbers",
    ),
    "A term less": (["DELETE FROM cards_serviceterm WHERE card_id = {card}"], "term_numbers"),
    "A longer term, not on the card": (["UPDATE cards_serviceterm SET service_until = '2036-01-01'"], "running_term"),
    "A kept sum": (["UPDATE cards_statetally SET cards = cards + 1"], "sum"),
    "What is due, put off": ([card_set("next_due_on = '2036-01-01'")], "next_due"),
    "A counter": ([card_set("used_bytes = used_bytes + 1")], "counter"),
    "A usage level": ([card_set("usage_level = 100")], "usage_level"),
    "A posting without its entry": (
        [f"{POSTING} VALUES ('mine', 'cash', NULL, -5, NULL)"],
        "no_entry",
    ),
    "Money in a wallet, with a posting of it": (
        [
            f"{POSTING} VALUES ('mine', 'wallet', {{acme}}, 5, 5000)",
            "UPDATE billing_customeraccount SET balance = 5000 WHERE customer_id = {acme}",
        ],
        "no_entry",
    ),
    "A line served by hand": (
        ["UPDATE billing_orderline SET state = 'fulfilled' WHERE order_id = {placed}"],
        "order_earned",
    ),
    "A line's price": (["UPDATE billing_orderline SET unit_price = 1 WHERE order_id = {placed}"], "order_total"),
    "A refund that nobody got": (["UPDATE billing_order SET refunded = 1 WHERE id = {renewal}"], "order_refunded"),
    "A payment that came online": (["UPDATE billing_payment SET amount = amount + 1"], "online_not_booked"),
    "A term on order, deleted": (["DELETE FROM cards_orderedterm"], "line_without_ordered_term"),
}
PAGE = settings.BASE_DIR / "docs" / "reliability.md"


@pytest.fixture(scope="module")
def portal(django_db_setup, django_db_blocker):
    """The keys of what stands in the statements, in a small portal that has sold something."""
    with django_db_blocker.unblock(), on_day(TODAY), transaction.atomic():
        user = b.financier(username="chief")
        b.price("Y1-30", "30.00")
        receipt = b.fund("1000")
        card, waits, stopped, cancelled = (card_in_use(TODAY, customer="Acme") for _ in range(4))
        do("suspend", stopped, TODAY)
        do("cancel", cancelled, TODAY)
        online = payments.start_deposit(b.customer(), Decimal("10.00"), user=member())
        payments.receive("local", *local.notification(online, "paid"))
        renewal = b.paid(OrderKind.RENEWAL, [card], user=user)
        placed = b.placed(cards=[waits], user=user)
        DoneAlone.objects.create(deed=Deed.RECEIPT, by=user, amount=5)
        TermsRecord.objects.create(deed=Deed.PRICE, before={}, after={}, by=user)
        keys = {"card": card, "stock": open_card(), "stopped": stopped, "cancelled": cancelled, "receipt": receipt}
        keys |= {"renewal": renewal, "placed": placed, "acme": b.customer(), "other": b.customer("Other")}
        yield {name: thing.pk for name, thing in keys.items()} | {
            "no": "false" if connection.vendor == "postgresql" else "0"
        }
        transaction.set_rollback(True)


def execute(statements, portal):
    """Run them; how many rows the last one changed."""
    statements = statements[connection.vendor] if isinstance(statements, dict) else statements
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement.format(**portal))
        return cursor.rowcount


def found():
    return {problem.code for problems in (Proof().problems(), proof.problems()) for problem in problems}


def test_nothing_is_wrong_with_what_the_portal_wrote(portal):
    assert found() == set()


@pytest.mark.parametrize("name", REFUSED)
def test_the_database_refuses(portal, name):
    statements, message = REFUSED[name]
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        execute(statements, portal)
    assert message in str(refused.value)


@pytest.mark.parametrize("name", EMPTIED)
def test_postgresql_empties_nothing_that_is_kept(portal, name):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no TRUNCATE: it deletes row by row")
    statement, message = EMPTIED[name]
    connection.check_constraints()  # what waits to be checked would stand in the way
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        execute([statement], portal)
    assert "never" in str(refused.value)
    assert message in str(refused.value)


@pytest.mark.parametrize("name", FOUND)
def test_verify_finds(portal, name):
    statements, code = FOUND[name]
    with transaction.atomic():
        assert execute(statements, portal) > 0
        assert code in found()
        transaction.set_rollback(True)


def test_the_page_has_what_is_tried_here():
    rows = re.findall(r"^\| (.+?) \| (refused|refused \(PostgreSQL\)|found: `\w+`) \|$", PAGE.read_text(), re.MULTILINE)
    tried = dict.fromkeys(REFUSED, "refused") | dict.fromkeys(EMPTIED, "refused (PostgreSQL)")
    assert dict(rows) == tried | {name: f"found: `{code}`" for name, (_statements, code) in FOUND.items()}
    assert len(rows) >= 30
