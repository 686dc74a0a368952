"""The customer's first page: what needs them, and how their cards are."""

from django.views.decorators.http import require_safe

from cards.views.my_frame import member_required, my_page


@member_required
@require_safe
def home(request):
    return my_page(request, "my/home.html")
