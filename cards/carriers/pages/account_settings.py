"""How an account is set, as people read it: what its carrier gave it, and how it is used."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from cards.carriers.protocols import PROTOCOLS, setting_of, settings_of


@dataclass(frozen=True)
class SettingTold:
    """A setting and its value; `is_usual` where nobody has set another than the protocol's careful one."""

    name: str
    label: str
    value: object
    is_usual: bool


def settings_told(account):
    """The fields and settings of an account; of a secret no more than whether it is there."""
    protocol = PROTOCOLS.get(account.protocol)
    if protocol is None:
        return {"fields": [], "settings": []}
    is_set = _("set") if account.secrets else _("not set")
    values = account.fields
    return {
        "fields": [(each.label, is_set if each.is_secret else values.get(each.name, "")) for each in protocol.FIELDS],
        "settings": [
            SettingTold(name, setting.label, setting_of(account, name), name not in account.settings)
            for name, setting in settings_of(protocol).items()
        ],
    }
