from django.urls import path

from billing.views import pay

app_name = "pay"

urlpatterns = [
    path("<uuid:key>/", pay.payment_page, name="page"),
    path("<slug:provider>/notify/", pay.notify, name="notify"),
]
