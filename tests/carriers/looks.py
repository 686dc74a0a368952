"""Cards on an account, and what was seen of them: for tests of what follows of a look."""

from datetime import timedelta

from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils import timezone

from cards.carriers.actions.asking import LookAtCard, take_looks
from cards.carriers.actions.hearing import bring_in_step, hear
from cards.carriers.models import Command, Drift, Line
from cards.carriers.results import Missing, Seen
from tests.build import staff

WORDS = {"active": ("2", "已激活"), "stopped": ("4", "停机"), "silent": ("1", "待激活"), "test": ("6", "可测试")}
WORDS |= {"cancelled": ("9", "已销户"), "": ("77", "")}


def decider(*actions, username="desk"):
    """Somebody of the staff who may decide differences, and do these actions."""
    user = staff(*actions, username=username)
    user.user_permissions.add(Permission.objects.get(codename="decide_drift"))
    return user


def on(card, account):
    """The card's line on the account, in step with what is recorded of the card so far, and with no order of before."""
    hear()
    Line.objects.get_or_create(card=card, defaults={"account": account})
    bring_in_step([card.pk])
    Command.objects.filter(card=card).delete()
    Line.objects.filter(card=card).update(activation_seq=0)
    return Line.objects.get(card=card)


def sight(service, *reasons, **what):
    code, text = WORDS[service]
    return Seen(service, code, text, reasons=reasons, **what)


GONE_MISSING = Missing("11011", "该卡不存在")


def looked(card, look, now=None, **how):
    """The card's line after the portal has heard all records, and this was seen of the card."""
    hear()
    line = Line.objects.select_related("account", "card").get(card=card)
    take_looks([LookAtCard(line, look)], now or timezone.now(), **how)
    return Line.objects.get(card=card)


def ordered(card):
    """(aspect, goal, state, whether it is a correction) of the card's orders, in their order."""
    rows = Command.objects.filter(card=card).order_by("pk")
    return list(rows.values_list("aspect", "goal", "state", "is_correction"))


def open_of(card):
    """(kind, proposal, parameters) of what differs of the card."""
    return list(Drift.objects.open().filter(card=card).order_by("pk").values_list("kind", "proposal", "params"))


def settled(card, state="confirmed", **columns):
    """The card's last order has ended like this."""
    with transaction.atomic():
        last = Command.objects.filter(card=card).latest("pk")
        now = timezone.now()
        Command.objects.filter(pk=last.pk).update(state=state, ended_at=now, due_at=None, sent_at=now, **columns)


def a_day_later(card):
    """All orders of the card were made more than a day ago."""
    Command.objects.filter(card=card).update(made_at=timezone.now() - timedelta(hours=25))
