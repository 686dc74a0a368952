"""Master data in the admin. Cards appear read-only: they change by actions, in the console."""

from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.paginator import Paginator
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from cards.calendar import civil_today
from cards.models import Card, CarrierPolicy, Customer, Membership, Plan

COUNTED = 10_000


class CarrierPolicyForm(forms.ModelForm):
    """A row may only be dated into the future: what is in force is never changed, and neither is the past."""

    def clean_valid_from(self):
        valid_from = self.cleaned_data["valid_from"]
        if valid_from <= civil_today():
            raise forms.ValidationError(_("Choose a day after today: what is in force already cannot be changed."))
        return valid_from


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


def is_in_force(policy):
    """Whether cards live by this row already, or did."""
    return policy.valid_from <= civil_today()


def copied(policy):
    """The numbers of a policy as the parameters that fill the form of a new row; the day is left to be chosen."""
    fields = [field for field in policy._meta.fields if field.name not in ("id", "valid_from")]
    values = {field.name: getattr(policy, field.name) for field in fields}
    return {name: "" if value is False else value for name, value in values.items()}


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin):
    list_display = ["code", "name", "kind", "months", "alignment", "quota_mb", "is_sold"]
    list_filter = ["kind", "is_sold"]


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "contact", "phone"]
    list_filter = ["kind"]
    search_fields = ["name__startswith"]
    search_help_text = _("The beginning of the name")
    inlines = [MembershipInline]


class CappedPaginator(Paginator):
    """Counts no further than 10,000: nobody turns so many pages, and counting all cards costs more than they do."""

    @cached_property
    def count(self):
        return self.object_list[:COUNTED].count()


@admin.register(Card)
class CardAdmin(admin.ModelAdmin):
    """Cards to be looked at. What changes one is an action, and those stand on its page in the console."""

    list_display = ["iccid", "carrier", "state", "customer", "opened_on", "service_until", "console_page"]
    list_select_related = ["customer"]
    list_per_page = 50
    ordering = ["-pk"]
    sortable_by = []
    search_fields = ["iccid__exact"]
    search_help_text = _("A whole ICCID; everything else is found in the console")
    show_full_result_count = False
    paginator = CappedPaginator
    actions = None

    @admin.display(description=_("console"))
    def console_page(self, card):
        return format_html('<a href="{}">{}</a>', reverse("console:card", args=[card.iccid]), _("Open in the console"))

    def get_search_results(self, request, queryset, search_term):
        return (queryset.numbered(search_term.strip()) if search_term.strip() else queryset), False

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
