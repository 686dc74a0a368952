"""What people do about a card's line: hold it back, and let it go on."""

from django.db import transaction
from django.utils import timezone

from cards.carriers.actions.commands import lines_locked, release_queue
from cards.carriers.choices import CommandState
from cards.carriers.models import Command, Line


@transaction.atomic
def pause_lines(card_ids):
    """From now on nothing is sent to these cards; what is on its way is still looked at."""
    lines = lines_locked(card_ids)
    Line.objects.filter(pk__in=[line.pk for line in lines]).update(paused=True)
    Command.objects.filter(card_id__in=card_ids, state=CommandState.QUEUED).update(due_at=None)


@transaction.atomic
def resume_lines(card_ids):
    """What is wanted of these cards is sent again, from now on."""
    now = timezone.now()
    lines = lines_locked(card_ids)
    for line in lines:
        line.paused = False
    Line.objects.filter(pk__in=[line.pk for line in lines]).update(paused=False)
    release_queue(lines, now)
