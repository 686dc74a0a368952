"""Those who take money online for the dealer, each behind the same port (`port.py`).

To add one: a module here with a `Provider`, and a line in `PROVIDERS`; `docs/money.md` says what else it takes.
"""

from billing.payments import local

PROVIDERS = {local.NAME: local.Local()}
