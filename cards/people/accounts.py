"""People: their accounts, the phone that they log in with, and who of them acts for which customer."""

from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cards import identifiers
from cards.actions import throttle
from cards.choices import MemberRole
from cards.errors import BadInput
from cards.models import Customer, Invitation, Membership, Person

INVITED_FOR = timedelta(days=7)


def make_person(*, username, password, phone=""):
    """A new account; the user name must not be a phone number, by which somebody else may log in."""
    if _reads_as_phone(username):
        raise BadInput("username", _("A user name cannot be a phone number: enter the number below."))
    number = identifiers.phone(phone) if phone.strip() else None
    with transaction.atomic():
        user = _new_user(username, password)
        person_of(user)
        _set_phone(user, number)
    return user


def change_account(user, *, name, email, phone):
    """What somebody says of themselves: how they are called, where mail reaches them, and the phone to log in with.

    Nobody who tries many learns which phones are known here.
    """
    number = identifiers.phone(phone) if phone.strip() else None
    if number and number != person_of(user).phone and not throttle.hit(throttle.PHONES_OF_PERSON, user.pk):
        raise BadInput("phone", _("You have changed your phone number too often today. Try again tomorrow."))
    with transaction.atomic():
        person_of(user)
        _set_phone(user, number)
        get_user_model().objects.filter(pk=user.pk).update(first_name=name.strip(), email=email)


def person_of(user):
    """The row that belongs to a user, made when it is needed first."""
    return Person.objects.get_or_create(user=user)[0]


def invite_member(customer, role, *, by):
    """An invitation to join a customer, for a week."""
    return Invitation.objects.create(customer=customer, role=role, by=by, until=timezone.now() + INVITED_FOR)


def revoke_invitation(invitation):
    """The link opens nothing any more; revoking twice is revoking once."""
    return bool(Invitation.objects.open().filter(pk=invitation.pk).update(revoked_at=timezone.now()))


def accept(invitation, user):
    """The person joins; False if the invitation was accepted or revoked, or ran out, meanwhile."""
    now = timezone.now()
    try:
        with transaction.atomic():
            open_row = Invitation.objects.open(now).filter(pk=invitation.pk)
            if not open_row.update(accepted_at=now, accepted_by=user):
                return False
            Membership.objects.create(customer=invitation.customer, user=user, role=invitation.role)
    except IntegrityError:
        raise BadInput("", _("You are already a member of {customer}.").format(customer=invitation.customer)) from None
    return True


def set_role(membership, role):
    """Somebody becomes an owner, operator or viewer; the last owner stays one."""
    with transaction.atomic():
        membership = _locked(membership)
        if role != MemberRole.OWNER:
            _somebody_else_owns(membership)
            _revoke_invitations(membership)
        Membership.objects.filter(pk=membership.pk).update(role=role)


def remove_member(membership):
    """Somebody does not act for the customer any more; the last owner cannot leave."""
    with transaction.atomic():
        membership = _locked(membership)
        _somebody_else_owns(membership)
        _revoke_invitations(membership)
        membership.delete()


def _new_user(username, password):
    try:
        with transaction.atomic():
            return get_user_model().objects.create_user(username, password=password)
    except IntegrityError:
        raise BadInput("username", _("This user name is already taken.")) from None


def _reads_as_phone(text):
    try:
        return bool(identifiers.phone(text))
    except BadInput:
        return False


def _set_phone(user, number):
    try:
        with transaction.atomic():
            Person.objects.filter(user=user).update(phone=number)
    except IntegrityError:
        raise BadInput("phone", _("This phone number is already in use.")) from None


def _locked(membership):
    """The membership as it is now, while nobody else changes who owns the customer."""
    Customer.objects.select_for_update().get(pk=membership.customer_id)
    try:
        return Membership.objects.get(pk=membership.pk)
    except Membership.DoesNotExist:
        raise BadInput("", _("This person is no longer a member.")) from None


def _somebody_else_owns(membership):
    owners = Membership.objects.filter(
        customer=membership.customer_id, role=MemberRole.OWNER, user__is_active=True
    ).exclude(pk=membership.pk)
    if membership.role == MemberRole.OWNER and not owners.exists():
        raise BadInput("", _("The account needs an owner: make another person the owner first."))


def _revoke_invitations(membership):
    """Somebody who may not invite any more has invited nobody."""
    mine = Invitation.objects.open().filter(customer=membership.customer_id, by=membership.user_id)
    mine.update(revoked_at=timezone.now())
