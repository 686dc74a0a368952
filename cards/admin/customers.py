"""Customers in the admin, with their members: what they may is given, changed and taken by actions that record it."""

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.utils.translation import gettext_lazy as _

from cards.choices import ROLES_OF_PEOPLE
from cards.models import Customer, Membership
from cards.paging import key_in
from cards.people.members import add_member, remove_member, set_role


class KeyedAutocomplete(AutocompleteSelect):
    """Django's own looks for whatever was posted as if it were a key, and breaks where it is none."""

    def optgroups(self, name, value, attr=None):
        return super().optgroups(name, [text for text in value if key_in(str(text))], attr)


class MembershipForm(forms.ModelForm):
    """Whose a membership is stays; staff are offered nowhere, and refused where they are posted all the same."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "user" in self.fields:
            field = self.fields["user"]
            field.disabled = self.instance.pk is not None
            field.error_messages["invalid_choice"] = _(
                "Choose somebody whom the field offers: staff are never members of a customer."
            )


class MembershipFormSet(forms.BaseInlineFormSet):
    """`by` is who gives and takes."""

    by = None

    def save_new(self, form, commit=True):
        membership = super().save_new(form, commit=False)
        add_member(membership, by=self.by)
        return membership

    def save_existing(self, form, obj, commit=True):
        set_role(obj, form.cleaned_data["role"], by=self.by)
        return obj

    def delete_existing(self, obj, commit=True):
        remove_member(obj, by=self.by)


class MembershipInline(admin.TabularInline):
    """Given by whoever has `cards.add_membership`: none of the roles. Owners invite people on their own pages."""

    model = Membership
    form = MembershipForm
    formset = MembershipFormSet
    extra = 0
    autocomplete_fields = ["user"]
    fields = ["user", "called", "role"]
    readonly_fields = ["called"]

    @admin.display(description=_("name"))
    def called(self, membership):
        return membership.user.get_full_name()

    def get_queryset(self, request):
        return super().get_queryset(request).filter(role__in=ROLES_OF_PEOPLE)

    def formfield_for_choice_field(self, db_field, request, **kwargs):
        return super().formfield_for_choice_field(
            db_field, request, choices=[(role, role.label) for role in ROLES_OF_PEOPLE], **kwargs
        )

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.autocomplete_fields:
            kwargs["widget"] = KeyedAutocomplete(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        formset.by = request.user
        return formset


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "contact", "phone"]
    list_filter = ["kind"]
    search_fields = ["name__startswith"]
    search_help_text = _("Start of the name")
    inlines = [MembershipInline]
