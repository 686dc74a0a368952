"""A payment provider on paper: an account of it needs one of each kind of field, and its payments begin at once."""

from billing.actions.payments import believe
from billing.choices import PaymentWay
from billing.payments.port import AccountField, Begun, Facts, Provider, ProviderRefused, Said
from cards.errors import NothingHeard


class Paper(Provider):
    """What it does when a payment begins is what the account's `shop` says: `refuses`, or `is silent`."""

    name = "paper"
    label = "Paper pay"
    base_url = "https://api.paper.example"
    ways = (PaymentWay.PAGE, PaymentWay.QR)
    fields = (
        AccountField("shop", "shop"),
        AccountField("corner", "corner", is_optional=True),
        AccountField("their_key", "their key", is_text=True),
        AccountField("seal", "seal", is_secret=True),
        AccountField("our_key", "our key", is_secret=True, is_text=True, is_optional=True),
    )

    def complaint(self, merchant):
        return "" if len(merchant.secrets["seal"]) >= 8 else "A seal has eight letters or more."

    def begin(self, call, merchant, wanted):
        if merchant.fields["shop"] == "refuses":
            raise ProviderRefused("NO_SHOP", "no such shop")
        if merchant.fields["shop"] == "silent":
            raise NothingHeard
        return Begun(address=f"{merchant.base_url}/{wanted.key.hex}")


def said_paid(payment, reference="4711"):
    """The provider has said that it is paid."""
    facts = Facts(f"n{reference}", payment.key, Said.PAID, payment.amount, reference, {})
    return believe(payment.provider, facts)
