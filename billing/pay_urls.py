from django.urls import path

from billing.views import pay

app_name = "pay"

urlpatterns = [
    path("<uuid:key>/", pay.payment_page, name="page"),
    path("<uuid:key>/begin/", pay.begin_anew, name="begin"),
    path("<uuid:key>/openid/", pay.openid, name="openid"),
    path("<slug:provider>/notify/", pay.notify, name="notify"),
]
