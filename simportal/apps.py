from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps as admin_apps
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from simportal import checks  # noqa: F401 -- they register themselves


class SimportalConfig(AppConfig):
    name = "simportal"
    verbose_name = _("Portal")

    def ready(self):
        post_migrate.connect(give_roles_their_permissions, sender=self)
        if settings.SENTRY_DSN:
            from simportal.sentry import start_sentry

            start_sentry(settings.SENTRY_DSN)


class PortalAdminConfig(admin_apps.AdminConfig):
    """Django's admin with our site as the default one, so that `@admin.register` registers there."""

    default = False
    default_site = "simportal.admin_site.PortalAdminSite"


def _migrations_are_left(using):
    executor = MigrationExecutor(connections[using])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def give_roles_their_permissions(using="default", apps=None, **_):
    """On a new database Django makes each app's permissions later than this is called: so they are asked for here."""
    from django.apps import apps as installed
    from django.contrib.auth.management import create_permissions

    from simportal.roles import sync_roles

    apps = apps or installed
    if _migrations_are_left(using):
        return  # what a role may is known once all of them have run
    for label in ("auth", "billing", "bills", "carriers", "cards", "api"):
        create_permissions(installed.get_app_config(label), verbosity=0, using=using, apps=apps)
    sync_roles()
