"""The one door: the password, and after it the second step of those who have one or must have one."""

from django.contrib import auth, messages
from django.contrib.auth.views import LoginView
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cards.actions import throttle
from cards.actions.audit import record
from cards.choices import AuditAction
from cards.links import secret_in
from cards.pages.frames import public_page
from cards.people import devices, second_factor, sessions
from cards.people.forms import CodeForm, LoginForm

PENDING = "at the second step"
SECONDS_FOR_CODE = 300  # between the password and the code
SECONDS_FOR_SET_UP = 1800  # in which somebody finds an authenticator app


class LoginDoor(LoginView):
    """Asks for the password; by it alone nobody is logged in who has a second step, or must set it up first."""

    authentication_form = LoginForm

    def form_valid(self, form):
        user, target = form.get_user(), self.get_success_url()
        if second_factor.is_on(user):
            return _wait(self.request, user, target, "account:code", SECONDS_FOR_CODE)
        if sessions.must_take_two_steps(user):
            return ask_to_set_up(self.request, user, target)
        sessions.log_in(self.request, user)
        return devices.with_cookie(redirect(target), user)


def ask_to_set_up(request, user, target):
    """Somebody whose password was right sets up the second step first, and does nothing else before."""
    return _wait(request, user, target, "account:set-up", SECONDS_FOR_SET_UP)


@require_http_methods(["GET", "HEAD", "POST"])
def known_device(request):
    """The page behind the link that people get while strangers guess at their password: theirs is not slowed down."""
    if request.method != "POST":
        return public_page(request, "account/known_device.html")
    user, device = devices.of_link(secret_in(request.POST.get("link", "")))
    if device is None:
        return public_page(request, "account/known_device.html", {"is_over": True}, status=404)
    messages.success(request, _("Log in here now: on this device nobody gets in your way."))
    return devices.with_cookie(redirect("admin:login"), user, device)


@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request):
    """The code of the authenticator app, or a recovery code, of somebody whose password was right a moment ago."""
    user, target = waiting(request)
    if not user or not second_factor.is_on(user):
        return redirect("admin:login")
    form = CodeForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        may_try = throttle.hit(throttle.SECOND_FACTOR, user.pk)
        if may_try and second_factor.is_right(user, form.cleaned_data["code"]):
            throttle.reset(throttle.SECOND_FACTOR, user.pk)
            enter(request, user)
            return devices.with_cookie(redirect(target), user)
        record(AuditAction.CODE_WRONG, by=user, about=user)
        form.add_error("code", _("Wrong code. After five failed attempts, wait 15 minutes."))
    return public_page(request, "account/code.html", {"form": form}, status=422 if form.errors else None)


def waiting(request):
    """(who is at the second step, where they want to go); nobody if it took too long, or if the password, the second
    step or anything else that ends a session was changed meanwhile."""
    pending = request.session.get(PENDING)
    if not pending or pending["until"] < timezone.now().timestamp():
        return None, ""
    user = auth.load_backend(sessions.BACKEND).get_user(pending["user"])
    is_as_before = user and constant_time_compare(pending["proof"], _proof(user))
    return (user, pending["next"]) if is_as_before else (None, "")


def enter(request, user):
    """Log in somebody who has taken both steps."""
    del request.session[PENDING]
    sessions.log_in(request, user, in_two_steps=True)


def _wait(request, user, target, page, seconds):
    """Nobody is logged in meanwhile, and the session has a new key: whoever knew the old one does not wait along."""
    if auth.SESSION_KEY in request.session:
        auth.logout(request)
    request.session.cycle_key()
    request.session[PENDING] = {
        "user": user.pk,
        "proof": _proof(user),
        "until": timezone.now().timestamp() + seconds,
        "next": target,
    }
    return redirect(page)


def _proof(user):
    return f"{user.get_session_auth_hash()} {sessions.times_ended(user)}"
