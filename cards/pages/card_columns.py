"""The columns that the card list can show: what each is called, which facts of a card it needs, and what it says."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cards.choices import Carrier, Certification, RealName
from cards.pages.card_rows import next_of, shown_of, used_of

ALWAYS = ("iccid",)
PHASE = ("state", "holds", "resumes_to")


@dataclass(frozen=True)
class Column:
    """`says(card, day)` is what stands in the row; a fact that is not among `needs` would be a query for each row."""

    label: str | Promise
    needs: tuple
    says: Callable
    is_usual: bool = False


COLUMNS = {
    "msisdn": Column("MSISDN", ("msisdn",), lambda card, day: card.msisdn, is_usual=True),
    "imsi": Column("IMSI", ("imsi",), lambda card, day: card.imsi),
    "state": Column(_("State"), ("state", "holds", "parked"), lambda card, day: shown_of(card), is_usual=True),
    "customer": Column(
        _("Customer"), ("customer__name",), lambda card, day: card.customer.name if card.customer else "", is_usual=True
    ),
    "tags": Column(_("Tags"), ("tags",), lambda card, day: card.tag_list, is_usual=True),
    "remark": Column(_("Remark"), ("remark",), lambda card, day: card.remark, is_usual=True),
    "usage": Column(
        _("Usage (MB)"),
        (
            *("opened_on", "test_until", "test_quota_mb", "cycle_from", "cycle_until", "service_until", "quota_mb"),
            *("pack_mb", "limit_mb", "used_bytes", "read_at", *PHASE),
        ),
        lambda card, day: used_of(card, day),
        is_usual=True,
    ),
    "next": Column(
        _("What comes next"),
        ("test_until", "forced_activation_on", "service_until", "cancel_on", *PHASE),
        lambda card, day: next_of(card, day),
        is_usual=True,
    ),
    "plan": Column(_("Opening plan"), ("plan__code",), lambda card, day: card.plan.code, is_usual=True),
    "carrier": Column(_("Carrier"), ("carrier",), lambda card, day: Carrier(card.carrier).label, is_usual=True),
    "imei": Column("IMEI", ("bound_imei", "seen_imei"), lambda card, day: card.bound_imei or card.seen_imei),
    "opened": Column(_("Opened on"), ("opened_on",), lambda card, day: card.opened_on),
    "activated": Column(_("Active since"), ("activated_on",), lambda card, day: card.activated_on),
    "until": Column(_("Service until"), ("service_until",), lambda card, day: card.service_until),
    "certification": Column(
        _("Certification"), ("certification",), lambda card, day: Certification(card.certification).label
    ),
    "real_name": Column(_("Real-name check"), ("real_name",), lambda card, day: RealName(card.real_name).label),
}
USUAL = tuple(name for name, column in COLUMNS.items() if column.is_usual)


def chosen_columns(form):
    """The names of the columns that a read `CardFilter`'s form asks for: the usual ones unless it says."""
    return getattr(form, "cleaned_data", {}).get("cols") or USUAL


def posted_columns(params):
    """An address is silent on the usual columns."""
    if params.get("cols") == ",".join(USUAL):
        del params["cols"]


def with_facts(cards, names):
    """The cards with what these columns need, and nothing else of them."""
    needs = {fact for name in names for fact in COLUMNS[name].needs}
    joined = {fact.partition("__")[0] for fact in needs if "__" in fact}
    # Without a name `select_related` would fetch everything that a card refers to.
    return cards.select_related(*joined or [None]).only(*ALWAYS, *needs, *joined)


def rows_of(cards, names, day, frame):
    """The rows of a page: what each column says, by its name, and which card that is, with its page in the frame."""
    return [_row(card, names, day, frame) for card in cards]


def _row(card, names, day, frame):
    said = {name: COLUMNS[name].says(card, day) for name in names}
    return {"pk": card.pk, "iccid": card.iccid, "url": frame.url("card", card.iccid), **said}
