from django.urls import path

from cards.views import card_list, console_cards, console_sweep, saved_views

app_name = "console"

urlpatterns = [
    path("cards/", card_list.card_list, name="card-list"),
    path("cards/<str:iccid>/", console_cards.card_page, name="card"),
    path("cards/<str:iccid>/<str:action>/", console_cards.card_act, name="card-act"),
    path("views/", saved_views.saved_views, name="views"),
    path("views/<int:pk>/", saved_views.open_view, name="view"),
    path("views/<int:pk>/edit/", saved_views.edit_view, name="view-edit"),
    path("views/<int:pk>/delete/", saved_views.delete_view, name="view-delete"),
    path("sweep/", console_sweep.sweep_page, name="sweep"),
    path("sweep/unpark/<str:iccid>/", console_sweep.unpark, name="unpark"),
    path("sweep/release/", console_sweep.release, name="release"),
]
