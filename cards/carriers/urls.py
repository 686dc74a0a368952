"""The carriers in the console, below /console/carriers/."""

from django.urls import path

from cards.carriers.views.console import accounts, differences

app_name = "carriers"

urlpatterns = [
    path("", accounts.account_list, name="accounts"),
    path("accounts/<int:pk>/", accounts.account_page, name="account"),
    path("drift/", differences.difference_list, name="drift"),
]
