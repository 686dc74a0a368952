"""How an account is set, as people read it: what its carrier gave it, and how it is used."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from cards.actions.accounts_elsewhere import kept_secrets
from cards.carriers.protocols import PROTOCOLS, setting_of, settings_of

MAY_CHANGE_ACCOUNTS = "carriers.change_carrieraccount"  # which nobody can be given: superusers make accounts
SETTING_WORDS = {
    "number": pgettext_lazy("setting", "the whole number"),
    "data": pgettext_lazy("setting", "only its data"),
    "cst": pgettext_lazy("setting", "China time"),
    "utc": "UTC",
    "yes": pgettext_lazy("setting", "yes"),
    "no": pgettext_lazy("setting", "no"),
    "on": pgettext_lazy("setting", "yes"),
    "off": pgettext_lazy("setting", "no"),
    "apply": pgettext_lazy("setting", "at once"),
    "propose": pgettext_lazy("setting", "after approval"),
}


@dataclass(frozen=True)
class SettingTold:
    """A setting and its value; `is_usual` where nobody has set another than the protocol's careful one."""

    name: str
    label: str
    value: object
    is_usual: bool


def setting_word(value):
    """A value of a setting as people read it: a number stands for itself."""
    return SETTING_WORDS.get(value, value)


def settings_told(account):
    """The fields and settings of an account; of a secret no more than whether it is there."""
    protocol = PROTOCOLS.get(account.protocol)
    if protocol is None:
        return {"fields": [], "settings": []}
    kept = account.fields | dict.fromkeys(kept_secrets(account), _("set"))
    return {
        "fields": [(field.label, kept.get(field.name, _("not set"))) for field in protocol.FIELDS],
        "settings": [
            SettingTold(name, setting.label, setting_word(setting_of(account, name)), name not in account.settings)
            for name, setting in settings_of(protocol).items()
        ],
    }
