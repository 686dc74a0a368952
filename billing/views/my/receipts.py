"""The receipts of one's own customers, on paper."""

from billing.views.receipts import ReceiptPages
from cards.pages.frames import MY

MY_RECEIPTS = ReceiptPages(MY)
