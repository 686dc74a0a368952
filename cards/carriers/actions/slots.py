"""Slots of accounts: whose turn it is to call a carrier, how often that may be, and what a dead worker leaves.

A slot is its owner's until its lease runs out, and not longer than the owner's process lives, where that can be seen
from this machine. An order that it was sending then has an unknown outcome: its card is asked about.
"""

import os
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from cards.carriers.actions.commands import lines_locked, seconds_of
from cards.carriers.choices import CommandState
from cards.carriers.models import CarrierAccount, Command, Line, Slot
from cards.carriers.protocols import setting_of
from cards.errors import BadInput
from cards.leases import Lost, over

LEASE_OF_A_SLOT = timedelta(seconds=60)  # longer than a call, and renewed before each
_LOOK_AGAIN_S = 0.5
_OF_A_PERSON = 0  # the number of whoever is no worker
_EVENLY = 1.1  # what starts a tenth later than it could arrives within the rate on any clock


@dataclass(frozen=True)
class Clock:
    """The instants by which work is due, and how a worker waits for one."""

    now: Any = timezone.now
    sleep: Any = time.sleep


REAL = Clock()


def take_slot(account, owner, now):
    """A slot of this account that nobody has, now the owner's; None where all are taken.

    Where fewer calls a second are allowed than there are slots, so many are used.
    """
    usable = max(1, min(int(setting_of(account, "slots")), int(setting_of(account, "qps"))))
    free = account.slots.filter(Q(owner="") | over("lease_until", LEASE_OF_A_SLOT, now), number__lte=usable)
    with transaction.atomic():
        slot = free.order_by("number").select_for_update(skip_locked=True).first()
        if slot:
            if slot.owner:
                _ask_what_became(slot, now)
            slot.owner, slot.lease_until = owner, now + LEASE_OF_A_SLOT
            slot.save(update_fields=["owner", "lease_until"])
    return slot


@transaction.atomic
def give_back(slot, now):
    """The slot is free again, unless another has it by now. What its owner left half done, because something broke or
    because it had lost the slot, is looked at."""
    Slot.objects.filter(pk=slot.pk, owner=slot.owner).update(owner="", lease_until=None)
    _ask_what_became(slot, now)


@contextmanager
def slot_for_a_person(account, wait_s):
    """A right to call for somebody who sits and waits, in turn with the workers. Raises `BadInput` where there is none
    within so many seconds."""
    give_up_at, slot = REAL.now() + timedelta(seconds=wait_s), None
    while slot is None:
        slot = take_slot(account, owner_named(_OF_A_PERSON), REAL.now())
        if slot is None and REAL.now() > give_up_at:
            raise BadInput("", _("All calls of this account are in use at the moment: try again in a minute."))
        if slot is None:
            REAL.sleep(_LOOK_AGAIN_S)
    try:
        yield slot
    finally:
        give_back(slot, REAL.now())


def wait_for_turn(slot, clock):
    """Hold the slot for one more call, and wait until the account may be called: calls start evenly, whoever makes
    them. Raises `Lost` where somebody else has the slot by now."""
    now = clock.now()
    with transaction.atomic():
        account = CarrierAccount.objects.select_for_update().get(pk=slot.account_id)
        step = timedelta(seconds=_EVENLY / float(setting_of(account, "qps")))
        starts_at = max(now, account.next_at) if account.next_at and account.next_at < now + LEASE_OF_A_SLOT else now
        CarrierAccount.objects.filter(pk=account.pk).update(next_at=starts_at + step)
        mine = Slot.objects.filter(pk=slot.pk, owner=slot.owner)
        if not mine.update(lease_until=starts_at + LEASE_OF_A_SLOT):
            raise Lost
    if starts_at > now:
        clock.sleep((starts_at - now).total_seconds())


def free_the_dead(now):
    """Take the slots of workers that died over them, and have the cards asked about whose orders they were sending."""
    for slot in Slot.objects.exclude(owner=""):
        if slot.lease_until is None or slot.lease_until <= now or is_dead(slot.owner):
            give_back(slot, now)


def _ask_what_became(slot, now):
    sent = Command.objects.filter(account=slot.account_id, due_at__isnull=False, state=CommandState.SENT)
    sending = sent.filter(worker=slot.owner)
    looking = Line.objects.filter(account=slot.account_id, ask_at__isnull=False, worker=slot.owner)
    cards = [*sending.values_list("card_id", flat=True), *looking.values_list("card_id", flat=True)]
    if not cards:
        return
    lines_locked(cards)
    looking.update(worker="", ask_at=now)
    for command in sending.select_related("account"):
        ask_at = max(now, command.sent_at + seconds_of(command.account, "settle_s"))
        Command.objects.filter(pk=command.pk).update(worker="", due_at=ask_at)
        Line.objects.filter(card_id=command.card_id).update(ask_at=ask_at, last_sent_at=now)


@cache
def _machine():
    """This machine since it was started, and the room of process numbers within it; blank where it does not say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
        return f"{boot}.{os.readlink('/proc/self/ns/pid')[5:-1]}"
    except OSError:
        return ""


def _born(pid):
    """When this process was started, in the system's own count; blank where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def owner_named(number):
    """The name of this process's worker of this number, unlike any other's anywhere."""
    pid = os.getpid()
    return f"{_machine() or socket.gethostname()[:30]}.{pid}.{_born(pid)}.{number}"


def is_dead(owner):
    """Whether the process of this owner ended. Of another machine nobody can say: there the lease has to run out."""
    machine, pid, born, _number = owner.rsplit(".", 3)
    return bool(_machine()) and machine == _machine() and _born(pid) != born
