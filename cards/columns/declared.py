"""Every column of a card, in the order of the files.

A new one is a line here: the list offers it, in a cell of its own, if it is `listed`, and each of its `formats` has it.
A room above brings its own with `bring_column`.
"""

from collections.abc import Collection

from django.utils.translation import gettext_lazy as _

from cards.choices import Binding, Carrier, Certification, RealName, State
from cards.columns.kinds import (
    FOR_PEOPLE,
    NOWHERE,
    Allowance,
    ChoiceLabel,
    Column,
    Day,
    DeviceNumber,
    HoldLabels,
    Identifier,
    Instant,
    LastDay,
    LastStopped,
    Listed,
    NextDay,
    NextEvent,
    Number,
    OpeningPlan,
    RunningPlan,
    Sized,
    Used,
    UsedPerCent,
)

PHASE = ("state", "holds", "resumes_to")
METER = (
    *("opened_on", "test_until", "test_quota_mb", "cycle_from", "cycle_until", "service_until", "quota_mb", "pack_mb"),
    *("limit_mb", "used_bytes", "read_at", *PHASE),
)
FACTS_OF_PLAN = ("plan__code", "plan__name", "plan__kind", "plan__months", "plan__alignment", "plan__quota_mb")
DAYS_AHEAD = ("test_until", "forced_activation_on", "service_until", "cancel_on", *PHASE)
WHAT_COMES_NEXT = _("Next event")
FACTS_OF_BADGE = ("state", "holds", "parked")

COLUMNS: list[Column] = [
    Identifier("iccid"),
    Identifier("msisdn", listed=Listed(stack="numbers", sort="msisdn", is_usual=True)),
    Identifier("imsi", listed=Listed(stack="numbers", sort="imsi")),
    ChoiceLabel("carrier", Carrier, listed=Listed(stack="opening", is_usual=True)),
    Column("customer", "customer__name", _("Customer"), listed=Listed(stack="whose", is_usual=True)),
    ChoiceLabel("certification", Certification, listed=Listed()),
    Day("opened_on", listed=Listed("opened", _("Opened on"))),
    Sized("test_months"),
    Sized("test_quota_mb"),
    OpeningPlan(
        "plan",
        "plan__code",
        _("Opening plan"),
        listed=Listed(needs=FACTS_OF_PLAN, stack="opening", is_usual=True),
    ),
    RunningPlan(
        "current_plan",
        heading=_("Current plan"),
        formats=FOR_PEOPLE,
        listed=Listed(cell="plan", needs=("term_number", "state", "resumes_to")),
    ),
    ChoiceLabel("state", State, listed=Listed(cell="badge", needs=FACTS_OF_BADGE, is_usual=True)),
    HoldLabels("holds"),
    Day("activated_on", listed=Listed("activated", _("Active since"))),
    LastDay(
        "service_until",
        read_as="last_day_of_service",
        heading=_("Last day of service"),
        listed=Listed("until", sort="expiry"),
    ),
    Used("used_mb", heading=_("Used (MB)")),
    Allowance("allowance_mb", heading=_("Allowance (MB)"), formats=FOR_PEOPLE),
    UsedPerCent("used_percent", heading=_("Used (%)"), formats=FOR_PEOPLE),
    Number("limit_mb", formats=FOR_PEOPLE),
    Instant("read_at", formats=FOR_PEOPLE),
    LastDay("test_until", heading=_("Last day of the test"), formats=FOR_PEOPLE),
    Day("forced_activation_on", formats=FOR_PEOPLE, listed=Listed("forced")),
    Day("cancel_on", formats=FOR_PEOPLE, listed=Listed("cancel")),
    ChoiceLabel("real_name", RealName, formats=FOR_PEOPLE, listed=Listed()),
    ChoiceLabel("binding", Binding),
    Identifier("bound_imei"),
    Column("tags", formats=FOR_PEOPLE, is_internal=True, listed=Listed(cell="tags", stack="whose", is_usual=True)),
    Column("remark", formats=FOR_PEOPLE, is_internal=True, listed=Listed(stack="whose", is_usual=True)),
    # What the list makes of several facts; a file has it where it is to have what the list shows.
    Column(
        "usage",
        heading=_("Usage (MB)"),
        formats=NOWHERE,
        listed=Listed(
            cell="meter", needs=METER, files=("used_mb", "allowance_mb", "used_percent", "read_at"), is_usual=True
        ),
    ),
    Column(
        "next",
        heading=WHAT_COMES_NEXT,
        formats=NOWHERE,
        listed=Listed(cell="next", needs=DAYS_AHEAD, files=("next_day", "next_event"), is_usual=True),
    ),
    NextDay("next_day", heading=_("Next event on"), formats=NOWHERE),
    NextEvent("next_event", heading=WHAT_COMES_NEXT, formats=NOWHERE),
    LastStopped(
        "stopped", heading=_("Last suspended"), formats=NOWHERE, is_internal=True, listed=Listed(needs=("state",))
    ),
    DeviceNumber("imei", heading="IMEI", formats=NOWHERE, listed=Listed(needs=("bound_imei", "seen_imei"))),
]

# From left to right; what is not named stands behind, in the order of the files.
IN_ORDER = (
    *("msisdn", "imsi", "state", "customer", "tags", "remark", "usage", "next", "plan", "carrier", "current_plan"),
    *("imei", "opened", "activated", "until", "cancel", "forced"),
)


def columns_of(format: str, to_staff: bool = True) -> list[Column]:
    return [column for column in COLUMNS if format in column.formats and (to_staff or not column.is_internal)]


def columns_shown(names: Collection[str], to_staff: bool = True) -> list[Column]:
    """Those that say in a file what these columns of the list say, in its order; the card's number comes first."""
    by_name = {column.name: column for column in COLUMNS}
    shown = [column for name, column in LIST_COLUMNS.items() if name in names and (to_staff or not column.is_internal)]
    wanted = [name for column in shown for name in (column.listed and column.listed.files) or (column.name,)]
    return [by_name[name] for name in dict.fromkeys(("iccid", *wanted))]


# The columns of the list from left to right, by the names that addresses give them.
LISTED = {column.listed.name: column for column in COLUMNS if column.listed}
LIST_COLUMNS = {name: LISTED[name] for name in dict.fromkeys((*IN_ORDER, *LISTED))}


def bring_column(column: Column) -> None:
    """A column that a room above this one brings: it stands behind those that are declared here."""
    COLUMNS.append(column)
    if column.listed:
        LIST_COLUMNS[column.listed.name] = column
