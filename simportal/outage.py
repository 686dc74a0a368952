"""What the database cannot give for now, a page answers with 503 and a sentence, in whatever part of it that showed."""

import logging

from django.contrib.sessions.middleware import SessionMiddleware
from django.utils import translation
from django.utils.translation import gettext as _

from cards.faults import fault_of
from cards.log_context import log_facts, note
from cards.pages.frames import SAFE
from simportal.answers import instead
from simportal.request_lines import route_of

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 10
NOT_TO_BE_HAD = ("503.html", "_unavailable.html")


class Sessions(SessionMiddleware):
    """Django's, and with it what watches over all that stands within: views, templates, and the session's own saving.

    Nothing further out asks the database; who is logged in is asked for in a view, or never.
    """

    def process_exception(self, request, error):
        fault = fault_of(error)
        return unavailable(request, fault, error) if fault else None

    def process_response(self, request, response):
        try:
            return super().process_response(request, response)
        except Exception as error:
            if fault := fault_of(error):
                return unavailable(request, fault, error)
            raise


def unavailable(request, fault, error):
    """Says so in the reader's language and form. It asks for no session and no user: they are in the database."""
    note(fault=str(fault))
    said = (request.method, route_of(request), str(error).partition("\n")[0])
    logger.warning("%s %s: %s", *said, extra={"outage": fault})
    with translation.override(translation.get_language_from_request(request)):
        response = _drawn(request, fault)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _drawn(request, fault):
    sentence = _("This could not be done just now: {reason}.").format(reason=fault.label)
    again_url = request.get_full_path() if request.method in SAFE else ""
    context = {"again_url": again_url, "number": log_facts().get("request")}
    return instead(request, 503, str(fault), sentence, NOT_TO_BE_HAD, context)
