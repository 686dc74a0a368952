"""What is changed in the admin stands in the audit list, with the values of before and after."""

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Group, User
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Model, QuerySet

from cards.actions import audit
from cards.choices import AuditAction
from cards.models.real_name import mask

RIGHTS = {"is_active", "is_staff", "is_superuser", "groups", "user_permissions", "permissions"}
PERSONAL = {"first_name", "last_name", "email", "phone", "contact"}  # the list is never emptied: it says that, not what


class Audited:
    """Goes before a `ModelAdmin`: what that logs for its own history is recorded, too."""

    def response_action(self, request, queryset):
        """Django asks the database for whatever keys were sent."""
        try:
            [self.opts.pk.to_python(key) for key in request.POST.getlist(ACTION_CHECKBOX_NAME)]
        except ValidationError:
            raise BadRequest from None
        return super().response_action(request, queryset)

    def construct_change_message(self, request, form, formsets, add=False):
        request.audited = _details(form, formsets or [], add)
        return super().construct_change_message(request, form, formsets, add)

    def log_addition(self, request, obj, message):
        action = AuditAction.ACCOUNT_MADE if isinstance(obj, User) else AuditAction.ADDED
        audit.record(action, by=request.user, about=obj, **_kind_of(obj), **request.audited)
        return super().log_addition(request, obj, message)

    def log_change(self, request, obj, message):
        if changes := request.audited:
            audit.record(_changing(obj, changes), by=request.user, about=obj, **_kind_of(obj), **changes)
        return super().log_change(request, obj, message)

    def log_deletions(self, request, queryset):
        for obj in queryset:
            audit.record(AuditAction.DELETED, by=request.user, about=obj, **_kind_of(obj))
        return super().log_deletions(request, queryset)


def _kind_of(obj):
    return {"kind": obj._meta.label_lower, "key": obj.pk}


def _changing(obj, changes):
    """What a change of this object is called: of people, what they may is one thing, what they are called another."""
    names = set(changes.get("after", ()))
    if isinstance(obj, User) and "password" in names:
        return AuditAction.PASSWORD_CHANGED
    if isinstance(obj, User | Group) and names & RIGHTS:
        return AuditAction.RIGHTS_CHANGED
    return AuditAction.ACCOUNT_CHANGED if isinstance(obj, User) else AuditAction.CHANGED


def _details(form, formsets, add):
    """The fields that were changed, with their values, and the rows of the tables below that came, changed or went."""
    names = [name for name in form.changed_data if name in form.cleaned_data and not name.startswith("password")]
    details = {} if add else {"before": {name: _value(name, form.initial.get(name)) for name in names}}
    details["after"] = {name: _value(name, form.cleaned_data[name]) for name in names}
    if "password" in form.changed_data:
        details["after"]["password"] = "***"
    rows = {
        "rows_added": [str(row) for formset in formsets for row in formset.new_objects],
        "rows_changed": [str(row) for formset in formsets for row, _fields in formset.changed_objects],
        "rows_deleted": [str(row) for formset in formsets for row in formset.deleted_objects],
    }
    return {name: values for name, values in (details | rows).items() if values}


def _value(name, value):
    """A value as JSON; of what says who somebody is no more than that it is another."""
    if isinstance(value, list | QuerySet):
        return sorted(map(str, value))
    if name in PERSONAL and value:
        return mask(str(value), front=1, back=0)
    return str(value) if isinstance(value, Model) or not isinstance(value, int | str | None) else value
