"""The keys of one's own customers, below /my/."""

from django.urls import path

from simportal.api.views.my import keys

app_name = "my-api"

urlpatterns = [
    path("keys/", keys.keys, name="keys"),
    path("keys/of/<int:pk>/", keys.keys_of_customer, name="keys-of"),
    path("keys/<int:pk>/revoke/", keys.revoke_own_key, name="key-revoke"),
]
