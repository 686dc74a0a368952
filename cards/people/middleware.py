"""Around every page: whose it is, and how somebody whose session is over finds back to it."""

from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from cards.log_context import note
from cards.pages.frames import SAFE
from cards.people.sessions import user_of
from cards.visitors import warn_of_proxies


def people(get_response):
    """Innermost, so that no view asks a session that is over, and that what is said here is shown after the login."""

    def answer(request):
        warn_of_proxies(request.META)
        request.user = SimpleLazyObject(lambda: _user_noted(request))
        response = get_response(request)
        return _way_back(request) if _asks_to_log_in(request, response) else response

    return answer


def _user_noted(request):
    """From then on the log says who it was, by the key."""
    user = user_of(request)
    note(user=user.pk)
    return user


def _asks_to_log_in(request, response):
    """What a link cannot ask for again: a form that was sent, or a part of a page."""
    is_plain = request.method in SAFE and not request.htmx
    return not is_plain and getattr(response, "url", "").startswith(f"{reverse('admin:login')}?")


def _way_back(request):
    """To the login, and from there to the page that somebody had before them; they are told what was not saved."""
    if request.method not in SAFE:
        messages.warning(request, _("You are no longer logged in, so this was not saved. Log in and enter it again."))
    login = redirect_to_login(_page_of(request), reverse("admin:login"))
    return HttpResponseClientRedirect(login.url) if request.htmx else login


def _page_of(request):
    """The page that was open when this was asked for, as far as it is one of ours."""
    url = request.htmx.current_url or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure()):
        return request.get_full_path()
    return urlsplit(url)._replace(scheme="", netloc="", fragment="").geturl()
