"""The lifecycle as it stands in the code: transitions by edge, and each hold's ways in and back."""

from collections import defaultdict
from datetime import date

from cards.actions.action_requests import ActionRequest
from cards.catalogue import CATALOGUE
from cards.choices import HOLD_MAY_BE_PLACED_FROM, Alignment, State
from cards.errors import Refused
from cards.models import Card, CarrierPolicy, PolicyBook, QueuedTerm
from cards.permissions import Actor
from cards.rules import Change

EXAMPLE_DAY = date(2026, 1, 15)
EXAMPLE_POLICIES = PolicyBook([CarrierPolicy(carrier="cmcc", valid_from=EXAMPLE_DAY)])


def edges():
    """The names of the transitions that lead from one state to another (or the same), by (source, target)."""
    names = defaultdict(list)
    for transition in Card._meta.get_field("state").get_all_transitions(Card):
        targets = getattr(transition.target, "allowed_states", None) or [transition.target]
        for target in targets:
            names[State(transition.source), State(target)].append(transition.name)
    return {edge: sorted(found) for edge, found in names.items()}


def placed_from(hold):
    return HOLD_MAY_BE_PLACED_FROM[hold]


def ways_back(hold):
    """What lifts a hold, found by trying every action and the next cycle on a card that has it."""
    ways = [action for action in CATALOGUE.values() if not action.is_final]
    lifting = [action.word for action in ways if not _tried(action, hold).has_hold(hold)]
    card = _held(hold)
    card.roll_over(on=EXAMPLE_DAY, policy=EXAMPLE_POLICIES.in_force("cmcc", EXAMPLE_DAY))
    return [str(word) for word in lifting] + ([] if card.has_hold(hold) else ["roll_over"])


def _held(hold):
    """A card in use that everything may be tried on, stopped by this hold alone."""
    return Card(
        state="suspended",
        holds=str(hold),
        resumes_to="in_use",
        carrier="cmcc",
        customer_id=1,
        certification="individual",
        real_name="submitted",
        binding="fixed",
        bound_imei="490154203237518",
        limit_mb=1,
        quota_mb=1,
        changed_on=EXAMPLE_DAY,
        service_from=EXAMPLE_DAY,
        service_until=date(2026, 3, 1),
        cycle_from=EXAMPLE_DAY,
        cycle_until=date(2026, 2, 1),
        used_bytes=2 * 1_048_576,
    )


def _tried(action, hold):
    card = _held(hold)
    card.queue = [QueuedTerm(2, "M1-100", 1, Alignment.CALENDAR, 100)]
    request = ActionRequest(Actor.shell(), EXAMPLE_DAY, EXAMPLE_POLICIES, "", action.example)
    try:
        action.check(card, request)
        action.effect(card, request, Change(EXAMPLE_DAY, action.word))
    except Refused:
        return _held(hold)
    return card
