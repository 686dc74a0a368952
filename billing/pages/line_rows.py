"""The lines of an order as a file, with what became of each, in the reader's language."""

from django.db.models import Exists, OuterRef
from django.http import Http404
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from billing.errors import MoneyRefused
from billing.pages.order_page import LINE_FILTERS, shown_lines
from cards.files.writing import as_text
from cards.models import PlanBook
from cards.pages.downloads import csv_response

LINES_PER_FETCH = 2_000


def lines_file(order, show, visible, *, by):
    """The lines that `show` asks for; an address that asks for something else is not found.

    `visible` are the cards that the reader may see: of one that is somebody else's by now the MSISDN is left out.
    """
    if show not in LINE_FILTERS:
        raise Http404
    headings = ["ICCID", "MSISDN", _("Plan"), _("Price"), _("State"), _("Reason"), _("How to fix it")]
    lines = shown_lines(order, show).select_related("card", "plan").order_by("number")
    lines = lines.annotate(is_visible=Exists(visible.filter(pk=OuterRef("card"))))
    name = _("order-{number}").format(number=order.number)
    return csv_response(name, headings, _rows(lines, get_language()), by=by, customer=order.customer)


def _rows(lines, language):
    plans = PlanBook()
    for line in lines.iterator(LINES_PER_FETCH):
        with override(language):
            why = line.refused and MoneyRefused.read(line.refused, plans)
            yield [
                as_text(line.card.iccid) if line.card else "",
                as_text(line.card.msisdn) if line.card and line.is_visible else "",
                line.plan.code if line.plan else "",
                line.unit_price,
                line.get_state_display(),
                why.sentence if why else "",
                why.way_out if why else "",
            ]
