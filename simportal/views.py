from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect

from cards.scope import Scope
from simportal.admin_site import Menu


@login_required
def to_own_door(request):
    """Each person to their own door: of the console that is the first page that they may see."""
    if not Scope.of(request.user).is_staff:
        return redirect("my:home")
    sections = Menu(request).sections
    if not sections:
        raise PermissionDenied
    return redirect(sections[0].links[0].url)
