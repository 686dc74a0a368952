"""What `check --deploy` finds wrong with an installation, beside what Django finds."""

from django.conf import settings
from django.core.checks import Tags, Warning, register


@register(Tags.security, deploy=True)
def portal_url_is_set(app_configs, **kwargs):
    if settings.PORTAL_URL:
        return []
    said = "PORTAL_URL is not set, so no mail is sent, and there are no labels and no invitation links."
    return [Warning(said, hint="Set it to where people reach the portal: https://sim.example.cn.", id="simportal.W001")]


@register(Tags.security, deploy=True)
def proxies_are_counted(app_configs, **kwargs):
    if settings.PROXIES:
        return []
    said = "PROXIES is 0, so behind a proxy all visitors share one address and its 50 wrong passwords."
    hint = "Set it to how many proxies of yours stand before the portal: 1 behind nginx alone."
    return [Warning(said, hint=hint, id="simportal.W002")]


@register(Tags.security, deploy=True)
def staff_log_in_in_two_steps(app_configs, **kwargs):
    if settings.STAFF_TOTP == "required":
        return []
    said = "STAFF_TOTP is optional, so a guessed password is enough to work as one of the staff."
    return [Warning(said, hint="Leave it out: in service it is required.", id="simportal.W003")]
