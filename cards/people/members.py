"""Who acts for which customer: asked to join by its owners or by an admin, or made a member; all of it is recorded."""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cards.actions.audit import record
from cards.actions.merged import whose_now
from cards.choices import AuditAction, MemberRole
from cards.errors import BadInput
from cards.faults import fault_of
from cards.models import Customer, Invitation, Membership
from cards.models.real_name import mask
from cards.scope import Scope

INVITED_FOR = timedelta(days=7)


def invite_member(customer, role, *, by, email=""):
    """An invitation to join a customer, for a week; its link is mailed where there is an address.

    `PermissionDenied` for who neither owns the customer nor gives memberships.
    """
    with transaction.atomic():
        record(AuditAction.INVITED, by=by, about=customer, role=role, **told_address(email))
        return kept_invitation(Invitation(customer=customer, role=role), by=by, email=email)


def kept_invitation(invitation, *, by, email=""):
    """Keep an invitation that begins now; one that nobody could accept is refused: who makes it may not."""
    invitation.by, invitation.email = by, email
    invitation.until = timezone.now() + INVITED_FOR
    invitation.mail_language = get_language() if email else ""
    invitation.save(force_insert=True)
    if not type(invitation).objects.open().filter(pk=invitation.pk).exists():
        raise PermissionDenied
    return invitation


def told_address(email):
    """What the audit list says of the address to which an invitation goes: no more than that there is one."""
    return {"email": mask(email, front=1, back=0)} if email else {}


def revoke_invitation(invitation, *, by):
    """The link opens nothing any more; revoking twice is revoking once."""
    with transaction.atomic():
        is_revoked = Invitation.objects.open().filter(pk=invitation.pk).update(revoked_at=timezone.now())
        if is_revoked:
            record(AuditAction.INVITATION_REVOKED, by=by, about=invitation.customer, role=invitation.role)
    return bool(is_revoked)


def accept(invitation, user):
    """The person joins; False if the invitation was accepted or revoked, or ran out, meanwhile."""
    _is_no_staff(user)
    now = timezone.now()
    try:
        with transaction.atomic():
            open_row = Invitation.objects.open(now).filter(pk=invitation.pk)
            if not open_row.update(accepted_at=now, accepted_by=user):
                return False
            Membership.objects.create(customer=invitation.customer, user=user, role=invitation.role)
            record(AuditAction.JOINED, by=user, about=user, customer=invitation.customer, role=invitation.role)
    except IntegrityError as error:
        if fault_of(error):
            raise
        raise BadInput("", _("You are already a member of {customer}.").format(customer=invitation.customer)) from None
    return True


def add_member(membership, *, by):
    """Keep a new membership that whoever may give any has given; `BadInput` for one of the dealer's staff."""
    _is_no_staff(membership.user)
    with transaction.atomic():
        membership.customer_id = whose_now(membership.customer_id)
        membership.save(force_insert=True)
        _record(AuditAction.MEMBER_ADDED, membership, by, role=membership.role)


def set_role(membership, role, *, by):
    """Somebody becomes an owner, operator or viewer; the last owner stays one, unless the dealer decides."""
    with transaction.atomic():
        membership = _locked(membership)
        if role != MemberRole.OWNER:
            _somebody_else_owns(membership, by)
            _revoke_invitations(membership)
        if role != membership.role:
            Membership.objects.filter(pk=membership.pk).update(role=role)
            before, after = {"role": membership.role}, {"role": role}
            _record(AuditAction.MEMBER_CHANGED, membership, by, before=before, after=after)


def remove_member(membership, *, by):
    """Somebody does not act for the customer any more; the last owner cannot leave, unless the dealer decides."""
    with transaction.atomic():
        membership = _locked(membership)
        _somebody_else_owns(membership, by)
        _revoke_invitations(membership)
        _record(AuditAction.MEMBER_REMOVED, membership, by, role=membership.role)
        membership.delete()


def _record(action, membership, by, **details):
    record(action, by=by, about=membership.user, customer=membership.customer, **details)


def _is_no_staff(user):
    """Who looks after all customers acts for none: their authority comes from their role alone."""
    if Scope.of(user).is_staff:
        raise BadInput("user", _("Staff are never members of a customer."))


def _locked(membership):
    """The membership as it is now, while nobody else changes who owns the customer."""
    Customer.objects.select_for_update().get(pk=membership.customer_id)
    try:
        return Membership.objects.select_related("user", "customer").get(pk=membership.pk)
    except Membership.DoesNotExist:
        raise BadInput("", _("This person is no longer a member.")) from None


def _somebody_else_owns(membership, by):
    is_owner = membership.role == MemberRole.OWNER
    if is_owner and not Scope.of(by).is_staff and not other_owners(membership.customer, membership.user).exists():
        raise BadInput("", _("The account needs an owner: make another person the owner first."))


def _revoke_invitations(membership):
    """Somebody who may not invite any more has invited nobody."""
    mine = Invitation.objects.open().filter(customer=membership.customer_id, by=membership.user_id)
    mine.update(revoked_at=timezone.now())


def customers_of(user):
    """The customers whom somebody acts for, or may look at."""
    return list(Customer.objects.filter(members=user).order_by("name")) if user.pk else []


def without_programs(users):
    """Of these accounts those that people have: that of a program is its key's, and nobody looks after it elsewhere."""
    return users.exclude(memberships__role=MemberRole.PROGRAM)


def other_owners(customer, user):
    """The memberships of those who own the customer besides this person, and are not shut out."""
    owners = customer.memberships.filter(role=MemberRole.OWNER, user__is_active=True)
    return owners.exclude(user=user)
