"""The pages of everybody's own account, below /account/: for members and staff alike."""

from django.urls import path

from cards.people.views import account, join, login, two_factor

app_name = "account"

urlpatterns = [
    path("", account.account, name="account"),
    path("password/", account.Password.as_view(), name="password"),
    path("sessions/end/", account.end_sessions, name="end-sessions"),
    path("two-factor/", two_factor.two_factor, name="two-factor"),
    path("two-factor/codes/", two_factor.new_codes, name="recovery-codes"),
    path("two-factor/off/", two_factor.two_factor_off, name="two-factor-off"),
    path("two-factor/first/", two_factor.set_up, name="set-up"),
    path("known/", login.known_device, name="known-device"),
    path("code/", login.second_step, name="code"),
    path("new/", join.new_account, name="new"),
    path("join/", join.join_as_staff, name="join"),
]
