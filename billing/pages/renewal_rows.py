"""Automatic renewals as the console lists them: those that were missed, with what helps, and those to come."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from billing.actions.stopped_renewals import charge_day
from billing.choices import MissedWhy, OrderKind
from billing.errors import MoneyRefused
from billing.models import MissedRenewal
from cards.models import Card, Plan
from cards.pages.badges import Badge
from cards.pages.frames import CONSOLE

MISSED_TONES = {MissedWhy.SHORT: "warning", MissedWhy.BLOCKED: "warning"}


@dataclass(frozen=True)
class MissedRow:
    """A missed renewal: the refusal in the reader's language, and the (label, address) of what helps."""

    missed: MissedRenewal
    badge: Badge
    refused: MoneyRefused
    help: tuple[str, str] | None
    order_url: str


@dataclass(frozen=True)
class RenewingRow:
    """A card that renews itself: with which plan, and when that is charged; None as long as nobody knows."""

    card: Card
    plan: Plan
    charged_on: date | None


def missed_row(missed, user, plans):
    """`plans` (a `PlanBook`) knows what plans are called."""
    refused = MoneyRefused.read(missed.refused, plans)
    order = {"kind": OrderKind.RENEWAL.value, "numbers": missed.card.iccid}
    badge = Badge(missed.get_why_display(), MISSED_TONES.get(missed.why, "bad"))
    return MissedRow(missed, badge, refused, _help(missed, user), _address("money:order-new", **order))


def renewing_row(card, plans, renewed):
    """`plans` are the plans by key, `renewed` the keys of cards that have their next term already."""
    waits = card.service_until is None or card.pk in renewed
    charged_on = None if waits else charge_day(card.service_until, card.customer.account.renews_days_ahead)
    return RenewingRow(card, plans[card.renews_with], charged_on)


def renewing_link(code):
    """A link to the cards that renew themselves with the plan of this code."""
    address = _address("money:auto-renewals", plan=code)
    return format_html('<a href="{}" target="_blank">{}</a>', address, _("Show these cards"))


def _help(missed, user):
    """What takes the reason away, for whoever may do it."""
    match missed.why:
        case MissedWhy.NOT_ON_SALE if user.has_perm("cards.change_plan"):
            return _("Edit plan"), reverse("admin:cards_plan_change", args=[missed.plan_id])
        case MissedWhy.NO_PRICE if user.has_perm("billing.add_price"):
            return _("Set price"), _address("money:prices", plan=missed.plan.code)
        case MissedWhy.SHORT:
            return _("Wallet"), reverse("money:customer", args=[missed.customer_id])
        case MissedWhy.BLOCKED | MissedWhy.OTHER:
            return _("Open card"), CONSOLE.url("card", missed.card.iccid)


def _address(name, **params):
    return f"{reverse(name)}?{urlencode(params)}"
