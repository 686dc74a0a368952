"""Groups as the admin keeps them: what a role may is decided by superusers."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group

from cards.admin.authority import KeptBySuperusers

admin.site.unregister(Group)


@admin.register(Group)
class PortalGroupAdmin(KeptBySuperusers, GroupAdmin):
    pass
