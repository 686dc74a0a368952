"""Webhooks of one's own customers, below /my/."""

from django.urls import path

from simportal.api.views.my import webhooks

app_name = "webhooks"

urlpatterns = [
    path("webhooks/", webhooks.webhook_list, name="list"),
    path("webhooks/add/<int:pk>/", webhooks.webhook_add, name="add"),
    path("webhooks/<int:pk>/", webhooks.webhook_page, name="endpoint"),
    path("webhooks/<int:pk>/change/", webhooks.webhook_change, name="change"),
    path("webhooks/<int:pk>/switch/", webhooks.webhook_switch, name="switch"),
    path("webhooks/<int:pk>/test/", webhooks.webhook_test, name="test"),
    path("webhooks/<int:pk>/rotate/", webhooks.webhook_rotate, name="rotate"),
    path("webhooks/<int:pk>/delete/", webhooks.webhook_delete, name="delete"),
    path("webhooks/deliveries/<int:pk>/again/", webhooks.delivery_again, name="again"),
]
