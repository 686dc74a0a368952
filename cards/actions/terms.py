"""Service sold to a card: terms, which queue behind each other, and packs, which live in a cycle."""

from cards.actions.lifecycle import lift
from cards.choices import Hold, PlanKind
from cards.errors import Refused
from cards.models import QueuedTerm, ServiceTerm


def renew(card, ask, done):
    """Rule 5: queue one more term; on a shut-down card it starts on the day of purchase."""
    plan = ask.params["plan"]
    if plan.kind != PlanKind.PLAN:
        raise Refused("not_a_plan", plan=plan.code)
    term = queue_term(card, plan, done.on)
    done.rows.append(term)
    done.evidence = {"plan": plan.code, "term": term.number}
    if card.is_over:
        card.renew(on=done.on, policy=ask.policy(card))


def unrenew(card, ask, done):
    """Rule 5 the other way: the term that was bought last leaves the queue, as if it had not been bought."""
    term = card.queue.pop()
    done.evidence = {"plan": term.plan, "term": term.number}


def top_up(card, ask, done):
    """Rule 6: a pack adds to the cycle it is bought in, and lifts a credit hold when it suffices."""
    pack = ask.params["plan"]
    if pack.kind != PlanKind.PACK:
        raise Refused("not_a_pack", plan=pack.code)
    card.pack_mb += pack.quota_mb
    done.evidence = {
        "plan": pack.code,
        "used_bytes": card.used_bytes,
        "allowance_bytes": card.allowance_bytes,
    }
    if not card.is_over_allowance:
        lift(card, ask, done, Hold.CREDIT)


def queue_term(card, plan, bought_on):
    """A new last term in the card's queue, and its row."""
    waiting = QueuedTerm(card.last_term_number + 1, plan.code, plan.months, plan.alignment, plan.quota_mb)
    card.queue.append(waiting)
    return ServiceTerm(card=card, bought_on=bought_on, **waiting._asdict() | {"plan": plan})
