"""The customers' own pages, below /my/."""

from django.urls import path

from cards.views import my_home

app_name = "my"

urlpatterns = [
    path("", my_home.home, name="home"),
]
