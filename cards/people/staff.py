"""Who works for the dealer: invited, given roles, shut out and let in again; all of it is recorded.

Roles are given and taken by admins alone, and by nobody their own: so nobody becomes more by themselves, and one admin
is always left.
"""

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cards.actions.audit import record
from cards.choices import AuditAction, StaffRole
from cards.errors import BadInput
from cards.models import Invitation, StaffInvitation
from cards.models.invitation import KEEPS_STAFF
from cards.people import accounts, second_factor, sessions
from cards.people.members import kept_invitation, told_address
from cards.scope import Scope

KEEPS_ACCOUNTS = "auth.change_user"  # of customers' people
RESETS_SECOND_STEPS = "cards.change_person"
GROUP_ROLES = [role.value for role in StaffRole if role != StaffRole.ADMIN]


def invite_colleague(roles, *, by, email=""):
    """An invitation to work for the dealer, for a week; its link is mailed where there is an address."""
    _some(roles)
    with transaction.atomic():
        invitation = kept_invitation(StaffInvitation(roles=roles), by=by, email=email)
        record(AuditAction.INVITED, by=by, about=invitation, roles=roles, **told_address(email))
    return invitation


def revoke_staff_invitation(invitation, *, by):
    """The link opens nothing any more; revoking twice is revoking once."""
    with transaction.atomic():
        is_revoked = StaffInvitation.objects.open().filter(pk=invitation.pk).update(revoked_at=timezone.now())
        if is_revoked:
            record(AuditAction.INVITATION_REVOKED, by=by, about=invitation, roles=invitation.roles)
    return bool(is_revoked)


def join_staff(invitation, **account):
    """The account of somebody who was invited, with what the invitation gives and no more; None if it was accepted or
    revoked, or ran out, meanwhile. `account` is as `make_person` takes it."""
    now, roles = timezone.now(), invitation.roles
    with transaction.atomic():
        if not StaffInvitation.objects.open(now).filter(pk=invitation.pk).update(accepted_at=now):
            return None
        user = accounts.make_person(**account, is_staff=True, is_superuser=StaffRole.ADMIN in roles)
        StaffInvitation.objects.filter(pk=invitation.pk).update(accepted_by=user)
        user.groups.set(_groups_of(roles))
        record(AuditAction.JOINED, by=user, about=user, roles=roles)
    return user


def roles_of(user):
    """The words of what somebody is: of the groups that are roles, and whether they are an admin."""
    names = {group.name for group in user.groups.all()}
    return [*([StaffRole.ADMIN.value] if user.is_superuser else []), *(role for role in GROUP_ROLES if role in names)]


def set_roles(user, roles, *, by):
    """From now on somebody of the staff has these roles; their other groups stay."""
    _some(roles)
    with transaction.atomic():
        user = _locked(user, by, KEEPS_STAFF)
        before, after = roles_of(user), [role for role in StaffRole.values if role in roles]
        if set(before) == set(after):
            return
        user.groups.remove(*_groups_of(set(before) - set(after)))
        user.groups.add(*_groups_of(after))
        get_user_model().objects.filter(pk=user.pk).update(is_superuser=StaffRole.ADMIN in after)
        record(AuditAction.RIGHTS_CHANGED, by=by, about=user, before={"roles": before}, after={"roles": after})


def may_decide_about(by, user, permission):
    """Whether somebody decides about another's account: of staff an admin, otherwise who has the permission."""
    return by.pk != user.pk and by.has_perm(KEEPS_STAFF if Scope.of(user).is_staff else permission)


def shut_out(user, *, by):
    """Somebody gets in no more: sessions end at once, and whom they have invited does not get in either."""
    with transaction.atomic():
        user = _locked(user, by, KEEPS_ACCOUNTS)
        if _set_active(user, False):
            revoke_invitations_by(user)
            record(AuditAction.SHUT_OUT, by=by, about=user)


def let_in(user, *, by):
    """Somebody who was shut out may log in again, with the roles of before; not to an account that was deleted."""
    with transaction.atomic():
        user = _locked(user, by, KEEPS_ACCOUNTS)
        if not user.has_usable_password():
            raise BadInput("", _("This account has no password, as after it was deleted: nobody can log in to it."))
        if _set_active(user, True):
            record(AuditAction.LET_IN, by=by, about=user)


def revoke_invitations_by(user):
    """Whom somebody has invited who is shut out stays outside, also when they are let in again."""
    for kind in (Invitation, StaffInvitation):
        waiting = kind.objects.filter(by=user, accepted_at=None, revoked_at=None)
        waiting.update(revoked_at=timezone.now())


def reset_second_step(user, *, by):
    """Somebody who has lost their phone and codes gets in by the password, and sets the second step up anew."""
    with transaction.atomic():
        second_factor.turn_off(_locked(user, by, RESETS_SECOND_STEPS), by=by)


def _some(roles):
    if not roles:
        raise BadInput("roles", _("Choose at least one role. To take everything away, shut the person out."))


def _groups_of(roles):
    return Group.objects.filter(name__in=[role for role in roles if role in GROUP_ROLES])


def _locked(user, by, permission):
    """The person as they are now, while nobody else decides about either; `by` has to be one who may still."""
    people = get_user_model().objects.select_for_update().order_by("pk").in_bulk([user.pk, by.pk])
    if user.pk == by.pk:
        raise BadInput("", _("You cannot do this to your own account: ask another admin."))
    if not may_decide_about(people[by.pk], people[user.pk], permission):
        raise PermissionDenied
    return people[user.pk]


def _set_active(user, is_active):
    """Whether that made a difference; whoever is logged in is so no more."""
    people = get_user_model().objects.filter(pk=user.pk, is_active=not is_active)
    if not people.update(is_active=is_active):
        return False
    sessions.end_all(user)
    return True
