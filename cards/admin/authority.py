"""Who gives authority in the admin: superusers alone, so that nobody raises themselves or takes somebody over."""

from django import forms
from django.contrib.auth.forms import UserChangeForm
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _

from cards.people.members import customers_of
from cards.phrases import listed
from cards.scope import Scope

# With each of these somebody would be another person, or more than they were.
GIVING = ("is_staff", "is_superuser", "groups", "user_permissions")
ONES_OWN = ("username", "email")  # a link for a forgotten password goes to the address


class PortalUserForm(UserChangeForm):
    """Whoever becomes staff acts for all customers by their role, and for none as a member."""

    def clean_is_staff(self):
        is_staff, customers = self.cleaned_data["is_staff"], customers_of(self.instance)
        if is_staff and customers:
            message = _("This person is a member of %(customers)s; staff are never members: remove that first.")
            raise forms.ValidationError(message, params={"customers": listed(customers)})
        return is_staff


class KeptBySuperusers:
    """Goes before a `ModelAdmin`: others who have the permission look, and change nothing."""

    def has_add_permission(self, request):
        return request.user.is_superuser and super().has_add_permission(request)

    def has_change_permission(self, request, obj=None):
        return request.user.is_superuser and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return request.user.is_superuser and super().has_delete_permission(request, obj)


class AuthorityOverPeople:
    """Goes before Django's admin of users. A login stays whose it was, and signs: it is neither changed nor deleted."""

    form = PortalUserForm

    def get_readonly_fields(self, request, obj=None):
        """Nobody gives themselves anything, nor shuts themselves out: so one admin is always left."""
        fields = tuple(super().get_readonly_fields(request, obj))
        if not obj:
            return fields
        if not request.user.is_superuser:
            return (*fields, *GIVING, *ONES_OWN)
        return (*fields, "username", *((*GIVING, "is_active") if obj == request.user else ()))

    def has_change_permission(self, request, obj=None):
        """Of staff, only a superuser's."""
        is_ones_to_keep = obj is None or request.user.is_superuser or not Scope.of(obj).is_staff
        return is_ones_to_keep and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return False

    def user_change_password(self, request, id, form_url=""):
        if not request.user.is_superuser:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)
