"""All that one customer has goes to another: each card by an `assign` that changes no hands, then the rest at once.

Whoever has more that is a customer's (money, carriers) brings a `Handover`: what goes with some cards, in their
transaction, and what goes in the end, in one with everything that is left. A worker that dies leaves whole chunks; the
next one goes on, and looks for cards that came to the former customer meanwhile.
"""

from collections.abc import Iterator, Sequence

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import ngettext

from cards import rules
from cards.actions.audit import record
from cards.actions.jobs.engine import Document, Kind
from cards.actions.master_data import ABOUT_PEOPLE, written_about
from cards.actions.write import Signature, Work, change, chunked
from cards.calendar import civil_today
from cards.catalogue.assign import merging_evidence
from cards.choices import Action, AuditAction, MemberRole
from cards.errors import BadInput
from cards.models import Card, CardRequest, Customer, Invitation, Job, JobChunk, Membership, OrderedTerm, PolicyBook
from cards.permissions import Actor
from cards.rules import Change

RIGHTS_OF_ROLE = (MemberRole.VIEWER, MemberRole.OPERATOR, MemberRole.OWNER)  # each may what those before it may


class Handover:
    """What a room has of a customer who is merged into another one."""

    def of_cards(self, card_ids: Sequence[int], former: Customer, target: Customer) -> None:
        """Give what hangs on these cards; they are the target's already, in the same transaction."""

    def of_the_rest(self, former: Customer, target: Customer, job: Job) -> None:
        """Give everything else, in one transaction with what the other rooms have. Raises `BadInput` if it cannot."""

    def lock(self, former: Customer, target: Customer) -> None:
        """Lock what has to be locked before the customers' own rows."""


HANDOVERS: list[Handover] = []


def bring_handover(handover: Handover) -> None:
    """A room says what else it has of a customer."""
    HANDOVERS.append(handover)


def give(model, former, target, *same, **which):
    """Rows of the former customer's become the target's; where the target has the `same` one already, theirs stays."""
    theirs = model.objects.filter(customer=former, **which)
    if same:
        alike = model.objects.filter(customer=target, **{name: OuterRef(name) for name in same})
        theirs.filter(Exists(alike)).delete()
    theirs.update(customer=target)


class OneCustomer(Work):
    """The work of merging on cards: whose they are changes, and nothing else that is not due by itself."""

    def __init__(self, former: Customer, target: Customer) -> None:
        self.former, self.target = former, target
        self.day, self.policies = civil_today(), PolicyBook.read()

    def steps(self, card: Card) -> Iterator[Change]:
        if card.customer_id != self.former.pk:  # it left in the meantime
            return
        day = max(self.day, card.changed_on)
        if not card.parked and card.next_due_on and card.next_due_on <= day:
            yield from rules.catch_up(card, day, self.policies)
        card.customer_id = self.target.pk
        rules.settle(card, day)
        yield Change(day, Action.ASSIGN, evidence=merging_evidence(self.former, self.target))


class Merging(Kind):
    """`payload` is {"cards": keys}; the result counts those that were given. Asked for and approved before it is made:
    there is no check. The job's `params` have the keys of both customers."""

    def apply(self, job: Job, chunk: JobChunk) -> Document:
        return {"counts": {"done": _give_cards(chunk.payload["cards"], *former_and_target(job), job)}}

    def finish(self, job: Job) -> None:
        former, target = former_and_target(job)
        for handover in HANDOVERS:
            handover.lock(former, target)
        # Whoever gave the former customer something holds its row: behind this, nobody does so any more.
        both = Customer.objects.select_for_update().filter(pk__in=(former.pk, target.pk)).order_by("pk").in_bulk()
        former, target = both[former.pk], both[target.pk]
        came_meanwhile = Card.objects.filter(customer=former).order_by("pk").values_list("pk", flat=True)
        for card_ids in chunked(list(came_meanwhile)):
            _give_cards(card_ids, former, target, job)
        if left := Card.objects.filter(customer=former).count():
            sentence = ngettext(
                "{count} card is still with {customer}: look at it, then try again.",
                "{count} cards are still with {customer}: look at them, then try again.",
                left,
            )
            raise BadInput("", sentence.format(count=f"{left:,}", customer=former))
        _give_the_rest(former, target, job)
        for handover in HANDOVERS:
            handover.of_the_rest(former, target, job)
        Customer.objects.filter(pk=former.pk).update(all_moved_at=timezone.now())


def former_and_target(job: Job) -> tuple[Customer, Customer]:
    """Who is merged by a job, and into whom."""
    found = Customer.objects.in_bulk([job.params["former"], job.params["target"]])
    return found[job.params["former"]], found[job.params["target"]]


def close_customer(former: Customer, target: Customer, by: User) -> None:
    """From now on the former name means the target; who was merged into the former before, is the target's, too.

    Whom the former customer's owners asked to join was never asked to join the target: nobody joins by that any more.
    """
    Customer.objects.filter(merged_into=former).update(merged_into=target)
    Customer.objects.filter(pk=former.pk).update(merged_into=target, merged_at=timezone.now())
    _revoke_invitations(former, by)


def _give_cards(card_ids: Sequence[int], former: Customer, target: Customer, job: Job) -> int:
    signature = Signature(Actor.of(job.owner), job.reason, timezone.now(), job.pk)
    outcomes = change(card_ids, OneCustomer(former, target), signature)
    given = [outcome.card.pk for outcome in outcomes if any("merged" in done.change.evidence for done in outcome.done)]
    give(OrderedTerm, former, target, "card", "order_key", card__in=given)
    give(CardRequest, former, target, card__in=given)
    for handover in HANDOVERS:
        handover.of_cards(given, former, target)
    return len(given)


def _give_the_rest(former: Customer, target: Customer, job: Job) -> None:
    for membership in Membership.objects.filter(customer=former).select_related("user"):
        _take_in(membership, target, job)
    _revoke_invitations(former, job.owner)
    for model in (OrderedTerm, CardRequest, Invitation):
        give(model, former, target)
    _tell_whom_to_call(former, target, job)


def _revoke_invitations(former: Customer, by: User) -> None:
    open_ones = Invitation.objects.filter(customer=former, accepted_at=None, revoked_at=None, until__gt=timezone.now())
    for invitation in open_ones.order_by("pk"):
        if open_ones.filter(pk=invitation.pk).update(revoked_at=timezone.now()):
            record(AuditAction.INVITATION_REVOKED, by=by, about=former, role=invitation.role)


def _tell_whom_to_call(former: Customer, target: Customer, job: Job) -> None:
    """What the target lacks is the former customer's, who keeps it; both are locked."""
    names = [name for name in ABOUT_PEOPLE if getattr(former, name) and not getattr(target, name)]
    if names:
        values = {name: getattr(former, name) for name in names}
        Customer.objects.filter(pk=target.pk).update(**values)
        after = {name: written_about(name, value) for name, value in values.items()}
        facts = {"before": dict.fromkeys(names, ""), "after": after, "job": job.pk}
        record(AuditAction.CHANGED, by=job.owner, about=target, kind="cards.customer", key=target.pk, **facts)


def _take_in(membership: Membership, target: Customer, job: Job) -> None:
    """The person acts for the target now; who did so already, as what gives them the most."""
    known = Membership.objects.filter(customer=target, user=membership.user).first()
    if known is None:
        Membership.objects.filter(pk=membership.pk).update(customer=target)
        about = {"about": membership.user, "customer": target}
        record(AuditAction.MEMBER_ADDED, by=job.owner, role=membership.role, job=job.pk, **about)
        return
    role = max(known.role, membership.role, key=RIGHTS_OF_ROLE.index)
    if role != known.role:
        Membership.objects.filter(pk=known.pk).update(role=role)
        facts = {"before": {"role": known.role}, "after": {"role": role}, "job": job.pk}
        record(AuditAction.MEMBER_CHANGED, by=job.owner, about=membership.user, customer=target, **facts)
    membership.delete()
