"""The contenders of the sweep: each does what is due on 2026-08-01, in its own way, and prints what it cost."""

import json
import sys

import django

django.setup()

from django.db import transaction  # noqa: E402 -- Django has to be set up first
from django.utils import timezone  # noqa: E402

from cards.actions import lanes as lanes_at_work  # noqa: E402
from cards.actions import sweep as sweeping  # noqa: E402
from cards.actions.write import attach_queues  # noqa: E402
from cards.models import Card, CardEvent, PolicyBook, ServiceTerm  # noqa: E402
from cards.rules import perform, settle, upcoming  # noqa: E402
from tests.bench import sweep_raw  # noqa: E402
from tests.bench.cost import as_deployed, costing  # noqa: E402
from tests.bench.sweep_fleets import DAY, lay  # noqa: E402
from tests.bench.written import digest  # noqa: E402
from tests.build import unguarded  # noqa: E402

LOOPED = 500


def prepare(fleet):
    """The cards that are multiplied, and for the floor what will become of each."""
    size = lay(fleet)
    sweep_raw.foresee()
    return {"cards": size}


def portal(size, lanes):
    """The portal's own sweep, with guards, rules, triggers and records."""
    lanes_at_work.LANES_AT_ONCE = int(lanes)
    as_deployed()
    with costing() as cost:
        report = sweeping.sweep(DAY)
    return {"cards": sum(report.counts.values()), "rows": digest(DAY), **cost}


def raw(size, lanes):
    """The limit: statements that write the very same, known beforehand, with the triggers on."""
    floor = sweep_raw.Floor(int(size))
    as_deployed()
    with costing() as cost:
        done = floor.sweep(int(lanes))
    return {"cards": done, "rows": digest(DAY), **cost}


def bare(size, lanes):
    """The same where no trigger stands: what they cost."""
    unguarded()
    return raw(size, lanes)


def loop(size, lanes):
    """What a user would write: lock one card, let it make its transition, save it, log it, commit."""
    policies = PolicyBook.read()
    card_ids = list(Card.objects.due(DAY).values_list("pk", flat=True)[:LOOPED])
    with costing() as cost:
        for card_id in card_ids:
            _one_card(card_id, policies)
    return {"cards": len(card_ids), **cost}


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


CONTENDERS = {"prepare": prepare, "portal": portal, "raw": raw, "bare": bare, "loop": loop}

if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    print(json.dumps(CONTENDERS[name](*arguments)))
