"""Around every operation that acts: an `Idempotency-Key`, and one answer to it."""

from functools import wraps

from django.db import transaction
from django.http import HttpResponse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from simportal.api.actions import kept_answers
from simportal.api.errors import Problem
from simportal.api.pages.problems import answer_to

HEADER = "Idempotency-Key"
LONGEST = 255
KEPT_HEADERS = ("Content-Type", "Location", "ETag")
DESCRIBED = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "description": gettext_noop(
        "What you choose once for this request: sent again, it is answered the same and done once."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"},
}


def exactly_once(view):
    """The view does what it does once for each key, and in one transaction with its answer."""

    @wraps(view)
    def answered(request, *args, **kwargs):
        asked = (request.auth.customer, request.method, request.path, _key(request))
        row = kept_answers.claim_answer(*asked, _digest(request.body))
        if row.is_given:
            return _again(row)
        try:
            with transaction.atomic():
                kept_answers.lock_answer(row)
                response = _of(view, request, *args, **kwargs)
                headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
                kept_answers.keep_answer(row, response.status_code, headers, response.content.decode())
        except BaseException:
            kept_answers.forget_answer(row)
            raise
        return response

    answered._asks_idempotency_key = True
    return answered


def _of(view, *args, **kwargs):
    """The answer; where it is a refusal, of what was begun nothing stays."""
    try:
        with transaction.atomic():
            return view(*args, **kwargs)
    except Problem as error:
        if error.passes:
            raise
        return answer_to(error)


def _digest(body):
    """Keyed: a body may say an ID number, which a plain digest would let somebody guess."""
    return salted_hmac("simportal.api.body", body, algorithm="sha256").hexdigest()


def _key(request):
    key = request.headers.get(HEADER, "")
    if not key:
        sentence = _("Send an Idempotency-Key with this request: any text that you use for no other request.")
        raise Problem(400, "idempotency_key_missing", sentence)
    if len(key) > LONGEST or not all("!" <= letter <= "~" for letter in key):
        sentence = _("The Idempotency-Key has 1 to {most} printable ASCII characters and no blank.")
        raise Problem(400, "idempotency_key_invalid", sentence.format(most=LONGEST))
    return key


def _again(row):
    response = HttpResponse(row.body, status=row.status, headers=row.headers)
    response.headers["Idempotent-Replayed"] = "true"
    return response
