"""What all pages of the console share: they are for staff, and they stand in the admin's frame."""

from functools import wraps

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse


def staff_required(view):
    """The view is for staff: a stranger is asked to log in, and for anybody else the page does not exist."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if admin.site.has_permission(request):
            return view(request, *args, **kwargs)
        if request.user.is_authenticated:
            raise Http404
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))

    return guarded


def console_page(request, template, context=None, status=None):
    """A page of the console: the template with the admin's context (header, menu, user) around its own."""
    return render(request, template, admin.site.each_context(request) | (context or {}), status=status)


def permitted(*permissions):
    """The view is for staff with one of these permissions, such as `billing.pay_order`; other staff get a 403."""

    def guard(view):
        @staff_required
        @wraps(view)
        def guarded(request, *args, **kwargs):
            if not any(map(request.user.has_perm, permissions)):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return guard
