"""What the check of a job said and what became of each card, read from its chunks: never more than a page needs.

`refusals` is the class that makes sentences of a refusal: a room above this one has more of them.
"""

from collections import Counter
from dataclasses import dataclass

from django.utils import translation

from cards.actions.jobs.bulk import EXAMPLES_PER_REASON
from cards.errors import Refused
from cards.files.writing import as_text
from cards.models import Card, JobChunk, PlanBook

PAGE = 50


@dataclass
class RefusalGroup:
    """Cards that meet the same refusal: how many, what it says, and some of them (of a check) or where they are."""

    code: str
    count: int
    refused: Refused
    cards: list
    url: str = ""


@dataclass(frozen=True)
class CardOutcome:
    """What became of one card: the number of its record, or why there is none.

    What the card is now is shown only of one that is still `is_visible` to the reader.
    """

    card: Card
    seq: int | None
    refused: Refused | None
    is_visible: bool


def groups_of_check(job, refusals=Refused):
    """The cards that cannot, by reason, the most frequent first, with a few examples each."""
    return groups_of_checks([job.pk], refusals)[job.pk]


def groups_of_checks(job_ids, refusals=Refused):
    """The same of many jobs, by their keys, with as many queries for many as for one."""
    found, plans = {pk: {} for pk in job_ids}, PlanBook()
    chunks = JobChunk.objects.filter(job__in=job_ids).order_by("job", "number")
    for pk, reasons in chunks.values_list("job", "check_result__reasons"):
        for code, (count, written, card_ids) in (reasons or {}).items():
            group = found[pk].setdefault(code, RefusalGroup(code, 0, refusals.read(written, plans), []))
            group.count += count
            group.cards += card_ids[: EXAMPLES_PER_REASON - len(group.cards)]
    every = [group for groups in found.values() for group in groups.values()]
    card_ids = [pk for group in every for pk in group.cards]
    named = dict(Card.objects.filter(pk__among=card_ids).values_list("pk", "iccid"))
    for group in every:
        group.cards = [named[pk] for pk in group.cards if pk in named]
    return {pk: _by_frequency(groups.values()) for pk, groups in found.items()}


def groups_of_result(job, url, refusals=Refused):
    """The cards to which nothing was done, by reason, the most frequent first; `url` is where each is listed."""
    counts, plans = Counter(), PlanBook()
    for reasons in job.chunks.filter(done_at__isnull=False).values_list("result__reasons", flat=True):
        counts.update(reasons or {})
    return _by_frequency(
        RefusalGroup(code, count, _example(job, code, refusals, plans), [], f"{url}?show={code}#cards")
        for code, count in counts.items()
    )


def page_of_outcomes(job, show, after, visible, refusals=Refused):
    """The outcomes that `show` asks for ("", "done", "failed" or a reason's code) behind the place `after`.

    `visible` are the cards that the reader may see. The second value is the place of the last one shown, or None if
    there are no more. A place is (chunk, card).
    """
    found = []
    for place, outcome in _outcomes(job, show, after):
        if len(found) == PAGE:
            return _with_cards([row for _place, row in found], visible, refusals), found[-1][0]
        found.append((place, outcome))
    return _with_cards([row for _place, row in found], visible, refusals), None


def failures(job, language, visible, refusals=Refused):
    """Rows for a file, chunk by chunk, in the language of who reads: ICCID, MSISDN, why nothing was done, way out.

    `visible` are the cards that the reader may see: of one that is somebody else's by now the MSISDN is left out.
    """
    plans = PlanBook()
    chunks = _chunks(job, "failed", 0).values_list("result__outcomes", flat=True)
    for rows in chunks.iterator(1):
        failed = [row for row in rows if row[2]]
        numbers = {pk: (iccid, "") for pk, iccid in _cards(failed).values_list("pk", "iccid")}
        seen = visible.filter(pk__among=list(numbers)).values_list("pk", "iccid", "msisdn")
        numbers.update({pk: said for pk, *said in seen})
        with translation.override(language):
            refused_cards = [(pk, refusals.read(written, plans)) for pk, _seq, written in failed if pk in numbers]
            lines = [[*map(as_text, numbers[pk]), refused.sentence, refused.way_out] for pk, refused in refused_cards]
        yield from lines


def _outcomes(job, show, after):
    """((chunk, card), outcome as it is kept) of what is asked for, behind a place."""
    chunks = _chunks(job, show, after[0]).values_list("number", "result__outcomes")
    for number, rows in chunks.iterator(1):
        for number_of_card, row in enumerate(rows):
            if (number, number_of_card) > after and _is_wanted(show, row):
                yield (number, number_of_card), row


def _chunks(job, show, number):
    """The chunks that are done, from this one on, in which there may be something of what is asked for."""
    chunks = job.chunks.filter(done_at__isnull=False, number__gte=number).order_by("number")
    match show:
        case "":
            return chunks
        case "done":
            return chunks.filter(result__counts__done__gt=0)
        case "failed":
            return chunks.exclude(result__reasons={})
    return chunks.filter(result__reasons__has_key=show)


def _is_wanted(show, row):
    _pk, _seq, written = row
    match show:
        case "":
            return True
        case "done":
            return not written
        case "failed":
            return bool(written)
    return _code(written) == show


def _example(job, code, refusals, plans):
    """One refusal with this code, for what it says."""
    rows = job.chunks.filter(result__reasons__has_key=code).values_list("result__outcomes", flat=True).first()
    found = (refusals.read(written, plans) for _pk, _seq, written in rows if _code(written) == code)
    return next(found, None) or refusals("unreadable", text=code)


def _code(written):
    """The code of a refusal as it is kept; none where there is no refusal, or another version's."""
    return written[0] if written and isinstance(written, list) else ""


def _with_cards(rows, visible, refusals):
    cards, plans = _cards(rows).select_related("customer").in_bulk(), PlanBook()
    seen = set(visible.filter(pk__among=list(cards)).values_list("pk", flat=True))
    return [
        CardOutcome(cards[pk], seq, written and refusals.read(written, plans), pk in seen)
        for pk, seq, written in rows
        if pk in cards
    ]


def _cards(rows):
    return Card.objects.filter(pk__among=[pk for pk, _seq, _written in rows])


def _by_frequency(groups):
    return sorted(groups, key=lambda group: -group.count)
