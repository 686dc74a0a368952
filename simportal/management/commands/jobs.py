from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.actions import orders, refunds
from billing.errors import MoneyRefused
from billing.models import Order, Refund
from cards.actions.jobs import control, engine
from cards.choices import JobKind
from cards.errors import BadInput, Refused
from cards.faults import Fault
from cards.management.base import PortalCommand
from cards.models import Job
from cards.pages.job_labels import owner_of, title_of
from cards.phrases import joined, noted, pair

JOBS_TOLD = 200
STEPS = ("again", "discard")


class Command(PortalCommand):
    help = "Lists the jobs that failed or are at work; works on failed ones again, or discards them."

    def add_arguments(self, parser):
        told = "again: work on failed jobs again, what is done stays done; discard: leave the rest undone"
        parser.add_argument("step", nargs="?", metavar="STEP", choices=STEPS, help=told)
        parser.add_argument("numbers", nargs="*", metavar="JOB", type=int, help="the number of a job")
        parser.add_argument("--actor", metavar="USER", help="who does it, with what they may do")

    def carry_out(self, step, numbers, actor, json, **options):
        """Exit code 1 while a job has failed, or where a step was refused."""
        refused = self._take(step, _jobs(numbers), _user(actor)) if step else False
        jobs = _jobs(numbers) if step else jobs_to_look_at()
        if json:
            self.give({"jobs": [line_of(job) for job in jobs]})
        else:
            self.print_report(jobs)
        return refused or (not step and any(job.has_failed for job in jobs))

    def _take(self, step, jobs, user):
        """Whether it was refused for any of these jobs; why is said."""
        refused = False
        for job in jobs:
            try:
                work_again(job, user) if step == "again" else leave_undone(job, user)
            except Refused as why_not:
                self.say(pair(job.pk, why_not))
                refused = True
        return refused

    def print_report(self, jobs):
        for job in jobs:
            what = noted(title_of(job), owner_of(job))
            self.stdout.write(joined(pair(job.pk, what), f"{job.get_status_display()}. {why_of(job)}".rstrip()))
        if not jobs:
            self.note(_("No job has failed, and none is at work."))


def jobs_to_look_at():
    """Failed jobs of the last days that nobody has followed up, those at work, and those of orders that are paid and
    not served, the newest first."""
    unserved = Job.objects.filter(pk__in=Order.objects.unserved_at(timezone.now()).values("job"))
    found = Job.objects.failed_lately() | unserved | Job.objects.at_work()
    return found.select_related("owner", "of").order_by("-pk")[:JOBS_TOLD]


def work_again(job, user):
    """As the button on the page of the job, its order or its refund does."""
    if job.kind == JobKind.ORDER:
        orders.resume_order(Order.objects.get(job=job), user=user)
    elif job.kind == JobKind.REFUND:
        refunds.resume_refund(Refund.objects.get(job=job), user=user)
    else:
        _require(user, job)
        engine.reopen(job, user)


def leave_undone(job, user):
    _require(user, job)
    engine.stop(job, user)


def line_of(job):
    """The job as `--json` has it: what stopped it, and when it is tried again, if a fault did."""
    stopped = engine.stopped_part(job) if job.is_at_work else None
    return {
        "job": job.pk,
        "what": title_of(job),
        "owner": owner_of(job),
        "status": job.status,
        "created_at": job.created_at,
        "message": job.message,
        "fault": stopped and stopped.fault,
        "tries": stopped and stopped.tries,
        "next_try_at": stopped and stopped.leased_until,
    }


def why_of(job):
    """Why it failed, or what stopped it and when it is tried again."""
    stopped = engine.stopped_part(job) if job.is_at_work else None
    if stopped is None:
        return job.message
    told = _("Attempt {tries} failed: {fault}; tried again at {at}.")
    at = f"{timezone.localtime(stopped.leased_until):%H:%M:%S}"
    return told.format(tries=stopped.tries, fault=Fault(stopped.fault).label, at=at)


def _jobs(numbers):
    found = list(Job.objects.filter(pk__in=numbers).select_related("owner", "of").order_by("pk"))
    if not numbers:
        raise BadInput("", _("Give the numbers of the jobs."))
    if missing := set(numbers).difference(job.pk for job in found):
        raise BadInput("", _("There is no job {number}.").format(number=min(missing)))
    return found


def _user(username):
    user = get_user_model().objects.filter(username=username, is_active=True).first()
    if user is None:
        raise BadInput("", _("Say who does it: --actor with the name of a user."))
    return user


def _require(user, job):
    """What belongs to an order follows the order, and is never discarded by itself."""
    if not control.may(user, job):
        raise MoneyRefused("forbidden", actor=user.get_username())
