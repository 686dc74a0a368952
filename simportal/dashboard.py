"""The console's first page."""

from cards.views import console_page, staff_required


@staff_required
def dashboard(request):
    return console_page(request, "console/dashboard.html")
