"""Labels of the cards of a selection: A4 sheets as SVG, to be printed and stuck to what the cards are sold in."""

from dataclasses import dataclass
from itertools import chain, islice

import segno
from django.conf import settings
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods

from cards.actions import audit
from cards.actions.claim_codes import codes_of, reissue
from cards.actions.selections import ids_of
from cards.choices import AuditAction
from cards.links import portal_link
from cards.models import Card, Selection
from cards.pages.frames import console_page, permitted
from cards.quantities import whole

MAY_PRINT = "cards.print_label"

# A sheet of A4 in mm, as it is sold with 24 labels that fill it.
SHEET_WIDTH, SHEET_HEIGHT = 210, 297
LABELS_ACROSS, LABELS_DOWN = 3, 8
PER_SHEET = LABELS_ACROSS * LABELS_DOWN
SHEETS_A_PAGE = 10
PER_PAGE = PER_SHEET * SHEETS_A_PAGE

MASK = 2  # of the eight patterns of a QR code, all of which are read: to look for the best takes four times as long


@dataclass(frozen=True)
class Label:
    """What is printed of a card, and the corner of it on its sheet, in mm. `code` is empty if nobody knows it now."""

    iccid: str
    generation: int
    code: str
    square: str
    x: float
    y: float


@permitted(MAY_PRINT)
@require_http_methods(["GET", "HEAD", "POST"])
def labels_page(request, pk):
    """The sheets of a selection, ten at a time; whoever posts a card and its generation makes it a new code.

    Cards that have no code yet get one as their label is shown: it is made once, however often somebody looks.
    """
    selection = get_object_or_404(Selection, pk=pk, owner=request.user)
    pages = max(-(-selection.size // PER_PAGE), 1)
    number = whole(request.GET.get("page", "1"), 1, pages)
    if number is None:
        raise Http404
    cards = _cards(selection, number, request.user)
    if request.method == "POST":
        iccid, _space, told = request.POST.get("label", "").partition(" ")
        generation = whole(told)
        if generation is not None and any(card.iccid == iccid for card in cards):
            reissue(iccid, generation)
            audit.record(AuditAction.CODE_REPLACED, by=request.user, about=iccid)
        return redirect(f"{request.path}?page={number}")
    audit.record(AuditAction.LABELS_PRINTED, by=request.user, about=selection, rows=len(cards))
    labels = _labels(cards)
    context = {
        "selection": selection,
        "sheets": [labels[start : start + PER_SHEET] for start in range(0, len(labels), PER_SHEET)],
        "labels": labels,
        "has_address": bool(settings.PORTAL_URL),
        "unknown": [label.iccid for label in labels if not label.code],
        "number": number,
        "pages": pages,
        "before": number - 1,
        "after": number + 1 if number < pages else None,
    }
    return console_page(request, "console/labels.html", context)


def _cards(selection, number, user):
    """The cards of a page of the selection, in its order, as far as they are visible still."""
    start = (number - 1) * PER_PAGE
    ids = list(islice(chain.from_iterable(ids_of(selection)), start, start + PER_PAGE))
    return list(Card.objects.visible_to(user).filter(pk__in=ids).order_by("pk"))


def _labels(cards):
    """None where nobody has said where the portal is: a square that leads nowhere is better not printed."""
    codes = codes_of(cards) if settings.PORTAL_URL else {}
    return [
        _label(card, codes[card.pk], *divmod(place % PER_SHEET, LABELS_ACROSS))
        for place, card in enumerate(cards if codes else ())
    ]


def _label(card, code, row, column):
    """The square leads to the card's own page for people without an account, and the claim code is not in it.

    An address is kept by browsers, proxies and chats, and a label is photographed from afar; the code has to be
    typed by somebody who holds the label. Where nobody knows the address now, the page asks for the card's number.
    """
    token = code.printed_token(card.iccid)
    address = portal_link("guest:card", token) if token else portal_link("guest:home")
    square = segno.make(address, micro=False, error="m", mask=MASK)
    return Label(
        iccid=card.iccid,
        generation=code.generation,
        code=code.printed(card.iccid),
        square=mark_safe(square.svg_inline(border=0, omitsize=True)),  # paths that segno draws, of no text
        x=column * SHEET_WIDTH / LABELS_ACROSS,
        y=row * SHEET_HEIGHT / LABELS_DOWN,
    )
