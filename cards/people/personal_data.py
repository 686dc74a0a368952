"""What the portal knows of a person: why, how long, who sees it, what they are given of it, and what goes when they go.

Each kind of row is declared once, here (`PERSONAL_DATA`) or in the room that knows it. The page for people, the file
that they are given and the closing of an account all read the kinds of all rooms.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.actions import audit
from cards.choices import AuditAction, CustomerKind, MemberRole
from cards.errors import BadInput
from cards.models import (
    AuditEntry,
    CardRequest,
    ClaimCode,
    Customer,
    Invitation,
    Job,
    Membership,
    Person,
    RealNameCheck,
    SavedView,
    StaffInvitation,
)
from cards.names import registered_name
from cards.people.members import other_owners


@dataclass(frozen=True)
class KindOfData:
    """A kind of row that says something of a person.

    `rows` gives what is there of a user as dicts for their file; `erase` takes away what goes with their account.
    """

    name: str
    label: Promise
    purpose: Promise
    kept: Promise
    seen_by: Promise
    rows: Callable
    erase: Callable | None = None


def data_of(user, kinds):
    """Everything of these kinds that the portal knows of a person, by their names."""
    return {kind.name: list(kind.rows(user)) for kind in kinds}


def close_account(user, *, by, is_needed, kinds):
    """Take away what the portal knows of a person, but for what they have signed; they cannot log in any more.

    Their user name stays, so that nobody else can sign with it. Raises `BadInput` for the last owner of a customer
    that has other members, or that `is_needed`, which is asked with the customer.
    """
    with transaction.atomic():
        for customer in Customer.objects.filter(pk__in=_owned(user)).order_by("pk").select_for_update():
            is_last = not other_owners(customer, user).exists()
            if is_last and (is_needed(customer) or customer.memberships.of_people().count() > 1):
                sentence = _("{customer} needs an owner: make another person the owner first, then delete the account.")
                raise BadInput("", sentence.format(customer=customer))
        for kind in kinds:
            if kind.erase:
                kind.erase(user)
        audit.record(AuditAction.PERSON_DELETED, by=by, about=user)


def _owned(user):
    return Membership.objects.filter(user=user, role=MemberRole.OWNER).values("customer")


def _own_customers(user):
    """The customers that are nobody but this person."""
    return Customer.objects.filter(pk__in=_owned(user), kind=CustomerKind.INDIVIDUAL)


def _account(user):
    person = Person.objects.filter(user=user).first()
    yield {
        "user_name": user.get_username(),
        "name": user.get_full_name(),
        "email": user.email,
        "phone": person and person.phone,
        "two_step_login": bool(person and person.has_second_factor),
        "created_at": user.date_joined,
        "last_login": user.last_login,
    }


def _erase_account(user):
    """The second factor and the recovery codes go with the person; without a password every session is over."""
    Person.objects.filter(user=user).delete()
    user.set_unusable_password()
    nobody = {"first_name": "", "last_name": "", "email": "", "last_login": None, "password": user.password}
    get_user_model().objects.filter(pk=user.pk).update(**nobody, is_active=False)


def _erase_customers(user):
    """A customer that somebody made by registering is called by their login alone, and cannot be reached any more."""
    for customer in _own_customers(user).filter(registered_by=user):
        Customer.objects.filter(pk=customer.pk).update(contact="", phone="")
        _call(customer, registered_name("", user.get_username()))


def _call(customer, name):
    if not Customer.objects.filter(name=name).exists():
        customer.name = name
        customer.save(update_fields=["name", "name_key"])


def _erase_memberships(user):
    _erase_customers(user)
    Membership.objects.filter(user=user).delete()


def _invitations(user):
    yield from Invitation.objects.filter(by=user).values("customer__name", "role", "email", "made_at", "until")
    yield from StaffInvitation.objects.filter(by=user).values("roles", "email", "made_at", "until")


def _erase_invitations(user):
    """What they made goes; of what they accepted, the address to which it was mailed."""
    for kind in (Invitation, StaffInvitation):
        kind.objects.filter(by=user).delete()
        kind.objects.filter(accepted_by=user).update(email="")


YOU_AND_STAFF = gettext_lazy("you, and the dealer's staff")
MEMBERS_AND_STAFF = gettext_lazy("the members of your account with the dealer, and the dealer's staff")
WITH_THE_ACCOUNT = gettext_lazy("until you delete your account")
SIGNED = gettext_lazy("as long as the records of cards and money: they show your user name, which therefore stays")

PERSONAL_DATA = (
    KindOfData(
        "memberships",
        gettext_lazy("Which customers you act for"),
        gettext_lazy("so that you see their cards, and nobody else does"),
        WITH_THE_ACCOUNT,
        MEMBERS_AND_STAFF,
        lambda user: Membership.objects.filter(user=user).values("customer__name", "role"),
        _erase_memberships,
    ),
    KindOfData(
        "invitations",
        gettext_lazy("Invitations that you made"),
        gettext_lazy("so that others can join your customer"),
        gettext_lazy("{days} days after they ended, or until you delete your account"),
        MEMBERS_AND_STAFF,
        _invitations,
        _erase_invitations,
    ),
    KindOfData(
        "saved_views",
        gettext_lazy("Lists that you saved"),
        gettext_lazy("so that you find them again"),
        WITH_THE_ACCOUNT,
        YOU_AND_STAFF,
        lambda user: SavedView.objects.filter(owner=user).values("name", "query", "created_at"),
        lambda user: SavedView.objects.filter(owner=user).delete(),
    ),
    KindOfData(
        "id_checks",
        gettext_lazy("ID verification of your cards: part of the name and number, and a fingerprint of the number"),
        gettext_lazy("the law asks who answers for a card, and how many cards a person has"),
        gettext_lazy("until {years} years after the card was cancelled"),
        MEMBERS_AND_STAFF,
        lambda user: RealNameCheck.objects.filter(card__customer__in=_own_customers(user)).values(
            "card__iccid", "masked_name", "masked_number", "status", "submitted_on", "decided_on"
        ),
    ),
    KindOfData(
        "requests",
        gettext_lazy("What you asked the dealer, and the answers"),
        gettext_lazy("so that your question is answered, and can be looked up"),
        gettext_lazy("until {years} years after they were closed"),
        MEMBERS_AND_STAFF,
        lambda user: CardRequest.objects.filter(by=user).values("card__iccid", "text", "answer", "asked_at", "status"),
    ),
    KindOfData(
        "claims",
        gettext_lazy("Cards that you added by their label"),
        gettext_lazy("so that a card belongs to one customer, once"),
        SIGNED,
        YOU_AND_STAFF,
        lambda user: ClaimCode.objects.filter(used_by=user).values("card__iccid", "used_at"),
    ),
    KindOfData(
        "jobs",
        gettext_lazy("Changes to many cards, files and exports that you started"),
        gettext_lazy("so that it is known who changed what"),
        SIGNED,
        MEMBERS_AND_STAFF,
        lambda user: Job.objects.filter(owner=user).values("pk", "kind", "action", "reason", "created_at"),
    ),
    KindOfData(
        "log",
        gettext_lazy("When and from where you logged in, and changes to your account"),
        gettext_lazy("so that misuse can be found"),
        SIGNED,
        gettext_lazy("you, and the dealer's auditor"),
        lambda user: AuditEntry.objects.filter(Q(by=user.pk) | Q(user=user.pk)).values(
            "at", "action", "actor_kind", "about", "address", "details"
        ),
    ),
    KindOfData(
        "account",
        gettext_lazy("Your account: user name, name, phone, email, when you last logged in"),
        gettext_lazy("so that you can log in and be reached"),
        gettext_lazy("until you delete your account; the user name stays, so that nobody else can sign with it"),
        MEMBERS_AND_STAFF,
        _account,
        _erase_account,
    ),
)
