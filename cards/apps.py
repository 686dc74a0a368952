from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class CardsConfig(AppConfig):
    name = "cards"
    verbose_name = _("SIM cards")

    def ready(self):
        from cards.audit_log import bring_source
        from cards.laying import clear
        from cards.pages.log_sources import AuditEntries, CardRecords, JobSteps, Nights
        from cards.triggers import install_triggers
        from cards.turns import queue

        for source in (CardRecords(), JobSteps(), Nights(), AuditEntries()):
            bring_source(source)

        connection_created.connect(queue)
        post_migrate.connect(install_triggers, sender=self)
        pre_migrate.connect(clear, sender=self)
