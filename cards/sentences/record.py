"""A card's record as staff read it: who did what and when, and the evidence as people read it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from cards.calendar import last_day
from cards.choices import Action, Binding, Carrier, Certification, Hold, RealName, State, label_of
from cards.errors import InvariantBroken
from cards.models import CardEvent, PlanBook
from cards.phrases import listed, pair
from cards.quantities import megabytes
from cards.sentences.explain import by_whom
from cards.unreadable import read_kept

EVIDENCE_LABELS: dict[str, str | Promise] = {
    "source": gettext_lazy("from the file"),
    "state": gettext_lazy("state"),
    "activated_on": gettext_lazy("activated on"),
    "used_mb": pgettext_lazy("usage", "used"),
    "holds": gettext_lazy("holds"),
    "real_name": gettext_lazy("ID verification"),
    "used_bytes": pgettext_lazy("usage", "used"),
    "quota_bytes": gettext_lazy("allowance"),
    "allowance_bytes": gettext_lazy("allowance"),
    "reached_bytes": gettext_lazy("reached"),
    "limit_mb": pgettext_lazy("usage", "limit"),
    "used_on": gettext_lazy("last used on"),
    "test_until": gettext_lazy("last day of the test"),
    "silent_from": gettext_lazy("silent from"),
    "forced_activation_on": gettext_lazy("forced activation on"),
    "service_until": gettext_lazy("last day of service"),
    "cancel_on": gettext_lazy("cancelled on"),
    "term": pgettext_lazy("service", "term"),
    "plan": gettext_lazy("plan"),
    "hold": gettext_lazy("hold"),
    "lifted": gettext_lazy("lifted"),
    "still_held": gettext_lazy("remaining holds"),
    "imei": "IMEI",
    "bound_imei": gettext_lazy("bound IMEI"),
    "previous_imei": gettext_lazy("previous IMEI"),
    "customer": gettext_lazy("customer"),
    "was_customer": gettext_lazy("previous customer"),
    "merged": gettext_lazy("customers merged"),
    "name": pgettext_lazy("person", "name"),
    "id_number": gettext_lazy("ID number"),
    "was": gettext_lazy("was"),
    "why": gettext_lazy("why"),
    "iccid": "ICCID",
    "was_iccid": gettext_lazy("previous ICCID"),
    "msisdn": "MSISDN",
    "was_msisdn": gettext_lazy("previous MSISDN"),
    "imsi": "IMSI",
    "was_imsi": gettext_lazy("previous IMSI"),
    "tag": gettext_lazy("tag"),
    "remark": gettext_lazy("remark"),
    "was_remark": gettext_lazy("previous remark"),
    "was_limit_mb": gettext_lazy("previous limit"),
    "carrier": gettext_lazy("carrier"),
    "certification": gettext_lazy("certification"),
    "opened_on": gettext_lazy("opened on"),
    "test_months": gettext_lazy("test months"),
    "test_quota_mb": gettext_lazy("test allowance"),
    "binding": gettext_lazy("device binding"),
    "carrier_says": gettext_lazy("the carrier says"),
    "as_of": pgettext_lazy("evidence", "as of"),
    "before": gettext_lazy("before"),
    "undoes": gettext_lazy("undoes record"),
}
EVIDENCE_VOCABULARIES: dict[str, type[TextChoices]] = {
    "state": State,
    "real_name": RealName,
    "carrier": Carrier,
    "certification": Certification,
    "binding": Binding,
}
HIDDEN_EVIDENCE = (
    "was_waived",
    "customer_id",
    "was_customer_id",
    "anew",
    "told_bytes",
    "other_card",
    "other_seq",
)  # for undoing the change, and for proofs


@dataclass(frozen=True)
class RecordEntry:
    """One record, ready to be shown. `shown_before` is empty where the card shows the same as before."""

    seq: int
    on: date
    at: datetime
    action: str | Promise
    by: str
    shown_before: str
    shown: str
    reason: str
    evidence: list[tuple[str | Promise, str]]
    job_id: int | None


def record_entries(
    events: Iterable[CardEvent], shown: Mapping[int, str], customers: Mapping[int, str]
) -> list[RecordEntry]:
    """The records as staff read them; `shown` is what the card showed after each of its records, by their numbers.

    `customers` are the names of those who had the card, by their keys.
    """
    plans = PlanBook()
    return [_entry(event, shown.get(event.seq - 1, event.from_state), customers, plans) for event in events]


def evidence_labels(
    evidence: Mapping[str, Any], customers: Mapping[int, str] | None = None, plans: PlanBook | None = None
) -> list[tuple[str | Promise, str]]:
    """The evidence of a record as (name, value) for people, always in the same order: databases keep none in JSON."""
    plans = plans or PlanBook()
    former = evidence.get("was_customer_id")
    if customers and former in list(customers):
        evidence = {**evidence, "was_customer": customers[former]}
    known = [
        (name, value) for name, value in evidence.items() if value not in (None, [], "") and name not in HIDDEN_EVIDENCE
    ]
    return [(EVIDENCE_LABELS.get(name, name), _value(name, value, plans)) for name, value in sorted(known, key=_place)]


def _entry(event: CardEvent, before: str, customers: Mapping[int, str], plans: PlanBook) -> RecordEntry:
    shown = event.shown
    return RecordEntry(
        seq=event.seq,
        on=event.effective_on,
        at=event.executed_at,
        action=label_of(Action, event.action),
        by=by_whom(event),
        shown_before=before if before != shown else "",
        shown=shown,
        reason=event.reason,
        evidence=evidence_labels(event.evidence, customers, plans),
        job_id=event.job_id,
    )


def _place(item: tuple[str, Any]) -> tuple[int, str]:
    return list(EVIDENCE_LABELS).index(item[0]) if item[0] in EVIDENCE_LABELS else len(EVIDENCE_LABELS), item[0]


def _value(name: str, value: Any, plans: PlanBook) -> str:
    """What people read of one piece of evidence; what stands there otherwise than this version writes it, as it is."""
    return read_kept(lambda value: _told(name, value, plans), value, str)


def _told(name: str, value: Any, plans: PlanBook) -> str:
    if name.endswith("_until"):
        return str(last_day(date.fromisoformat(value)))
    if name == "plan":
        return plans.named(str(value))
    if name.endswith("_bytes"):
        return f"{megabytes(value)} MB"
    if name.endswith("_mb"):
        return f"{value:,} MB"
    if name in ("why", "was"):
        return str(InvariantBroken.read(value))
    if name == "before":
        return listed(pair(label, text) for label, text in evidence_labels(value, plans=plans)) or "—"
    if name in EVIDENCE_VOCABULARIES:
        return str(label_of(EVIDENCE_VOCABULARIES[name], value))
    if name in ("hold", "holds", "lifted", "still_held"):
        holds = [value] if isinstance(value, str) else value
        return listed(label_of(Hold, hold) for hold in holds)
    return f"#{value}" if name == "undoes" else str(value)
