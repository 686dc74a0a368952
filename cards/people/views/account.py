"""Everybody's own account: name, phone and e-mail, the password, and where else one is logged in."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import PasswordChangeView
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cards.actions.audit import record
from cards.choices import AuditAction
from cards.errors import BadInput
from cards.forms import say_at_field
from cards.pages.frames import frame_of, public_page
from cards.people import accounts, devices, sessions
from cards.people.forms import AccountForm, ConfirmedForm, PasswordForm


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request):
    """What somebody says of themselves, and the ways to their password, second factor and sessions."""
    form = AccountForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            accounts.change_account(request.user, **form.values())
        except BadInput as bad:
            say_at_field(form, bad)
        else:
            messages.success(request, _("Your account details have been saved."))
            return redirect("account:account")
    return _account_page(request, form if request.method == "POST" else None)


class Password(PasswordChangeView):
    """Django's own page to change the password, in our frame."""

    form_class = PasswordForm
    template_name = "account/password.html"
    success_url = reverse_lazy("account:account")

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | frame_of(self.request).context(self.request)

    def form_valid(self, form):
        messages.success(self.request, _("Your password has been changed."))
        record(AuditAction.PASSWORD_CHANGED, by=form.user, about=form.user)
        return devices.with_cookie(super().form_valid(form), form.user)


@login_required
@require_POST
def end_sessions(request):
    """Whoever else is logged in as this person is so no more; asks for the password."""
    form = ConfirmedForm(request.user, request.POST)
    if not form.is_valid():
        return _account_page(request, ending=form)
    sessions.end_others(request)
    messages.success(request, _("You are now logged out everywhere else."))
    return redirect("account:account")


def _account_page(request, form=None, ending=None):
    user, person = request.user, accounts.person_of(request.user)
    initial = {"name": user.first_name, "email": user.email, "phone": person.phone}
    has_errors = any(each and each.errors for each in (form, ending))
    context = {
        "form": form or AccountForm(user, initial=initial),
        "ending": ending or ConfirmedForm(user, auto_id="ending_%s"),
        "person": person,
    }
    return public_page(request, "account/account.html", context, status=422 if has_errors else None)
