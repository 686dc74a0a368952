"""Master data of money: the rules, and the tiers of prices. Everything that moves money stands in the console."""

from django.contrib import admin

from billing.actions.terms import keep_rules
from billing.models import MoneyRules, PriceTier


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
