"""Webhooks of one's own customers, below /my/."""

from django.urls import path

from simportal.api.views.my import webhooks

app_name = "webhooks"

urlpatterns = [
    path("webhooks/", webhooks.webhook_list, name="list"),
    path("webhooks/add/<int:pk>/", webhooks.add, name="add"),
    path("webhooks/<int:pk>/", webhooks.webhook_page, name="endpoint"),
    path("webhooks/<int:pk>/change/", webhooks.change, name="change"),
    path("webhooks/<int:pk>/switch/", webhooks.switch, name="switch"),
    path("webhooks/<int:pk>/test/", webhooks.test, name="test"),
    path("webhooks/<int:pk>/rotate/", webhooks.rotate, name="rotate"),
    path("webhooks/<int:pk>/delete/", webhooks.delete, name="delete"),
    path("webhooks/deliveries/<int:pk>/again/", webhooks.again, name="again"),
]
