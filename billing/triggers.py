"""What the database itself refuses about money, whoever asks (see `cards.triggers`): edited books, skipped steps."""

from typing import Any

from django.db import connections

from cards.triggers import edges_in_sql, execute

# Along which an order goes, as django-fsm declares it.
ORDER_EDGES = (
    ("draft", "placed"),
    ("placed", "paid"),
    ("placed", "expired"),
    ("placed", "withdrawn"),
    ("paid", "fulfilled"),
    ("paid", "refunded"),
    ("fulfilled", "refunded"),
)
BAD_ORDER_CHANGE = f"OLD.state <> NEW.state AND OLD.state || '>' || NEW.state NOT IN ({edges_in_sql(ORDER_EDGES)})"
UNBALANCED = "COALESCE((SELECT ROUND(SUM(amount), 2) FROM billing_posting WHERE entry_id = NEW.key), 1) <> 0"
SEALED = "EXISTS (SELECT 1 FROM billing_entry WHERE key = NEW.entry_id)"

ORDER_MESSAGE = "an order goes only from one state to the next"
KEPT_MESSAGE = "the books are never changed or deleted: reverse the entry"
LOG_MESSAGE = "who changed what, and who did it alone, is never changed or deleted"
UNBALANCED_MESSAGE = "the postings of an entry sum to zero"
SEALED_MESSAGE = "an entry that is there gets no more postings"

MONEY_TRIGGERS_ON_POSTGRESQL = f"""
CREATE OR REPLACE FUNCTION billing_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'check_violation'; END $$;
CREATE OR REPLACE FUNCTION billing_seal() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
IF {UNBALANCED} THEN RAISE EXCEPTION '{UNBALANCED_MESSAGE}' USING ERRCODE = 'check_violation'; END IF;
RETURN NEW; END $$;
CREATE OR REPLACE FUNCTION billing_sealed() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
IF {SEALED} THEN RAISE EXCEPTION '{SEALED_MESSAGE}' USING ERRCODE = 'check_violation'; END IF;
RETURN NEW; END $$;
CREATE OR REPLACE TRIGGER order_state_is_guarded BEFORE UPDATE OF state ON billing_order
FOR EACH ROW WHEN ({BAD_ORDER_CHANGE}) EXECUTE FUNCTION billing_refuse('{ORDER_MESSAGE}');
CREATE OR REPLACE TRIGGER entry_is_kept BEFORE UPDATE OR DELETE ON billing_entry
FOR EACH ROW EXECUTE FUNCTION billing_refuse('{KEPT_MESSAGE}');
CREATE OR REPLACE TRIGGER posting_is_kept BEFORE UPDATE OR DELETE ON billing_posting
FOR EACH ROW EXECUTE FUNCTION billing_refuse('{KEPT_MESSAGE}');
CREATE OR REPLACE TRIGGER entry_balances BEFORE INSERT ON billing_entry
FOR EACH ROW EXECUTE FUNCTION billing_seal();
CREATE OR REPLACE TRIGGER entry_is_sealed BEFORE INSERT ON billing_posting
FOR EACH ROW EXECUTE FUNCTION billing_sealed();
"""


def _sqlite(name: str, event: str, condition: str, message: str) -> tuple[str, str]:
    when = f"WHEN {condition}" if condition else ""
    return (
        f"DROP TRIGGER IF EXISTS {name}",
        f"CREATE TRIGGER {name} {event} {when} BEGIN SELECT RAISE(ABORT, '{message}'); END",
    )


MONEY_TRIGGERS_ON_SQLITE = (
    *_sqlite("order_state_is_guarded", "BEFORE UPDATE OF state ON billing_order", BAD_ORDER_CHANGE, ORDER_MESSAGE),
    *_sqlite("entry_is_not_changed", "BEFORE UPDATE ON billing_entry", "", KEPT_MESSAGE),
    *_sqlite("entry_is_not_deleted", "BEFORE DELETE ON billing_entry", "", KEPT_MESSAGE),
    *_sqlite("posting_is_not_changed", "BEFORE UPDATE ON billing_posting", "", KEPT_MESSAGE),
    *_sqlite("posting_is_not_deleted", "BEFORE DELETE ON billing_posting", "", KEPT_MESSAGE),
    *_sqlite("entry_balances", "BEFORE INSERT ON billing_entry", UNBALANCED, UNBALANCED_MESSAGE),
    *_sqlite("entry_is_sealed", "BEFORE INSERT ON billing_posting", SEALED, SEALED_MESSAGE),
)


LOG_TRIGGERS_ON_POSTGRESQL = f"""
CREATE OR REPLACE TRIGGER done_alone_is_kept BEFORE UPDATE OR DELETE ON billing_donealone
FOR EACH ROW EXECUTE FUNCTION billing_refuse('{LOG_MESSAGE}');
CREATE OR REPLACE TRIGGER terms_record_is_kept BEFORE UPDATE OR DELETE ON billing_termsrecord
FOR EACH ROW EXECUTE FUNCTION billing_refuse('{LOG_MESSAGE}');
"""

LOG_TRIGGERS_ON_SQLITE = (
    *_sqlite("done_alone_is_not_changed", "BEFORE UPDATE ON billing_donealone", "", LOG_MESSAGE),
    *_sqlite("done_alone_is_not_deleted", "BEFORE DELETE ON billing_donealone", "", LOG_MESSAGE),
    *_sqlite("terms_record_is_not_changed", "BEFORE UPDATE ON billing_termsrecord", "", LOG_MESSAGE),
    *_sqlite("terms_record_is_not_deleted", "BEFORE DELETE ON billing_termsrecord", "", LOG_MESSAGE),
)

LOG_TRIGGERS = {"postgresql": (LOG_TRIGGERS_ON_POSTGRESQL,), "sqlite": LOG_TRIGGERS_ON_SQLITE}
MONEY_TRIGGERS = {"postgresql": (MONEY_TRIGGERS_ON_POSTGRESQL,), "sqlite": MONEY_TRIGGERS_ON_SQLITE}


def install_money_triggers(using: str = "default", **kwargs: Any) -> None:
    """Lay the triggers, or lay them anew. Called after each migration; changes nothing when they stand."""
    connection = connections[using]
    tables = connection.introspection.table_names()
    if "billing_entry" not in tables:
        return  # `migrate billing zero`
    execute(connection, MONEY_TRIGGERS)
    if "billing_termsrecord" in tables:  # not where it was migrated away
        execute(connection, LOG_TRIGGERS)
