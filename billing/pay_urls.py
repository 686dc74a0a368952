from django.urls import path

from billing.views import pay

app_name = "pay"

urlpatterns = [
    path("notify/<slug:provider>/", pay.notify, name="notify"),
    path("<uuid:key>/", pay.payment_page, name="page"),
]
