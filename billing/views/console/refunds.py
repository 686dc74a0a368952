"""Refunds in the console: the page of one, approving or declining it, and everything that waits for a second person."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from billing.actions import refunds
from billing.actions.lines import sum_of_checks
from billing.actions.orders import needs_second
from billing.choices import OrderKind
from billing.errors import MoneyRefused
from billing.models import MoneyRules, Order, Refund
from billing.pages.order_labels import money_badge
from cards.actions.jobs import engine
from cards.pages.frames import console_page, permitted, staff_required
from cards.pages.job_outcomes import groups_of_check, groups_of_result
from cards.pages.job_page import progress_of

REFUND_STEPS = {"let-go": refunds.approve, "decline": refunds.decline, "go-on": refunds.resume_refund}


@staff_required
@require_safe
def refund_page(request, pk):
    """What would be given back, or was; and the buttons for whoever may."""
    refund = _find(pk)
    job = refund.job
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
        "is_stuck": refund.is_approved and job.has_failed,
        "can": job.sums.check_counts["can"],
        "cannot": job.sums.check_counts["cannot"],
        "groups": groups,
        "amount": amount,
        "limit": MoneyRules.read().second_person_above,
        "needs_another": needs_second(amount) and refund.asked_by_id == request.user.pk,
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


@staff_required
@require_safe
def approvals(request):
    """Approvals: refunds that wait for one, and adjustments that wait for a second person."""
    waiting = Refund.objects.waiting().select_related("order__customer", "asked_by", "job")
    placed = Order.objects.placed().filter(kind=OrderKind.ADJUSTMENT)
    context = {
        "refunds": [(refund, sum_of_checks(refund.job)) for refund in waiting.order_by("pk")],
        "adjustments": placed.select_related("customer", "created_by").order_by("pk"),
        "limit": MoneyRules.read().second_person_above,
    }
    return console_page(request, "console/money/approvals.html", context)


def _find(pk):
    refunds_seen = Refund.objects.select_related("order__customer", "job", "asked_by", "decided_by")
    return get_object_or_404(refunds_seen, pk=pk)
