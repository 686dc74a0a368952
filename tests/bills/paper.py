"""A provider whose bills are lines of text, and what tests of bills make over and over. All by actions."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from billing.actions.paying_back import pay_back
from billing.actions.payments import believe
from billing.bills.actions.fetching import bring_bill, fetch_bill
from billing.bills.actions.following import follow
from billing.bills.actions.reading import read_bill
from billing.bills.models import Bill, BillLine
from billing.choices import BillLineKind
from billing.models import Payment, ProviderAccount
from billing.payments.port import BillRow, Facts, Provider, Said
from cards.calendar import this_moment
from cards.errors import BadInput
from tests.billing import build as b

DAY = date(2026, 3, 2)
BEIJING = timedelta(hours=8)


class Paper(Provider):
    """Its bills: `trade` with payments and refunds, `fund` with payouts and fees. What it says next is in `says`."""

    name, label = "paper", "Paper"
    bill_kinds = ("trade", "fund")
    bill_after_hour = 10

    def __init__(self):
        self.says, self.asked = {}, []

    def bill(self, call, merchant, kind, day):
        self.asked.append((merchant.name, kind, day))
        answer = self.says.get((kind, day), b"")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def read_bill(self, kind, document):
        for number, text in enumerate(document.decode().splitlines(), 1):
            try:
                what, reference, key, amount, fee, at = text.split(",")
                at = datetime.fromisoformat(at)
                yield BillRow(BillLineKind(what), reference, key, Decimal(amount), Decimal(fee), at)
            except ValueError:
                raise BadInput("", f"Line {number} is none.") from None


def account(name="paper", **columns):
    return ProviderAccount.objects.create(name=name, protocol="paper", **{"is_on": True} | columns)


def moment(text, day=DAY):
    """An instant of a day by Beijing's clock: `23:59:58`."""
    return datetime.combine(day, datetime.fromisoformat(f"{day} {text}").time(), UTC) - BEIJING


def started(amount="10.00", at="12:00", day=DAY, provider="paper", name="Acme"):
    """A payment into a wallet that is under way."""
    payment = Payment.objects.create(customer=b.customer(name), provider=provider, amount=Decimal(amount))
    Payment.objects.filter(pk=payment.pk).update(started_at=moment(at, day))
    return payment


def paid(reference, amount="10.00", at="12:00", day=DAY, **more):
    """A payment into a wallet that the provider has told us of."""
    payment = started(amount, at, day, **more)
    said(payment, reference)
    Payment.objects.filter(pk=payment.pk).update(paid_at=moment(at, day))
    return Payment.objects.get(pk=payment.pk)


def said(payment, reference, amount=None, nonce=None):
    facts = Facts(nonce or f"n{reference}", payment.key, Said.PAID, amount or payment.amount, reference, {})
    return believe(payment.provider, facts).outcome


def refund_of(payment, amount, key="refund:1"):
    """Money on its way back to whoever made a payment."""
    return pay_back(payment, Decimal(amount), "refund", key)


def line(kind, reference, key="", amount="10.00", fee="0", at="12:00", day=DAY):
    """A line of a bill; `key` is a payment, a refund or a text."""
    key = getattr(key, "key", key)
    return ",".join((kind, reference, getattr(key, "hex", key), amount, fee, moment(at, day).isoformat()))


def document(*lines):
    return "\n".join(lines).encode()


def read(*lines, kind="trade", day=DAY, name="paper", user=None):
    """A bill that somebody uploads, read to its end, and all that follows from it."""
    bill = read_bill(bring_bill(name, day, kind, document(*lines), user=user))
    follow()
    return bill


def bring(name, day, kind, content):
    """A bill as its provider's website gives it, read to its end, with all that follows; as it is then."""
    bill = read_bill(bring_bill(name, day, kind, content))
    follow()
    return bill


def fetched(kind="trade", day=DAY):
    return read_bill(fetch_bill(Bill.objects.get(account="paper", kind=kind, day=day)))


def queue():
    """(what it came to, reference, amount) of what waits for somebody, in the order in which it came."""
    return [(row.verdict, row.reference, row.amount) for row in BillLine.objects.open().order_by("pk")]


def verdicts(bill):
    """(reference, what it came to, whether it is open) of the lines of a bill, in their order."""
    lines = BillLine.objects.filter(bill=bill).order_by("number", "pk")
    return [(row.reference, row.verdict, row.is_open) for row in lines]


def is_asked(payment):
    """Whether the provider is asked about it at the next turn."""
    return type(payment).objects.filter(pk=payment.pk, ask_at__lte=this_moment()).exists()
