"""Master data of what is sold: plans, the rules of money, the tiers of prices. What moves money is in the console."""

from django import forms
from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from billing.actions.stopped_renewals import stopped_by_retiring
from billing.actions.terms import keep_rules
from billing.models import MoneyRules, PriceTier
from billing.pages.renewal_rows import renewing_link
from billing.sentences import stopped_sentence
from cards.models import Plan


class PlanForm(forms.ModelForm):
    """A plan; one with which cards renew themselves goes off sale only if that is meant."""

    stops_renewals = forms.BooleanField(
        label=_("Take it off sale all the same: these cards are not renewed automatically any more"), required=False
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.stopped = renewals_with(self.instance)
        if self.stopped:
            link = renewing_link(self.instance.code)
            self.fields["stops_renewals"].help_text = format_html("{} {}", self._says_what_stops(), link)

    def clean(self):
        cleaned = super().clean()
        if self.stopped and not cleaned.get("is_sold") and not cleaned.get("stops_renewals"):
            self.add_error("stops_renewals", self._says_what_stops())
        return cleaned

    def _says_what_stops(self):
        return stopped_sentence(self.stopped.cards, self.stopped.customers, self.stopped.next_on)


def renewals_with(plan):
    """What stops renewing itself if this plan goes off sale; None if it is not on sale, or not saved yet."""
    return stopped_by_retiring(plan) if Plan.objects.filter(pk=plan.pk, is_sold=True).exists() else None


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin):
    form = PlanForm
    list_display = ["code", "called", "kind", "months", "alignment", "quota_mb", "is_sold"]
    list_filter = ["kind", "is_sold"]

    @admin.display(description=_("name"))
    def called(self, plan):
        return plan.title

    def get_fields(self, request, obj=None):
        """Who may retire a plan with which cards renew themselves is shown these, and has to tick that it is meant."""
        asks = obj and self.has_change_permission(request, obj) and renewals_with(obj)
        return [name for name in super().get_fields(request, obj) if asks or name != "stops_renewals"]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if db_field.name == "name":
            kwargs["help_text"] = _(
                "Leave empty for an automatic name, such as “Yearly plan 30 MB/month”, in the reader's language."
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(MoneyRules)
class MoneyRulesAdmin(admin.ModelAdmin):
    """One row, that is there from the first migration on."""

    list_display = [
        "__str__",
        "service_tax_rate",
        "goods_tax_rate",
        "second_person_above",
        "second_person_days",
        "placed_days",
    ]
    actions = None

    def save_model(self, request, rules, form, change):
        keep_rules(rules, user=request.user)

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(PriceTier)
class PriceTierAdmin(admin.ModelAdmin):
    list_display = ["name"]
    search_fields = ["name__startswith"]
