"""What is sent has to be text: what no page could read is refused before any page has it, in a sentence."""

import codecs
import re
from itertools import chain
from urllib.parse import unquote_to_bytes

from cards.paging import key_in
from cards.quantities import whole
from simportal.answers import FOR_PROGRAMS
from simportal.refusals import DAMAGED, MISFITTING, NO_WAY_ON, NOT_TEXT, NOT_UTF_8, OTHER_CHARSET

NUL = "\x00"
FORM, FORM_WITH_FILES = "application/x-www-form-urlencoded", "multipart/form-data"
# Where a form or an address says which page comes next: a path of ours, which no browser takes for another site's.
WAY_ON = "next"
CHOSEN = "_selected_action"  # the rows that are ticked in the admin, which takes them for numbers unseen
WEB_ADDRESS = re.compile(r"https?://[^\s]+")
OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def readable(get_response):
    """Stands where the form has been taken in, and before anybody reads it."""

    def pass_on(request):
        forget_odd_referer(request)
        refusal = wrong_with_address(request)
        return refusal.answer(request) if refusal else get_response(request)

    pass_on.process_view = taken_as_text
    return pass_on


def forget_odd_referer(request):
    """Whoever switches the language is led back to where the browser says they were; no browser says `:`."""
    if not WEB_ADDRESS.fullmatch(request.META.get("HTTP_REFERER", "")):
        request.META.pop("HTTP_REFERER", None)


def taken_as_text(request, view, args, kwargs):
    """None, or why the form cannot be read. What programs send, who bring no form of ours, their view reads itself."""
    is_form = request.method == "POST" and request.content_type in (FORM, FORM_WITH_FILES)
    refusal = is_form and not getattr(view, "csrf_exempt", False) and wrong_with_form(request)
    return refusal.answer(request) if refusal else None


def wrong_with_address(request):
    """Why the path, the query or the cookies cannot be read, or the form not be counted; None where they can."""
    if whole(request.META.get("CONTENT_LENGTH") or "0") is None:
        return DAMAGED
    if not is_utf_8(request.content_params.get("charset", "utf-8")):
        return OTHER_CHARSET
    query = unquote_to_bytes(request.META.get("QUERY_STRING", "").encode("latin-1", "replace"))
    if NUL in request.path_info or b"\x00" in query or any(NUL in value for value in request.COOKIES.values()):
        return NOT_TEXT
    if not can_be_decoded(query):
        return NOT_UTF_8
    leads_on = not request.path_info.startswith(FOR_PROGRAMS)  # there `next` is a place in a list
    return wrong_with_way_on(request.GET) if leads_on else None


def wrong_with_form(request):
    if request.content_type == FORM and not can_be_decoded(unquote_to_bytes(request.body)):
        return NOT_UTF_8
    names = (file.name for files in request.FILES.lists() for file in files[1])
    texts = chain(chain.from_iterable((name, *values) for name, values in request.POST.lists()), names, request.FILES)
    if any(NUL in text for text in texts):
        return NOT_TEXT
    is_misfitting = any(key_in(text) is None for text in request.POST.getlist(CHOSEN))
    return MISFITTING if is_misfitting else wrong_with_way_on(request.POST)


def wrong_with_way_on(parameters):
    given = parameters.getlist(WAY_ON)
    return NO_WAY_ON if any(text and not OWN_PATH.fullmatch(text) for text in given) else None


def is_utf_8(charset):
    try:
        return codecs.lookup(charset).name == "utf-8"
    except LookupError:
        return False


def can_be_decoded(content):
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
