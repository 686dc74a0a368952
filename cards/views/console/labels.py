"""Labels of the cards of a selection, as SVG, to be printed and stuck to what the cards are sold in."""

from dataclasses import dataclass
from itertools import chain, islice
from urllib.parse import urlencode

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
from cards.pages.label_drawing import A4, LABEL_SIZES, LabelDrawing, dealer_name, drawn, sheets_of
from cards.quantities import whole

MAY_PRINT = "cards.print_label"

PER_PAGE = 240

MASK = 2  # of the eight patterns of a QR code, all of which are read: to look for the best takes four times as long


@dataclass(frozen=True)
class Label:
    """What is printed of a card, and the corner of it on its sheet, in mm. `code` is empty if nobody knows it now."""

    iccid: str
    generation: int
    code: str
    square: str
    drawing: LabelDrawing
    x: float
    y: float


@permitted(MAY_PRINT)
@require_http_methods(["GET", "HEAD", "POST"])
def labels_page(request, pk):
    """The sheets of a selection, 240 labels at a time; whoever posts a card and its generation makes it a new code.

    Cards that have no code yet get one as their label is shown: it is made once, however often somebody looks.
    """
    selection = get_object_or_404(Selection, pk=pk, owner=request.user)
    pages = max(-(-selection.size // PER_PAGE), 1)
    number = whole(request.GET.get("page", "1"), 1, pages)
    chosen = request.GET.get("size", A4)
    if number is None or chosen not in LABEL_SIZES:
        raise Http404
    size = LABEL_SIZES[chosen]
    cards = _cards(selection, number, request.user)
    if request.method == "POST":
        iccid, _space, told = request.POST.get("label", "").partition(" ")
        generation = whole(told)
        if generation is not None and any(card.iccid == iccid for card in cards):
            reissue(iccid, generation)
            audit.record(AuditAction.CODE_REPLACED, by=request.user, about=iccid)
        return redirect(f"{request.path}?{urlencode({'size': chosen, 'page': number})}")
    audit.record(AuditAction.LABELS_PRINTED, by=request.user, about=selection, rows=len(cards))
    labels = _labels(cards, size)
    context = {
        "selection": selection,
        "sheets": sheets_of(labels, size),
        "sizes": LABEL_SIZES,
        "chosen": chosen,
        "size": size,
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


def _labels(cards, size):
    """None where nobody has said where the portal is: a square that leads nowhere is better not printed."""
    codes, dealer = codes_of(cards) if settings.PORTAL_URL else {}, dealer_name()
    return [
        _label(card, codes[card.pk], size, dealer, place % size.per_sheet)
        for place, card in enumerate(cards if codes else ())
    ]


def _label(card, code, size, dealer, place):
    """The square leads to the card's own page for people without an account, and the claim code is not in it.

    An address is kept by browsers, proxies and chats, and a label is photographed from afar; the code has to be
    typed by somebody who holds the label. Where nobody knows the address now, the page asks for the card's number.
    """
    token = code.printed_token(card.iccid)
    address = portal_link("guest:card", token) if token else portal_link("guest:home")
    square = segno.make(address, micro=False, error="m", mask=MASK)
    printed = code.printed(card.iccid)
    return Label(
        card.iccid,
        code.generation,
        printed,
        mark_safe(square.svg_inline(border=0, omitsize=True)),  # paths that segno draws, of no text
        drawn(size, dealer, card, printed or "–"),
        *size.corner(place),
    )
