"""What the database itself refuses about cards, whoever asks, and counts: the last guard behind the write path."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from django.apps import apps as installed
from django.apps.registry import Apps

from cards.laying import Announced, KindOfDay, Tally, TallyOfDays, Trigger, kept, lay, of_nobody_gone

STATE_EDGES = (
    ("testing", "unused"),
    ("testing", "suspended"),
    ("testing", "cancelled"),
    ("unused", "in_use"),
    ("unused", "suspended"),
    ("unused", "cancelled"),
    ("in_use", "suspended"),
    ("in_use", "shut_down"),
    ("in_use", "cancelled"),
    ("suspended", "testing"),
    ("suspended", "unused"),
    ("suspended", "in_use"),
    ("suspended", "shut_down"),
    ("suspended", "cancelled"),
    ("shut_down", "in_use"),
    ("shut_down", "suspended"),
    ("shut_down", "cancelled"),
)


def edges_in_sql(edges: Iterable[tuple[str, str]]) -> str:
    """Pairs of states as the triggers compare them: `'placed>paid'`."""
    return ", ".join(f"'{source}>{target}'" for source, target in edges)


EDGE = f"OLD.state || '>' || NEW.state IN ({edges_in_sql(STATE_EDGES)})"
# A card to which nothing has happened is in whatever state its file says, once that is corrected.
_ANEW = "(COALESCE(NEW.anew_seq, 0) = NEW.version AND OLD.state <> 'cancelled')"
MOVED = "COALESCE(OLD.customer_id, 0) <> COALESCE(NEW.customer_id, 0)"
RECORD = "SELECT 1 FROM cards_cardevent WHERE card_id = NEW.id AND seq = NEW.version"
# What changes only with a record, beside the state. Counters, cycles, devices that were seen and what is due next
# change without.
RECORDED = (
    *("holds", "customer_id", "owned_from_seq", "protected", "parked", "anew_seq", "resumes_to"),
    *("carrier", "certification", "plan_id", "opened_on", "test_months", "test_quota_mb", "test_until"),
    *("test_ended_on", "silent_from", "forced_activation_on", "activated_on", "activation_cause"),
    *("term_number", "service_from", "service_until", "anniversary_day", "cancel_on"),
    *("quota_mb", "pack_mb", "limit_mb", "limit_waived"),
    *("binding", "bound_imei", "previous_imei", "bound_on", "rebound_in", "rebinds", "real_name"),
    *("msisdn", "imsi", "tags", "remark"),
)
CHANGED_OTHERWISE = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in RECORDED)
# What a customer has of their own; the rest that names one is a fact about them.
OF_CUSTOMERS = {
    "cards_card": "card",
    "cards_orderedterm": "ordered_term",
    "cards_cardrequest": "request",
    "cards_membership": "membership",
    "cards_invitation": "invitation",
}
# A record of `swap` says which ICCID the card gets; on the way it has a word of its own instead, for there is one card
# of an ICCID at any moment.
_SAID = {"postgresql": "evidence ->> '{}'", "sqlite": "json_extract(evidence, '$.{}')"}
_GETS_ITS_ICCID = "{} = NEW.iccid OR {} = OLD.iccid AND NEW.iccid = 'swap ' || NEW.id"

_NEVER = "2000-01-01"  # the day on which cards in use were last read that never were; a test holds it to `NEVER_READ`
_IN_USE = "state = 'in_use'"
_NOT_OVER = "state NOT IN ('shut_down', 'cancelled')"


def _kind(name: str, day: str, when: str, *columns: str) -> KindOfDay:
    return KindOfDay(name, f"CASE WHEN {when} THEN {day} END", columns)


def _at_level(name: str, level: int) -> KindOfDay:
    return _kind(name, "cycle_until", f"usage_level = {level}", "cycle_until", "usage_level")


# What the figures of the fleet count of cards by day. Of those that end or are to be cancelled some are renewed, which
# their own rows do not say.
_DAYS = (
    KindOfDay("due", "next_due_on", ("next_due_on",)),
    KindOfDay("activated", "activated_on", ("activated_on",)),
    _kind(
        "forced",
        "forced_activation_on",
        f"activated_on IS NULL AND {_NOT_OVER}",
        *("forced_activation_on", "activated_on", "state"),
    ),
    _kind("ending", "service_until", _NOT_OVER, "service_until", "state"),
    _kind(
        "cancelling",
        "cancel_on",
        "state = 'shut_down' AND NOT protected",
        *("cancel_on", "state", "protected"),
    ),
)
_LEVELS = (_at_level("low", 80), _at_level("used_up", 100))
_CIVIL_DAY = {
    "postgresql": "CAST(read_at AT TIME ZONE 'Asia/Shanghai' AS date)",
    "sqlite": "date(SUBSTR(read_at, 1, 19), '+8 hours')",  # it rounds parts of a second
}


def _counting(kinds: Iterable[KindOfDay]) -> TallyOfDays:
    return TallyOfDays("", "cards_card", "", "", vendors=("postgresql",), sums="cards_daytally", kinds=(*kinds,))


# What moves with each night's file is counted apart, so that counters cost no look at other days.
DAYS_OF_CARDS = replace(_counting(_DAYS), touching="simportal.touched")
DAYS_OF_USAGE = {
    vendor: _counting((*_LEVELS, _kind("read", f"COALESCE({day}, '{_NEVER}')", _IN_USE, "read_at", "state")))
    for vendor, day in _CIVIL_DAY.items()
}


# The query that counts them all from the cards: kind, day, and how many; without a day those that do not count.
DAYS_COUNTED = f"{DAYS_OF_CARDS.counted} UNION ALL {DAYS_OF_USAGE['postgresql'].counted}"


def days_counted_on_sqlite(names: Collection[str]) -> str:
    """The same of these kinds alone."""
    together = (DAYS_OF_CARDS.kinds, DAYS_OF_USAGE["sqlite"].kinds)
    asked = ([kind for kind in kinds if kind.name in names] for kinds in together)
    return " UNION ALL ".join(_counting(kinds).counted for kinds in asked if kinds)


def _day_tallies() -> Iterable[TallyOfDays]:
    """On PostgreSQL alone: SQLite would pay a tenth of a night's work for it, row by row, and has small fleets."""
    yield Announced(
        "card_days_are_touched",
        DAYS_OF_CARDS.table,
        f"UPDATE OF {', '.join(DAYS_OF_CARDS.asked)}",
        "",
        vendors=DAYS_OF_CARDS.vendors,
        sums=DAYS_OF_CARDS.sums,
        kinds=DAYS_OF_CARDS.kinds,
        touching=DAYS_OF_CARDS.touching,
    )
    for name, tally in (("days", DAYS_OF_CARDS), ("usage", DAYS_OF_USAGE["postgresql"])):
        for event in ("INSERT", "UPDATE"):
            yield replace(tally, name=f"card_{name}_{event.lower()}_is_counted", event=event)


CARD_TRIGGERS = (
    Trigger(
        "card_state_is_guarded",
        "cards_card",
        "UPDATE OF state",
        "a card changes its state only along a declared edge, one version at a time",
        when=f"OLD.state <> NEW.state AND NOT (NEW.version = OLD.version + 1 AND ({EDGE} OR {_ANEW}))",
    ),
    Trigger(
        "card_version_is_guarded",
        "cards_card",
        "UPDATE OF version",
        "the version of a card goes up by one with each record",
        when="OLD.state = NEW.state AND NEW.version NOT IN (OLD.version, OLD.version + 1)",
    ),
    Trigger(
        "card_follows_its_record",
        "cards_card",
        "UPDATE OF version",
        "a card changes only as its record says, which is written before it",
        when="OLD.version <> NEW.version",
        found=f"NOT EXISTS ({RECORD} AND to_state = NEW.state AND holds = NEW.holds LIMIT 1 OFFSET 0)",
        at_once=True,
    ),
    Trigger(
        "card_owner_is_guarded",
        "cards_card",
        "UPDATE OF customer_id",
        "a card goes to another customer only with a record",
        when=MOVED,
        found=f"NOT EXISTS ({RECORD} AND action IN ('assign', 'unassign'))",
    ),
    Trigger(
        "card_protection_is_guarded",
        "cards_card",
        "UPDATE OF protected",
        "a card is protected, and not any more, only with a record",
        when="OLD.protected <> NEW.protected",
        found=f"NOT EXISTS ({RECORD} AND action IN ('protect', 'unprotect'))",
    ),
    Trigger(
        "card_changes_with_its_version",
        "cards_card",
        f"UPDATE OF {', '.join(RECORDED)}",
        "what a record says of a card changes only with one",
        when=f"NEW.version <> OLD.version + 1 AND ({CHANGED_OTHERWISE})",
    ),
    Trigger(
        "card_next_day_is_guarded",
        "cards_card",
        "UPDATE OF next_due_on, parked",
        "nothing is due on a card only where it is parked, cancelled, or shut down and protected",
        when="NEW.next_due_on IS NULL AND NEW.parked = '' AND NEW.state <> 'cancelled'"
        " AND NOT (NEW.state = 'shut_down' AND NEW.protected)",
    ),
    Trigger(
        "card_key_is_kept",
        "cards_card",
        "UPDATE OF id",
        "a card keeps its key",
        when="OLD.id <> NEW.id",
    ),
    *(
        Trigger(
            "card_iccid_is_guarded",
            "cards_card",
            "UPDATE OF iccid",
            "a card gets another ICCID only by a swap",
            when="OLD.iccid <> NEW.iccid",
            found=f"NOT EXISTS ({RECORD} AND action = 'swap'"
            f" AND ({_GETS_ITS_ICCID.format(said.format('iccid'), said.format('was_iccid'))}))",
            vendors=(vendor,),
        )
        for vendor, said in _SAID.items()
    ),
    *kept("cards_card", "card", "a card is never deleted or replaced", "id", "iccid", but=("UPDATE",)),
    Trigger(
        "card_event_is_the_next",
        "cards_cardevent",
        "INSERT",
        "a record has the card's next number and begins in the card's state",
        found="""NOT EXISTS (SELECT 1 FROM cards_card WHERE id = NEW.card_id AND (
            NEW.seq = version + 1 AND NEW.from_state = state
            OR NEW.seq = 1 AND version = 1 AND NEW.from_state = '' AND NEW.to_state = state) LIMIT 1 OFFSET 0)""",
        at_once=True,
    ),
    *kept("cards_cardevent", "card_event", "a card event is never changed or deleted", "id", "card_id, seq"),
    *kept("cards_auditentry", "audit_entry", "an audit entry is never changed or deleted", "id"),
    *(trigger for table, name in OF_CUSTOMERS.items() for trigger in of_nobody_gone(table, name)),
    *kept("cards_seal", "seal", "a seal is never changed or deleted", "id", "book, number"),
    *(
        Tally(
            f"card_{event.lower()}_is_tallied",
            "cards_card",
            event,
            "",
            key=("customer_id", "state", "holds"),
            sums="cards_customertally",
        )
        for event in ("INSERT", "UPDATE")
    ),
    *_day_tallies(),
)


def install_triggers(using: str = "default", apps: Apps = installed, **kwargs: Any) -> None:
    """Lay what is not as it is declared here. Called after each migration."""
    lay("cards", CARD_TRIGGERS, using, apps)
