from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class SimportalConfig(AppConfig):
    name = "simportal"
    verbose_name = _("Portal")


class PortalAdminConfig(admin_apps.AdminConfig):
    """Django's admin with our site as the default one, so that `@admin.register` registers there."""

    default = False
    default_site = "simportal.admin_site.PortalAdminSite"
