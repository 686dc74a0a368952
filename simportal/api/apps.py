from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    name = "simportal.api"
    label = "api"
    verbose_name = _("Open API")

    def ready(self):
        from cards.actions.jobs.merge import bring_handover
        from simportal.api.actions.merging import Programs
        from simportal.api.actions.retention import API_KINDS
        from simportal.api.models import Endpoint
        from simportal.enciphered import bring_secrets
        from simportal.retention import bring_kinds

        bring_handover(Programs())
        bring_kinds(API_KINDS)
        bring_secrets(Endpoint)
