from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect

from cards.scope import Scope


@login_required
def to_own_door(request):
    """Each person to their own door."""
    return redirect("/console/" if Scope.of(request.user).is_staff else "my:home")
