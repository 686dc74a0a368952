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
        from cards.carriers.pages.account_settings import SETTING_WORDS
        from cards.carriers.pages.step_column import StepColumn
        from cards.carriers.protocols.port import COMMON_SETTINGS
        from cards.columns.declared import bring_column
        from cards.filters import bring_filter
        from cards.pages.audit_lines import bring_settings

        bring_accounts(LineAccounts())
        bring_handover(RulesOfCustomers())
        bring_filter("step", StepFilter())
        bring_column(StepColumn())
        bring_settings(
            "carriers.carrieraccount", {setting.name: setting.label for setting in COMMON_SETTINGS}, SETTING_WORDS
        )
