"""Setting prices: always a new row from a day on, never an edit."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from billing.models import Price
from cards.calendar import civil_today


def set_price(**price):
    """A price from a day on, which is not in the past: what was sold was sold. Raises `ValidationError`."""
    if price["valid_from"] < civil_today():
        raise ValidationError({"valid_from": _("A price can only take effect today or later.")})
    fresh = Price(**price)
    fresh.full_clean()
    fresh.save()
    return fresh
