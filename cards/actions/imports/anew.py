"""Cards that nothing has happened to yet: a file may correct all of such a card but its ICCID, which takes it in anew.

Its records stay as they are; one more says what was corrected, and its dates are reckoned as at intake.
"""

from dataclasses import dataclass, replace

from django.db.models import Q

from cards import rules
from cards.actions.imports import in_service
from cards.actions.imports.card_rows import IN_SERVICE_COLUMNS, OPENED_WITH, read_card_row
from cards.actions.write import CARD_COLUMNS, FirstTerm
from cards.choices import OF_ORDERS, Action, Binding
from cards.models import Card, CardEvent, CardTag, ClaimCode, DeviceBinding, KnownOwner, RealNameCheck, ServiceTerm

# What a card has from the beginning, and what is said of it; whatever else refers to it has happened to it.
SAID = (Action.OPEN, Action.ADOPT, Action.UPDATE, Action.ASSIGN, Action.UNASSIGN)
OWN_ROWS = (CardEvent, CardTag, ClaimCode, DeviceBinding, KnownOwner, RealNameCheck, ServiceTerm)
STAYS = ("iccid", "customer_id", "owned_from_seq", "version", "anew_seq", "protected", "tags", "remark")
REBUILT = tuple(name for name in CARD_COLUMNS if name not in STAYS)


def untouched(card_ids):
    """Those of these cards to which nothing has happened: by no rule, no usage, no order, and by nobody's action but
    whose they are."""
    events = CardEvent.objects.filter(card__among=card_ids)
    happened = events.filter(~Q(action__in=SAID) | Q(job__kind__in=OF_ORDERS))
    touched = set(happened.values_list("card_id", flat=True))
    later = ServiceTerm.objects.filter(card__among=card_ids, number__gt=1)
    touched.update(later.values_list("card_id", flat=True))
    for relation in Card._meta.get_fields(include_hidden=True):
        if relation.auto_created and relation.is_relation and relation.related_model not in OWN_ROWS:
            rows = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": list(card_ids)})
            touched.update(rows.values_list(relation.field.attname, flat=True))
    return set(card_ids) - touched


def said_in_service(card_ids, before=None):
    """What was said last of these cards in service, by files that took them over or in anew: by key, as records do.

    `before` has numbers of records, by key: what those said does not count.
    """
    told = CardEvent.objects.filter(card__among=card_ids, action__in=(Action.ADOPT, Action.UPDATE)).order_by("seq")
    said = {}
    for card_id, seq, action, evidence in told.values_list("card_id", "seq", "action", "evidence"):
        if (action == Action.ADOPT or "anew" in evidence) and not (before and seq in before[card_id]):
            said[card_id] = evidence.get("anew", evidence)
    return said


def filed(card, said, code, today, number=0, **otherwise):
    """The row of a file that has the card as it was taken in, but for what is `otherwise`.

    `said` is what was said of it in service, `code` that of its plan.
    """
    texts = {name: _text(getattr(card, name)) for name in OPENED_WITH if name not in ("customer", "plan", "imei")}
    texts |= {"plan": code, "imei": card.previous_imei if "bound_imei" in said else card.bound_imei}
    texts |= {name: _text(said.get(name)) for name in IN_SERVICE_COLUMNS}
    texts |= {name: _text(value) for name, value in otherwise.items()}
    if texts["test_quota_mb"] == "0":
        del texts["test_quota_mb"]  # of a card without a test period
    return read_card_row(number, texts, today)


def corrected(was, row):
    """The row as it was, with what the file says otherwise; in another state nothing of the old one is left."""
    is_another = row.state and row.state != was.state
    kept = (
        replace(
            was,
            **dict.fromkeys(("state", "holds", "bound_imei"), ""),
            activated_on=None,
            service_until=None,
            used_mb=None,
        )
        if is_another
        else was
    )
    values = {name: getattr(row, name) for name in row.given if name not in ("iccid", "remove")}
    values |= dict.fromkeys(set(row.remove) - {"customer"}, "")
    if values.get("binding") == Binding.NONE:
        values = {"imei": "", "bound_imei": ""} | values
    merged = replace(kept, **values)
    merged.given = frozenset(name for name in (*OPENED_WITH, *IN_SERVICE_COLUMNS) if getattr(merged, name))
    if not merged.test_months:
        merged.test_quota_mb = 0
    return merged


@dataclass(slots=True)
class Anew:
    """How a card is taken in anew: as another one that was built of its row, if it is still as it was looked at."""

    version: int
    card: Card
    first: rules.Change
    term: FirstTerm
    evidence: dict

    @property
    def is_in_service(self):
        return self.first.action == Action.ADOPT

    def take_in(self, card):
        """Make the card in memory what it should have been; the record of it."""
        on = max(self.first.on, card.changed_on)
        card.__dict__.update({name: self.card.__dict__[name] for name in REBUILT})
        card.anew_seq, card.queue = card.version + 1, list(self.card.queue)
        card.used_on, card.bound_on = card.used_on and on, card.bound_on and max(on, card.bound_on)
        rows = [*self.first.rows, ServiceTerm(**self.term._asdict())]
        for row in rows:
            row.card = card
        rules.settle(card, on)
        return rules.Change(on, Action.UPDATE, evidence=self.evidence, rows=rows)


def evidence_of(was, now, **more):
    """What a record says of a row that became another one: what is new, what it was before, and all in service."""
    names = [name for name in (*OPENED_WITH, *IN_SERVICE_COLUMNS) if getattr(was, name) != getattr(now, name)]
    names = [name for name in names if name != "customer"]
    return {
        **{name: _kept(now, name) for name in names},
        "before": {name: _kept(was, name) for name in names},
        "anew": in_service.row_evidence(now) if now.state else {},
        **more,
    }


def _kept(row, name):
    """A cell as records keep it."""
    if name in IN_SERVICE_COLUMNS:
        return in_service.row_evidence(row).get(name, "")
    value = getattr(row, name)
    return value if isinstance(value, int) else _text(value)


def _text(value):
    if isinstance(value, list):
        return ",".join(value)
    return "" if value is None else str(value)
