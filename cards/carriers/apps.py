from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CarriersConfig(AppConfig):
    name = "cards.carriers"
    label = "carriers"
    verbose_name = _("Carriers")

    def ready(self):
        from cards.actions.imports.card_accounts import bring_accounts
        from cards.actions.jobs.merge import bring_handover
        from cards.carriers.actions.assigning import LineAccounts, RulesOfCustomers
        from cards.carriers.filters import StepFilter
        from cards.carriers.pages.step_column import StepColumn
        from cards.columns.declared import bring_column
        from cards.filters import bring_filter

        bring_accounts(LineAccounts())
        bring_handover(RulesOfCustomers())
        bring_filter("step", StepFilter())
        bring_column(StepColumn())
