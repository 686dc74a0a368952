from django.urls import path

from cards.views import console_sweep

app_name = "console"

urlpatterns = [
    path("sweep/", console_sweep.sweep_page, name="sweep"),
    path("sweep/unpark/<str:iccid>/", console_sweep.unpark, name="unpark"),
]
