"""The record of what money is reckoned by: each change with who, when, before and after, beside the change itself."""

from decimal import Decimal

from django.db import transaction

from billing.choices import Deed
from billing.models import MoneyRules, TermsRecord
from billing.money import rounded


def keep_change(deed, before, after, *, by, approved_by=None, **what):
    """Write down a change, in the transaction that makes it."""
    return TermsRecord.objects.create(deed=deed, before=before, after=after, by=by, approved_by=approved_by, **what)


def written(value):
    """A value as it stands in the record: an amount as a text, a tier by its name."""
    if isinstance(value, Decimal):
        return str(rounded(value))
    return value if value is None or isinstance(value, (bool, int, list)) else str(value)


def keep_rules(rules, *, user):
    """Keep the numbers by which money is handled, as somebody set them in the admin."""
    with transaction.atomic():
        known = MoneyRules.objects.select_for_update().get()
        names = [field.name for field in MoneyRules._meta.concrete_fields if not field.primary_key]
        changed = [name for name in names if getattr(known, name) != getattr(rules, name)]
        rules.save()
        if changed:
            before, after = ({name: written(getattr(each, name)) for name in changed} for each in (known, rules))
            keep_change(Deed.RULES, before, after, by=user)
