"""Taking over an existing card, in the middle of its life, with what the file says of it if that is consistent.

What the rules have to do on it since is left to them: the record of taking over takes effect today, or on the first
day on which something was due on the card as the file has it, so that what follows stands under its own days.
"""

from datetime import timedelta
from decimal import Decimal

from cards import rules
from cards.actions.imports.card_rows import IN_SERVICE_COLUMNS
from cards.actions.imports.contradictions import phase_of
from cards.actions.write import FirstTerm
from cards.calendar import add_months, civil_today, cycle_start, months_between, next_cycle_start
from cards.choices import Action, Alignment, Certification, Hold, RealName, State
from cards.identifiers import device
from cards.models import RealNameCheck
from cards.quantities import MB

A_TENTH = Decimal("0.1")
CLOCKS_STOPPED = (State.SHUT_DOWN, State.CANCELLED)


def facts_in_service(row, plan, term, policies, today):
    """The facts of a card as the row has it, by their names; the row does not contradict itself.

    `term` runs or has ended; None where the first one waits for activation.
    """
    phase = phase_of(row, today)
    facts = {
        "state": row.state,
        "holds": row.holds,
        "resumes_to": "" if phase == row.state else phase.value,
        "activated_on": row.activated_on,
        "used_bytes": row.used_bytes,
        "used_on": today if row.used_bytes else None,
        "counted_from": None if row.used_mb is None else today,
        "real_name": _real_name(row, phase),
        "bound_imei": row.bound_imei or row.imei,
        "previous_imei": row.imei if device(row.bound_imei) not in ("", device(row.imei)) else "",
    }
    if row.test_months:
        test_until = add_months(row.opened_on, row.test_months)
        facts |= {"test_months": row.test_months, "test_quota_mb": row.test_quota_mb, "test_until": test_until}
    if phase != State.TESTING:
        facts |= silence(row, row.activated_on or row.service_until or today, policies)
    if term:
        facts |= {"term_number": 1, "quota_mb": plan.quota_mb}
        facts |= {"service_from": term.starts_on, "service_until": row.service_until}
        facts["anniversary_day"] = _anniversary_day(row, plan, term.months)
    if phase == State.IN_USE and term:
        facts |= _cycle(row, term.starts_on, policies, today)
    if phase in CLOCKS_STOPPED:
        facts["cancel_on"] = _cancel_on(row, phase, policies, today)
    return facts


def silence(row, day, policies):
    """Since when the card is or was silent, by `day` at the latest, and until when it could be (rules 2 and 4)."""
    ended_on = min(add_months(row.opened_on, row.test_months), day) if row.test_months else None
    policy = policies.in_force(row.carrier, ended_on or row.opened_on)
    silent_from = row.opened_on if ended_on is None or policy.silent_from_opening else ended_on
    return {
        "test_ended_on": ended_on,
        "silent_from": silent_from,
        "forced_activation_on": policy.forced_activation_on(silent_from),
    }


def running_term(row, plan, today):
    """The card's first term, which ends on `service_until` or has ended then.

    It began the plan's months before, but not before activation. Where that day is still to come, the terms that were
    sold ahead are taken for one with the running one.
    """
    months, day_of_month = plan.months, row.activated_on.day if _is_chain_since_activation(row, plan) else None
    while (starts_on := add_months(row.service_until, -months, day_of_month)) > _last_day_of_service(row, today):
        months += plan.months
    starts_on = max(starts_on, row.activated_on or row.opened_on)
    return FirstTerm(1, plan.pk, months, plan.alignment, plan.quota_mb, starts_on, starts_on, row.service_until)


def take_over_change(card, row, source, today):
    """The first record of a card that is taken over from this row."""
    following = rules.upcoming(card)
    on = min(today, following.on) if following else today
    if card.used_on:
        card.used_on = on
    if card.bound_imei:
        card.bound_on = on
    change = rules.Change(on, Action.ADOPT, evidence={"source": source, **row_evidence(row)})
    if card.real_name == RealName.APPROVED:
        change.evidence["real_name"] = str(card.real_name)
        check = {"status": card.real_name, "masked_name": "—", "submitted_on": on, "decided_on": on}
        change.rows.append(RealNameCheck(card=card, **check))
    return change


def row_evidence(row):
    """What the row says of a card in service, as its record keeps it."""
    evidence = {name: str(getattr(row, name)) for name in ("state", "activated_on", "service_until", "bound_imei")}
    evidence["holds"] = list(map(str, row.hold_list)) or ""
    if row.used_mb is not None:
        is_whole = row.used_mb == int(row.used_mb)
        evidence["used_mb"] = int(row.used_mb) if is_whole else float(row.used_mb)
    return {name: value for name, value in evidence.items() if value not in ("", "None")}


def state_differences(card, row, evidence):
    """The columns in which the card is not as the row says, and was not when taken over (`evidence` of its record)."""
    said = row_evidence(row)
    if said.items() <= evidence.items():
        return []
    return [name for name in IN_SERVICE_COLUMNS if name in said and not _is_in_agreement(card, row, name)]


def used_mb(card):
    """What the meter that runs on the card today says, in MB."""
    return Decimal(card.meter(civil_today()).used_bytes) / MB


def _is_in_agreement(card, row, name):
    if name == "used_mb":
        return abs(used_mb(card) - row.used_mb) <= A_TENTH
    if name == "bound_imei":
        return not card.is_another_device(row.bound_imei) and bool(card.bound_imei)
    return getattr(card, name) == getattr(row, name)


def _real_name(row, phase):
    """A person's card that has been in use and is not held for it had an approved check."""
    has_served = phase == State.SHUT_DOWN or (phase == State.IN_USE and row.service_until)
    approved = has_served and row.certification == Certification.INDIVIDUAL and Hold.REAL_NAME not in row.hold_list
    return RealName.APPROVED.value if approved else RealName.NONE.value


def _is_chain_since_activation(row, plan):
    """Whether anniversary terms that follow each other since activation would end on the very day (rule 5)."""
    if plan.alignment != Alignment.ANNIVERSARY or row.activated_on is None:
        return False
    months = months_between(row.activated_on, row.service_until)
    return months % plan.months == 0 and add_months(row.activated_on, months) == row.service_until


def _anniversary_day(row, plan, months):
    """The day of the month on which the running chain of anniversary terms began; None if no such term runs."""
    if plan.alignment != Alignment.ANNIVERSARY:
        return None
    first = row.activated_on if _is_chain_since_activation(row, plan) else add_months(row.service_until, -months)
    return first.day


def _cycle(row, service_from, policies, today):
    day = _last_day_of_service(row, today)
    cycle_day = policies.in_force(row.carrier, day).cycle_day
    starts_on = max(cycle_start(day, cycle_day), service_from)
    return {"cycle_from": starts_on, "cycle_until": next_cycle_start(day, cycle_day)}


def _last_day_of_service(row, today):
    return min(today, row.service_until - timedelta(days=1))


def _cancel_on(row, phase, policies, today):
    """When a card that was shut down is cancelled; of a cancelled one nobody says when it was, but not after today."""
    if not row.service_until:
        return today
    planned = policies.in_force(row.carrier, row.service_until).cancel_on(row.service_until)
    return planned if phase == State.SHUT_DOWN else min(planned, today)
