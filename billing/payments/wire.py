"""How a payment provider is called over HTTP; of it a log has where, when and how long, and nothing else."""

import logging
import time
from urllib.parse import urlsplit

from django.utils import timezone

from cards.calling import exchange
from cards.quantities import MB

logger = logging.getLogger(__name__)

LONGEST_BILL = 64 * MB


class ProviderCall:
    """The `HttpCall` that a provider is given, to its account's address."""

    def __init__(self, merchant):
        self.merchant = merchant

    def __call__(self, method, path, *, base_url="", body=None, headers=None, longest=0):
        where, began = base_url or self.merchant.base_url, time.monotonic()
        sent = {"Accept-Encoding": "identity", "User-Agent": "simportal", **(headers or {})}
        try:
            answer = exchange(where, method, path, body, sent, longest=longest or MB)
        except Exception as error:
            self._note(method, path, began, type(error).__name__)
            raise
        self._note(method, path, began, answer[0])
        return answer

    def now(self):
        return timezone.now()

    def _note(self, method, path, began, outcome):
        ms = round((time.monotonic() - began) * 1000)
        told = (method, urlsplit(path).path, self.merchant.name, outcome, ms)
        logger.info("Payment provider: %s %s of %s: %s, %s ms", *told)
