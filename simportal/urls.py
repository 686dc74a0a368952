from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from cards.carriers.views.knock import knock
from cards.carriers.views.real_name import MY_LINKS
from simportal import answers, health, metrics, password_reset, privacy, refusals, views
from simportal.dashboard import dashboard
from simportal.find import find_page

urlpatterns = [
    path("", views.to_own_door, name="home"),
    path("console/", dashboard, name="dashboard"),
    path("console/find/", find_page, name="find"),
    path("console/", include("cards.urls")),
    path("console/", include("billing.urls")),
    path("console/bills/", include("billing.bills.urls")),
    path("console/carriers/", include("cards.carriers.urls")),
    path("console/api/", include("simportal.api.console_urls")),
    path("api/", include("simportal.api.urls")),
    path("pay/", include("billing.pay_urls")),
    path("c/", include("billing.guest.urls")),
    path("carriers/<slug:push_key>/", knock, name="carrier-knock"),
    path("my/cards/<str:iccid>/real-name-link/", MY_LINKS.page, name="my-real-name-link"),
    path("my/", include("simportal.api.hook_urls")),
    path("my/", include("simportal.api.my_urls")),
    path("my/", include("billing.my_urls")),
    path("my/", include("cards.my_urls")),
    path("admin/", admin.site.urls),
    path("account/", include("cards.people.urls")),
    path("account/reset/", password_reset.request_reset, name="password_reset"),
    path("account/reset/set/", password_reset.set_password, name="password_reset_confirm"),
    path("account/data/", privacy.own_data, name="own-data"),
    path("account/data/file/", privacy.own_file, name="own-file"),
    path("account/delete/", privacy.delete_own_account, name="delete-account"),
    path("console/people/<int:pk>/reset/", password_reset.send_to_person, name="send-reset"),
    path("console/people/<int:pk>/data/", privacy.data_of_person, name="data-of-person"),
    path("console/people/<int:pk>/data/file/", privacy.file_of_person, name="file-of-person"),
    path("console/people/<int:pk>/delete/", privacy.delete_person, name="delete-person"),
    path("privacy/", privacy.what_is_kept, name="privacy"),
    path("logout/", LogoutView.as_view(), name="logout"),  # the admin's own lets only staff out
    path("i18n/", include("django.conf.urls.i18n")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]

handler500 = answers.after_a_mistake
handler400, handler403, handler404 = refusals.bad_request, refusals.not_allowed, refusals.nothing_here
