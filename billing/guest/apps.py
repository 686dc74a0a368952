from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GuestConfig(AppConfig):
    name = "billing.guest"
    label = "guest"
    verbose_name = _("Renewal without an account")
