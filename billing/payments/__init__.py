"""Those who take money online for the dealer, each behind the same port (`port.py`).

To add one: a module here with a `Provider`, and a line in `PROVIDERS`; `docs/money.md` says what else it takes.
"""

from billing.payments import local

PROVIDERS = {local.NAME: local.Local()}


def label_of(name):
    """What people call a provider; one that is no longer here keeps its bare name."""
    return PROVIDERS[name].label if name in PROVIDERS else name
