"""What cannot be true of a card that is taken over in mid-life: one sentence for each, with the column's name."""

from django.utils.translation import gettext as _

from cards.calendar import add_months
from cards.choices import (
    HOLD_MAY_BE_PLACED_FROM,
    HOLDS_THAT_END_WITH_A_CYCLE,
    Binding,
    Certification,
    Hold,
    State,
)
from cards.errors import BadInput
from cards.quantities import MB

LONGEST_SERVICE_MONTHS = 30 * 12
HELD = (State.SUSPENDED,)

COLUMNS_NEEDED_IN = {
    State.TESTING: ("test_months",),
    State.IN_USE: ("activated_on", "service_until"),
    State.SUSPENDED: ("holds",),
    State.SHUT_DOWN: ("service_until",),
}
IMPOSSIBLE_IN = {
    State.TESTING: ("activated_on", "service_until", "holds"),
    State.UNUSED: ("activated_on", "service_until", "holds", "used_mb"),
    State.IN_USE: ("holds",),
    State.SHUT_DOWN: ("used_mb",),
    State.CANCELLED: ("used_mb",),
}


def phase_of(row, today):
    """The state that the card would be in if no hold were open.

    A suspended card was in use if the file says when; it waits for its term if it lacks its real-name check; before
    that it was in its test period as long as that lasts.
    """
    if row.state not in HELD:
        return State(row.state)
    if row.activated_on or row.service_until or Hold.REAL_NAME in row.hold_list:
        return State.IN_USE
    in_test = row.test_months and add_months(row.opened_on, row.test_months) > today
    return State.TESTING if in_test else State.UNUSED


def contradictions(row, plan, policy, today):
    """`BadInput` of everything that cannot be true; `plan` may not be known, `policy` is the carrier's of today.

    Only where columns, days and device are beyond doubt is it told what does not go with them.
    """
    phase = phase_of(row, today)
    first = [*_of_columns(row), *_of_days(row, phase, today), *_of_device(row)]
    return first or list(_of_service(row, phase, plan, policy))


def _of_service(row, phase, plan, policy):
    if phase not in (State.SHUT_DOWN, State.CANCELLED):
        yield from _of_meter(row, phase)
        for hold in row.hold_list:
            yield from _of_hold(row, hold, phase)
        if plan:
            yield from _of_allowance(row, plan, policy)
    elif Hold.REAL_NAME in row.hold_list:
        yield from _of_certification(row)


def _of_columns(row):
    state = State(row.state)
    for name in COLUMNS_NEEDED_IN.get(state, ()):
        if not getattr(row, name):
            yield BadInput(name, _("a card in the state “{state}” needs a value here").format(state=state.label))
    for name in IMPOSSIBLE_IN.get(state, ()):
        if getattr(row, name):
            yield BadInput(name, _("a card in the state “{state}” cannot have this").format(state=state.label))


def _of_days(row, phase, today):
    if row.activated_on and row.activated_on > today:
        yield BadInput("activated_on", _("{day} is in the future").format(day=row.activated_on))
    if row.activated_on and row.activated_on < row.opened_on:
        yield BadInput("activated_on", _("the card cannot be activated before it is opened"))
    if row.service_until and row.service_until <= (row.activated_on or row.opened_on):
        yield BadInput("service_until", _("service cannot end before it starts"))
    if row.service_until and row.service_until > add_months(today, LONGEST_SERVICE_MONTHS):
        yield BadInput("service_until", _("{day} is too far in the future").format(day=row.service_until))
    if phase == State.SHUT_DOWN and row.service_until and row.service_until > today:
        yield BadInput("service_until", _("service runs until then, so the card cannot be shut down yet"))
    if phase == State.IN_USE and bool(row.activated_on) != bool(row.service_until):
        missing = "service_until" if row.activated_on else "activated_on"
        yield BadInput(missing, _("activated_on and service_until go together"))


def _of_device(row):
    if row.bound_imei and row.binding == Binding.NONE:
        yield BadInput("bound_imei", _("a card without device binding has no IMEI; set the binding"))
    if Hold.REBIND not in row.hold_list:
        return
    if row.binding == Binding.NONE:
        yield BadInput("holds", _("a card without device binding cannot be suspended for a changed device"))
    if not (row.bound_imei or row.imei):
        yield BadInput("bound_imei", _("a card suspended for a changed device needs the IMEI it is bound to"))


def _of_meter(row, phase):
    if row.used_mb and phase != State.TESTING and not row.service_until:
        yield BadInput("used_mb", _("no usage is metered before the card's term starts"))


def _of_hold(row, hold, phase):
    waits_for_its_term = phase == State.IN_USE and not row.service_until
    if phase not in HOLD_MAY_BE_PLACED_FROM[hold] or (waits_for_its_term and hold in HOLDS_THAT_END_WITH_A_CYCLE):
        message = _("a card whose term has not started cannot have this hold: {hold}")
        yield BadInput("holds", message.format(hold=hold.label))
    if hold == Hold.REAL_NAME:
        yield from _of_certification(row)


def _of_certification(row):
    if row.certification == Certification.ENTERPRISE:
        yield BadInput("holds", _("an enterprise card needs no ID verification"))


def _of_allowance(row, plan, policy):
    """A card that used its allowance up has used at least that, unless such a hold outlives its cycle."""
    used_up = row.used_bytes >= plan.quota_mb * MB
    if Hold.CREDIT in row.hold_list and policy.restores(Hold.CREDIT) and not used_up:
        message = _("a card with its allowance used up must have used at least {count} MB")
        yield BadInput("used_mb", message.format(count=plan.quota_mb))
