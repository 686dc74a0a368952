from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect


@login_required
def home(request):
    """Each person to their own door."""
    return redirect("/console/" if request.user.is_staff else "my:home")
