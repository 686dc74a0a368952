"""The addresses of the API."""

from django.urls import path

from simportal.api.views.v1.api import api

urlpatterns = [path("v1/", api.urls)]
