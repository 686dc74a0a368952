"""Who logs in how: looked at by whoever keeps the users, and helped when a phone and its recovery codes are lost."""

from django.contrib import admin, messages
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.models import Person
from cards.people import second_factor
from cards.scope import Scope


@admin.register(Person)
class PersonAdmin(admin.ModelAdmin):
    list_display = ["user", "phone", "logs_in_in_two_steps", "personal_data"]
    list_select_related = ["user"]
    search_fields = ["user__username__startswith", "phone__exact"]
    readonly_fields = ["user", "phone", "logs_in_in_two_steps"]
    actions = ["turn_second_factor_off"]

    @admin.display(description=gettext_lazy("Two-step login"), boolean=True)
    def logs_in_in_two_steps(self, person):
        return person.has_second_factor

    @admin.display(description=gettext_lazy("Personal data"))
    def personal_data(self, person):
        if Scope.of(person.user).is_staff:
            return "—"
        return format_html('<a href="{}">{}</a>', reverse("data-of-person", args=[person.user_id]), _("Show"))

    @admin.action(description=gettext_lazy("Turn off two-step login"), permissions=["change"])
    def turn_second_factor_off(self, request, persons):
        if persons.filter(user=request.user).exists():
            messages.error(request, _("Your own two-step login is turned off at your account, with your password."))
            return
        if not request.user.is_superuser:
            persons = persons.filter(user__is_staff=False)
        for person in persons.select_related("user"):
            second_factor.turn_off(person.user, by=request.user)
        messages.success(
            request,
            _("Two-step login is now off for these people: the password is enough until they turn it on again."),
        )

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
