"""A dealer's portal beside a provider of ours: an account there, orders to be paid, and the door of notifications."""

from dataclasses import astuple
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit

from django.test import Client
from django.utils import timezone

from billing import proof
from billing.actions import orders, payments
from billing.actions.providers import reach_account
from billing.choices import OrderKind, PaymentWay
from billing.models import Notification, PayerRefund, Payment, ProviderAccount, UnmatchedPayment
from cards.calendar import as_of, civil_today
from cards.ciphers import enciphered
from tests.billing import build as b
from tests.build import card_in_use, member
from tests.commands.calls import run

HOST = "https://sim.example.cn"
PRICE = Decimal("30.00")
WAYS = {"wechat": PaymentWay.QR, "alipay": PaymentWay.PAGE}  # that of a computer
NOTHING, SOLD = {}, {"providers": -PRICE, "revenue": PRICE}  # what the books may stand at
DAY = timedelta(days=1)
BILLS = {"wechat": {"payments": "trade", "money": "fund"}, "alipay": {"payments": "trade", "money": "signcustomer"}}
PAYER = {"payer_address": "203.0.113.7", "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}


def an_account(fake, name="pay1", **columns):
    """The dealer's account at this provider, in use."""
    told = {"protocol": fake.NAME, "base_url": fake.base_url, "fields": fake.fields, "is_on": True} | columns
    return ProviderAccount.objects.create(name=name, secrets=enciphered(fake.secrets), **told)


def through(client):
    """Bring notifications to the portal by this client: (status, body) of what it says."""

    def deliver(message):
        answer = client.generic(
            "POST", urlsplit(message.url).path, message.body, content_type=message.content_type, headers=message.headers
        )
        return answer.status_code, answer.content

    return deliver


class Shop:
    def __init__(self, fake, name="pay1"):
        self.fake = fake
        self.account = an_account(fake, name)
        fake.deliver = through(Client(enforce_csrf_checks=True, raise_request_exception=False))
        b.price("Y1-30", PRICE)
        self.owner = member()

    def order(self, is_guest=False):
        """An order of ¥30.00 that waits to be paid, by its owner or by a guest."""
        cards = [card_in_use(civil_today(), customer="Acme")]
        if is_guest:
            return b.placed(OrderKind.RENEWAL, cards, is_guest=True)
        return b.placed(OrderKind.RENEWAL, cards, user=self.owner)

    def start(self, order=None, way=None):
        """A payment that is started, of a new order where none is given."""
        order, how = order or self.order(), {"provider": self.account.name, "way": way or WAYS[self.fake.NAME]}
        if order.is_guest:
            return payments.start_guest_payment(order, **how)
        return payments.start_payment(order, user=self.owner, **how)

    def begin(self, order=None, way=None):
        """A payment that its payer sees at the provider."""
        payment = payments.begin_payment(self.start(order, way), **PAYER)
        self.open(payment)
        return payment

    def open(self, payment):
        """The payer goes where the portal leads them."""
        if payment.begun["address"] and self.fake.NAME == "alipay":
            assert self.fake.visit(payment.begun["address"]) == 302

    def paid(self, **told):
        """A payment that was made, of which the portal was told."""
        payment = self.begin(**told)
        self.fake.pay(payment.key)
        assert self.fake.tell(payment.key).is_taken
        return payment

    def paid_too_late(self):
        """A guest's payment that comes when its order is over."""
        payment = self.begin(self.order(is_guest=True))
        orders.expire_unpaid(timezone.now() + timedelta(days=1))
        self.fake.pay(payment.key)
        assert self.fake.tell(payment.key).is_taken
        return payment

    def work(self, after=timedelta(0), failed=0):
        """Whatever is due is asked for and sent, so much later; the command says how many refunds failed."""
        with as_of(timezone.now() + after):
            ended = run("payments", "work", "--until-settled")
        told = f"Refunds that their provider does not make: {failed}\n" if failed else ""
        assert (ended.code, ended.err) == (int(failed > 0), told), ended

    def bill(self, kind, day):
        """The lines of the provider's bill of a day, as the port has them; None where it has none of that day."""
        provider, merchant, call = reach_account(self.account)
        kind = BILLS[self.fake.NAME][kind]
        assert kind in provider.bill_kinds
        document = provider.bill(call, merchant, kind, day)
        return [astuple(row) for row in provider.read_bill(kind, document)] if document else None

    def stands(self, payment):
        """Where a payment and its order stand."""
        payment = Payment.objects.select_related("order").get(pk=payment.pk)
        return payment.state, payment.order.state

    def outcomes(self):
        """What was made of each notification, the first one first."""
        return list(Notification.objects.order_by("pk").values_list("outcome", flat=True))

    def suspense(self):
        """What waits to be cleared: why, and how much."""
        return list(UnmatchedPayment.objects.waiting().order_by("pk").values_list("why", "amount"))

    def refunds(self):
        return list(PayerRefund.objects.order_by("pk").values_list("cause", "amount", "state"))

    def is_proved(self):
        return [problem.message for problem in proof.problems()] == []


def stands(shop, payment):
    """State of the payment and its order, the books, what was made of each notification."""
    return *shop.stands(payment), b.books(), shop.outcomes()
