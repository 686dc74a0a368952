"""What is refused whatever page it is for, each with a sentence that says what is wrong and what to do."""

from dataclasses import dataclass

from django.core.exceptions import DisallowedHost, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cards.actions import audit, throttle
from cards.actions.once import AnothersForm
from cards.choices import AuditAction
from cards.log_context import note
from cards.pages.frames import frame_of
from cards.permissions import has_role
from cards.scope import Scope
from simportal.answers import FOR_PROGRAMS, instead

HOME = _("Go to home page")
REFUSAL_PAGES = ("refused.html", "_refused.html")


@dataclass(frozen=True)
class TurnedAway:
    """An answer of its own: the code is for programs, which get JSON."""

    status: int
    code: str
    heading: Promise
    sentence: Promise
    url: str = "home"
    link: Promise = HOME

    def answer(self, request, **facts):
        """`facts` stand in the sentence. In the reader's language, also where nobody has looked for it yet."""
        note(refused=self.code)
        with translation.override(translation.get_language_from_request(request)):
            sentence = str(self.sentence).format(**facts)
            context = _around(request) | {"heading": self.heading, "url": reverse(self.url), "link": self.link}
            return instead(request, self.status, self.code, sentence, REFUSAL_PAGES, context, request)


def _around(request):
    """What stands around every page of whoever is logged in; much is refused before anybody knows who that is."""
    user = None if request.path.startswith(FOR_PROGRAMS) else getattr(request, "user", None)
    if not (user and user.is_authenticated):
        return {}
    frame = frame_of(request)
    return {"frame": frame, **frame.layout(request)}  # no way back: that may stand in a form that is not read


UNREADABLE = _("This cannot be read")
NOT_TEXT = TurnedAway(
    400,
    "nul",
    UNREADABLE,
    _("What was sent contains a NUL character, which is in no text. Remove it and send it again."),
)
NOT_UTF_8 = TurnedAway(400, "not_utf_8", UNREADABLE, _("What was sent is not UTF-8 text. Send it again as UTF-8."))
OTHER_CHARSET = TurnedAway(
    415, "charset", UNREADABLE, _("Text is only taken as UTF-8, not in another charset. Send it again as UTF-8.")
)
DAMAGED = TurnedAway(
    400, "damaged", UNREADABLE, _("The form arrived damaged or in parts. Go back and send it again; nothing was saved.")
)
MISFITTING = TurnedAway(
    400,
    "misfitting",
    UNREADABLE,
    _("What was sent does not fit this page. Go back, load the page anew and try again; nothing was saved."),
)
NO_WAY_ON = TurnedAway(
    400,
    "next",
    _("This address leads nowhere"),
    _("The page that should come next is none of this portal. Begin at the home page."),
)
OTHER_HOST = TurnedAway(
    400,
    "host",
    _("This address leads nowhere"),
    _("The portal has another name. Open it by the address you were given."),
)
NOT_ALLOWED = TurnedAway(
    403, "not_allowed", _("Not allowed"), _("Your role does not include this. Ask someone whose role allows it.")
)
NO_ROLE = TurnedAway(
    403,
    "no_role",
    _("Not allowed"),
    _("You have no role yet, so there is nothing here that you may see or do. Ask an admin to give you one."),
    url="account:account",
    link=_("Your account"),
)
ANOTHERS_FORM = TurnedAway(
    403, "anothers_form", _("Not allowed"), _("This form is somebody else's. Load the page anew and fill in your own.")
)
STALE_FORM = TurnedAway(
    403,
    "stale_form",
    _("This page is out of date"),
    _("You logged in or out since it was opened, or your browser keeps no cookies. Load the page anew and try again."),
)
NOT_FOUND = TurnedAway(
    404, "not_found", _("Page not found"), _("The address may be mistyped, or you may not have access to this page.")
)
OTHER_METHOD = TurnedAway(
    405,
    "method",
    _("Not asked for like this"),
    _("This address is not opened like this. Go back and use the button or link of the page."),
)
MUCH = _("Too much was sent at once")
TOO_LARGE = TurnedAway(
    413,
    "too_large",
    MUCH,
    _("You sent {size}, but this page takes at most {most}. Nothing was saved: send it in parts."),
)
TOO_LONG = TurnedAway(413, "too_long", MUCH, _("A field of the form is too long. Nothing was saved: send it in parts."))
TOO_MANY = TurnedAway(413, "too_many", MUCH, _("The form has too many fields. Nothing was saved: send it in parts."))

BY_ERROR = (
    (DisallowedHost, OTHER_HOST),
    (RequestDataTooBig, TOO_LONG),
    ((TooManyFieldsSent, TooManyFilesSent), TOO_MANY),
    (MultiPartParserError, DAMAGED),
    (Exception, MISFITTING),
)


def bad_request(request, exception):
    return next(refusal for kind, refusal in BY_ERROR if isinstance(exception, kind)).answer(request)


def not_allowed(request, exception):
    if isinstance(exception, AnothersForm):
        return ANOTHERS_FORM.answer(request)
    is_staff = Scope.of(request.user).is_staff
    if is_staff:
        _tell(request)
    return (NO_ROLE if is_staff and not has_role(request.user) else NOT_ALLOWED).answer(request)


def _tell(request):
    """What a role does not include and somebody of the staff tried stands in the audit list, once an hour."""
    user, page = request.user, request.path
    if throttle.hit(throttle.REFUSED_PAGES_TOLD, f"{user.pk} {page}") and throttle.hit(
        throttle.REFUSED_PAGES_OF_PERSON, user.pk
    ):
        audit.record(AuditAction.PAGE_REFUSED, by=user, about=page, method=request.method)


def nothing_here(request, exception):
    return NOT_FOUND.answer(request)


def stale_form(request, reason=""):
    return STALE_FORM.answer(request)


def worded(get_response):
    """Whoever asks in a way that a page does not know reads that too: Django's own answer says nothing."""

    def pass_on(request):
        response = get_response(request)
        if response.status_code != OTHER_METHOD.status:
            return response
        if response.content and not request.path.startswith(FOR_PROGRAMS):
            return response
        answer = OTHER_METHOD.answer(request)
        answer.headers["Allow"] = response.headers["Allow"]
        return answer

    return pass_on
