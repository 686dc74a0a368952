from billing.bills.models.bill import Bill, BillDocument, BillFee
from billing.bills.models.line import BillLine, Payout

__all__ = ["Bill", "BillDocument", "BillFee", "BillLine", "Payout"]
