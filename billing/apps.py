from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Billing")

    def ready(self):
        from billing.actions.merging import Money
        from billing.models import MoneyRules
        from billing.not_paid import not_paid
        from billing.pages.log_changes import TermsChanges
        from billing.triggers import install_money_triggers
        from cards.actions.fleet_snapshot import bring_figure
        from cards.actions.jobs.merge import bring_handover
        from cards.audit_log import bring_source
        from cards.laying import clear
        from cards.pages.label_drawing import bring_dealer_name

        bring_handover(Money())
        bring_dealer_name(lambda: MoneyRules.read().seller)
        bring_source(TermsChanges())
        bring_figure("not_paid", not_paid)

        post_migrate.connect(install_money_triggers, sender=self)
        pre_migrate.connect(clear, sender=self)
