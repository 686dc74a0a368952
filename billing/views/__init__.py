"""The console's doors to money. Whoever is staff may look; where money moves, a permission is asked for."""

from functools import wraps

from django.core.exceptions import PermissionDenied

from cards.views import staff_required


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
