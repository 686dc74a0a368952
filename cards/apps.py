from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CardsConfig(AppConfig):
    name = "cards"
    verbose_name = _("SIM cards")

    def ready(self):
        from cards.triggers import install_triggers

        # SQLite drops a table's triggers whenever a migration rebuilds the table: they are laid anew each time.
        post_migrate.connect(install_triggers, sender=self)
