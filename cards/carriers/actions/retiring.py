"""Cancelling a card at a carrier where that is final and can be ordered: one person asks, another releases it.

A card that is cancelled here has an order that is done by hand. Released, the same order is sent; it is never repeated,
and only a state query says that it is done.
"""

from django.db import transaction
from django.utils import timezone

from cards.carriers.actions.commands import due_at, lines_locked
from cards.carriers.choices import Aspect, CommandState
from cards.carriers.models import Command
from cards.carriers.protocols import PROTOCOLS


def retirement_of(card):
    """The order to cancel this card that waits to be done by hand; None where there is none."""
    waiting = Command.objects.filter(card=card, aspect=Aspect.CANCEL, state=CommandState.BY_HAND)
    return waiting.select_related("account", "by").first()


def can_be_sent(command):
    """Whether the account can cancel by an order at all; most cannot, and their manager does it from a list."""
    protocol = PROTOCOLS.get(command.account.protocol)
    return protocol is not None and Aspect.CANCEL in protocol.can(command.account.fields)


@transaction.atomic
def ask_retirement(card, *, by):
    """Ask that the carrier be ordered to cancel this card. False where somebody has asked, or nothing waits for it."""
    command = _locked(card)
    if command is None or command.by_id or not can_be_sent(command):
        return False
    Command.objects.filter(pk=command.pk).update(by=by)
    return True


@transaction.atomic
def withdraw_retirement(card):
    """Nobody asks for it any more. False where nobody did."""
    command = _locked(card)
    return bool(command and command.by_id and Command.objects.filter(pk=command.pk).update(by=None))


@transaction.atomic
def release_retirement(card, *, by):
    """Have the order sent that a colleague asked for. False where they ask themselves, or nobody does."""
    command = _locked(card)
    if command is None or command.by_id in (None, by.pk) or not can_be_sent(command):
        return False
    (line,) = lines_locked([card.pk])
    now = timezone.now()
    waiting = Command.objects.filter(pk=command.pk)
    waiting.update(state=CommandState.QUEUED, released_by=by, rank_at=now, due_at=due_at(line, now))
    return True


def _locked(card):
    """The order, once nobody else can change it."""
    lines_locked([card.pk])
    return retirement_of(card)
