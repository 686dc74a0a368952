"""Fetching what is planned (`pulls.py`), a piece for each call: usage, states of all cards, lists of changed ones."""

from contextlib import suppress
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from cards.carriers.actions import drifts
from cards.carriers.actions.answers import answers_to, note_the_account
from cards.carriers.actions.asking import LookAtCard, ask_soon, sim_of, take_looks
from cards.carriers.actions.pieces import (
    CameOfPiece,
    due_pulls,
    finish_piece,
    give_up_pull,
    halve_piece,
    hand_out,
    let_piece_wait,
    lines_of,
    size_of,
    try_piece_again,
)
from cards.carriers.actions.pulls import days_told
from cards.carriers.actions.readings_in import compare_months, take_days, take_totals
from cards.carriers.choices import DriftKind, OwnWords, PullKind
from cards.carriers.models import Drift, Line, Pull
from cards.carriers.protocols import protocol_of, setting_of
from cards.carriers.protocols.reading import WHOLE_ICCID
from cards.carriers.results import AccountFault, Busy, Missing, Seen, Sim, TurnedDown, Unknown
from cards.leases import Lost
from cards.lookup import ids_by_iccid
from cards.models import Card

_FAILURES = (TurnedDown, Busy, AccountFault, Unknown)
_NIGHT_S, _CALLS_OF_A_THOROUGH_LOOK = 6 * 60 * 60, 5
_OVERLAP = timedelta(minutes=15)  # of lists of changed cards: the carrier's clock is not ours


class Pulls:
    """The source of calls that fetches: whoever has a right to call takes the next piece."""

    def due(self, account, now):
        return due_pulls(account, now).exists()

    def do(self, account, call, now):
        was_due = self.due(account, now)
        held = hand_out(account, now)
        if held is None:
            return was_due and not self.due(account, now)  # it has brought a fetch to its end
        with suppress(Lost):  # it took so long that another worker has it
            _FETCHES[held[0].kind](*held, call)
        return True


def _fetch_usage(pull, piece, call):
    usage = protocol_of(pull.account).usage
    first, last = days_told(pull.account, pull.kind)
    if not first <= pull.day <= last:
        give_up_pull(pull, OwnWords.DAY_IS_GONE, call.now())
    elif pull.kind == PullKind.USAGE_DAY:
        _fetch_amounts(pull, piece, call, usage, lambda told: take_days(told, pull.day))
    else:
        _fetch_amounts(pull, piece, call, usage, lambda told: take_totals(told, pull.day, first))


def _fetch_months(pull, piece, call):
    usage = protocol_of(pull.account).usage_of_month
    _fetch_amounts(pull, piece, call, usage, lambda told: compare_months(pull.account, told, pull.day, call.now()))


def _fetch_amounts(pull, piece, call, usage, take):
    """Ask for the usage of a piece's cards, and take what is told in the transaction that ends the piece."""
    rows = lines_of(pull, piece).values_list("card", "card__iccid", "card__msisdn", "card__imsi", "seen_code")
    sims, rest_after = _as_many_as_asked([Sim(*row) for row in rows], size_of(pull), lambda sim: sim.key)
    told = _told(pull, piece, call, len(sims), lambda: usage(call, call.access, sims, pull.day))
    if told is not None:
        with transaction.atomic():
            finish_piece(pull, piece, take(_of_these_sims(told, sims)), call.now(), rest_after)


def _of_these_sims(told, sims):
    """What is told of cards that still have the SIM that was asked for; they keep it until the transaction ends."""
    cards = Card.objects.filter(pk__among=[sim.key for sim in sims]).order_by("pk").select_for_update(of=("self",))
    now = dict(cards.values_list("pk", "iccid"))
    return [each for each, sim in zip(told, sims, strict=True) if now[sim.key] == sim.iccid]


def _fetch_states(pull, piece, call):
    """Look at each card of a piece, for a comparison of all."""
    lines = list(lines_of(pull, piece).select_related("account", "card"))
    lines, rest_after = _as_many_as_asked(lines, size_of(pull), lambda line: line.card_id)
    sims = list(map(sim_of, lines))
    ask = protocol_of(pull.account).ask
    is_thorough = _has_time_for_all(pull)
    looks = _told(pull, piece, call, len(sims), lambda: ask(call, call.access, sims, is_thorough))
    if looks is None:
        return
    take_looks(list(map(LookAtCard, lines, looks)), call.now(), is_reconciling=True)
    seen = sum(isinstance(look, Seen | Missing) for look in looks)
    with transaction.atomic():
        finish_piece(pull, piece, CameOfPiece(told=seen, missing=len(looks) - seen), call.now(), rest_after)


def _has_time_for_all(pull):
    """Whether a night is long enough to ask for more than the states of so many cards."""
    return pull.total * _CALLS_OF_A_THOROUGH_LOOK <= _NIGHT_S * float(setting_of(pull.account, "qps"))


def _fetch_changed(pull, piece, call):
    """Have the cards of a page looked at; numbers of no card of ours are strangers."""
    protocol, since = protocol_of(pull.account), _since(pull)
    told = _told(pull, piece, call, 1, lambda: [protocol.changed(call, call.access, since, piece.after)])
    if told is None:
        return
    (listing,) = told
    page = listing.cursor if listing.cursor != piece.after else ""
    with transaction.atomic():
        cards = _cards_by_number([number for number in listing.numbers if len(number) <= WHOLE_ICCID])
        _note_strangers(pull.account, cards, call.now())
        keys = [key for found in cards.values() for key in found]
        ask_soon(Line.objects.filter(account=pull.account, card__among=keys).values_list("pk", flat=True))
        finish_piece(pull, piece, CameOfPiece(told=len(listing.numbers), page=page), call.now())


def _since(pull):
    """When the last list before this one was begun; the first one tells of a day."""
    lists = Pull.objects.filter(account=pull.account, kind=PullKind.CHANGED, ended_at__isnull=False)
    last = lists.order_by("-began_at").first()
    return last.began_at - _OVERLAP if last else pull.began_at - timedelta(days=1)


def _cards_by_number(numbers):
    """The keys of the cards that each number may mean: an ICCID, an MSISDN or an IMSI."""
    found = ids_by_iccid(numbers)
    others = [number for number in numbers if not found[number]]
    for card in Card.objects.filter(Q(msisdn__in=others) | Q(imsi__in=others)).only("pk", "msisdn", "imsi"):
        for number in (card.msisdn, card.imsi):
            if number in found:
                found[number].append(card.pk)
    return found


def _note_strangers(account, cards, now):
    standing = Drift.objects.open().filter(account=account, kind=DriftKind.STRANGER, number__in=list(cards))
    known = set(standing.values_list("number", flat=True))
    for number, found in cards.items():
        if not found:
            drifts.stranger(account, number, now)
        elif number in known:
            drifts.agrees(account, DriftKind.STRANGER, now, number=number)


def _told(pull, piece, call, number, ask):
    """What a carrier says of so many cards; None where the call failed, and the piece is to be tried again."""
    if not number:
        return []
    answers = answers_to(ask, call, number)
    note_the_account(pull.account, call, answers, call.now())
    failed = [answer for answer in answers if isinstance(answer, _FAILURES)]
    faulty = next((answer for answer in failed if isinstance(answer, AccountFault)), None)
    if faulty or len(failed) == number:
        _put_back(pull, piece, faulty or failed[0], call)
        return None
    return answers


def _put_back(pull, piece, failure, call):
    now, why = call.now(), call.masked(failure.text or failure.code) or OwnWords.NO_ANSWER
    if isinstance(failure, Busy | AccountFault):
        wait_s = max(getattr(failure, "after", 0), float(setting_of(pull.account, "retry_s")))
        let_piece_wait(pull, piece, why, now, wait_s)
    elif isinstance(failure, TurnedDown):
        halve_piece(pull, piece, why, now)
    else:
        try_piece_again(pull, piece, why, now)


def _as_many_as_asked(rows, size, key_of):
    """As many as a call takes, and the key of the last one where there are more: cards were put on it meanwhile."""
    return rows[:size], str(key_of(rows[size - 1])) if len(rows) > size else ""


_FETCHES = {
    PullKind.USAGE_DAY: _fetch_usage,
    PullKind.USAGE_CYCLE: _fetch_usage,
    PullKind.USAGE_MONTH: _fetch_months,
    PullKind.STATES: _fetch_states,
    PullKind.CHANGED: _fetch_changed,
}
