"""Those who take money online for the dealer, each behind the same port (`port.py`).

To add one: a module here with a `PROVIDER`, called what `PAYMENT_PROVIDER` and the database are to call it;
`CONTRIBUTING.md` says what else it takes.
"""

from importlib import import_module
from pkgutil import iter_modules

from django.conf import settings

PROVIDER_NAMES = [module.name for module in iter_modules(__path__) if module.name != "port"]
PROVIDERS = {name: import_module(f"{__name__}.{name}").PROVIDER for name in PROVIDER_NAMES}


def provider_in_use():
    """The name of the provider that takes payments now; None where nobody does, and no button may lead to one."""
    return settings.PAYMENT_PROVIDER if settings.PAYMENT_PROVIDER in PROVIDERS else None


def provider_label(name):
    """What people call a provider; one that is no longer here keeps its bare name."""
    return PROVIDERS[name].label if name in PROVIDERS else name
