"""China Telecom's old door, m2m_ec: GET over plain HTTP, with a signature and a password in a weak cipher.

Only for accounts to which Telecom gave nothing else.
"""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.carriers.protocols.port import Call, Field, secret
from cards.carriers.protocols.reading import told_amount
from cards.carriers.protocols.str_enc import str_enc
from cards.carriers.protocols.telecom import (
    BUSY_THERE,
    Parameters,
    Telecom,
    TelecomReply,
    addresses_of_pushes,
    reply_of,
)
from cards.carriers.results import Access, AccountFault, CallFailed, NoAmount, Sim, UsageTold

M2M_PATH = "/m2m_ec/query.do"
LENGTH_OF_KEY = 9
SIGNED_BY_SETTING = ("startDate", "endDate")
UNSIGNED = ("needDtl", "queryDropCard")
WRONG_SIGNATURE = "-3"


def keys_of(key: str) -> tuple[str, str, str]:
    """The three keys of the cipher."""
    return key[:3], key[3:6], key[6:]


def signed_text(values: Iterable[str]) -> str:
    """What is enciphered as the signature: an empty value stands first, so the text may begin with a comma."""
    return ",".join(sorted(values, key=lambda value: value.encode("utf-16-be", "surrogatepass")))


class M2M(Telecom):
    NAME = "m2m"
    LABEL = gettext_lazy("China Telecom m2m_ec (the old door)")
    FIELDS = (
        Field("user_id", gettext_lazy("user at Telecom")),
        secret("password", gettext_lazy("password at Telecom")),
        secret("key", gettext_lazy("key of nine characters")),
        addresses_of_pushes(),
    )
    USAGE_AT_ONCE = 1
    IS_PLAIN_HTTP = True

    def complaint(self, fields: Mapping[str, str], secrets: Mapping[str, str]) -> str:
        if len(secrets.get("key", "")) != LENGTH_OF_KEY:
            return _("The key that Telecom gives for this protocol has nine characters.")
        return super().complaint(fields, secrets)

    def is_known_there(self, sim: Sim) -> bool:
        return True

    def asked(self, call: Call, access: Access, sim: Sim, method: str, parameters: Parameters = ()) -> TelecomReply:
        number = ("access_number", sim.msisdn) if sim.msisdn else ("iccid", sim.iccid)
        password, keys = access.secrets["password"], keys_of(access.secrets["key"])
        unsigned = UNSIGNED if access.settings["sign_dates"] == "yes" else (*UNSIGNED, *SIGNED_BY_SETTING)
        signed = [value for name, value in parameters if name not in unsigned]
        text = signed_text([number[1], access.fields["user_id"], password, method, *signed])
        query = (
            ("method", method),
            ("user_id", access.fields["user_id"]),
            number,
            *parameters,
            ("passWord", str_enc(password, *keys)),
            ("sign", str_enc(text, *keys)),
        )
        reply = reply_of(call("GET", M2M_PATH, query=query))
        if reply.code == WRONG_SIGNATURE:
            raise CallFailed(AccountFault(reply.code, reply.text))
        return reply

    def state(self, call: Call, access: Access, sim: Sim) -> TelecomReply:
        """Whoever does not ask for cancelled cards is not told of them. Whether that wish is signed, nobody says, so it
        is made only where the plain question found nothing."""
        reply = self.asked(call, access, sim, "queryCardMainStatus")
        if reply.rows.get("productinfo") or reply.code == BUSY_THERE:
            return reply
        try:
            dropped = super().state(call, access, sim)
        except CallFailed:
            return reply
        return dropped if dropped.rows.get("productinfo") else reply

    def usage(self, call: Call, access: Access, sims: Sequence[Sim], day: date) -> list[UsageTold]:
        return [self._traffic(call, access, sim, day, day, day) for sim in sims]

    def usage_of_month(self, call: Call, access: Access, sims: Sequence[Sim], month: date) -> list[UsageTold]:
        last = month.replace(day=calendar.monthrange(month.year, month.month)[1])
        return [self._traffic(call, access, sim, month, last, None) for sim in sims]

    def _traffic(self, call: Call, access: Access, sim: Sim, first: date, last: date, day: date | None) -> UsageTold:
        dates = (("startDate", f"{first:%Y%m%d}"), ("endDate", f"{last:%Y%m%d}"))
        reply = self.asked(call, access, sim, "queryTrafficByDate", (*dates, ("needDtl", "0")))
        if not reply.is_ok:
            return NoAmount(sim, reply.text)
        return told_amount(sim, reply.values.get("total_bytes_cnt"), "", reply.heard_at, day=day)
