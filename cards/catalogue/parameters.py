"""What an action has to be told: how it is read, from a form and from the command line alike, and the cells of files.

What only one action has to be told stands with it.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.calendar import exists
from cards.catalogue.words import code_of
from cards.choices import Hold
from cards.errors import BadInput
from cards.files.days import day_of
from cards.models import Plan
from cards.models.tag import LONGEST_TAG
from cards.phrases import listed, on_one_line
from cards.quantities import whole

NOT_A_DAY = gettext_lazy("“{text}” is not a day from 2000 to 2099")


@dataclass(frozen=True)
class Parameter:
    """Something that an action has to be told: `read` raises `BadInput` for what it cannot read.

    A form asks for it under this label, in a field of the kind that `forms.field_of` has for `entry`.
    """

    read: Callable[[str], Any]
    label: str | Promise
    help_text: str | Promise = ""
    longest: int | None = None
    entry: str = "text"


def hold_kind(text: str) -> Hold:
    if text not in Hold.values:
        raise BadInput("kind", _("there is no hold called “{text}”").format(text=text))
    return Hold(text)


def plan(code: str) -> Plan:
    plan = Plan.objects.filter(code=code).first()
    if plan is None:
        raise BadInput("plan", _("there is no plan with the code “{code}”").format(code=code))
    return plan


def tag_name(text: str) -> str:
    """A tag's name: up to 24 characters, without the comma that stands between tags."""
    text = " ".join(on_one_line(unicodedata.normalize("NFKC", text)).split())
    if not 1 <= len(text) <= LONGEST_TAG or "," in text:
        message = _("a tag has 1 to {most} characters, and no comma")
        raise BadInput("tag", message.format(most=LONGEST_TAG))
    return text


# What more than one action has to be told.
HOLD = Parameter(hold_kind, gettext_lazy("Hold"), entry="hold")
PLAN = Parameter(plan, gettext_lazy("Plan"), entry="plan")
TAG = Parameter(
    tag_name, gettext_lazy("Tag"), gettext_lazy("Any text without a comma."), longest=LONGEST_TAG, entry="offered"
)


def read_day(field: str) -> Callable[[str], date]:
    """A reader of civil days from 2000 to 2099, in any form that leaves no doubt."""

    def read(text: str) -> date:
        day = day_of(text)
        if day is None:
            raise BadInput(field, _("“{text}” is not a date; write it as 2026-03-02").format(text=text))
        if not exists(day):
            raise BadInput(field, NOT_A_DAY.format(text=text))
        return day

    return read


def read_choice(choices: type[TextChoices], field: str) -> Callable[[str], str]:
    """A reader of one of a closed vocabulary's codes, or of a usual word for it."""
    codes = tuple(choices.values)

    def read(text: str) -> str:
        code = code_of(choices, text)
        if code is None:
            raise BadInput(field, _("“{text}” is not one of {codes}").format(text=text, codes=listed(codes)))
        return code

    return read


def read_whole(field: str, least: int, most: int) -> Callable[[str], int]:
    """A reader of whole numbers from `least` to `most`."""

    def read(text: str) -> int:
        number = whole(text, least, most)
        if number is None:
            message = _("“{text}” is not a whole number from {least} to {most}")
            raise BadInput(field, message.format(text=text, least=least, most=most))
        return number

    return read
