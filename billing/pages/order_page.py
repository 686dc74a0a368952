"""What the page of an order shows: what would happen, its terms, what became of each line, and the money."""

import uuid

from django.http import Http404
from django.utils.translation import gettext as _

from billing.actions.delivery import sold_plan
from billing.actions.ledger import account_of
from billing.actions.offers import own_term
from billing.actions.placing import why_not_placed
from billing.actions.providers import provider_label
from billing.actions.shown import shown_by_check
from billing.choices import LineState, OrderKind
from billing.errors import MoneyRefused
from billing.forms import RefundForm
from billing.models import Chargeback, MoneyRules, Order
from billing.money import LARGEST, ZERO, tax_within
from billing.pages.order_changes import changes_of
from billing.pages.order_labels import effects_of, money_badge, prices_of
from billing.pages.pay_buttons import pay_buttons
from billing.pages.wallet_lines import moved_by
from billing.permissions import may_adjust, may_order, may_pay, may_place, may_request_refund, may_withdraw
from cards.actions.jobs import engine
from cards.choices import Step
from cards.guards import RENEWED_ALREADY
from cards.models import Card, PlanBook, PolicyBook
from cards.pages.addresses import queries_beside
from cards.pages.job_labels import job_badge, step_log
from cards.pages.job_outcomes import groups_of_check, groups_of_result
from cards.pages.job_page import progress_of
from cards.paging import OLDEST, counts_up_to, key_in, page_of
from cards.sentences.terms import when_it_runs
from cards.state_counts import COUNTED

LINES_SHOWN = 50
LINE_FILTERS = ("", *LineState.values, "failed")


def order_context(order, request, frame):
    """The context of the page in this frame, for whoever looks at it."""
    job, user = order.job, request.user
    entries = order.entries.prefetch_related("postings").order_by("booked_at")
    is_being_placed = order.is_being_placed
    context = {
        "order": order,
        "runs": _when_it_runs(order),
        "badge": job_badge(job) if is_being_placed else money_badge(order),
        "is_being_placed": is_being_placed,
        "not_placed": why_not_placed(order),
        "account": account_of(order.customer_id),
        "may_order": may_order(user, order.customer_id),
        "may_place": may_place(user, order),
        "may_withdraw": may_withdraw(user, order),
        "may_pay": may_pay(user, order.customer_id),
        "may_refund": may_request_refund(user, order),
        "may_approve": may_adjust(user),
        "key": uuid.uuid4(),
        "entries": [(entry, moved_by(entry, frame.for_staff), list(entry.postings.all())) for entry in entries],
        "refunds": [(refund, money_badge(refund)) for refund in order.refunds.select_related("asked_by")],
        "payments": _payments(order),
        "together": _drafted_together(order, user),
    }
    if job:
        job.sums = engine.totals(job)
        context |= {"job": job, "polls": job.is_at_work, "progress": progress_of(job)}
        context["is_stuck"] = order.is_worked_on and job.has_failed
        context["step_log"] = step_log(job, without=(Step.STARTED, Step.DISCARDED))  # to pay it, to withdraw it
    if order.is_draft:
        return context | _draft(order)
    return context | _placed(order, request) | _lines(order, request, frame.money_url("order", order.pk))


def _drafted_together(order, user):
    """How many orders were drafted from the same cards as this one, as far as they are still there; 0 for it alone."""
    if order.selection_id is None:
        return 0
    (count,) = counts_up_to(COUNTED, [Order.objects.visible_to(user).filter(selection=order.selection_id)])
    return count if count > 1 else 0


def _payments(order):
    """Each online payment with its badge, its provider, what was told of it, and what of that waits to be cleared."""
    payments = order.payments.select_related("started_by").prefetch_related("notifications", "unmatched")
    return [
        (
            payment,
            money_badge(payment),
            provider_label(payment.provider),
            list(payment.notifications.all()),
            list(payment.unmatched.all()),
        )
        for payment in payments
    ]


def chargebacks_context(order):
    """What was taken back of what paid the order, and its card where it has only one."""
    found = Chargeback.objects.filter(payment__order=order).select_related("entry__reversed_by")
    cards = list(order.lines.values_list("card__iccid", flat=True)[:2])
    return {"chargebacks": found.order_by("pk"), "only_iccid": cards[0] if len(cards) == 1 else None}


def _draft(order):
    """Who can, who cannot and why, what it comes to, and what follows for the cards."""
    if not order.job.is_waiting:
        return {}
    sums, shown = order.job.sums.check_counts, shown_by_check(order.job)
    groups = groups_of_check(order.job, MoneyRefused)
    account = account_of(order.customer_id)
    return {
        "is_checked": True,
        "can": sums["can"],
        "cannot": sums["cannot"],
        "groups": groups,
        "renewed": sum(group.count for group in groups if group.refused.code in RENEWED_ALREADY),
        "effects": effects_of(order.job),
        "prices": prices_of(order.job),
        "changes": changes_of(order.job),
        "shown": shown,
        "total": shown.total,
        "left": account.balance - shown.total,
        "is_short": shown.total > account.available,
        "most": LARGEST,
        "is_too_large": shown.total > LARGEST,
    }


def _when_it_runs(order):
    """When the term of a renewal of one card will run, and which it would be; nothing once it is queued, or over."""
    if order.kind != OrderKind.RENEWAL or order.job.total != 1:
        return ""
    line = order.lines.select_related("card", "plan").first()
    if line and not (line.is_open and (order.is_placed or order.is_paid)):
        return ""
    card = line.card if line else Card.objects.get(pk__in=order.job.chunks.get().payload["cards"])
    after = own_term(order, card, plan=sold_plan(line) if line else None)
    return when_it_runs(after, PolicyBook.read(), is_one_more=card.is_renewed) if after else ""


def _placed(order, request):
    account = account_of(order.customer_id)
    return {
        "left": account.balance - order.total,
        "is_short": order.is_placed and order.total > account.available,
        "is_mine": order.created_by_id == request.user.pk,
        "buttons": pay_buttons(request.headers.get("User-Agent", "")) if order.total > ZERO else None,
        "bank": order.is_placed and MoneyRules.read().bank_account,
        "remittance": f"{order.number} {order.customer}",
        "refund_form": RefundForm(order),
    }


def _lines(order, request, url):
    """The lines that the address asks for, a page of them, and why some were not served."""
    show, after = request.GET.get("show", ""), request.GET.get("after", "")
    if show not in LINE_FILTERS or (after and key_in(after) is None):
        raise Http404
    lines = shown_lines(order, show)
    page = page_of(lines.select_related("card", "plan"), LINES_SHOWN, key_in(after), order=OLDEST)
    tabs = [("", _("All")), *LineState.choices]
    line, plans = order.lines.first(), PlanBook()
    for each in page.rows:
        each.badge = money_badge(each)
        each.why = each.refused and MoneyRefused.read(each.refused, plans)
    return {
        "lines": page.rows,
        "page": page,
        **queries_beside(page, request.GET),
        "tabs": [(f"{url}?show={code}#lines" if code else f"{url}#lines", label, code == show) for code, label in tabs],
        "shown": show,
        "groups": groups_of_result(order.job, url, MoneyRefused) if order.job and order.paid_at else [],
        "tax": line and tax_within(order.total, line.tax_rate),
        "tax_rate": line and line.tax_rate,
        "has_failed": order.lines.exclude(refused=None).exists(),
        "may_be_refunded": order.is_paid and order.kind != OrderKind.ADJUSTMENT and order.refunded < order.total,
    }


def shown_lines(order, show):
    """The lines in a state, or those that could not be served (`failed`); all of them for nothing."""
    if show == "failed":
        return order.lines.exclude(refused=None)
    return order.lines.filter(state=show) if show else order.lines.all()
