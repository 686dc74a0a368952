"""Pieces of a pull: each is one worker's for a while, and what is not done is handed out again.

A piece is done in the transaction of what came of it, so it counts once, whatever moment a worker dies at. One that
fails is tried again, with growing waits, while others are asked for; what fails by itself is halved until the card that
breaks the call stands alone.
"""

import uuid
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Case, Q, Value, When

from cards.calendar import add_months, civil_today
from cards.carriers.choices import PullKind
from cards.carriers.models import Line, Pull
from cards.carriers.protocols import protocol_of, setting_of
from cards.carriers.results import LONGEST_WORDS
from cards.choices import State
from cards.leases import Lost

HELD_FOR = timedelta(minutes=2)  # longer than any call takes, a login included
MOST_FAILING = 8  # pieces of a pull; until one of them is done no new one is begun
MOST_PIECES = 64  # of a pull, when nobody knows whether it is a card or the carrier that fails
TRIES_TOGETHER = 3  # before a piece is halved
TRIES_ALONE = 10  # of a single card, which then counts as missing
LONGEST_WAIT_S = 1800
STRAY_USAGE_MONTHS = 3  # for which a cancelled card is still asked for

# What a page waits for comes first, and of several days the latest.
URGENCY = Case(When(kind=PullKind.STATES, then=Value(2)), When(kind=PullKind.CHANGED, then=Value(1)), default=Value(0))


@dataclass(frozen=True)
class PullPiece:
    """The cards behind one key up to another, or a page of a list. `at` is until when `held_by` has it, or, held by
    nobody, when it is tried again.
    """

    after: str
    through: str = ""
    held_by: str = ""
    at: str = ""
    tries: int = 0


@dataclass(frozen=True)
class CameOfPiece:
    """So many cards were `told`, `missing`, `refused`; of a list, the page behind it. `why` is a carrier's word."""

    told: int = 0
    missing: int = 0
    refused: int = 0
    why: str = ""
    page: str = ""


def due_pulls(account, now):
    """The pulls of an account for which something is to be done, the most urgent first."""
    return Pull.objects.filter(account=account, next_at__lte=now).order_by(URGENCY, "-day", "round", "pk")


def lines_of(pull, piece):
    """The lines of a piece, in the order of their cards."""
    through = Q(card__gt=int(piece.after or 0), card__lte=int(piece.through))
    return _asked_for(pull).filter(through).order_by("card")


def _asked_for(pull):
    """Usage is asked of the lines of cards that the carrier knows, and that were not cancelled long ago."""
    lines = Line.objects.filter(account=pull.account)
    if pull.kind == PullKind.STATES:
        return lines
    lately = add_months(civil_today(), -STRAY_USAGE_MONTHS)
    return lines.filter(~Q(card__state=State.CANCELLED) | Q(card__cancel_on__gte=lately), missing_at=None)


def size_of(pull):
    """How many cards a piece has: as many as a call of the protocol takes, and the account allows."""
    protocol = protocol_of(pull.account)
    most = protocol.ASKED_AT_ONCE if pull.kind == PullKind.STATES else protocol.USAGE_AT_ONCE
    return max(1, min(int(setting_of(pull.account, "batch")), most))


def hand_out(account, now):
    """A piece for whoever asks, of the account's most urgent pull, as (pull, piece); None if there is none just now.

    A pull of which all is done ends here.
    """
    while True:
        with transaction.atomic():
            pull = due_pulls(account, now).select_for_update(skip_locked=True, of=("self",)).first()
            if pull is None:
                return None
            piece = _waiting(pull, now) or _next(pull)
            held = piece and replace(piece, held_by=uuid.uuid4().hex, at=(now + HELD_FOR).isoformat())
            pull.began_at = pull.began_at or now
            if held:
                _put(pull, piece, held)
            _save(pull, now)
        if held:
            return pull, held


def finish_piece(pull, piece, came, now, rest_after=""):
    """Note in the transaction of its effect that a piece is done, or all of it up to the card `rest_after`.

    Raises `Lost` where another worker has it by now.
    """
    pull = _locked(pull, piece)
    _put(pull, piece, *([PullPiece(rest_after, piece.through, at=now.isoformat())] if rest_after else []))
    pull.told += came.told
    pull.missing += came.missing
    pull.refused += came.refused
    pull.why = came.why[:LONGEST_WORDS] or pull.why
    if pull.kind == PullKind.CHANGED:
        pull.cursor, pull.is_all_out = came.page, not came.page
    _save(pull, now)


@transaction.atomic
def let_piece_wait(pull, piece, why, now, wait_s):
    """It was not the piece's fault that nothing came of it: it is tried again after some seconds, as if never tried."""
    row = _locked(pull, piece)
    row.why = why[:LONGEST_WORDS]
    _put(row, piece, _free(piece, now, wait_s))
    _save(row, now)


@transaction.atomic
def try_piece_again(pull, piece, why, now):
    """Nothing was heard of a piece that can be understood. Nobody knows whether that is its fault."""
    row, piece_before = _locked(pull, piece), piece
    row.why, piece = why[:LONGEST_WORDS], replace(piece, tries=piece.tries + 1)
    halves = _halves(row, piece, now) if piece.tries >= TRIES_TOGETHER and len(row.pieces) < MOST_PIECES else []
    if halves:
        _put(row, piece_before, *halves)
    elif piece.tries >= TRIES_ALONE and _is_one_card(row, piece):
        _miss(row, piece_before)
    else:
        wait_s = min(float(setting_of(row.account, "retry_s")) * 2 ** (piece.tries - 1), LONGEST_WAIT_S)
        _put(row, piece_before, _free(piece, now, wait_s))
    _save(row, now)


@transaction.atomic
def halve_piece(pull, piece, why, now):
    """A piece was turned down as a whole: each half is asked for alone, and a single card is missing."""
    row = _locked(pull, piece)
    row.why = why[:LONGEST_WORDS]
    halves = _halves(row, piece, now)
    if halves or not _is_one_card(row, piece):
        _put(row, piece, *(halves or [_free(piece, now, float(setting_of(row.account, "retry_s")))]))
    else:
        _miss(row, piece)
    _save(row, now)


@transaction.atomic
def give_up_pull(pull, why, now):
    """What was not told by now cannot be asked for any more: it is missing."""
    row = Pull.objects.select_for_update().get(pk=pull.pk)
    row.why, row.pieces, row.is_all_out = why[:LONGEST_WORDS], [], True
    row.total = max(row.total, row.told + row.missing)
    row.missing = row.total - row.told
    _save(row, now)


def pieces_of(pull):
    return [PullPiece(**piece) for piece in pull.pieces]


def _locked(pull, piece):
    row = Pull.objects.select_for_update(of=("self",)).select_related("account").get(pk=pull.pk)
    if piece not in pieces_of(row):
        raise Lost
    return row


def _waiting(pull, now):
    """A piece that failed, or whose worker is gone, and that may be tried now."""
    return next((piece for piece in pieces_of(pull) if datetime.fromisoformat(piece.at) <= now), None)


def _next(pull):
    """The piece behind the cursor; none if all are out, or too many fail."""
    if not _goes_on(pull):
        return None
    if pull.kind == PullKind.CHANGED:
        return PullPiece(pull.cursor)
    lines, size = _asked_for(pull), size_of(pull)
    if not pull.cursor:
        pull.total = lines.count()
    keys = lines.filter(card__gt=int(pull.cursor or 0)).order_by("card").values_list("card", flat=True)[:size]
    keys = list(keys)
    pull.is_all_out = len(keys) < size
    if not keys:
        return None
    piece = PullPiece(pull.cursor, str(keys[-1]))
    pull.cursor = piece.through
    return piece


def _goes_on(pull):
    """Whether there is a piece behind the cursor to be begun. Of a list, its last page says where the next begins."""
    if pull.is_all_out or pull.kind == PullKind.CHANGED:
        return not pull.is_all_out and not pull.pieces
    return sum(piece.tries > 0 for piece in pieces_of(pull)) < MOST_FAILING


def _is_one_card(pull, piece):
    return pull.kind != PullKind.CHANGED and lines_of(pull, piece).count() <= 1


def _halves(pull, piece, now):
    keys = [] if pull.kind == PullKind.CHANGED else list(lines_of(pull, piece).values_list("card", flat=True))
    if len(keys) < 2:
        return []
    middle = str(keys[len(keys) // 2 - 1])
    return [_free(half, now) for half in (replace(piece, through=middle), replace(piece, after=middle))]


def _free(piece, now, wait_s=0):
    return replace(piece, held_by="", at=(now + timedelta(seconds=wait_s)).isoformat())


def _miss(pull, piece):
    pull.missing += lines_of(pull, piece).count()
    _put(pull, piece)


def _put(pull, piece, *instead):
    """Put other pieces in the place of one."""
    others = [other for other in pieces_of(pull) if (other.after, other.through) != (piece.after, piece.through)]
    pull.pieces = [asdict(each) for each in (*instead, *others)]


def _save(pull, now):
    """Write the pull, with when there is something to be done about it; one of which all is done ends."""
    pieces = pieces_of(pull)
    pull.failed = max((piece.tries for piece in pieces), default=0)
    if _goes_on(pull):
        pull.next_at = min(now, pull.next_at or now)
    elif pieces:
        pull.next_at = min(datetime.fromisoformat(piece.at) for piece in pieces)
    else:
        pull.next_at, pull.ended_at, pull.total = None, now, pull.told + pull.missing
    pull.save()
