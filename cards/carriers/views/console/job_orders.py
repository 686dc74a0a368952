"""The orders to carriers that came of a job, in the console."""

from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from cards.carriers.pages.job_orders import orders_page_of_job, tabs_of_orders
from cards.models import Job
from cards.pages.frames import console_page, permitted
from cards.paging import key_in


@permitted("carriers.view_command")
@require_safe
def job_orders(request, pk):
    """The job's orders that are as far as the address asks for: at first those that wait."""
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=pk)
    tabs, current = tabs_of_orders(job, request.GET.get("state", ""))
    rows, after = orders_page_of_job(job, current, key_in(request.GET.get("after", "")))
    context = {
        "job": job,
        "tabs": tabs,
        "rows": rows,
        "next_url": after and f"?state={current}&after={after}",
    }
    return console_page(request, "console/carriers/job_orders.html", context)
