from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Billing")

    def ready(self):
        from billing.triggers import install_money_triggers

        # SQLite drops a table's triggers whenever a migration rebuilds the table: they are laid anew each time.
        post_migrate.connect(install_money_triggers, sender=self)
