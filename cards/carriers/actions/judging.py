"""What follows of a look at a card: where it stands between the portal and its carrier."""

from cards.carriers.actions.commands import open_command, orders_of
from cards.carriers.choices import CommandState, LineStep
from cards.carriers.models import Command


def judge(line, card, now, command=None, is_reconciling=False, run=None):
    """Set the line's step after it was looked at, and order again what is not as the portal wants it."""
    commands = Command.objects.filter(card_id=card.pk)
    last = commands.exclude(state=CommandState.SUPERSEDED).order_by("-pk").first()
    if line.is_cancelled_there:
        line.step = LineStep.GONE
    elif last and (last.is_queued or last.is_in_flight):
        line.step = LineStep.WAITING
    elif last and last.is_refused:
        line.step = LineStep.REFUSED
    elif last and last.is_unknown:
        line.step = LineStep.UNKNOWN
    elif wishes := orders_of(line):
        for wish in wishes:
            open_command(line, wish.aspect, wish.goal, now=now, is_correction=True)
        line.step = LineStep.WAITING
    else:
        line.step = LineStep.IN_STEP
    line.save(update_fields=["step"])
