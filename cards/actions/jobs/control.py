"""What people do with jobs: draft one, look at its check, start it, pause it, stop it, retry it, undo it."""

from datetime import timedelta
from pathlib import PurePath
from uuid import uuid5

from django.db.models import Exists, OuterRef, Q
from django.utils import translation
from django.utils.translation import gettext as _

from cards.actions import audit, throttle
from cards.actions.alone import acting_alone
from cards.actions.cancelling import may_cancel_alone, waiting_for_release
from cards.actions.imports.file_customers import make_customers
from cards.actions.jobs import engine, worker
from cards.actions.kept_files import kept_wholly
from cards.actions.once import once
from cards.actions.selections import freeze_ids, ids_of
from cards.actions.write import CHUNK, chunked
from cards.catalogue import CATALOGUE, asked_for
from cards.choices import IMPORT_KINDS, JOB_OVER, OF_FILES, OF_ORDERS, Action, AuditAction, JobKind, JobStatus, Step
from cards.errors import BadInput, Refused
from cards.kept import over_at
from cards.models import CancellingRules, Job, JobChunk
from cards.permissions import Actor, may_import, people_of
from cards.scope import Scope

CHECKED_AT_ONCE = 2 * CHUNK
PREVIEWS_KEPT = timedelta(days=1)
MOST_UPLOADS_WAITING = 20  # of one person


def draft(selection, action, *, user, key=None, **values):
    """A job that does `action` to a selection once somebody has seen its check; a small one is checked at once."""
    action = Action(action)
    payloads = ({"cards": card_ids} for card_ids in ids_of(selection))
    return _drafted(JobKind.ACTION, payloads, key, owner=user, action=action, selection=selection, **values)


def upload(kind, file, *, user, key=None, **values):
    """A job that takes in a file: it is read in the background, and nothing is written before somebody says so."""
    with kept_wholly() as keep:

        def make(key):
            _refuse_too_many(user)
            job = Job.objects.create(
                kind=kind,
                key=key,
                owner=user,
                language=translation.get_language(),
                file_name=PurePath(file.name).name[-200:],
                kept_until=over_at("UPLOAD_DAYS"),
                **values,
            )
            keep(job, file)
            return job

        return once(Job, key, make, owner=user)


def _refuse_too_many(user):
    """Each is a file of up to 512 MB, which is kept until somebody says what is to be done with it."""
    waiting = Job.objects.filter(owner=user, kind__in=IMPORT_KINDS).exclude(status__in=JOB_OVER).count()
    if waiting >= MOST_UPLOADS_WAITING:
        sentence = _("{count} of your imports are not finished: start or discard one, then upload the next.")
        raise BadInput("file", sentence.format(count=waiting))
    if not throttle.hit(throttle.UPLOADS_OF_PERSON, user.pk):
        sentence = _("You have uploaded {most} files today. Try again tomorrow.")
        raise BadInput("file", sentence.format(most=throttle.UPLOADS_OF_PERSON.most))


def may(user, job):
    """Whether this person may start, pause and stop the job. What belongs to an order follows the order."""
    if job.kind in OF_ORDERS:
        return False
    if job.kind in IMPORT_KINDS or is_taking_back(job):
        return may_import(user)
    if job.kind == JobKind.MERGE:
        return Action.ASSIGN in Actor.of(user).actions
    if job.kind == JobKind.EXPORT:
        return user.is_superuser or job.owner_id == user.pk
    return not Actor.of(user).actions.isdisjoint(actions_of(job))


def permitted_jobs(user):
    """What `may` says, as a condition: the jobs that this person may start, pause and stop."""
    actions = Actor.of(user).actions
    undone = [word for word, action in CATALOGUE.items() if not actions.isdisjoint(action.undone_by)]
    may = Q(kind=JobKind.UNDO, of__action__in=undone)
    may |= Q(kind__in=(JobKind.ACTION, JobKind.APPROVE_DRIFT), action__in=actions)
    if Action.ASSIGN in actions:
        may |= Q(kind=JobKind.MERGE)
    may |= Q(kind=JobKind.EXPORT) if user.is_superuser else Q(kind=JobKind.EXPORT, owner=user)
    if may_import(user):
        may |= Q(kind__in=IMPORT_KINDS) | Q(kind=JobKind.UNDO, of__kind__in=IMPORT_KINDS)
    return may


def jobs_waiting_for(user):
    """The jobs that wait for this person: those to go on with, and those that failed lately."""
    may = permitted_jobs(user)
    return {"go_on": Job.objects.waiting_for_people().filter(may), "failed": Job.objects.failed_lately().filter(may)}


def is_taking_back(job):
    """Whether the job takes an import back."""
    return job.kind == JobKind.UNDO and job.of.kind in IMPORT_KINDS


def actions_of(job):
    """The actions of which somebody has to be allowed one: what the job does to a card, or may do to take it back."""
    return CATALOGUE[job.of.action].undone_by if job.kind == JobKind.UNDO else (job.action,)


def start(job, *, user, params=None, reason="", count=None):
    """Let a checked job go; done twice, it goes once. `count` is what was typed to confirm that cards are cancelled.

    What `user` drafted too and may not cancel alone waits, ready, for a colleague to start it. Raises `Refused` when
    they, or who drafted it, may not, and `BadInput` for what cannot be read; then nothing has started.
    """
    for person in (user, job.owner):
        if not may(person, job):
            raise Refused("not_permitted", actor=person.get_username(), action=job.action or "update")
    params, reason = params or {}, reason.strip()
    if job.kind == JobKind.ACTION:
        CATALOGUE[job.action].cleaned(params)
        _confirm(job, reason, count)
    elif not sum(engine.totals(job).check_counts.values()):
        raise BadInput("", _("There is nothing to do."))
    elif job.kind == JobKind.IMPORT_CARDS:
        _confirm_import(job, count)
    with acting_alone(user):
        if needs_release(job, user):
            engine.ask(job, user, reason=reason)
        elif engine.launch(job, user, params=params or job.params, reason=reason):
            audit.record(AuditAction.JOB_STARTED, by=user, about=f"#{job.pk}", job=job.pk, rows=job.total)
            if job.kind == JobKind.IMPORT_CARDS:
                make_customers([name for name, *_near in foreseen_of(job)["new_customers"]])
    return Job.objects.get(pk=job.pk)


def needs_release(job, user):
    """Whether this checked job cancels more cards than somebody may alone who has drafted it too."""
    if job.kind != JobKind.ACTION or not CATALOGUE[job.action].is_final or job.owner != user:
        return False
    return not may_cancel_alone(user, engine.totals(job).check_counts["can"])


def draft_to_ask(card, action, *, user, reason, key=None):
    """A job for one card that somebody may not cancel alone, waiting for a colleague to start it."""
    selection = freeze_ids([card.pk], owner=user, asked={"from": "page"}, key=key)
    job = draft(selection, action, user=user, key=key)
    return start(job, user=user, reason=reason, count=1)


def expire_asked(now):
    """End the jobs for which nobody was found in time who starts them; the number of jobs."""
    asked_before = now - timedelta(days=CancellingRules.read().approval_days)
    late = waiting_for_release().filter(steps__step=Step.ASKED, steps__at__lte=asked_before)
    return sum(engine.expire(job) for job in late)


def put_away_previews(now):
    """End the previews that nobody has started within a day; the number of jobs.

    What is asked of a colleague waits for that person, an order's draft for its own time, and an import as long as its
    file is kept.
    """
    seen = JobChunk.objects.filter(job=OuterRef("pk"), checked_at__gt=now - PREVIEWS_KEPT)
    of_files_and_orders = (*OF_ORDERS, *OF_FILES)
    old = Job.objects.filter(~Exists(seen), status=JobStatus.READY, created_at__lte=now - PREVIEWS_KEPT)
    old = old.exclude(kind__in=of_files_and_orders).exclude(steps__step=Step.ASKED)
    return sum(engine.put_away(job) for job in old)


def retry(job, *, user, key=None):
    """A new draft for the cards to which nothing was done: refused, parked, or never reached."""
    if job.kind == JobKind.UNDO:
        return undo(job.of, user=user, key=key)
    origin = {"from": "job", "job": job.pk, "which": "failed"}
    selection = freeze_ids(_not_done(job), owner=user, asked=origin)
    reason = job.reason if Scope.of(user).sees_all or user == people_of(job)[0] else ""  # what staff wrote is theirs
    return draft(selection, job.action, user=user, key=key, of=job, params=job.params, reason=reason)


def undo(job, *, user, key=None):
    """A draft that undoes what the job did. `Refused` when its action has no inverse or nothing was done.

    Of an import that is what it corrected: its new cards stay.
    """
    is_import = job.kind == JobKind.IMPORT_CARDS and job.is_over
    pairs = corrected_by(job) if is_import else [(pk, seq) for pk, seq, _written in outcomes(job) if seq is not None]
    if not pairs or not (is_import or inverses_of(job)):
        raise Refused("nothing_to_undo")
    payloads = ({"cards": [pk for pk, _ in chunk], "seqs": [seq for _, seq in chunk]} for chunk in chunked(pairs))
    action = Action.UPDATE if is_import else inverses_of(job)[0]
    return _drafted(JobKind.UNDO, payloads, key, owner=user, action=action, of=job)


def corrected_by(job):
    """(key, numbers of the records) of each card that an import has corrected, in the order of the keys."""
    results = job.chunks.filter(done_at__isnull=False).values_list("result__corrected", flat=True)
    return sorted((card_id, numbers) for found in results.iterator(20) for card_id, numbers in found or ())


def cards_of_import(job, user):
    """The selection of the cards that an import has made or corrected, one for each person who asks."""
    results = job.chunks.filter(done_at__isnull=False).values_list("result__cards", flat=True)
    card_ids = {card_id for found in results.iterator(20) for card_id in found or ()}
    origin = {"from": "import", "job": job.pk}
    return freeze_ids(card_ids, owner=user, asked=origin, key=uuid5(job.key, f"cards {user.pk}"))


def inverses_of(job):
    """The actions that undo what the job did; none while it is not over, and where it has no exact inverse."""
    return CATALOGUE[job.action].undone_by if job.kind == JobKind.ACTION and job.is_over else ()


def outcomes(job):
    """(key, number of the record, why not) of each card whose turn has come, in the order of the chunks."""
    results = job.chunks.filter(done_at__isnull=False).order_by("number").values_list("result__outcomes", flat=True)
    for rows in results.iterator(20):
        yield from rows


def _not_done(job):
    for card_id, seq, _written in outcomes(job):
        if seq is None:
            yield card_id
    for payload in job.chunks.filter(done_at=None).values_list("payload", flat=True).iterator(20):
        yield from payload["cards"]


def _confirm(job, reason, count):
    """What somebody has to have written and typed before cards are changed for good."""
    can = engine.totals(job).check_counts["can"]
    if not can:
        raise BadInput("", _("None of these cards is eligible: nothing was started."))
    action = asked_for(job.action)
    if action.asks_why and not reason:
        raise BadInput("reason", _("A reason is required."))
    if action.is_final and str(count).strip() != str(can):
        message = _("type the number of cards that will be cancelled: {count}")
        raise BadInput("count", message.format(count=can))


def foreseen_of(job):
    """What the check of a card file foresaw: who gets cards, and what the rules do to its cards at once."""
    nothing = {"at_once": {"days": {}, "ended": 0}, "new_customers": [], "known_customers": {}}
    return nothing | job.params.get("foreseen", {})


def ended_at_once(job):
    """How many cards of a checked card file the rules would shut down or cancel by today."""
    return foreseen_of(job)["at_once"]["ended"]


def _confirm_import(job, count):
    """What somebody has to have typed before cards come in that the rules end for good."""
    ended = ended_at_once(job)
    if ended and str(count).strip() != str(ended):
        message = _("type the number of cards that will be shut down or cancelled: {count}")
        raise BadInput("count", message.format(count=ended))


def _drafted(kind, payloads, key, *, owner, **values):
    def make(key):
        made = {"kind": kind, "key": key, "owner": owner, "status": JobStatus.CHECKING, **values}
        job = Job.objects.create(language=translation.get_language(), **made)
        for number, payload in enumerate(payloads, start=1):
            engine.add_chunk(job, number, len(payload["cards"]), payload)
            job.total += len(payload["cards"])
        job.save(update_fields=["total"])
        return job

    job = once(Job, key, make, owner=owner)
    return worker.work_off(job) if job.is_being_checked and job.total <= CHECKED_AT_ONCE else job
