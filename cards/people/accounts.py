"""People: their accounts, and the phone that they log in with."""

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cards import identifiers
from cards.actions import throttle
from cards.actions.audit import record
from cards.choices import AuditAction
from cards.errors import BadInput
from cards.models import Person
from cards.paging import key_in


def make_person(*, username, password, phone="", **columns):
    """A new account; the user name must not be a phone number, by which somebody else may log in.

    `columns` are what else is known of the user: how they are called, where mail reaches them, that they are staff.
    """
    if _reads_as_phone(username):
        raise BadInput("username", _("A user name cannot be a phone number: enter the number below."))
    number = identifiers.phone(phone) if phone.strip() else None
    with transaction.atomic():
        user = _new_user(username, password, **columns)
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
        before = _kept_of(user)
        _set_phone(user, number)
        get_user_model().objects.filter(pk=user.pk).update(first_name=name.strip(), email=email)
        if changed := sorted(field for field, value in _kept_of(user).items() if value != before[field]):
            record(AuditAction.ACCOUNT_CHANGED, by=user, about=user, changed=changed)


def named_in(secret):
    """(user, token) of the secret of a link that is for one person, `7:token`; nobody, if there is nobody such."""
    text, _colon, token = secret.partition(":")
    key = key_in(text)
    return get_user_model().objects.filter(pk=key, is_active=True).first() if key else None, token


def person_of(user):
    """The row that belongs to a user, made when it is needed first."""
    return Person.objects.get_or_create(user=user)[0]


def _kept_of(user):
    """What somebody says of themselves, as the database has it."""
    kept = get_user_model().objects.values("first_name", "email").get(pk=user.pk)
    return {"name": kept["first_name"], "email": kept["email"], "phone": person_of(user).phone}


def _new_user(username, password, **columns):
    taken = BadInput("username", _("This user name is already taken."))
    if get_user_model().objects.filter(username__iexact=username).exists():  # nobody shall look like somebody else
        raise taken
    try:
        with transaction.atomic():
            return get_user_model().objects.create_user(username, password=password, **columns)
    except IntegrityError:
        raise taken from None


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
