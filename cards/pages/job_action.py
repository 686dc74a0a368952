"""The page of a job that does something to many cards or undoes it: preview, form, outcomes, what can follow."""

import re
from dataclasses import dataclass

from django.http import Http404, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from cards.actions.cancelling import cancelled_by_job
from cards.actions.jobs import control
from cards.catalogue import CATALOGUE
from cards.catalogue.action import ActionType
from cards.choices import JobKind, Step
from cards.errors import REFUSALS, Refused
from cards.forms import JobForm
from cards.models import CancellingRules, Card
from cards.pages.action_form import plans_for
from cards.pages.job_labels import parameters_of, title_of
from cards.pages.job_outcomes import groups_of_check, groups_of_result, page_of_outcomes
from cards.permissions import Actor

PLACE = re.compile(r"(\d{1,6})\.(\d{1,6})", re.ASCII)
ACTION_KINDS = (JobKind.ACTION, JobKind.UNDO)


@dataclass(frozen=True)
class Release:
    """Who may let a job go that cancels cards: `is_needed` if the reader may not alone, `is_asked` if they have asked.

    `earlier` is what the drafter has cancelled alone before: (job or None, cards), `alone` the sum of it.
    """

    is_needed: bool
    is_asked: bool
    earlier: list
    alone: int
    whole: int
    rules: CancellingRules


@dataclass(frozen=True)
class Follow:
    """A job that can be made out of this one: the step in the URL, the button, and why it is not possible now."""

    step: str
    label: str
    refused: str
    is_permitted: bool = True


def action_context(job, request, frame):
    """For cards/jobs/_action.html."""
    sums = job.sums
    shared = {
        "parameters": parameters_of(job),
        "sums": sums,
        "cannot": sums.check_counts["cannot"],
        "can": sums.check_counts["can"],
    }
    if job.is_waiting:
        label = ngettext("{action}: {count} card", "{action}: {count} cards", shared["can"])
        action = _action_type(job)
        return shared | {
            "groups": groups_of_check(job, frame.refusals),
            "form": form_of(job),
            "start_label": label.format(action=title_of(job), count=f"{shared['can']:,}"),
            "is_dangerous": action.is_final,
            "names": action.names(),
            "release": release_of(job, request.user) if action.is_final else None,
        }
    if job.started_at:
        return shared | _outcomes(job, request, sums, frame)
    return shared


def release_of(job, user):
    """How far the drafter of a job that cancels cards has come alone, and with it."""
    earlier = cancelled_by_job(job.owner)
    alone = sum(cards for _job, cards in earlier)
    return Release(
        is_needed=control.needs_release(job, user),
        is_asked=job.steps.filter(step=Step.ASKED).exists(),
        earlier=earlier,
        alone=alone,
        whole=alone + job.sums.check_counts["can"],
        rules=CancellingRules.read(),
    )


def follows_of(job, user):
    """Retry and undo, each with the reason if it is not possible; nothing while it goes on, or once it is emptied. A
    preview that was put away can be made again."""
    if job.is_put_away and job.kind in ACTION_KINDS and not job.is_emptied:
        return [_follow("retry", pgettext("job", "Preview again"), "", control.actions_of(job), user)]
    if not job.is_over or job.is_emptied or not job.started_at or job.kind not in (*ACTION_KINDS, JobKind.IMPORT_CARDS):
        return []
    sums = job.sums
    if job.kind == JobKind.IMPORT_CARDS:
        return [Follow("undo", _("Undo corrections"), "", control.may(user, job))] if sums.counts["updated"] else []
    nothing_failed = "" if sums.total > sums.counts["done"] else _("Nothing failed.")
    if control.is_taking_back(job):
        return [Follow("retry", _("Retry failed cards"), nothing_failed, control.may(user, job))]
    follows = [_follow("retry", _("Retry failed cards"), nothing_failed, control.actions_of(job), user)]
    if job.kind == JobKind.ACTION:
        inverses = control.inverses_of(job) if sums.counts["done"] else ()
        refused = "" if inverses else str(Refused("nothing_to_undo"))
        follows.append(_follow("undo", _("Undo"), refused, inverses or (job.action,), user))
    return follows


def _follow(step, label, refused, actions, user):
    """Permitted to whoever may do one of these actions."""
    if not Actor.of(user).actions.isdisjoint(actions):
        return Follow(step, label, refused)
    return Follow(step, label, str(Refused("not_permitted", actor=user.get_username(), action=str(actions[0]))), False)


def form_of(job, data=None):
    """The form of a checked job; with the answers of the job that it repeats."""
    action = _action_type(job)
    choices = [(plan.code, plan.offer) for plan in plans_for(action)]
    return JobForm(action, choices, data, {**job.params, "reason": job.reason}, _counted(job))


def _counted(job):
    """What has to be counted before the job starts, and what there is to know of it; None of most jobs."""
    if not control.ended_at_once(job):
        return None
    help_text = _(
        "Enter the number to confirm that the dates in the file are right. A cancelled card never comes back."
    )
    return _("Number of cards that are shut down or cancelled at once"), help_text


def _action_type(job):
    """The action whose parameters the form has; an undo has none but a reason."""
    return CATALOGUE[job.action] if job.kind == JobKind.ACTION else ActionType()


def _outcomes(job, request, sums, frame):
    """The outcomes that the address asks for, a page of them, and the reasons of those that failed."""
    show, place = request.GET.get("show", ""), PLACE.fullmatch(request.GET.get("after", "0.0"))
    if place is None or show not in ("", "done", "failed", *REFUSALS):
        raise Http404
    after = tuple(map(int, place.groups())) if "after" in request.GET else (0, -1)
    rows, last = page_of_outcomes(job, show, after, Card.objects.visible_to(request.user), frame.refusals)
    url = frame.url("job", job.pk)
    failed = sums.counts["refused"] + sums.counts["parked"]
    tabs = [("", _("All"), sums.done), ("done", _("Done"), sums.counts["done"]), ("failed", _("Failed"), failed)]
    return {
        "groups": groups_of_result(job, url, frame.refusals),
        "outcomes": rows,
        "next_url": last and _address(url, show, last),
        "first_url": _address(url, show) if "after" in request.GET else "",
        "tabs": [(_address(url, code), label, count, code == show) for code, label, count in tabs],
        "shown_code": show,
        "failed": failed,
        "untouched": sums.total - sums.done if job.is_over else 0,
    }


def _address(url, show, after=None):
    query = QueryDict(mutable=True)
    query.update({"show": show} if show else {})
    query.update({"after": "{}.{}".format(*after)} if after else {})
    return f"{url}?{query.urlencode()}#cards" if query else f"{url}#cards"
