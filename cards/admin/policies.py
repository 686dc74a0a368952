"""Carrier policies in the admin: dated rows, and what a new one changes for the cards, shown before it is saved."""

import hashlib
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import NON_FIELD_ERRORS
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from cards.actions.write import attach_queues
from cards.calendar import civil_today, exists
from cards.catalogue.parameters import NOT_A_DAY
from cards.errors import InvariantBroken
from cards.models import CarrierPolicy, PolicyBook
from cards.policy_effects import cards_at_stake, effects_on, spread

UNSEEN = "unseen"


class CarrierPolicyForm(forms.ModelForm):
    """A row may only be dated into the future: what is in force is never changed, and neither is the past.

    It is valid once what it changes was seen: what comes back as `seen` is the `mark` of what was shown.
    """

    def clean_valid_from(self):
        valid_from = self.cleaned_data["valid_from"]
        if valid_from <= civil_today():
            raise forms.ValidationError(_("Choose a date after today: a policy already in force cannot be changed."))
        if not exists(valid_from):
            raise forms.ValidationError(NOT_A_DAY.format(text=valid_from))
        return valid_from

    def full_clean(self):
        super().full_clean()
        if self.is_bound and not self.errors and self.data.get("seen") != PolicyChange(self.instance).mark:
            self.add_error(None, forms.ValidationError(_("Preview the changes, then save."), UNSEEN))

    @property
    def is_to_be_seen(self):
        """Whether nothing else is wrong than that nobody has seen yet what would change."""
        return self.is_bound and self.has_error(NON_FIELD_ERRORS, UNSEEN)


class PolicyChange:
    """A row that is not saved yet, and the policies as they are without it and as they would be with it."""

    def __init__(self, policy):
        self.policy = policy
        self.before = list(CarrierPolicy.objects.all())
        self.after = [row for row in self.before if row.pk != policy.pk] + [policy]

    @property
    def mark(self):
        """Stands for exactly these policies: a change of any number of any row makes another."""
        rows = sorted(repr(numbers(row)) for row in self.after)
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()

    @cached_property
    def effects(self):
        """What becomes of the cards of the carrier, and of the carrier that the row was of until now."""
        carriers = {row.carrier for row in [*self.before, self.policy] if row.pk == self.policy.pk}
        cards, in_all = spread(cards_at_stake(carriers))
        return effects_on(attach_queues(cards), self.before, self.after, in_all)

    def new_numbers(self):
        """(name, what is in force on that day without the row, what with it) of every number that differs."""
        try:
            current = PolicyBook(self.before).in_force(self.policy.carrier, self.policy.valid_from)
        except InvariantBroken:
            current = None
        for field in self.policy._meta.fields:
            if field.name not in ("id", "carrier", "valid_from"):
                was, becomes = current and number_label(current, field), number_label(self.policy, field)
                if was != becomes:
                    yield field.verbose_name, was, becomes


@admin.register(CarrierPolicy)
class CarrierPolicyAdmin(admin.ModelAdmin):
    """Dated rows: one that is in force, or was, can be looked at and copied, and no more than that."""

    form = CarrierPolicyForm
    change_form_template = "admin/carrier_policy.html"
    list_display = ["carrier", "valid_from", "forced_mode", "silent_months", "silent_days", "cycle_day", "renewal_days"]
    list_filter = ["carrier"]

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or not is_in_force(obj))

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and (obj is None or not is_in_force(obj))

    def change_view(self, request, object_id, form_url="", extra_context=None):
        context = {}
        policy = self.get_object(request, object_id)
        if policy:
            context["is_in_force"] = is_in_force(policy)
        if policy and self.has_add_permission(request):
            context["copy_url"] = f"{reverse('admin:cards_carrierpolicy_add')}?{urlencode(copied(policy))}"
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context["may_write"] = self.has_add_permission(request) if add else self.has_change_permission(request, obj)
        form = context["adminform"].form
        if context["may_write"] and form.is_bound and form.is_to_be_seen:
            context |= {"preview": PolicyChange(form.instance), "errors": None}
        return super().render_change_form(request, context, add, change, form_url, obj)


def is_in_force(policy):
    """Whether cards live by this row already, or did."""
    return policy.valid_from <= civil_today()


def numbers(policy):
    """Everything that a row says, but not which row it is."""
    return {field.name: getattr(policy, field.name) for field in policy._meta.fields if field.name != "id"}


def copied(policy):
    """The numbers of a policy as the parameters that fill the form of a new row; the day is left to be chosen."""
    values = {name: value for name, value in numbers(policy).items() if name != "valid_from"}
    return {name: "" if value is False else value for name, value in values.items()}


def number_label(policy, field):
    """A number of a policy as text."""
    value = getattr(policy, field.name)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return dict(field.flatchoices).get(value, value)
