"""Users as the admin keeps them: Django's own, except for who gives authority and when sessions end."""

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.shortcuts import redirect

from cards.admin.authority import AuthorityOverPeople
from cards.people import sessions
from cards.people.members import without_programs
from cards.people.staff import revoke_invitations_by

admin.site.unregister(User)


@admin.register(User)
class PortalUserAdmin(AuthorityOverPeople, UserAdmin):
    def get_queryset(self, request):
        return without_programs(super().get_queryset(request))

    def user_change_password(self, request, id, form_url=""):
        """Of others, without the old one; one's own is changed where the old one is asked for."""
        if self.get_object(request, unquote(id)) == request.user:
            return redirect("account:password")
        return super().user_change_password(request, id, form_url)

    def save_model(self, request, obj, form, change):
        """Who was shut out and is let in again logs in again, and has invited nobody."""
        super().save_model(request, obj, form, change)
        if "is_active" in form.changed_data:
            sessions.end_all(obj)
            revoke_invitations_by(obj)
