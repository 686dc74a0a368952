"""A payment provider that a test plays: it says of payments and refunds what the test has told it to."""

from datetime import timedelta
from decimal import Decimal

from billing.actions import orders
from billing.choices import OrderKind, PaymentWay
from billing.models import ProviderAccount
from billing.payments import PROVIDERS
from billing.payments.port import Begun, Facts, Provider, RefundFacts, RefundSaid, Reply, Said
from cards.calendar import this_moment
from cards.ciphers import enciphered
from tests.billing import build as b

ACCOUNT = "played-1"


class Played(Provider):
    """What it says is in `said` (of payments), `of_refunds` and `began`; an exception there is raised. `calls` is what
    it was asked."""

    name = "played"
    label = "Played"
    ways = (PaymentWay.PAGE, PaymentWay.QR, PaymentWay.WAP, PaymentWay.JSAPI)

    def __init__(self):
        self.calls = []
        self.said = Said.OPEN
        self.began = Begun(address="https://pay.example/1")
        self.closes = None
        self.refunds = RefundFacts(RefundSaid.DONE, "R1")
        self.of_refunds = RefundFacts(RefundSaid.DONE, "R1")

    def openid_url(self, merchant, return_url, state):
        return f"https://open.example/?back={return_url}&state={state}"

    def openid_of(self, call, merchant, code):
        return self._answer("openid", f"openid of {code}")

    def begin(self, call, merchant, wanted):
        self.wanted_payment = wanted
        return self._answer("begin", self.began)

    def read(self, merchant, body, headers, now):
        """It sends a bare word, of no payment of ours."""
        return Facts(f"{body.decode()} {now}", self.wanted_payment.key, Said(body.decode()), Decimal(1), "T0", {})

    def reply(self, problem=""):
        return Reply(200 if not problem else 400, problem or "ok")

    def ask(self, call, merchant, wanted):
        said = self._answer("ask", self.said)
        return Facts(f"ask:{wanted.key.hex}:{said}", wanted.key, said, wanted.amount, f"T{wanted.key.hex[:8]}", {})

    def close(self, call, merchant, wanted):
        self._answer("close", self.closes)

    def refund(self, call, merchant, wanted):
        self.wanted = wanted
        return self._answer("refund", self.refunds)

    def ask_refund(self, call, merchant, wanted):
        return self._answer("ask_refund", self.of_refunds)

    def _answer(self, what, answer):
        self.calls.append(what)
        if isinstance(answer, Exception):
            raise answer
        return answer


def played(monkeypatch):
    """The provider and its account, in use."""
    provider = Played()
    monkeypatch.setitem(PROVIDERS, Played.name, provider)
    ProviderAccount.objects.create(name=ACCOUNT, protocol=Played.name, is_on=True, secrets=enciphered({}))
    return provider


def due_again(row, after=timedelta(0)):
    """The row, of which it is so long since it fell due."""
    type(row).objects.filter(pk=row.pk).update(ask_at=this_moment() - after)
    return type(row).objects.get(pk=row.pk)


def guest_order(cards, kind=OrderKind.RENEWAL, **more):
    """A placed order of somebody without an account."""
    return orders.place(b.drafted(kind, cards, is_guest=True, **more), user=None)
