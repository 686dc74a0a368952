"""What a record of a card is to its customer's programs: whose the card was, and which events it makes."""

from dataclasses import dataclass, field

from django.urls import reverse

from cards.choices import CHANGES_OWNER, Action
from cards.holds import Holds
from cards.models import Card, CardEvent, Customer
from cards.models.event import is_of_merging
from simportal.api.choices import EventType

REAL_NAME_AFTER = {
    Action.SUBMIT_REAL_NAME: "submitted",
    Action.APPROVE_REAL_NAME: "approved",
    Action.REJECT_REAL_NAME: "rejected",
    Action.REVOKE_REAL_NAME: "revoked",
}


@dataclass
class ToldRecords:
    """Records of cards, in the order of their keys, with what has to be known to tell of them.

    `cards` are (iccid, msisdn, owner, version) as they are now.
    """

    records: list
    cards: dict = field(init=False)
    _before: dict = field(init=False, default_factory=dict)

    def __post_init__(self):
        columns = ("pk", "iccid", "msisdn", "customer_id", "version")
        keys = {record.card_id for record in self.records}
        self.cards = {pk: rest for pk, *rest in Card.objects.filter(pk__among=keys).values_list(*columns)}

    def owners(self):
        """Whose the card was at each record, by the record's key: who was merged is who they are now.

        That is whose it is now, unless a later record has given it away.
        """
        given = self._given_later()
        found = {}
        for record in self.records:
            later = [former for seq, former in given.get(record.card_id, ()) if seq > record.seq]
            found[record.pk] = later[0] if later else self.cards[record.card_id][2]
        merged = Customer.objects.filter(pk__in=set(found.values()) - {None}, merged_into__isnull=False)
        now = dict(merged.values_list("pk", "merged_into"))
        return {pk: now.get(owner, owner) for pk, owner in found.items()}

    def _given_later(self):
        """By card: (number, whose it was before) of each record that has changed its owner, in order."""
        newest = {record.card_id: record.seq for record in self.records}
        changed = [pk for pk, seq in newest.items() if self.cards[pk][3] > seq]
        later = CardEvent.objects.filter(card__among=changed, action__in=CHANGES_OWNER) if changed else ()
        given = {}
        for record in (*self.records, *later):
            if record.action in CHANGES_OWNER:
                former = record.evidence.get("was_customer_id")
                given.setdefault(record.card_id, {})[record.seq] = former
        return {card: sorted(rows.items()) for card, rows in given.items()}

    def know_holds_before(self, records):
        """Read which holds stood before each of these records."""
        known = {(record.card_id, record.seq): record.holds for record in self.records}
        wanted = {(record.card_id, record.seq - 1) for record in records if record.concerns_a_stop}
        if missing := wanted - known.keys():
            cards, numbers = zip(*missing, strict=True)
            rows = CardEvent.objects.filter(card__among=set(cards), seq__in=set(numbers))
            known |= {(card, seq): holds for card, seq, holds in rows.values_list("card", "seq", "holds")}
        self._before = {key: known.get(key, "") for key in wanted}

    def events_of(self, record):
        """(type, what is told) of each event that the record makes for who has the card."""
        told = {**self._names(record), "action": record.action}
        for kind, more in self._events(record):
            yield kind, told | more | links_of_card(told["card"])

    def _names(self, record):
        iccid, msisdn, _owner, _version = self.cards[record.card_id]
        return {"card": iccid, "msisdn": msisdn or None, "seq": record.seq}

    def _events(self, record):
        if not record.from_state or (record.action == Action.ASSIGN and not is_of_merging(record.evidence)):
            yield EventType.ASSIGNED, {"state": record.to_state}
        if record.from_state != record.to_state:
            states = {"from": record.from_state or None, "to": record.to_state, "holds": list(record.hold_list)}
            yield EventType.STATE_CHANGED, states
        if record.concerns_a_stop:
            before = Holds.read(self._before.get((record.card_id, record.seq - 1), ""))
            yield from _holds_told(list(before), list(record.hold_list))
        if record.action in (Action.BIND, Action.REBIND):
            told = {name: record.evidence.get(name) for name in ("imei", "previous_imei")}
            yield EventType.REBOUND, told
        if record.action in REAL_NAME_AFTER:
            yield EventType.REAL_NAME_CHANGED, {"real_name": REAL_NAME_AFTER[record.action]}


def links_of_card(iccid):
    return {"links": {"card": reverse("api-v1:get_card", args=[iccid])}}


def _holds_told(before, after):
    placed, lifted = [hold for hold in after if hold not in before], [hold for hold in before if hold not in after]
    if placed:
        yield EventType.HOLD_PLACED, {"placed": placed, "holds": after}
    if lifted:
        yield EventType.HOLD_LIFTED, {"lifted": lifted, "holds": after}
