"""What the dealer keeps of a customer besides cards and money: the name, and whom to call."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cards.actions.audit import record
from cards.choices import AuditAction
from cards.models import Customer
from cards.models.real_name import mask

MAY_KEEP_CUSTOMERS = "cards.change_customer"
ABOUT_PEOPLE = ("contact", "phone")  # the audit list is never emptied: it says that these changed, not to what


def keep_master_data(customer, *, by, **values):
    """Keep these values of a customer, the name among them; what differs is recorded, before and after.

    `ValidationError` for a name that another customer has, or that lacks the mark of who registered here.
    """
    if not by.has_perm(MAY_KEEP_CUSTOMERS):
        raise PermissionDenied
    try:
        with transaction.atomic():
            _keep_them(Customer.objects.select_for_update().get(pk=customer.pk), values, by)
    except IntegrityError:  # somebody else took the name at the same moment
        raise ValidationError({"name": _("There is a customer of this name already.")}) from None


def _keep_them(customer, values, by):
    before = {name: getattr(customer, name) for name in values}
    for name, value in values.items():
        setattr(customer, name, value)
    customer.full_clean()
    changed = [name for name in values if getattr(customer, name) != before[name]]
    if changed:
        customer.save(update_fields=[*changed, "name_key"])
        after = {name: getattr(customer, name) for name in changed}
        facts = {
            side: {name: written_about(name, said[name]) for name in changed}
            for side, said in (("before", before), ("after", after))
        }
        record(AuditAction.CHANGED, by=by, about=customer, kind="cards.customer", key=customer.pk, **facts)


def written_about(name, value):
    """A value as the audit list has it."""
    return mask(value, front=1, back=0) if name in ABOUT_PEOPLE and value else value
