"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for when the phone is lost."""

import secrets

import pyotp
from django.db import transaction
from django.utils import timezone
from pyotp.exceptions import OTPVerificationError

from cards.actions.audit import record
from cards.choices import AuditAction
from cards.keys import key_id, recovery_hash, recovery_hashes
from cards.models import Person, RecoveryCode
from cards.models.claim import GROUP, LETTERS, bare
from cards.people.accounts import person_of
from cards.people.sessions import end_all

ISSUER = "simportal"
RECOVERY_CODES = 10
RECOVERY_LENGTH = 12
# A phone's clock may be half a minute wrong: the code before and the code after are right as well.
WINDOW = 1


def new_secret():
    return pyotp.random_base32()


def provisioning_uri(user, secret):
    """What the QR code says to an authenticator app."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.get_username(), issuer_name=ISSUER)


def is_on(user):
    """Whether a code is asked for after the password."""
    return Person.objects.filter(user=user).exclude(totp_secret="").exists()


def turn_on(user, secret, code):
    """From now on a code is asked for after the password, of whoever is logged in too. The recovery codes, shown once;
    None if the code is wrong, or it was turned on meanwhile."""
    step = _step_of(secret, code)
    if step is None:
        return None
    with transaction.atomic():
        person = person_of(user)
        if not Person.objects.filter(pk=person.pk, totp_secret="").update(totp_secret=secret, totp_step=step):
            return None
        end_all(user)
        record(AuditAction.TWO_STEP_ON, by=user, about=user)
        return _new_codes(person)


def turn_off(user, *, by):
    """From now on the password is enough, or it has to be set up anew; whoever is logged in logs in again."""
    with transaction.atomic():
        record(AuditAction.TWO_STEP_OFF, by=by, about=user)
        Person.objects.filter(user=user).update(totp_secret="", totp_step=0)
        RecoveryCode.objects.filter(person__user=user).delete()
        end_all(user)


def new_recovery_codes(user):
    """Ten new ones, shown once; the old ones open nothing any more, and whoever is logged in logs in again."""
    with transaction.atomic():
        person = Person.objects.select_for_update().get(user=user)
        end_all(user)
        record(AuditAction.RECOVERY_CODES, by=user, about=user)
        return _new_codes(person)


def is_right(user, code):
    """Whether the code is the app's, or one of the recovery codes; each is right once."""
    person = person_of(user)
    if not person.has_second_factor:
        return False  # a code of no secret is anybody's
    step = _step_of(person.totp_secret, code)
    if step is not None:
        return bool(Person.objects.filter(pk=person.pk, totp_step__lt=step).update(totp_step=step))
    spent, _each = RecoveryCode.objects.filter(person=person, digest__in=recovery_hashes(bare(code))).delete()
    return bool(spent)


def _step_of(secret, code):
    """The half minute whose code this is, of those about now; None if it is none of them."""
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(bare(code), for_time=timezone.now(), valid_window=WINDOW)
    except OTPVerificationError:
        return None


def _new_codes(person):
    person.recovery_codes.all().delete()
    codes = ["".join(secrets.choice(LETTERS) for _ in range(RECOVERY_LENGTH)) for _ in range(RECOVERY_CODES)]
    rows = [RecoveryCode(person=person, digest=recovery_hash(code), key_id=key_id()) for code in codes]
    RecoveryCode.objects.bulk_create(rows)
    return ["-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP)) for code in codes]
