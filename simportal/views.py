from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render


@login_required
def home(request):
    """Each person to their own door."""
    return redirect("/console/" if request.user.is_staff else "my")


@login_required
def my(request):
    """The place of the self-service pages, until they are built."""
    return render(request, "my/coming.html")
