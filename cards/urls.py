from django.urls import path

from cards.views import card_list, console_cards, console_sweep

app_name = "console"

urlpatterns = [
    path("cards/", card_list.card_list, name="card-list"),
    path("cards/<str:iccid>/", console_cards.card_page, name="card"),
    path("cards/<str:iccid>/<str:action>/", console_cards.card_act, name="card-act"),
    path("sweep/", console_sweep.sweep_page, name="sweep"),
    path("sweep/unpark/<str:iccid>/", console_sweep.unpark, name="unpark"),
    path("sweep/release/", console_sweep.release, name="release"),
]
