"""The pages of everybody's own account, below /account/: for members and staff alike."""

from django.urls import path

from cards.people.views import account, join, login

app_name = "account"

urlpatterns = [
    path("", account.account, name="account"),
    path("password/", account.Password.as_view(), name="password"),
    path("two-factor/", account.two_factor, name="two-factor"),
    path("two-factor/codes/", account.new_codes, name="recovery-codes"),
    path("two-factor/off/", account.two_factor_off, name="two-factor-off"),
    path("code/", login.second_step, name="code"),
    path("new/", join.new_account, name="new"),
]
