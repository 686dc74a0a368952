"""The addresses of the API."""

from django.urls import path

from simportal.api.views import reference
from simportal.api.views.v1.api import api

urlpatterns = [
    path("", reference.reference_page, name="api-reference"),
    path("problems/<slug:code>", reference.problem_page, name="api-problem"),
    path("v1/", api.urls),
]
