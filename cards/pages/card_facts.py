"""The facts and the dates of a card, each with what should be known about it."""

from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from cards.calendar import last_day
from cards.choices import RealName
from cards.identifiers import luhn_holds
from cards.pages.addresses import list_url
from cards.pages.frames import CONSOLE

DIGITS_WITH_A_CHECK = 15


@dataclass(frozen=True)
class Fact:
    """A fact, with a note where it needs one; of a day also how many `days` away it is."""

    label: str
    value: object
    note: str = ""
    url: str = ""
    days: int | None = None
    is_code: bool = False
    warns: bool = False


def facts_of(card):
    """What the card is; what it does not have is left out."""
    has_check = card.lacks_real_name or card.real_name != RealName.NONE
    waived = _("waived until the next cycle") if card.limit_waived else ""
    owner = list_url(QueryDict(), CONSOLE, customer=card.customer.name) if card.customer else ""
    facts = [
        _number("ICCID", card.iccid),
        Fact("MSISDN", card.msisdn, is_code=True),
        Fact("IMSI", card.imsi, is_code=True),
        Fact(_("Carrier"), card.get_carrier_display()),
        Fact(_("Customer"), card.customer or _("in stock"), url=owner),
        Fact(_("Opening plan"), card.plan.title, card.plan.code),
        Fact(_("Certification"), card.get_certification_display()),
        Fact(_("ID verification"), card.get_real_name_display() if has_check else ""),
        Fact(_("Device binding"), card.get_binding_display()),
        _device(_("Bound device"), card.bound_imei),
        _device(_("Device last seen"), card.seen_imei),
        Fact(_("Usage limit"), f"{card.limit_mb:,} MB" if card.limit_mb else "", waived),
        Fact(_("Protected from cancellation"), _("yes") if card.protected else ""),
    ]
    return [fact for fact in facts if fact.value]


def dates_of(card, today):
    """The days that matter to the card, each with how far away it is; ends as people say them."""
    dates = [
        (_("Opened"), card.opened_on, ""),
        (_("Last day of the test"), card.test_until and last_day(card.test_until), ""),
        (_("Test ended"), card.test_ended_on, ""),
        (_("Silent from"), card.silent_from, ""),
        (_("Forced activation"), card.forced_activation_on if not card.activated_on else None, ""),
        (_("Activated"), card.activated_on, card.get_activation_cause_display()),
        (_("Current term since"), card.service_from, ""),
        (_("Last day of service"), card.service_until and last_day(card.service_until), ""),
        (_("Cancelled on") if card.is_final else _("Will be cancelled on"), card.cancel_on, ""),
        (_("Last used"), card.used_on, ""),
        (_("Usage after end of service"), card.stray_usage_on, _("the carrier has not stopped it")),
        (_("Next due"), card.next_due_on, ""),
    ]
    return [
        Fact(label, day, note, days=(day - today).days, warns=bool(note) and day == card.stray_usage_on)
        for label, day, note in dates
        if day
    ]


def _number(label, number):
    """A number with a check digit, and a soft note if it does not fit: real cards and devices do fail the check."""
    fails = number.isdecimal() and not luhn_holds(number)
    return Fact(label, number, _("check digit is wrong") if fails else "", is_code=True, warns=fails)


def _device(label, imei):
    """Only of 15 digits the last one is a check digit."""
    return _number(label, imei) if len(imei) == DIGITS_WITH_A_CHECK else Fact(label, imei, is_code=True)
