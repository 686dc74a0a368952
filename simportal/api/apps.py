from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    name = "simportal.api"
    label = "api"
    verbose_name = _("Open API")

    def ready(self):
        from cards.actions.jobs.merge import bring_handover
        from simportal.api.actions.handover import Programs

        bring_handover(Programs())
