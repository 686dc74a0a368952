"""A card as text for a terminal, from its document."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.calendar import last_day
from cards.choices import Action, Hold, Rule, State, label_of
from cards.models import Card
from cards.phrases import listed, noted, pair
from cards.quantities import megabytes
from cards.sentences.terms import renewal_text

DATES = (
    "opened_on", "test_until", "silent_from", "forced_activation_on", "activated_on", "service_until", "cancel_on",
)  # fmt: skip
LAST_DAYS = {
    "test_until": gettext_lazy("last day of the test"),
    "service_until": gettext_lazy("last day of service"),
}


def portrait(card, document):
    customer = card.customer.name if card.customer else ""
    heading = filter(None, [card.iccid, card.msisdn, str(card.get_carrier_display()), customer])
    dates = [_date_told(name, document[name]) for name in DATES if document[name]]
    lines = ["  ".join(heading), *_state_lines(card)]
    lines += ["  " + pair(label, day) for label, day in dates]
    lines += _cycle(document["cycle"])
    lines += filter(None, [renewal_text(card)])
    lines += [_("Forecast:"), *map(forecast_line, document["forecast"])]
    lines += [_("Record:"), *map(_event_line, document["events"])]
    return "\n".join(lines) + "\n\n"


def forecast_line(change):
    what = label_of(Action, change["action"])
    return f"  {change['on']}  {noted(what, label_of(Rule, change['rule'])) if change['rule'] else what}"


def _state_lines(card):
    state = str(card.get_state_display())
    if card.hold_list:
        state = noted(state, listed(label_of(Hold, hold) for hold in card.hold_list))
    if card.resumes_to:
        state += f" → {label_of(State, card.resumes_to)}"
    yield _("State: {state}").format(state=state)
    if card.parked:
        yield _("Parked: {why}").format(why=card.parked_because)


def _date_told(name, day):
    """A day of the card and what it is; of what ends, its last day."""
    if name in LAST_DAYS:
        return LAST_DAYS[name], last_day(date.fromisoformat(str(day)))
    return Card._meta.get_field(name).verbose_name, day


def _cycle(cycle):
    if cycle["quota_bytes"] is None:
        return
    used, quota = megabytes(cycle["used_bytes"]), megabytes(cycle["quota_bytes"])
    sentence = _("Cycle from {start} to {last}: {used} of {quota} MB")
    last = last_day(date.fromisoformat(str(cycle["until"])))
    yield sentence.format(start=cycle["starts_on"], last=last, used=used, quota=quota)
    if cycle["limit_bytes"] is not None:
        yield _("Limit: {limit} MB").format(limit=megabytes(cycle["limit_bytes"]))


def _event_line(event):
    states = " → ".join(str(label_of(State, code)) for code in (event["from"], event["to"]) if code)
    parts = [
        f"{event['seq']:>4}",
        str(event["effective_on"]),
        str(label_of(Action, event["action"])),
        states,
        str(label_of(Rule, event["rule"])) if event["rule"] else event["actor"],
    ]
    if event["reason"]:
        parts.append(f"“{event['reason']}”")
    return "  ".join(parts)
