"""What `check --deploy` finds wrong with an installation, beside what Django finds."""

from django.conf import settings
from django.core.checks import Tags, Warning, register


@register(Tags.security, deploy=True)
def portal_url_is_set(app_configs, **kwargs):
    if settings.PORTAL_URL:
        return []
    said = "PORTAL_URL is not set, so no mail is sent, and there are no labels and no invitation links."
    return [Warning(said, hint="Set it to where people reach the portal: https://sim.example.cn.", id="simportal.W001")]
