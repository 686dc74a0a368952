"""How what an action has to be told is read, from a form and from the command line alike, and the cells of files.

Readers of one action's own parameters stand with it.
"""

import unicodedata
from datetime import date

from django.utils.translation import gettext as _

from cards.choices import Hold
from cards.errors import BadInput
from cards.models import Plan
from cards.models.tag import LONGEST_TAG

LONGEST_NUMBER = 19


def hold_kind(text):
    if text not in Hold.values:
        raise BadInput("kind", _("there is no hold called “{text}”").format(text=text))
    return Hold(text)


def plan(code):
    plan = Plan.objects.filter(code=code).first()
    if plan is None:
        raise BadInput("plan", _("there is no plan with the code “{code}”").format(code=code))
    return plan


def tag_name(text):
    """A tag's name: up to 24 characters, without the comma that stands between tags."""
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    if not 1 <= len(text) <= LONGEST_TAG or "," in text:
        message = _("a tag has 1 to {most} characters, and no comma")
        raise BadInput("tag", message.format(most=LONGEST_TAG))
    return text


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
        if not is_whole(text, least, most):
            message = _("“{text}” is not a whole number from {least} to {most}")
            raise BadInput(field, message.format(text=text, least=least, most=most))
        return int(text)

    return read


def is_whole(text, least, most):
    """Whether it is such a number, in plain digits: thousands of them would be no number to Python either."""
    return text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER and least <= int(text) <= most
