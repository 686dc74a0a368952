"""The one door: the password, and after it the second factor of those who have one."""

import time

from django.contrib import auth
from django.contrib.auth.views import LoginView
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cards.actions import throttle
from cards.models import Person
from cards.pages.frames import public_page
from cards.people import second_factor
from cards.people.forms import CodeForm, LoginForm

PENDING = "at the second step"
SECONDS_FOR_CODE = 300  # between the password and the code


class LoginDoor(LoginView):
    """Asks for the password; somebody with a second factor is not logged in by it, and is asked for the code."""

    authentication_form = LoginForm

    def form_valid(self, form):
        user = form.get_user()
        if not Person.objects.filter(user=user).exclude(totp_secret="").exists():
            return super().form_valid(form)
        self.request.session[PENDING] = {
            "user": user.pk,
            "backend": user.backend,
            "hash": user.get_session_auth_hash(),
            "until": time.time() + SECONDS_FOR_CODE,
            "next": self.get_success_url(),
        }
        return redirect("account:code")


@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request):
    """The code of the authenticator app, or a recovery code, of somebody whose password was right a moment ago."""
    pending = request.session.get(PENDING)
    user = pending and _user(pending)
    if not user:
        return redirect("admin:login")
    form = CodeForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        may_try = throttle.hit(throttle.SECOND_FACTOR, user.pk)
        if may_try and second_factor.is_right(user, form.cleaned_data["code"]):
            throttle.reset(throttle.SECOND_FACTOR, user.pk)
            del request.session[PENDING]
            auth.login(request, user, backend=pending["backend"])
            return redirect(pending["next"])
        form.add_error("code", _("Wrong code. After five failed attempts, wait 15 minutes."))
    return public_page(request, "account/code.html", {"form": form}, status=422 if form.errors else None)


def _user(pending):
    """Who is at the second step; nobody if it took too long, or the password was changed meanwhile."""
    if pending["until"] < time.time():
        return None
    user = auth.get_user_model().objects.filter(pk=pending["user"], is_active=True).first()
    return user if user and constant_time_compare(pending["hash"], user.get_session_auth_hash()) else None
