"""Refunds in the console: the page of one, and approving or declining it."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from billing.actions import refunds
from billing.actions.lines import sum_of_checks
from billing.actions.second_person import needs_second
from billing.errors import MoneyRefused
from billing.models import Refund
from billing.pages.approval_lines import earlier_context
from billing.pages.order_labels import money_badge
from cards.actions.jobs import engine
from cards.pages.frames import console_page, permitted
from cards.pages.job_outcomes import groups_of_check, groups_of_result
from cards.pages.job_page import progress_of

REFUND_STEPS = {"let-go": refunds.approve, "decline": refunds.decline, "go-on": refunds.resume_refund}


@permitted("billing.view_refund")
@require_safe
def refund_page(request, pk):
    """What would be given back, or was; and the buttons for whoever may."""
    refund = _find(pk)
    job, customer = refund.job, refund.order.customer
    job.sums = engine.totals(job)
    if refund.waits:
        amount, groups = sum_of_checks(job), groups_of_check(job, MoneyRefused)
    else:
        amount, groups = refund.amount, groups_of_result(job, request.path, MoneyRefused)
    context = {
        "refund": refund,
        "order": refund.order,
        "badge": money_badge(refund),
        "job": job,
        "polls": job.is_at_work,
        "progress": progress_of(job),
        "is_checked": job.is_waiting,
        "is_stuck": (refund.waits or refund.is_approved) and job.has_failed,
        "can": job.sums.check_counts["can"],
        "cannot": job.sums.check_counts["cannot"],
        "groups": groups,
        "amount": amount,
        **(earlier_context(refund.asked_by, customer, amount) if refund.waits else {}),
        "needs_another": refund.asked_by == request.user and needs_second(amount, user=request.user, customer=customer),
        "may_refund": request.user.has_perm("billing.refund_order"),
    }
    return console_page(request, "console/money/refund.html", context)


@permitted("billing.refund_order")
@require_POST
def refund_step(request, pk, step):
    """Let a refund go, or decline it; done twice it is done once."""
    if step not in REFUND_STEPS:
        raise Http404
    refund = _find(pk)
    try:
        REFUND_STEPS[step](refund, user=request.user)
    except MoneyRefused as refused:
        messages.error(request, str(refused))
    return redirect("money:refund", pk=pk)


def _find(pk):
    refunds_seen = Refund.objects.select_related("order__customer", "job", "asked_by", "decided_by")
    return get_object_or_404(refunds_seen, pk=pk)
