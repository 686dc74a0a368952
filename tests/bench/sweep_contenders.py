"""The contenders of the sweep: each does what is due on 2026-08-01, in its own way, and prints how long it took."""

import gc
import json
import sys
import time
from datetime import date, datetime

import django

django.setup()

from django.db import connection, transaction  # noqa: E402 -- Django has to be set up first
from django.utils import timezone  # noqa: E402

from cards.actions.imports.card_rows import read_card_row  # noqa: E402
from cards.actions.imports.cards_applying import apply_cards  # noqa: E402
from cards.actions.sweep import sweep  # noqa: E402
from cards.actions.write import attach_queues, chunked  # noqa: E402
from cards.models import Card, CardEvent, PolicyBook, ServiceTerm, SweptDay  # noqa: E402
from cards.permissions import Actor  # noqa: E402
from cards.rules import perform, settle, upcoming  # noqa: E402
from tests.build import unguarded  # noqa: E402

DAY = date(2026, 8, 1)
THE_DAY_BEFORE = date(2026, 7, 31)
CHUNK = 2_000
LOOPED = 2_000

# A third of the due cards each: silence ends, a test ends, a term of one month ends. The rest has nothing due.
DUE = (
    {"opened_on": "2026-01-15", "plan": "Y1-30"},
    {"opened_on": "2026-05-01", "plan": "Y1-30", "test_months": "3", "test_quota_mb": "30"},
    {"opened_on": "2025-12-15", "plan": "M1-100"},
)
IDLE = {"opened_on": "2026-07-01", "plan": "Y1-30"}


def prepare(cards, due):
    """Take the cards in and bring them to the eve of the day; the rate of the intake in cards a second."""
    today = DAY
    rows = (_row(number, DUE[number % len(DUE)] if number < due else IDLE, today) for number in range(cards))
    start = time.perf_counter()
    for chunk in chunked(rows, 5_000):
        apply_cards(chunk, actor=Actor.shell())
    seconds = time.perf_counter() - start
    sweep(THE_DAY_BEFORE)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {"cards": cards, "seconds": seconds}


def _row(number, columns, today):
    texts = {"iccid": f"8986{number:016d}", "msisdn": f"14{number:011d}", "carrier": "cmcc", **columns}
    return read_card_row(number, {**texts, "certification": "enterprise", "customer": f"Customer {number % 20}"}, today)


def portal():
    """The portal's own sweep, with guards, rules, triggers and records."""
    gc.freeze()
    start = time.perf_counter()
    report = sweep(DAY)
    return {"cards": sum(report.counts.values()), "seconds": time.perf_counter() - start}


def loop():
    """What a user would write: lock one card, let it make its transition, save it, log it, commit."""
    policies = PolicyBook.read()
    card_ids = list(Card.objects.due(DAY).values_list("pk", flat=True)[:LOOPED])
    start = time.perf_counter()
    for card_id in card_ids:
        _one_card(card_id, policies)
    return {"cards": len(card_ids), "seconds": time.perf_counter() - start}


@transaction.atomic
def _one_card(card_id, policies):
    (card,) = attach_queues([Card.objects.select_for_update().get(pk=card_id)])
    before, term = card.state, card.term_number
    change = upcoming(card)
    perform(card, change, policies)
    card.version += 1
    settle(card, change.on)
    CardEvent.objects.create(
        card=card,
        seq=card.version,
        action=change.action,
        from_state=before,
        to_state=card.state,
        effective_on=change.on,
        executed_at=timezone.now(),
        actor_kind="system",
        actor_name=f"rule:{change.rule}",
        rule=change.rule,
        evidence=change.evidence,
    )
    card.save()
    if card.term_number != term:
        ServiceTerm.objects.filter(card=card, number=card.term_number).update(
            starts_on=card.service_from, service_until=card.service_until
        )


# One statement updates 2,000 cards of one rule, one logs them: no guards, no rules, dates known beforehand.
RAW = {
    "force_activate": (
        "state = 'unused'",
        "state = 'in_use', activated_on = '2026-08-01', activation_cause = 'forced', term_number = 1, quota_mb = 30, "
        "service_from = '2026-08-01', service_until = '2027-08-01', cycle_from = '2026-08-01', "
        "cycle_until = '2026-09-01', next_due_on = '2027-08-01'",
        "in_use",
    ),
    "end_test": (
        "state = 'testing'",
        "state = 'unused', test_ended_on = '2026-08-01', silent_from = '2026-08-01', "
        "forced_activation_on = '2027-03-01', next_due_on = '2027-03-01'",
        "unused",
    ),
    "expire": (
        "state = 'in_use'",
        "state = 'shut_down', cancel_on = '2026-10-30', cycle_from = NULL, cycle_until = NULL, "
        "next_due_on = '2026-10-30'",
        "shut_down",
    ),
}


def raw():
    """The limit: statements of 2,000 cards that log and update, written for this very day, with the triggers on."""
    done, start = 0, time.perf_counter()
    for rule, (where, assignments, to_state) in RAW.items():
        while changed := _raw_chunk(rule, where, assignments, to_state):
            done += changed
    SweptDay.objects.create(day=DAY, finished_at=timezone.now())
    return {"cards": done, "seconds": time.perf_counter() - start}


def bare():
    """The same where no trigger stands: what they cost."""
    unguarded()
    return raw()


@transaction.atomic
def _raw_chunk(rule, where, assignments, to_state):
    lock = "FOR UPDATE" if connection.vendor == "postgresql" else ""
    chosen = f"SELECT id FROM cards_card WHERE next_due_on <= '{DAY}' AND {where} ORDER BY id LIMIT {CHUNK} {lock}"
    with connection.cursor() as cursor:
        cursor.execute(chosen)
        ids = ", ".join(str(card_id) for (card_id,) in cursor.fetchall())
        if not ids:
            return 0
        cursor.execute(
            "INSERT INTO cards_cardevent (card_id, seq, action, from_state, to_state, holds, effective_on, "
            "executed_at, actor_kind, actor_name, rule, reason, evidence) "
            f"SELECT id, version + 1, '{rule}', state, '{to_state}', holds, '{DAY}', '{datetime.now()}', 'system', "
            f"'rule:{rule}', '{rule}', '', '{{}}' FROM cards_card WHERE id IN ({ids})"
        )
        cursor.execute(
            f"UPDATE cards_card SET version = version + 1, changed_on = '{DAY}', {assignments} WHERE id IN ({ids})"
        )
        changed = cursor.rowcount
        if rule == "force_activate":
            cursor.execute(
                "UPDATE cards_serviceterm SET starts_on = '2026-08-01', service_until = '2027-08-01' "
                f"WHERE number = 1 AND card_id IN ({ids})"
            )
    return changed


CONTENDERS = {"portal": portal, "loop": loop, "raw": raw, "bare": bare}

if __name__ == "__main__":
    name, *numbers = sys.argv[1:]
    result = prepare(*map(int, numbers)) if name == "prepare" else CONTENDERS[name]()
    print(json.dumps(result))
