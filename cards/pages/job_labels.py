"""How jobs and selections are labelled: what is done, with what, to which cards."""

from dataclasses import dataclass
from datetime import datetime

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.actions.jobs import control
from cards.catalogue import PARAMETERS
from cards.choices import OF_ORDERS, Action, Hold, JobKind, JobStatus, Step, label_of
from cards.errors import Refused
from cards.models import PlanBook
from cards.pages.badges import Badge
from cards.pages.filter_labels import ONLY_SHOWN, filter_fields, filter_labels
from cards.phrases import pair

LONGEST_SHOWN = 80

JOB_TONES = {
    JobStatus.PREPARING: "info",
    JobStatus.CHECKING: "info",
    JobStatus.ASKING: "warning",
    JobStatus.READY: "warning",
    JobStatus.PLACING: "info",
    JobStatus.RUNNING: "info",
    JobStatus.PAUSED: "warning",
    JobStatus.DONE: "good",
    JobStatus.FAILED: "bad",
    JobStatus.UNREAD: "warning",
}

SOURCE_LABELS = {
    "page": gettext_lazy("Selected in the list"),
    "filter": gettext_lazy("All cards in a view"),
    "list": gettext_lazy("A pasted list"),
    "queue": gettext_lazy("All cards in a queue"),
    "job": gettext_lazy("Failed cards of a job"),
    "import": gettext_lazy("Cards of an import"),
}


@dataclass(frozen=True)
class Origin:
    """What a selection was made of: where, with what filters (label and value), and the address to look there again."""

    source: str
    filters: list
    url: str


@dataclass(frozen=True)
class LoggedStep:
    """A step in a job's log: what, by whom (as people call them), and when."""

    label: str
    by: str
    at: datetime


def job_badge(job):
    is_being_written = job.kind == JobKind.EXPORT and job.is_being_read
    return Badge(_("Writing file") if is_being_written else job.get_status_display(), JOB_TONES.get(job.status, ""))


def title_of(job):
    """What the job does, as its button and its page are called."""
    if job.kind == JobKind.ACTION:
        return str(label_of(Action, job.action))
    if job.kind == JobKind.UNDO:
        return _("Undo: {action}").format(action=title_of(job.of))
    if job.kind == JobKind.APPROVE_DRIFT:
        return pair(job.get_kind_display(), label_of(Action, job.action))
    return job.get_kind_display()


def owner_of(job):
    """Who asked for the job, as people call them."""
    return name_of(job.owner)


def name_of(user):
    """How the console calls somebody, or the rule where there is nobody."""
    return user.get_username() if user else _("a rule")


def step_log(job, name_of=name_of, without=()):
    """Who started, paused, resumed and ended the job, in order; `name_of` says how the reader knows them."""
    steps = job.steps.exclude(step__in=without).select_related("by")
    return [LoggedStep(label_of(Step, step.step), name_of(step.by), step.at) for step in steps]


def parameters_of(job):
    """(label, value) of what the action of a job was told."""
    return [(_parameter(name), _value(name, value)) for name, value in job.params.items()]


def origin_of(selection, frame):
    """What was asked for when the selection was made, for people to read, with the addresses of their frame."""
    made_of = selection.asked
    source = str(SOURCE_LABELS.get(made_of.get("from"), made_of.get("from", "")))
    if made_of.get("from") in ("job", "import"):
        return Origin(source, [], frame.url("job", made_of["job"]))
    query = made_of.get("query", "")
    url = frame.url("card-list") + f"?{query}" if query or made_of.get("from") == "filter" else ""
    params = {name: value for name, value in QueryDict(query).items() if name not in ONLY_SHOWN}
    labels = filter_labels(filter_fields(params), params) if params else []
    shown = [(label, value if len(value) <= LONGEST_SHOWN else value[:LONGEST_SHOWN] + "…") for label, value in labels]
    return Origin(source, shown, url)


def why_not(user, job):
    """Why somebody who may look at a job may not start, pause or stop it."""
    if job.kind in (JobKind.ACTION, JobKind.UNDO, JobKind.APPROVE_DRIFT) and not control.is_taking_back(job):
        return str(Refused("not_permitted", actor=user.get_username(), action=job.action))
    if job.kind == JobKind.MERGE:
        return str(Refused("not_permitted", actor=user.get_username(), action=str(Action.ASSIGN)))
    if job.kind == JobKind.EXPORT:
        return _("Only the person who started the export can stop it.")
    if job.kind in OF_ORDERS:
        return _("It belongs to an order and is controlled from there.")
    return _("Your role can view imports but not start them.")


def _parameter(name):
    return str(PARAMETERS[name].label) if name in PARAMETERS else name


def _value(name, value):
    if name == "kind":
        return str(label_of(Hold, value))
    if name == "plan":
        return PlanBook().named(str(value))
    return str(value) if value not in ("", None) else _("none")
