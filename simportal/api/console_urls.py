"""The keys of all customers, below /console/api/."""

from django.urls import path

from simportal.api.views.console import keys

app_name = "console-api"

urlpatterns = [
    path("keys/", keys.all_keys, name="keys"),
    path("keys/<int:pk>/revoke/", keys.revoke_any, name="key-revoke"),
]
