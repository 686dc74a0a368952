"""Lists page by page, behind the row that was seen last; where the next page begins is signed and says nothing."""

from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext_lazy as _

from simportal.api.errors import invalid
from simportal.api.pages.written import json_answer

USUAL_ON_PAGE, MOST_ON_PAGE = 50, 200
_SIGNER = Signer(salt="simportal.api.next")
NOT_OURS = _("This is no place in this list: take `next` from the answer before.")


def place_in(request, name):
    """What `next` says of the list of this name: a text, or "" at its beginning. Raises `Problem` for another's."""
    text = request.GET.get("next", "")
    if not text:
        return ""
    try:
        of, _sep, place = _SIGNER.unsign(text).partition("|")
    except BadSignature:
        of, place = "", ""
    if of != f"{name}.{request.auth.customer_id}":
        raise invalid([{"pointer": "query:next", "code": "invalid", "detail": str(NOT_OURS)}])
    return place


def first_rows(rows, limit, place="pk"):
    """(up to `limit` rows, the `place` of the last one where more follow, or else None)."""
    found = list(rows[: limit + 1])
    shown = found[:limit]
    return shown, getattr(shown[-1], place) if len(found) > limit else None


def page_answer(request, name, items, after):
    """The answer with a page of a list; `after` is the place of its last row where more follow, or else None."""
    token = after and _SIGNER.sign(f"{name}.{request.auth.customer_id}|{after}")
    headers = {}
    if token:
        query = request.GET.copy()
        query["next"] = token
        headers["Link"] = f'<{request.build_absolute_uri(request.path)}?{query.urlencode()}>; rel="next"'
    return json_answer({"items": items, "next": token}, headers=headers)
