"""Rows of the carriers' room as its workers leave them, for tests of what reads them."""

from datetime import timedelta

from django.utils import timezone

from cards.carriers.choices import Aspect, CommandState, DriftKind, LineStep, ServiceState
from cards.carriers.models import CarrierAccount, Command, Drift, Line

TICKET = "20261129001"


def an_account(name="onelink-sh", **columns):
    """An account that is on and works."""
    usual = {"carrier": "cmcc", "protocol": "onelink5", "is_on": True, "base_url": "https://onelink.example.cn"}
    return CarrierAccount.objects.create(name=name, **usual | {"push_key": name} | columns)


def on_account(card, account, **columns):
    """The card's line: in step, and active when it was last looked at."""
    usual = {
        "wanted_service": ServiceState.ACTIVE,
        "seen_service": ServiceState.ACTIVE,
        "seen_code": "2",
        "seen_at": timezone.now(),
        "seq": card.version,
        "step": LineStep.IN_STEP,
    }
    return Line.objects.create(card=card, account=account, **usual | columns)


def an_order(line, goal=ServiceState.STOPPED, state=CommandState.ACCEPTED, aspect=Aspect.SERVICE, **columns):
    """An order of the card, sent and accepted a minute ago."""
    ago = timezone.now() - timedelta(minutes=1)
    usual = {"made_at": ago, "rank_at": ago, "sent_at": ago, "accepted_at": ago, "ticket": TICKET, "seq": line.seq}
    order = {"card_id": line.card_id, "account": line.account, "aspect": aspect, "goal": goal, "state": state}
    return Command.objects.create(**order | usual | columns)


def a_difference(line, kind=DriftKind.STOPPED, **columns):
    """The carrier has stopped the card by itself, and what is proposed for it."""
    usual = {
        "portal": ServiceState.ACTIVE,
        "seen": ServiceState.STOPPED,
        "evidence": {"reason": "机卡分离停机"},
        "version": line.card.version,
        "proposal": "place_hold",
        "params": {"kind": "anomaly"},
        "since": timezone.now(),
    }
    return Drift.objects.create(account=line.account, card=line.card, kind=kind, **usual | columns)
