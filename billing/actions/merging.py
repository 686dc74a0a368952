"""Two customers that become one: asked for by who assigns cards, approved by finance, done by a job.

What stands in the way is looked at when it is asked for, and again when it is approved, with both wallets locked: from
then on nothing is paid out of the former one. What is done of it is told in `cards.actions.jobs.merge`; here is what
the money of it is.
"""

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.actions.ledger import check_bears, lock_wallets, merge_wallets
from billing.actions.second_person import propose, proposed
from billing.choices import TOLD_EACH_TIME, Deed, MailProblem
from billing.errors import MoneyRefused
from billing.models import (
    AnnouncedRenewal,
    CardRenewal,
    Digest,
    MissedRenewal,
    Notice,
    Order,
    PayerRefund,
    Payment,
    Proposal,
    Receipt,
    Refund,
    RenewalRun,
    UnmatchedPayment,
    Withdrawal,
)
from billing.permissions import may_merge, require
from cards.actions.audit import record
from cards.actions.jobs import engine
from cards.actions.jobs.merge import Handover, close_customer, give
from cards.actions.write import CHUNK, chunked
from cards.calendar import this_moment
from cards.choices import AuditAction, JobKind, JobStatus
from cards.errors import BadInput
from cards.models import Card, Customer, Job
from cards.permissions import Actor

# Of what the card of both could have had, theirs who has it now stays.
GO_WITH_CARDS = {CardRenewal: (), MissedRenewal: ("card", "term"), AnnouncedRenewal: ("card", "term")}
ONCE_TOLD = ("kind", "card", "on", "step")
# Whoever moves one of these locks it before the wallet, and payments before what they pay for.
BEFORE_THE_WALLET = (Payment, UnmatchedPayment, Order, Withdrawal)


def ask_merging(former, target, *, user, key=None):
    """Ask for one customer to be merged into another: the `Proposal`, for it always takes a second person.

    The same `key` twice is the same request. Raises `MoneyRefused` where something stands in the way.
    """
    require(may_merge, user)
    with transaction.atomic():
        account, targets = lock_wallets(former, target)
        if known := key and proposed(key, user):
            return known
        check_mergeable(account, targets)
        keyed = {"key": key} if key else {}
        after = {"target": target.pk, "name": target.name}
        what = {"subject": f"merge:{former.pk}", "customer": former, "after": after}
        return propose(Deed.MERGE, abs(account.balance), user=user, **what, **keyed)


def merge_proposed(proposal, user):
    """Begin the job that a second person has approved: from here on the former name means the target."""
    with transaction.atomic():
        former, target = lock_wallets(proposal.customer, Customer.objects.get(pk=proposal.after["target"]))
        check_mergeable(former, target, approves=proposal)
        job = _drafted(former.customer, target.customer, proposal)
        close_customer(former.customer, target.customer, by=user)
        engine.launch(job, user)
        proposal.after |= {"job": job.pk}
        about = {"about": target.customer, "former": former.customer.name, "job": job.pk}
        record(AuditAction.MERGED, by=proposal.asked_by, approved_by=user.get_username(), **about)


def check_mergeable(former, target, approves=None):
    """Raise `MoneyRefused` with the first thing that keeps these accounts' customers from being merged."""
    for obstacle in obstacles(former.customer, target.customer, approves):
        raise MoneyRefused("not_merged", obstacle=obstacle)
    check_bears(target, former.balance)


def obstacles(former, target, approves=None):
    """What has to be over first, in sentences."""
    if former == target:
        yield _("It is the same customer.")
        return
    for customer in (former, target):
        if customer.merged_into_id:
            yield _("{customer} was merged already.").format(customer=customer)
        if customer.is_registered:
            yield _("{customer} registered here, so the account is a person's own.").format(customer=customer)
    if former.merged_customers.being_merged().exists():
        yield _("Another customer is still being merged into {customer}.").format(customer=former)
    for count, sentence in _under_way(former, target, approves):
        if count:
            yield sentence.format(count=f"{count:,}")


def _under_way(former, target, approves):
    """(how many, sentence) of each kind of thing that must not change its customer while it is under way."""
    served = Order.objects.filter(customer=former).being_served().count()
    refunds = Refund.objects.unfinished().filter(order__customer=former).count()
    others = Proposal.objects.waiting().exclude(pk=approves and approves.pk)
    waiting = others.filter(customer__in=(former, target)).count()
    withdrawals = Withdrawal.objects.under_way().filter(customer=former).count()
    returned = PayerRefund.objects.filter(ended_at=None, payment__customer=former).count()
    runs = RenewalRun.objects.filter(customer=former, finished_at=None).count()
    return (
        (
            served,
            ngettext("{count} paid order is not delivered yet.", "{count} paid orders are not delivered yet.", served),
        ),
        (refunds, ngettext("{count} refund is not done yet.", "{count} refunds are not done yet.", refunds)),
        (waiting, ngettext("{count} request waits for approval.", "{count} requests wait for approval.", waiting)),
        (withdrawals, ngettext("{count} withdrawal is under way.", "{count} withdrawals are under way.", withdrawals)),
        (returned, ngettext("{count} payer is to get a refund.", "{count} payers are to get a refund.", returned)),
        (runs, _("Today's automatic renewals are being made.")),
    )


def _drafted(former, target, proposal):
    keys = {"former": former.pk, "target": target.pk, "proposal": proposal.pk}
    how = {"owner": proposal.asked_by, "status": JobStatus.READY, "language": translation.get_language()}
    job = Job.objects.create(kind=JobKind.MERGE, params=keys, **how)
    card_ids = Card.objects.filter(customer=former).order_by("pk").values_list("pk", flat=True)
    for number, chunk in enumerate(chunked(list(card_ids), CHUNK), start=1):
        engine.add_chunk(job, number, len(chunk), {"cards": chunk})
        job.total += len(chunk)
    job.save(update_fields=["total"])
    return job


class Money(Handover):
    """What the books and the shop have of a customer. Entries and postings stay: they are facts, as are what was
    agreed on, who did what alone, digests that went out, and the days' renewals. So do prices: the target's count."""

    def of_cards(self, card_ids, former, target):
        for model, same in GO_WITH_CARDS.items():
            give(model, former, target, *same, card__in=card_ids)

    def lock(self, former, target):
        for model in BEFORE_THE_WALLET:
            theirs = model.objects.filter(customer=former).order_by("pk")
            list(theirs.select_for_update(no_key=True).values_list("pk", flat=True))
        lock_wallets(former, target)

    def of_the_rest(self, former, target, job):
        wallets, told = lock_wallets(former, target), f"{former} → {target}"
        try:
            merge_wallets(*wallets, key=f"merge:{former.pk}", actor=Actor.of(job.owner), told=told[:200])
        except MoneyRefused as refused:
            raise BadInput("", str(refused)) from None
        for model, same in GO_WITH_CARDS.items():
            give(model, former, target, *same)
        _give_notices(former, target)
        for model in (Receipt, *BEFORE_THE_WALLET):
            give(model, former, target)
        RenewalRun.objects.filter(customer=former, finished_at=None).update(finished_at=this_moment())


def _give_notices(former, target):
    """What was not mailed yet goes into the target's next digest."""
    unsent = Digest.objects.filter(customer=former, due_at__isnull=False)
    Notice.objects.filter(digest__in=unsent).update(digest=None)
    unsent.update(due_at=None, problem=MailProblem.MERGED)
    give(Notice, former, target, kind__in=TOLD_EACH_TIME)
    give(Notice, former, target, *ONCE_TOLD, card__isnull=False)
    give(Notice, former, target, *(name for name in ONCE_TOLD if name != "card"), card=None)
