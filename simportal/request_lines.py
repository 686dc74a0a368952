"""Each request has a number, under which all lines of the log about it are found, and one line when it is answered."""

import logging
import re
import time
import uuid

from django.conf import settings
from django.core.signals import request_finished

from cards.identifiers import iccid_in
from cards.log_context import forget_facts, note
from simportal.request_times import is_of_no_person

logger = logging.getLogger(__name__)

REQUEST_NUMBER = re.compile(r"[0-9A-Za-z-]{8,64}")


def request_lines(get_response):
    """Outermost, so that whatever answers is told of."""

    def answer(request):
        began = time.monotonic()
        forget_facts()
        request.number = _number(request.META)
        note(request=request.number)
        response = get_response(request)
        response.headers["X-Request-ID"] = request.number
        if not is_of_no_person(request):
            _tell(request, response, began)
        return response

    answer.process_view = note_route
    return answer


def _number(meta):
    """What the nearest proxy calls it, where there is one; else a new one."""
    said = meta.get("HTTP_X_REQUEST_ID", "")
    return said if settings.PROXIES and REQUEST_NUMBER.fullmatch(said) else uuid.uuid4().hex


def note_route(request, view, args, kwargs):
    """The pattern of the address alone: a path may have a link's secret in it, a query what people search for."""
    note(route=route_of(request))
    if card := iccid_in(kwargs.get("iccid", "")):
        note(card=card)


def route_of(request):
    """The pattern that an address belongs to; "" for none."""
    return f"/{request.resolver_match.route}" if request.resolver_match else ""


def _tell(request, response, began):
    """`ms` is how long it took until the answer began; a download goes on after that."""
    told = {"method": request.method, "status": response.status_code, "ms": round((time.monotonic() - began) * 1000)}
    level = logging.WARNING if response.status_code >= 500 else logging.INFO
    logger.log(level, "%s %s %s", request.method, route_of(request) or "?", response.status_code, extra=told)


request_finished.connect(lambda **_: forget_facts(), weak=False, dispatch_uid=__name__)  # a download ends then, too
