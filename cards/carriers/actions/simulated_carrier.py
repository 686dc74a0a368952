"""The carrier that the portal plays for accounts of the protocol `simulated`, where it runs with `DEBUG`.

It takes some seconds for an order, refuses one card in fifty, loses one answer in a hundred, and has some cards in
another state than ours. Who is refused and what differs rests on the card's number, so a demo is the same every time.
"""

import hashlib
import json
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cards.carriers.choices import Aspect, ServiceState, StopReason
from cards.carriers.models import Line, SimulatedSim
from cards.carriers.protocols.simulated import (
    ACCEPTED_WORD,
    ALREADY_WORD,
    CHANGE_PATH,
    MISSING_WORD,
    STATE_PATH,
    USAGE_PATH,
)
from cards.errors import NothingHeard
from cards.quantities import MB

LAG_S = (2, 12)
ONE_IN_REFUSED, ONE_IN_LOST, ONE_IN_MANAGED, ONE_IN_CANCELLED = 50, 100, 60, 400
MOST_MB_A_DAY = 40
STOPPED_THERE = frozenset({ServiceState.STOPPED})
NEVER_ACTIVE = frozenset({ServiceState.SILENT, ServiceState.TEST})
BEGINS_IN = {  # by aspect and goal, from which states a card becomes so
    (Aspect.SERVICE, ServiceState.STOPPED): {ServiceState.ACTIVE},
    (Aspect.SERVICE, ServiceState.ACTIVE): {ServiceState.STOPPED},
    (Aspect.SERVICE, ServiceState.SILENT): {ServiceState.TEST},
    (Aspect.SERVICE, ServiceState.TEST): {ServiceState.SILENT},
    (Aspect.ACTIVATION, ServiceState.ACTIVE): {ServiceState.SILENT, ServiceState.TEST},
}


def exchange_with(account):
    """How a call reaches this account's simulated carrier, as `calling.py` reaches others over HTTP."""

    def exchange(_base_url, _method, address, body, _headers, _deadline):
        if not settings.ENV.debug:
            return 403, {}, b"The simulated carrier is there only while DEBUG is on."
        said = json.loads(body)
        with transaction.atomic():
            answer = ANSWERS[address](_cards(account, said["iccids"]), said)
        if address == CHANGE_PATH and _lot(said["iccids"][0], said["goal"]) % ONE_IN_LOST == 0:
            raise NothingHeard("the answer was lost")
        return 200, {}, json.dumps({"cards": answer}).encode()

    return exchange


def refuses(iccid):
    """Whether this carrier refuses all that is ordered for the card."""
    return _lot(iccid) % ONE_IN_REFUSED == 0


def _cards(account, iccids):
    """(ICCID, its card there or None) of each; those that are asked for for the first time are taken in."""
    there = _there(account, iccids)
    lines = Line.objects.filter(account=account, card__iccid__in=set(iccids) - there.keys()).select_related("card")
    new = [_new(account, line) for line in lines]
    SimulatedSim.objects.bulk_create(new, ignore_conflicts=True)
    there |= _there(account, [sim.iccid for sim in new])
    return [(iccid, there.get(iccid)) for iccid in iccids]


def _there(account, iccids):
    known = SimulatedSim.objects.select_for_update().filter(account=account, iccid__in=iccids)
    sims = {sim.iccid: sim for sim in known}
    for sim in sims.values():
        _become(sim)
    return sims


def _new(account, line):
    """A card as ours is, but for a few: the carrier has stopped or cancelled them."""
    sim = SimulatedSim(account=account, iccid=line.card.iccid, service=line.wanted_service or ServiceState.SILENT)
    lot = _lot(sim.iccid)
    if sim.service in BEGINS_IN[Aspect.SERVICE, ServiceState.STOPPED]:
        if lot % ONE_IN_CANCELLED == 1:
            sim.service = ServiceState.CANCELLED
        elif lot % ONE_IN_MANAGED == 1:
            sim.service, sim.reason = ServiceState.STOPPED, StopReason.MANAGED
    return sim


def _become(sim):
    """What it was ordered to be, from the instant on at which that takes place."""
    if sim.due_at and sim.due_at <= timezone.now():
        sim.service, sim.next_service = sim.next_service or sim.service, ""
        sim.data, sim.next_data = sim.next_data or sim.data, ""


def _changed(cards, said):
    rows = [_order(iccid, sim, said["aspect"], said["goal"]) for iccid, sim in cards]
    columns = ["service", "data", "next_service", "next_data", "due_at"]
    SimulatedSim.objects.bulk_update([sim for _, sim in cards if sim], columns)
    return rows


def _order(iccid, sim, aspect, goal):
    outcome, text = _outcome(sim, aspect, goal)
    if outcome == ACCEPTED_WORD:
        least, most = LAG_S
        sim.due_at = timezone.now() + timedelta(seconds=least + _lot(iccid, goal) % (most - least))
        setattr(sim, "next_data" if aspect == Aspect.DATA else "next_service", goal)
    return {"iccid": iccid, "result": outcome, "text": text, "ticket": f"S{_lot(iccid, goal)}"}


def _outcome(sim, aspect, goal):
    """What becomes of an order, in a word and in the carrier's words."""
    if sim is None:
        return MISSING_WORD, "无此号码"
    if goal == (sim.data if aspect == Aspect.DATA else sim.service) and not sim.reason:
        return ALREADY_WORD, "已处于该状态"
    if refuses(sim.iccid):
        return "refused", "业务受理失败，请联系客户经理"
    if aspect != Aspect.DATA and sim.service not in BEGINS_IN.get((aspect, goal), ()):
        return "impossible", "当前状态不允许办理"
    return ("managed", "运营商管理停机，不可复机") if sim.reason else (ACCEPTED_WORD, "成功接收")


def _state(cards, _said):
    return [{"iccid": iccid, **(_shown(sim) if sim else {"result": MISSING_WORD})} for iccid, sim in cards]


def _shown(sim):
    return {"result": sim.service, "reason": sim.reason or _own(sim), "data": sim.data, "since": _since(sim)}


def _own(sim):
    return StopReason.OWN if sim.service in STOPPED_THERE else ""


def _since(sim):
    is_over = sim.due_at and not (sim.next_service or sim.next_data)
    return sim.due_at.isoformat() if is_over else ""


def _used(cards, said):
    first, last = date.fromisoformat(said["first"]), date.fromisoformat(said["last"])
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [
        {"iccid": iccid, "bytes": sum(_bytes(sim, day) for day in days)} if sim else {"iccid": iccid}
        for iccid, sim in cards
    ]


def _bytes(sim, day):
    """A card that was never active has used nothing."""
    if sim.service in NEVER_ACTIVE or day >= timezone.localdate():
        return 0
    return _lot(sim.iccid, str(day)) % (MOST_MB_A_DAY * MB)


def _lot(*parts):
    """A number that rests on these alone."""
    return int.from_bytes(hashlib.sha256("/".join(parts).encode()).digest()[:8])


ANSWERS = {CHANGE_PATH: _changed, STATE_PATH: _state, USAGE_PATH: _used}
