"""The sweep's page: what the last nights did, what tonight will do, and what needs a person's eye."""

from cards.views import console_page, staff_required


@staff_required
def sweep_page(request):
    return console_page(request, "console/sweep.html")
