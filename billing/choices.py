"""The words of money: orders and their lines, accounts and entries, prices, payments and notices."""

from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cards.choices import Action


class OrderKind(TextChoices):
    """What an order sells."""

    OPENING = "opening", _("Opening plan")
    RENEWAL = "renewal", _("Renewal")
    PACK = "pack", pgettext_lazy("order", "Add-on pack")
    SALE = "sale", _("Card sale")
    ADJUSTMENT = "adjustment", _("Adjustment")


class OrderState(TextChoices):
    """How far an order has come. Paying and fulfilling are two steps, and each happens once."""

    DRAFT = "draft", pgettext_lazy("order", "Draft")
    PLACED = "placed", pgettext_lazy("order", "Placed")
    PAID = "paid", pgettext_lazy("order", "Paid")
    FULFILLED = "fulfilled", pgettext_lazy("order", "Fulfilled")
    EXPIRED = "expired", pgettext_lazy("order", "Expired")
    WITHDRAWN = "withdrawn", pgettext_lazy("order", "Cancelled")
    REFUNDED = "refunded", pgettext_lazy("order", "Refunded")


class LineState(TextChoices):
    """What became of one line of a paid order."""

    OPEN = "open", pgettext_lazy("line", "Open")
    FULFILLED = "fulfilled", pgettext_lazy("line", "Fulfilled")
    REFUNDED = "refunded", pgettext_lazy("line", "Refunded")


class Unpaid(TextChoices):
    """Why the opening of a card that its customer has is not paid."""

    NOT_ORDERED = "not_ordered", _("Opening not ordered")
    ORDERED = "ordered", _("Opening ordered, not paid")
    REFUNDED = "refunded", _("Opening refunded")


class RefundState(TextChoices):
    """How far a refund has come: `asked` waits for approval, above the set amount by a second person."""

    REQUESTED = "asked", pgettext_lazy("refund", "Pending")
    APPROVED = "approved", pgettext_lazy("refund", "Processing")
    DONE = "done", pgettext_lazy("refund", "Done")
    DECLINED = "declined", pgettext_lazy("refund", "Declined")
    EXPIRED = "expired", pgettext_lazy("approval", "Expired")


class Deed(TextChoices):
    """What takes a second person above an amount, or is kept on record with before and after (`rules`)."""

    REFUND = "refund", pgettext_lazy("entry", "Refund")
    ADJUSTMENT = "adjustment", _("Adjustment")
    RECEIPT = "receipt", _("Bank receipt")
    REVERSAL = "reversal", _("Receipt reversal")
    CLEARING = "clearing", _("Payment to clear")
    TERMS = "terms", _("Agreed terms")
    PRICE = "price", pgettext_lazy("deed", "Price")
    CANCELLING = "cancelling", pgettext_lazy("deed", "Cancellation of cards")
    RULES = "rules", _("Billing settings")
    WITHDRAWAL = "withdrawal", pgettext_lazy("entry", "Withdrawal")
    CHARGEBACK = "chargeback", pgettext_lazy("entry", "Chargeback")
    MERGE = "merge", pgettext_lazy("deed", "Merging of customers")


class ProposalState(TextChoices):
    """What became of something that takes a second person."""

    REQUESTED = "asked", pgettext_lazy("refund", "Pending")
    APPROVED = "approved", pgettext_lazy("approval", "Approved")
    DECLINED = "declined", pgettext_lazy("refund", "Declined")
    EXPIRED = "expired", pgettext_lazy("approval", "Expired")


class Account(TextChoices):
    """The accounts of the books. Wallets and receivables are kept per customer, the others once."""

    WALLET = "wallet", pgettext_lazy("account", "Wallet")
    RECEIVABLES = "receivables", pgettext_lazy("account", "Receivables")
    REVENUE = "revenue", pgettext_lazy("account", "Revenue")
    CASH = "cash", pgettext_lazy("account", "Cash")
    REFUNDS = "refunds", pgettext_lazy("account", "Refunds")
    PROVIDERS = "providers", pgettext_lazy("account", "At payment providers")
    SUSPENSE = "suspense", pgettext_lazy("account", "Suspense")
    PAYBACK = "payback", pgettext_lazy("account", "Owed to payers")
    FEES = "fees", pgettext_lazy("account", "Payment fees")
    LOSSES = "losses", pgettext_lazy("account", "Chargeback losses")


class EntryKind(TextChoices):
    """What an entry of the books records."""

    RECEIPT = "receipt", _("Bank receipt")
    ONLINE = "online", _("Online payment")
    PAYMENT = "payment", _("Order payment")
    FULFILMENT = "fulfilment", _("Service delivered")
    REFUND = "refund", pgettext_lazy("entry", "Refund")
    REVERSAL = "reversal", _("Reversal")
    SUSPENSE = "suspense", pgettext_lazy("entry", "Payment to clear")
    WITHDRAWAL = "withdrawal", pgettext_lazy("entry", "Withdrawal")
    PAID_BACK = "paid_back", pgettext_lazy("entry", "Paid back to the payer")
    CHARGEBACK = "chargeback", pgettext_lazy("entry", "Chargeback")
    FEE = "fee", pgettext_lazy("entry", "Payment fee")
    PAYOUT = "payout", pgettext_lazy("entry", "Payout of a provider")
    MERGE = "merge", pgettext_lazy("entry", "Customers merged")


class PriceKind(TextChoices):
    """Whom a price is for, or that it is what the dealer pays."""

    LIST = "list", _("List price")
    TIER = "tier", _("Tier price")
    CUSTOMER = "customer", _("Customer price")
    RETAIL = "retail", _("Retail price")
    COST = "cost", _("Cost price")


class PaymentState(TextChoices):
    """How far an online payment has come. `paid` is final, whatever the provider says afterwards."""

    STARTED = "started", pgettext_lazy("payment", "Started")
    PAID = "paid", pgettext_lazy("payment", "Paid")
    CLOSED = "closed", pgettext_lazy("payment", "Closed")


class PaymentWay(TextChoices):
    """How somebody pays: on a page of the provider's, on a computer or a phone; by a QR code that the portal draws; or
    within WeChat's own browser."""

    PAGE = "page", pgettext_lazy("payment", "Web page")
    WAP = "wap", pgettext_lazy("payment", "Mobile page")
    QR = "qr", pgettext_lazy("payment", "QR code")
    JSAPI = "jsapi", pgettext_lazy("payment", "In WeChat")


class PayerRefundState(TextChoices):
    """How far money has come on its way back to whoever paid it online.

    `open` waits to be sent, `sent` was taken by the provider; `failed` waits for a person.
    """

    OPEN = "open", pgettext_lazy("payer refund", "Queued")
    SENT = "sent", pgettext_lazy("payer refund", "Processing")
    DONE = "done", pgettext_lazy("payer refund", "Paid back")
    FAILED = "failed", pgettext_lazy("payer refund", "Failed")
    BY_BANK = "by_bank", pgettext_lazy("payer refund", "Paid back by bank transfer")
    KEPT = "kept", pgettext_lazy("payer refund", "Back in the wallet")


class PayerRefundCause(TextChoices):
    """Why money goes back to whoever paid it."""

    UNSERVED = "unserved", _("Could not be delivered")
    REFUND = "refund", pgettext_lazy("entry", "Refund")
    NOT_NEEDED = "not_needed", _("Paid when nothing was due any more")
    UNMATCHED = "unmatched", _("Fits no payment")
    WITHDRAWAL = "withdrawal", pgettext_lazy("entry", "Withdrawal")
    TRIAL = "trial", _("Trial payment")


class WithdrawalWay(TextChoices):
    """Where a customer's money goes: back to where it came from, or to a bank account."""

    ORIGIN = "origin", _("Back to where it came from")
    BANK = "bank", _("Bank transfer")


class WithdrawalState(TextChoices):
    """How far an approved withdrawal has come."""

    APPROVED = "approved", pgettext_lazy("withdrawal", "Being paid out")
    DONE = "done", pgettext_lazy("withdrawal", "Paid out")
    RETURNED = "returned", pgettext_lazy("withdrawal", "Back in the wallet")


class BillLineKind(TextChoices):
    """What a line of a provider's bill is about."""

    PAYMENT = "payment", pgettext_lazy("bill", "Payment")
    REFUND = "refund", pgettext_lazy("bill", "Refund")
    PAYOUT = "payout", pgettext_lazy("bill", "Payout")
    FEE = "fee", pgettext_lazy("bill", "Fee")
    OTHER = "other", pgettext_lazy("bill", "Other")


class NotificationOutcome(TextChoices):
    """What was made of a provider's notification; `paid` alone moves money, `known` changes nothing any more.

    Money that fits no payment waits to be cleared. `late` stands in rows of before alone: such a notification was
    refused for its age, and is believed when it comes again.
    """

    PAID = "paid", pgettext_lazy("notification", "Payment received")
    CLOSED = "closed", pgettext_lazy("notification", "Payment closed")
    OPEN = "open", pgettext_lazy("notification", "Not paid yet")
    KNOWN = "known", pgettext_lazy("notification", "Already paid: no change")
    LATE = "late", pgettext_lazy("notification", "Refused: timestamp out of range")
    UNKNOWN = "unknown", pgettext_lazy("notification", "Unknown payment")
    WRONG_AMOUNT = "wrong_amount", pgettext_lazy("notification", "Amount does not match")
    USED_REFERENCE = "used_reference", pgettext_lazy("notification", "Reference belongs to another payment")
    WALLET_FULL = "wallet_full", pgettext_lazy("notification", "More than the wallet can hold")


class ClearingState(TextChoices):
    """What was decided about money that fits no payment."""

    WAITING = "waiting", pgettext_lazy("clearing", "To clear")
    ASSIGNED = "assigned", pgettext_lazy("clearing", "In a wallet")
    RETURNED = "returned", pgettext_lazy("clearing", "Returned to the payer")


class NoticeKind(TextChoices):
    """The kinds of notices to customers."""

    EXPIRING = "expiring", _("Service ends soon")
    CANCELLING = "cancelling", _("Cancellation soon")
    FORCING = "forcing", _("Forced activation soon")
    ALLOWANCE = "allowance", _("Allowance of the cycle")
    RENEWING = "renewing", _("Upcoming auto-renewals")
    PRICE_CHANGED = "price_changed", _("Renewal price changed")
    WALLET_LOW = "wallet_low", _("Low balance")
    RENEWAL_FAILED = "renewal_failed", _("Auto-renewal failed")
    NOT_RENEWED = "not_renewed", _("Card not auto-renewed")
    PAYMENT_KEPT = "payment_kept", _("Payment kept in the wallet")
    PAYMENT_DUE = "payment_due", _("Order waits for payment")
    PAYMENT_FAILED = "payment_failed", _("Payment failed")
    CREDIT_DUE = "credit_due", _("Credit to settle")
    GUEST_PAID = "guest_paid", _("Paid by someone without an account")


class MissedWhy(TextChoices):
    """Why a card did not renew itself, by what helps: the codes of refusals of money, and `other` for all others."""

    NOT_ON_SALE = "not_on_sale", _("Plan no longer on sale")
    NO_PRICE = "no_price", _("No price")
    SHORT = "short", _("Insufficient funds")
    BLOCKED = "blocked", _("Blocked or ID not verified")
    OTHER = "other", pgettext_lazy("renewal", "Other reason")


class MailProblem(TextChoices):
    """Why a digest is not mailed; it is tried again only where that may help."""

    NOBODY = "nobody", _("No owner or operator of this customer has an email address.")
    NO_SERVER = "no_server", _("The portal is not set up to send email (EMAIL_URL, PORTAL_URL).")
    REFUSED = "refused", _("The mail server refused the email for good.")
    NOT_TAKEN = "not_taken", _("The mail server did not take the email.")
    MISTAKE = "mistake", _("Internal error; the log has the details.")
    MERGED = "merged", _("The customer was merged before; the notices went to the other one.")


# What is kept on record with before and after.
CHANGED = (Deed.TERMS, Deed.PRICE, Deed.RULES)

# Money that was taken and fits no payment.
UNMATCHED = (
    NotificationOutcome.UNKNOWN,
    NotificationOutcome.WRONG_AMOUNT,
    NotificationOutcome.USED_REFERENCE,
    NotificationOutcome.WALLET_FULL,
)

# Notices of what happens more than once a day, each with what it tells of; the others are given once.
TOLD_EACH_TIME = (NoticeKind.PAYMENT_KEPT, NoticeKind.PAYMENT_FAILED, NoticeKind.GUEST_PAID)

# The accounts that are kept per customer; what a customer owes or has paid ahead stands in the receivables.
OF_CUSTOMERS = (Account.WALLET, Account.RECEIVABLES)

# What the dealer does to a card when a line of an order is fulfilled; an opening was done when the card was created.
ACTIONS: Mapping[str, Action] = {
    OrderKind.RENEWAL: Action.RENEW,
    OrderKind.PACK: Action.TOP_UP,
    OrderKind.SALE: Action.ASSIGN,
}
KIND_OF: Mapping[Action, str] = {action: kind for kind, action in ACTIONS.items()}
# What it does to the card when such a line is given back; of the others nothing that was served is.
UNDONE_BY: Mapping[str, Action] = {OrderKind.RENEWAL: Action.UNRENEW, OrderKind.SALE: Action.UNASSIGN}
