"""The living token of an account: one for all workers, because a new one may end the one before it.

It is kept enciphered in the account's row. Whoever renews it says so there first, so nobody else does, and no
transaction is open meanwhile. At half of its time it is renewed while the others go on with the old one; once it was
refused they wait for the new one.
"""

from datetime import timedelta

from cards.carriers.models import CarrierAccount
from cards.ciphers import deciphered, enciphered
from cards.errors import NothingHeard

_RENEWING = timedelta(seconds=45)  # a login takes less, whatever becomes of it
_WAIT_S = 0.1
_SHORTEST_TTL_S = 1


class AccountTokens:
    """What `Call.token` and `Call.renewed` of one account rest on."""

    def __init__(self, account, protocol, clock):
        self._rows = CarrierAccount.objects.filter(pk=account.pk)
        self._protocol, self._clock = protocol, clock

    def living(self, call):
        """The token; a new one where there is none, or where half of its time is over and nobody else renews it."""
        waits_until = self._clock.now() + _RENEWING
        while self._clock.now() < waits_until:
            kept, renew_at = self._row()
            is_due = renew_at is None or renew_at <= self._clock.now()
            if is_due and self._claimed(kept, renew_at):
                return self._new(call, kept)
            if kept:
                return _read(kept)
            self._clock.sleep(_WAIT_S)
        raise NothingHeard("no token")

    def renewed(self, call, refused):
        """A token other than this one."""
        kept, renew_at = self._row()
        if kept and _read(kept) == refused:
            # Without a token, and due: one of those who were refused renews it, the others wait.
            self._rows.filter(token=kept, token_renew_at=renew_at).update(token="", token_renew_at=None)
        return self.living(call)

    def _row(self):
        return self._rows.values_list("token", "token_renew_at").get()

    def _claimed(self, kept, renew_at):
        now = self._clock.now()
        return bool(self._rows.filter(token=kept, token_renew_at=renew_at).update(token_renew_at=now + _RENEWING))

    def _new(self, call, kept):
        try:
            token = self._protocol.login(call, call.access)
        except BaseException:
            self._rows.filter(token=kept).update(token_renew_at=self._clock.now())
            raise
        half = timedelta(seconds=max(_SHORTEST_TTL_S, float(token.ttl_s)) / 2)
        self._rows.update(token=enciphered({"token": token.text}), token_renew_at=self._clock.now() + half)
        return token.text


def _read(kept):
    return deciphered(kept)["token"]
