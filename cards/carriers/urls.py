"""The carriers in the console, below /console/carriers/."""

from django.urls import path

from cards.carriers.views.console import account_form, accounts, card_orders, differences, job_orders
from cards.carriers.views.real_name import CONSOLE_LINKS

app_name = "carriers"

urlpatterns = [
    path("", accounts.account_list, name="accounts"),
    path("new/", account_form.new_carrier_account, name="account-new"),
    path("accounts/<int:pk>/", accounts.account_page, name="account"),
    path("accounts/<int:pk>/edit/", account_form.edit_account, name="account-edit"),
    path("accounts/<int:pk>/try/", account_form.try_account, name="account-try"),
    path("accounts/<int:pk>/by-hand.csv", accounts.by_hand_list, name="by-hand"),
    path("cards/<str:iccid>/", card_orders.card_orders, name="card-orders"),
    path("cards/<str:iccid>/real-name-link/", CONSOLE_LINKS.page, name="real-name-link"),
    path("cards/<str:iccid>/retire/<str:step>/", card_orders.retiring_step, name="retiring-step"),
    path("cards/<str:iccid>/<str:step>/", card_orders.line_step, name="line-step"),
    path("jobs/<int:pk>/", job_orders.job_orders, name="job-orders"),
    path("drift/", differences.difference_list, name="drift"),
    path("drift.csv", differences.difference_csv, name="drift-csv"),
    path("drift/<str:step>/", differences.decide_differences, name="drift-decide"),
    path("comparisons/<int:pk>/release/", differences.release_held_comparison, name="release-comparison"),
]
