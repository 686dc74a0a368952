"""Payments to clear as staff have them in a file."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.actions.providers import provider_label
from cards.pages.downloads import instant_cell

UNMATCHED_COLUMNS = (
    (_("Provider's reference"), lambda row: row.reference),
    (_("Paid through"), lambda row: provider_label(row.provider)),
    (pgettext_lazy("money", "Amount"), lambda row: row.amount),
    (_("Why it fits no payment"), lambda row: row.get_why_display()),
    (_("State"), lambda row: row.get_state_display()),
    (_("Customer"), lambda row: str(row.customer or (row.payment and row.payment.customer) or "")),
    (_("Received at"), lambda row: instant_cell(row.came_at)),
    (pgettext_lazy("clearing", "Decided by"), lambda row: row.decided_by.get_username() if row.decided_by else ""),
    (_("Reason"), lambda row: row.reason),
)
