"""What an action needs to be told, and how each answer is read, from a form and from the command line alike."""

import unicodedata
from datetime import date

from django.utils.translation import gettext as _

from cards import identifiers
from cards.choices import Action, Hold
from cards.errors import BadInput
from cards.models import Customer, Plan
from cards.models.card import LONGEST_REMARK
from cards.models.tag import LONGEST_TAG

LARGEST_LIMIT_MB = 10_000_000
LARGEST_TERM = 32_767
LONGEST_NUMBER = 19


def _kind(text):
    if text not in Hold.values:
        raise BadInput("kind", _("there is no hold called “{text}”").format(text=text))
    return Hold(text)


def _limit_mb(text):
    """Whole MB from 1 up; nothing (or `none`) takes the limit off."""
    text = str(text).strip().lower()
    if text in ("", "none"):
        return None
    if not _is_whole(text, 1, LARGEST_LIMIT_MB):
        raise BadInput("limit_mb", _("“{text}” is not a number of whole MB from 1 up").format(text=text))
    return int(text)


def _plan(code):
    plan = Plan.objects.filter(code=code).first()
    if plan is None:
        raise BadInput("plan", _("there is no plan with the code “{code}”").format(code=code))
    return plan


def _term(text):
    """The number of a service term; nothing means the one that was bought last."""
    text = str(text).strip()
    return read_whole("term", 1, LARGEST_TERM)(text) if text else None


def _customer(name):
    """A customer by name; an empty name puts the card back in stock."""
    if not name.strip():
        return None
    customer = Customer.objects.filter(name=name.strip()).first()
    if customer is None:
        raise BadInput("customer", _("there is no customer called “{name}”").format(name=name))
    return customer


def _person(text):
    if not 1 <= len(text.strip()) <= 64:
        raise BadInput("name", _("the name of the person is missing or too long"))
    return text.strip()


def _id_number(text):
    text = text.strip().upper()
    if not (text.isascii() and text.isalnum() and 6 <= len(text) <= 32):
        raise BadInput("id_number", _("an ID number has 6 to 32 digits and letters"))
    return text


def _tag(text):
    """A tag's name: up to 24 characters, without the comma that stands between tags."""
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    if not 1 <= len(text) <= LONGEST_TAG or "," in text:
        message = _("a tag has 1 to {most} characters, and no comma")
        raise BadInput("tag", message.format(most=LONGEST_TAG))
    return text


def _remark(text):
    """One line that stays with the card; nothing takes it away."""
    text = " ".join(text.split())
    if len(text) > LONGEST_REMARK:
        message = _("a remark has at most {most} characters")
        raise BadInput("remark", message.format(most=LONGEST_REMARK))
    return text


PARAMETERS = {
    Action.PLACE_HOLD: {"kind": _kind},
    Action.LIFT_HOLD: {"kind": _kind},
    Action.REBIND: {"imei": identifiers.imei},
    Action.SUBMIT_REAL_NAME: {"name": _person, "id_number": _id_number},
    Action.SET_LIMIT: {"limit_mb": _limit_mb},
    Action.RENEW: {"plan": _plan},
    Action.UNRENEW: {"term": _term},
    Action.TOP_UP: {"plan": _plan},
    Action.ASSIGN: {"customer": _customer},
    Action.TAG: {"tag": _tag},
    Action.UNTAG: {"tag": _tag},
    Action.REMARK: {"remark": _remark},
}
# What need not be said: left out, it is read as if it were empty.
OPTIONAL = frozenset({"term"})


def cleaned(action, params):
    """The parameters of an action, each read by its own rule; `BadInput` for one missing, unknown or unreadable."""
    expected = PARAMETERS.get(action, {})
    for name in params:
        if name not in expected:
            raise BadInput(name, _("{action} has no such parameter").format(action=action))
    for name in expected:
        if name not in params and name not in OPTIONAL:
            raise BadInput(name, _("{action} needs this parameter").format(action=action))
    return {name: read(params.get(name, "")) for name, read in expected.items()}


def read_day(field):
    """A reader of civil days written YYYY-MM-DD."""

    def read(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise BadInput(field, _("“{text}” is not a day; write it as 2026-03-02").format(text=text)) from None

    return read


def read_choice(choices, field):
    """A reader of one of a closed vocabulary's codes."""
    codes = tuple(choices.values)

    def read(text):
        if text.lower() not in codes:
            raise BadInput(field, _("“{text}” is not one of {codes}").format(text=text, codes=", ".join(codes)))
        return text.lower()

    return read


def read_whole(field, least, most):
    """A reader of whole numbers from `least` to `most`."""

    def read(text):
        if not _is_whole(text, least, most):
            message = _("“{text}” is not a whole number from {least} to {most}")
            raise BadInput(field, message.format(text=text, least=least, most=most))
        return int(text)

    return read


def _is_whole(text, least, most):
    """Whether it is such a number, in plain digits: thousands of them would be no number to Python either."""
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER and least <= int(text) <= most
