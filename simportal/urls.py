from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from simportal import health, views
from simportal.dashboard import dashboard

urlpatterns = [
    path("", views.home, name="home"),
    path("console/", dashboard, name="dashboard"),
    path("console/", include("cards.urls")),
    path("console/", include("billing.urls")),
    path("pay/", include("billing.pay_urls")),
    path("my/", include("billing.my_urls")),
    path("my/", include("cards.my_urls")),
    path("admin/", admin.site.urls),
    path("logout/", LogoutView.as_view(), name="logout"),  # the admin's own lets only staff out
    path("i18n/", include("django.conf.urls.i18n")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
