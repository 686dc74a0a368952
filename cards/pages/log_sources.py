"""What the log is read from in this room: records of cards, steps of jobs, nights of the sweep, and the audit list."""

from datetime import date, timedelta

from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef, Q, Window
from django.db.models.functions import Lag
from django.utils.http import urlencode
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from cards.audit_log import KEYS_LOOKED_AT, Source
from cards.choices import OF_ORDERS, Action, ActorKind, AuditAction, JobKind, Rule, Step, label_of
from cards.models import AuditEntry, Card, CardEvent, Customer, JobStep, PlanBook, SweptDay
from cards.models.event import DONE_BY_HAND
from cards.pages.audit_lines import audit_line
from cards.pages.frames import CONSOLE
from cards.pages.job_labels import name_of, title_of
from cards.pages.log_lines import LogLine, Mention, customer_mention
from cards.paging import key_in
from cards.phrases import listed, pair
from cards.querysets import Begins
from cards.sentences.explain import by_whom
from cards.sentences.record import EVIDENCE_LABELS, evidence_labels

DONE_BY_FILES = (Action.OPEN, Action.ADOPT, Action.UPDATE)
PAUSE_IN_A_COMMAND = timedelta(minutes=1)  # at most: from one part of a file to the next
CARDS_NAMED = 3  # of those to which the same was done at one moment
AROUND_A_JOB = timedelta(minutes=1)  # its row and its records are written one after the other

STEP_LABELS = {
    Step.ASKED: pgettext_lazy("log", "Approval of a job requested"),
    Step.PLACED: pgettext_lazy("log", "Placing of an order started"),
    Step.STARTED: pgettext_lazy("audit", "Job started"),
    Step.PAUSED: pgettext_lazy("log", "Job paused"),
    Step.RESUMED: pgettext_lazy("log", "Job resumed"),
    Step.STOPPED: pgettext_lazy("log", "Job stopped"),
    Step.DISCARDED: pgettext_lazy("log", "Job discarded"),
    Step.EXPIRED: pgettext_lazy("log", "Job not approved in time"),
    Step.PUT_AWAY: pgettext_lazy("log", "Job put away, not started within a day"),
}
STEP_ACTIONS = {f"job_{step}": step for step in STEP_LABELS}

# What jobs do that do not name an action.
KINDS_DOING = {
    **dict.fromkeys(DONE_BY_FILES, JobKind.IMPORT_CARDS),
    **dict.fromkeys((Action.RENEW, Action.TOP_UP), JobKind.ORDER),
    Action.UNRENEW: JobKind.REFUND,
}


class CardRecords(Source):
    """What was done to cards: by hand, by a command or from outside; asked for one by one, by jobs and rules too."""

    name, title, model, moment = "cards", gettext_lazy("Cards"), CardEvent, "executed_at"
    actions = Action.choices

    def rows(self, asked):
        if (asked.action and asked.action not in Action) or (asked.about and not asked.cards):
            return None
        rows = CardEvent.objects.all() if asked.each else CardEvent.objects.filter(DONE_BY_HAND)
        given = {"action": asked.action, "actor_name": asked.person, "actor_kind": asked.kind, "rule": asked.rule}
        rows = rows.filter(**{name: value for name, value in given.items() if value})
        if asked.role:
            names = list(asked.people().values_list("username", flat=True))
            rows = rows.filter(actor_kind=ActorKind.STAFF, actor_name__in=names)
        if asked.job:
            rows = rows.filter(job=asked.job)
        if asked.customer:
            is_theirs = Q(owned_from_seq=None) | Q(owned_from_seq__lte=OuterRef("seq"))
            rows = rows.filter(Exists(Card.objects.filter(is_theirs, pk=OuterRef("card"), customer=asked.customer)))
        return rows.filter(card__in=asked.cards) if asked.cards else rows

    def is_searched(self, asked):
        """Of a card an index has them."""
        narrowed = asked.action or asked.person or asked.kind or asked.rule or asked.role or asked.job or asked.customer
        return bool(narrowed and not asked.cards)

    def floor(self, asked, rows):
        """Of what was done by hand its index is gone through, however many records of rules and jobs lie between."""
        if asked.each:
            return super().floor(asked, rows)
        by_hand = rows.filter(DONE_BY_HAND).values_list("pk", flat=True)
        return next(iter(by_hand[KEYS_LOOKED_AT : KEYS_LOOKED_AT + 1]), 0)

    def days(self, asked):
        since, until = super().days(asked)
        if asked.job:
            steps = [step.at for step in asked.job.steps.all()]
            begins = min([asked.job.created_at, *steps]) - AROUND_A_JOB
            ends = asked.job.finished_at and asked.job.finished_at + AROUND_A_JOB
            since = max(since, begins) if since else begins
            until = min(until, ends) if until and ends else until or ends
        return since, until

    def run(self, row):
        """What was done at one moment."""
        return row.executed_at, row.action, row.actor_kind, row.actor_name, row.rule, row.reason, row.job_id

    def goes_on(self, row, older):
        """A command has no job: what it does part by part is told by there being no pause between the parts."""
        if super().goes_on(row, older):
            return True
        is_of_command = row.actor_kind == ActorKind.COMMAND and not row.rule and row.job_id is None
        return (
            is_of_command
            and _of_one_command(row) == _of_one_command(older)
            and row.executed_at - older.executed_at <= PAUSE_IN_A_COMMAND
        )

    def rest_of_run(self, row, rows):
        if row.actor_kind != ActorKind.COMMAND:
            return super().rest_of_run(row, rows)
        kind, name, reason, actions = _of_one_command(row)
        alike = Q(actor_kind=kind, actor_name=name, reason=reason, action__in=actions)
        left = rows.filter(pk__lte=row.pk, pk__gt=row.pk - KEYS_LOOKED_AT).order_by("-pk")
        newer = Window(Lag("executed_at"), order_by=F("pk").desc())
        others = left.annotate(newer=newer).filter(~alike | Q(executed_at__lt=F("newer") - PAUSE_IN_A_COMMAND))
        last = others.values_list("pk", flat=True).first() or row.pk - KEYS_LOOKED_AT
        return left.filter(pk__gt=last, pk__lt=row.pk).count(), last + 1

    def lines(self, runs, asked):
        named = [row for run in runs for row in run.rows[:CARDS_NAMED]]
        cards = _cards_of(named)
        former = {key_in(str(row.evidence.get("was_customer_id"))) for row in named} - {None}
        customers = dict(Customer.objects.filter(pk__in=former).values_list("pk", "name")) if former else {}
        plans = PlanBook()
        return [self._line(run, cards, customers, plans) for run in runs]

    def _line(self, run, cards, customers, plans):
        first, many = run.rows[0], run.size
        said = [pair(*each) for each in evidence_labels(first.evidence, customers, plans)] if many == 1 else []
        about, whose = zip(*(cards[row.card_id] for row in run.rows[:CARDS_NAMED]), strict=True)
        return LogLine(
            at=first.executed_at,
            action=listed(str(label_of(Action, action)) for action in dict.fromkeys(row.action for row in run.rows)),
            by=by_whom(first) if first.rule else first.actor_name,
            person="" if first.rule else first.actor_name,
            through=_through(first.actor_kind),
            about=[*about],
            customer=whose[0] if len({*whose}) == 1 else None,
            details=said or _files_of(run),
            reason=first.reason,
            cards=many,
            job=first.job_id,
        )


class JobSteps(Source):
    """Who started, paused and ended jobs: those of cards, files and orders."""

    name, title, model = "jobs", gettext_lazy("Jobs"), JobStep
    actions = [(word, STEP_LABELS[step]) for word, step in STEP_ACTIONS.items()]

    def rows(self, asked):
        rows = JobStep.objects.select_related("job__of", "by")
        if asked.rule or asked.customer or asked.about:
            return None
        if asked.action in STEP_ACTIONS:
            rows = rows.filter(step=STEP_ACTIONS[asked.action])
        elif asked.action:
            rows = rows.filter(Q(job__action=asked.action) | Q(job__kind=KINDS_DOING.get(asked.action, "")))
        if asked.kind:
            whose = {ActorKind.STAFF: {"by__is_staff": True}, ActorKind.CUSTOMER: {"by__is_staff": False}}
            rows = rows.filter(**whose.get(asked.kind, {"by": None}))
            if asked.kind not in (*whose, ActorKind.SYSTEM):
                return None
        if asked.person:
            rows = rows.filter(by__username=asked.person)
        if asked.role:
            rows = rows.filter(by__in=asked.people())
        return rows.filter(job=asked.job) if asked.job else rows

    def is_searched(self, asked):
        return bool(asked.action or asked.kind or asked.person or asked.role) and not asked.job

    def lines(self, runs, asked):
        return [self._line(step, step.job) for run in runs for step in run.rows]

    def _line(self, step, job):
        is_of_cards = job.kind in (JobKind.ACTION, JobKind.UNDO, JobKind.APPROVE_DRIFT)
        what = Mention(title_of(job), CONSOLE.money_url("order-of-job", job.pk) if job.kind in OF_ORDERS else "")
        return LogLine(
            at=step.at,
            action=str(STEP_LABELS.get(step.step, step.step)),
            by=name_of(step.by),
            person=step.by.get_username() if step.by else "",
            about=[Mention(f"#{job.pk}", CONSOLE.url("job", job.pk)), what],
            details=[*filter(None, [job.file_name]), pair(_("Status"), job.get_status_display())],
            reason=job.reason,
            cards=job.total if is_of_cards else None,
            job=job.pk,
            opens=urlencode({"job": job.pk}) if step.step == Step.STARTED and job.kind != JobKind.EXPORT else "",
        )


class Nights(Source):
    """What the sweep did, night by night; each rule's changes are counted as they are made."""

    name, title, model, moment = "nights", gettext_lazy("Nightly sweep"), SweptDay, "started_at"

    def rows(self, asked):
        if asked.each or asked.asks_for_people or asked.about:
            return None
        nights = SweptDay.objects.exclude(counts={})
        return nights.filter(counts__has_key=asked.action) if asked.action else nights

    def span(self, asked):
        since, until = self.days(asked)
        return (Q(started_at__gte=since) if since else Q()) & (Q(started_at__lt=until) if until else Q())

    def key(self, text):
        return date.fromisoformat(text)

    def lines(self, runs, asked):
        return [self._line(night, asked.action) for run in runs for night in run.rows]

    def _line(self, night, action):
        counts = {rule: number for rule, number in night.counts.items() if action in ("", rule)}
        released = [pair(_("Released by"), night.released_by)] if night.released_by else []
        return LogLine(
            at=night.started_at,
            action=_("Nightly sweep"),
            by=name_of(None),
            about=[Mention(str(night.day), CONSOLE.url("sweep"))],
            details=released,
            links=[self._link(night, *each) for each in sorted(counts.items())],
            cards=sum(counts.values()) if len(counts) == 1 else None,  # a card may be changed by several rules
        )

    def _link(self, night, rule, number):
        """The records of the days on which the sweep was at work."""
        ended_at = night.finished_at or night.started_at
        asked = {"rule": rule, "since": localdate(night.started_at), "through": localdate(ended_at)}
        said = pair(label_of(Rule, rule), f"{number:,}")
        return Mention(said, f"{CONSOLE.url('log')}?{urlencode(asked)}" if rule in Rule else "")


class AuditEntries(Source):
    """Who got in and who did not, who changed accounts, permissions and settings, and took data out of the house."""

    name, title, model = "audit", gettext_lazy("Access, settings and exports"), AuditEntry
    actions = [(word, label) for word, label in AuditAction.choices if word != AuditAction.JOB_STARTED]

    def rows(self, asked):
        if asked.rule or asked.job or (asked.action and asked.action not in dict(self.actions)):
            return None
        entries = AuditEntry.objects.exclude(action=AuditAction.JOB_STARTED).select_related("customer")
        given = {"action": asked.action, "actor_kind": asked.kind, "customer": asked.customer}
        entries = entries.filter(**{name: value for name, value in given.items() if value})
        if asked.person:
            entries = entries.filter(_by_or_about(asked.person))
        if asked.role:
            entries = entries.filter(actor_kind=ActorKind.STAFF, by__in=asked.people())
        if asked.cards:
            return entries.filter(self._of_cards(asked))
        return entries.filter(Begins(F("about"), asked.about)) if asked.about else entries

    def _of_cards(self, asked):
        """What is told of single cards, and of somebody who is called as one of their numbers is."""
        iccids = list(Card.objects.filter(pk__in=asked.cards).values_list("iccid", flat=True))
        people = list(User.objects.filter(username=asked.about).values_list("pk", flat=True))
        return Q(action=AuditAction.CODE_REPLACED, about__in=iccids) | Q(user__in=people)

    def is_searched(self, asked):
        """An index has them by action, customer and person."""
        return bool(asked.kind or asked.role or (asked.about and not asked.cards))

    def lines(self, runs, asked):
        return [self._line(audit_line(entry)) for run in runs for entry in run.rows]

    def _line(self, line):
        entry = line.entry
        return LogLine(
            at=entry.at,
            action=entry.get_action_display(),
            by=entry.actor_name or pgettext("log", "unknown"),
            person=entry.actor_name,
            through=_through(entry.actor_kind),
            about=[Mention(entry.about or _("an unknown user name"), line.url)],
            kind=line.kind,
            customer=entry.customer and customer_mention(entry.customer_id, entry.customer.name),
            details=line.facts,
            address=entry.address,
        )


def _of_one_command(record):
    """What the records of one command have in common; a file of cards opens some, and corrects others."""
    actions = DONE_BY_FILES if record.action in DONE_BY_FILES else (record.action,)
    return record.actor_kind, record.actor_name, record.reason, actions


def _files_of(run):
    """The files that records name, of those that are read; of cards that were taken over alone they do."""
    files = dict.fromkeys(filter(None, (row.evidence.get("source") for row in run.rows)))
    return [pair(EVIDENCE_LABELS["source"], name) for name in files]


def _by_or_about(name):
    """What somebody did, and what was done to their account; of what has no account (`manage.py`) what it did."""
    keys = list(User.objects.filter(username=name).values_list("pk", flat=True))
    return Q(by__in=keys) | Q(user__in=keys) if keys else Q(by=None, actor_name=name)


def _through(kind):
    """Through which door; of the staff it need not be said."""
    return "" if kind in (ActorKind.STAFF, ActorKind.SYSTEM) else str(label_of(ActorKind, kind))


def _cards_of(records):
    """(card, customer) of each record, as lines name them, by the card's key."""
    cards = Card.objects.filter(pk__in={record.card_id for record in records})
    return {
        pk: (Mention(iccid, CONSOLE.url("card", iccid), is_number=True), customer_mention(*customer))
        for pk, iccid, *customer in cards.values_list("pk", "iccid", "customer", "customer__name")
    }
