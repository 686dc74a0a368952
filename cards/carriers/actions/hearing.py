"""What the portal wants of its cards, read off their records: each card's line is brought into step with the card.

The records are only the bell. What counts is the card as it is now, so ten changes come to one order, and a card that
was taken over, restored or corrected falls into step in the same way. How far the records were read and what came of
them is one transaction.
"""

import time
from dataclasses import dataclass
from functools import partial
from itertools import chain

from django.db import transaction
from django.utils import timezone

from cards.actions.bulk import update_rows
from cards.actions.events import is_there_news, pull
from cards.carriers.actions.accounts import account_for
from cards.carriers.actions.commands import Grounds, lines_locked, order, orders_of, wanted_of, withdraw_orders
from cards.carriers.choices import LineStep, ServiceState
from cards.carriers.models import CarrierAccount, Line
from cards.carriers.protocols import is_worked, setting_of
from cards.carriers.wanted import CardFacts, orders, unseen_orders, wanted
from cards.choices import Action, ActorKind, Cause, Rule
from cards.models import Card

_READER = "carriers"
_CARDS_AT_ONCE = 2_000
_COLUMNS = (
    *("iccid", "msisdn", "carrier", "customer_id", "version", "state", "resumes_to", "holds"),
    *("quota_mb", "pack_mb", "limit_mb", "binding", "bound_imei", "activation_cause", "activated_on"),
)
_WRITTEN = (
    *("account_id", "wanted_service", "wanted_data", "wanted_cap_mb", "wanted_imei", "activation_seq", "seq"),
    *("wanted_at", "ask_at", "has_order", "step"),
)


# What the line of a SIM is that the portal has not heard of.
_NEVER_SEEN = {
    field.attname: field.get_default()
    for field in Line._meta.concrete_fields
    if field.name.startswith(("seen_", "wanted_")) or field.name in ("missing_at", "last_sent_at", "activation_seq")
}


def hear(now=None, seconds=None):
    """Read the cards' records that are new, and order what follows from them; how many they were.

    Cards of accounts that are new, or used otherwise now, are brought into step with them, and counted too. It ends
    after so many seconds, if any are said; the next one goes on.
    """
    heard, began = 0, time.monotonic()
    while seconds is None or time.monotonic() < began + seconds:
        number = _hear_some(now or timezone.now())
        if not number:
            break
        heard += number
    return heard


def _hear_some(now):
    read = pull(_READER, partial(_take_records, now=now)) if has_news() else 0
    brought = CarrierAccount.objects.filter(bring_after__isnull=False)
    return read + sum(bring_some_cards(account, now) for account in brought)


def has_news():
    """Whether the cards have records that this room has not read."""
    return is_there_news(_READER)


def bring_some_cards(account, now):
    """Bring the next cards into step with an account that is new or used otherwise now, those on it and those of its
    carrier that are on none; how many they were."""
    with transaction.atomic():
        elsewhere = Line.objects.filter(card__carrier=account.carrier).exclude(account=account).values("card")
        behind = Card.objects.filter(carrier=account.carrier, pk__gt=account.bring_after).exclude(pk__in=elsewhere)
        keys = list(behind.order_by("pk").values_list("pk", flat=True)[:_CARDS_AT_ONCE])
        _bring(keys, {}, now)
        following = keys[-1] if len(keys) == _CARDS_AT_ONCE else None
        CarrierAccount.objects.filter(pk=account.pk, bring_after=account.bring_after).update(bring_after=following)
    return len(keys)


def bring_in_step(card_ids, at=None):
    """Bring the lines of these cards into step with the cards: those that were taken in, restored, or put on another
    account."""
    card_ids = sorted(set(card_ids))
    for start in range(0, len(card_ids), _CARDS_AT_ONCE):
        with transaction.atomic():
            _bring(card_ids[start : start + _CARDS_AT_ONCE], {}, at or timezone.now())


def _take_records(records, now):
    if not CarrierAccount.objects.exists():
        return  # whoever makes the first one brings the cards into step that are there
    of_card = {}
    for record in records:
        of_card.setdefault(record.card_id, []).append(record)
    _bring(sorted(of_card), of_card, now)


def _bring(keys, records, now):
    cards = {card.pk: card for card in Card.objects.filter(pk__in=keys).only("id", *_COLUMNS)}
    _exchange_lines(cards, [record for of_card in records.values() for record in of_card if _got_new_sim(record)])
    _provide_lines(cards)
    accounts = {account.pk: _Manners.of(account) for account in CarrierAccount.objects.all() if is_worked(account)}
    changes = [
        _take_over(line, cards[line.card_id], accounts.get(line.account_id, _NONE), records.get(line.card_id, []), now)
        for line in lines_locked(cards)
    ]
    wishes = [change for change in changes if change.is_wish]
    withdraw_orders([change.line for change in wishes], {change.line.card_id: change.ordered for change in wishes}, now)
    order([(change.line, change.ordered, change.grounds) for change in wishes if change.ordered], now)
    rows = [(change.line.pk, *(getattr(change.line, name) for name in _WRITTEN)) for change in changes]
    update_rows(Line, _WRITTEN, rows)


@dataclass
class _Change:
    """What a card's records make of its line: whether the portal wants something else, and what is ordered for it."""

    line: Line
    is_wish: bool
    ordered: list
    grounds: Grounds


@dataclass(frozen=True)
class _Manners:
    """How an account uses its carrier, asked once for many cards."""

    stop_by: str = "number"
    is_capped: bool = False
    is_bound: bool = False

    @classmethod
    def of(cls, account):
        is_on = [setting_of(account, name) == "on" for name in ("cap", "binding")]
        return cls(setting_of(account, "stop_by"), *is_on)


_NONE = _Manners()


def _provide_lines(cards):
    """A line for each card that has none and belongs on an account."""
    known = set(Line.objects.filter(card_id__in=cards).values_list("card_id", flat=True))
    new = account_for([card for pk, card in cards.items() if pk not in known])
    Line.objects.bulk_create([Line(card_id=pk, account=account) for pk, account in new.items()], ignore_conflicts=True)


def _exchange_lines(cards, swaps):
    """By a swap two cards have each other's SIM: each is on the account that the other was on, and not seen there yet.

    `swaps` are the records of the cards that go on. Where one of the two has no line yet, its SIM would have been on
    the account that it belongs on now; where neither has one, each gets its own afterwards.
    """
    pairs = [(record.card_id, record.evidence["other_card"]) for record in swaps]
    lines = {line.card_id: line for line in lines_locked({*cards, *chain(*pairs)})} if pairs else {}
    for pair in pairs:
        there = [lines[key] for key in pair if key in lines]
        if len(there) == 1:
            there.append(_line_of_the_other(pair, there[0]))
            lines[there[1].card_id] = there[1]
        accounts = [line.account_id for line in there]
        for line, account in zip(there, reversed(accounts), strict=True):
            line.account_id = account
            Line.objects.filter(pk=line.pk).update(account_id=account, **_NEVER_SEEN)


def _line_of_the_other(pair, line):
    """A line for the other card of a swap, whose SIM the card of `line` has now."""
    (other,) = {*pair} - {line.card_id}
    return Line.objects.create(card_id=other, account=account_for([line.card]).get(line.card_id))


def _take_over(line, card, manners, records, now):
    """What the card wants of its carrier from now on, into its line."""
    before = wanted_of(line)
    wish = _wanted_by(manners, card)
    wishing = [record for record in records if _is_wish(record)]
    activating = [record.seq for record in records if _activates(record, card)]
    is_new = not before.service
    is_wish = bool(wishing) if is_new else wish != before
    line.wanted_service, line.wanted_data = wish.service, wish.data
    line.wanted_cap_mb, line.wanted_imei = wish.cap_mb, wish.imei
    line.activation_seq = activating[-1] if activating else line.activation_seq
    line.seq = card.version
    grounds = Grounds.of((wishing or records)[-1]) if records else Grounds(line.seq)
    if not (line.account_id and is_worked(line.account)):
        line.step = LineStep.BY_HAND
        return _Change(line, is_wish, [], grounds)
    ordered = _orders(line, wish, before, is_new) if is_wish else []
    if is_wish:
        line.wanted_at = now
    if line.seen_at is None or line.is_by_hand or (is_wish and not ordered):
        _look_first(line, is_wish, now)
    if is_wish:
        line.step = LineStep.WAITING
    return _Change(line, is_wish, ordered, grounds)


def _look_first(line, is_wish, now):
    """Nothing is sent to a line before it was seen; one that is as wanted already, as it seems, is looked at too."""
    line.ask_at = min(line.ask_at or now, now)
    line.has_order = line.has_order or is_wish
    line.step = LineStep.WAITING


def _orders(line, wish, before, is_new):
    """What is to be ordered; of a line that nobody has seen, what would be if it were the other way round there."""
    ordered = orders_of(line) if line.seen_at else list(_presumed(wish, line.activation_seq > 0))
    return ordered if is_new else ordered + [each for each in unseen_orders(wish) if each not in unseen_orders(before)]


def _presumed(wish, may_activate):
    otherwise = {
        ServiceState.ACTIVE: ServiceState.SILENT if may_activate else ServiceState.STOPPED,
        ServiceState.SILENT: ServiceState.TEST,
    }
    return orders(wish, otherwise.get(wish.service, ServiceState.ACTIVE), "", may_activate=may_activate)


def wanted_now(card, account):
    """How the portal wants this card to be at its carrier at this moment, on this account or on none."""
    return _wanted_by(_Manners.of(account) if account and is_worked(account) else _NONE, card)


def _wanted_by(manners, card):
    return wanted(_facts(card), manners.stop_by, manners.is_capped, manners.is_bound)


def _facts(card):
    allowance = card.quota_mb + card.pack_mb
    if card.limit_mb is not None:
        allowance = min(allowance, card.limit_mb) if allowance else card.limit_mb
    return CardFacts(card.state, card.resumes_to, card.holds, allowance, card.binding, card.bound_imei)


def _is_wish(record):
    """Whether the record changed how the card should be, or its SIM: one that opens it does not."""
    return bool(record.from_state) and (record.from_state != record.to_state or record.action == Action.SWAP)


def _got_new_sim(record):
    """Whether it is the record of the card that goes on after a swap."""
    return record.action == Action.SWAP and record.from_state == record.to_state


def _activates(record, card):
    """Whether the portal itself activated the card by this record: a first use comes from the carrier."""
    if record.action in (Action.ACTIVATE, Action.FORCE_ACTIVATE):
        return record.rule != Rule.FIRST_USE and record.actor_kind in _OF_THE_PORTAL
    if record.action == Action.SWAP:
        return card.is_in_service
    is_then = record.action == Action.APPROVE_REAL_NAME and card.activated_on == record.effective_on
    return is_then and card.activation_cause == Cause.REAL_NAME


_OF_THE_PORTAL = (ActorKind.SYSTEM, ActorKind.STAFF, ActorKind.CUSTOMER, ActorKind.COMMAND)
