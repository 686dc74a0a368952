from django.contrib import admin
from django.urls import include, path

from simportal import health, views
from simportal.dashboard import dashboard

urlpatterns = [
    path("", views.home, name="home"),
    path("console/", dashboard, name="dashboard"),
    path("console/", include("cards.urls")),
    path("console/", include("billing.urls")),
    path("pay/", include("billing.pay_urls")),
    path("my/", views.my, name="my"),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
