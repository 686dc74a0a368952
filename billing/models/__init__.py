from billing.models.account import CustomerAccount, MoneyRules
from billing.models.approval import DoneAlone, Proposal, TermsRecord
from billing.models.ledger import Entry, Posting
from billing.models.notice import Digest, Notice
from billing.models.order import Order, OrderLine, Refund
from billing.models.payment import Notification, Payment, Receipt, UnmatchedPayment
from billing.models.price import Price, PriceBook, PriceTier
from billing.models.provider import Chargeback, PayerRefund, ProviderAccount, Withdrawal
from billing.models.renewal import AnnouncedRenewal, CardRenewal, LastLook, MissedRenewal, RenewalRun, RenewedTerm

__all__ = [
    "AnnouncedRenewal",
    "CardRenewal",
    "Chargeback",
    "CustomerAccount",
    "Digest",
    "DoneAlone",
    "Entry",
    "LastLook",
    "MissedRenewal",
    "MoneyRules",
    "Notice",
    "Notification",
    "Order",
    "OrderLine",
    "PayerRefund",
    "Payment",
    "Posting",
    "Price",
    "PriceBook",
    "PriceTier",
    "Proposal",
    "ProviderAccount",
    "Receipt",
    "Refund",
    "RenewalRun",
    "RenewedTerm",
    "TermsRecord",
    "UnmatchedPayment",
    "Withdrawal",
]
