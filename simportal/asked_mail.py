"""Mail that a row asks for: the worker sends it, so that no page is slower for whoever is known here."""

import logging

from django.conf import settings

from cards.faults import fault_of

logger = logging.getLogger(__name__)


def _delete(row):
    return row.delete()[0]


def send_each(rows, send, take=_delete, give_back=None):
    """Send what each row asks for, the oldest first. It is taken first: nobody gets two, and who got none asks again.

    `take`, given the queryset of a row, has it ask no more, and says whether it did. What a mistake prevents is left
    out and stands in the log, and the row is given back if that can be (`give_back`); the others go on.
    """
    for row in rows.order_by("pk"):
        if take(rows.model.objects.filter(pk=row.pk)) and settings.SENDS_MAIL:
            _send(row, send, give_back)


def _send(row, send, give_back):
    try:
        send(row)
    except Exception as error:
        if give_back:
            give_back(row)
        if fault_of(error):
            raise
        logger.exception("What a row of %s asks for was not sent; the others go on", row._meta.model_name)
