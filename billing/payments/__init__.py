"""Those who take money online for the dealer, each behind the same port (`port.py`).

To add one: a module here with a `PROVIDER`, called as its accounts are to call it; `CONTRIBUTING.md` says what else it
takes.
"""

from importlib import import_module
from pkgutil import iter_modules

from billing.payments.port import Provider

NOT_PROVIDERS = {"port", "ways", "wire"}

PROVIDER_NAMES = [module.name for module in iter_modules(__path__) if module.name not in NOT_PROVIDERS]
PROVIDERS: dict[str, Provider] = {name: import_module(f"{__name__}.{name}").PROVIDER for name in PROVIDER_NAMES}
