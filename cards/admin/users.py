"""Users as the admin keeps them: Django's own, except for who gives authority."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User

from cards.admin.authority import AuthorityOverPeople

admin.site.unregister(User)


@admin.register(User)
class PortalUserAdmin(AuthorityOverPeople, UserAdmin):
    pass
