"""An action to many cards at once, as a program asks for it: all of it is looked at before any of it is done."""

from cards.actions.action_requests import ActionRequest, foreseen_refusals
from cards.actions.jobs import control, worker
from cards.actions.selections import freeze_ids
from cards.actions.write import chunked
from cards.calendar import civil_today
from cards.catalogue import CATALOGUE
from cards.choices import JobKind
from cards.models import Job, PolicyBook
from cards.permissions import Actor

MOST_CARDS_AT_ONCE = 10_000
MOST_AT_WORK = 2  # jobs of one key
_EXAMPLES = 5


def is_busy(user):
    """Whether as many jobs of this account are at work as may be at once."""
    return Job.objects.at_work().filter(owner=user, kind=JobKind.ACTION).count() >= MOST_AT_WORK


def rehearse_many(action, card_ids, arguments, user):
    """What would become of these cards: (how many can, the refusals by their codes as (refused, count, examples))."""
    CATALOGUE[action].cleaned(arguments)
    request = ActionRequest(Actor.of(user), civil_today(), PolicyBook.read())
    can, refusals = 0, {}
    for chunk in chunked(sorted(card_ids)):
        for key, _version, refused in foreseen_refusals(action, chunk, request):
            if refused is None:
                can += 1
                continue
            group = refusals.setdefault(refused.code, [refused, 0, []])
            group[1] += 1
            if len(group[2]) < _EXAMPLES:
                group[2].append(key)
    return can, refusals


def begin_many(action, card_ids, arguments, reason, user):
    """The job that does it: checked, and started. Raises what `control.start` does; then there is none."""
    selection = freeze_ids(card_ids, owner=user, asked={"from": "api"})
    job = control.draft(selection, action, user=user)
    if job.is_being_checked:
        job = worker.work_off(job)
    return control.start(job, user=user, params=arguments, reason=reason)
