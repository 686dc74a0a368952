"""What all pages of the console share: they are for staff, and they stand in the admin's frame."""

import uuid
from functools import wraps

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
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


def form_key(request):
    """The key of the posted form, by which it counts once however often it is sent; None where it has none."""
    try:
        return uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        return None
