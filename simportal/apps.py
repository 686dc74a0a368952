from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SimportalConfig(AppConfig):
    name = "simportal"
    verbose_name = _("Portal")
