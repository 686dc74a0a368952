"""Service without money in the console: the cards whose opening is not paid, and what is done about them."""

import uuid

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from billing.choices import OrderKind, Unpaid
from billing.filters import NotPaidFilter
from billing.money import ZERO
from billing.not_paid import not_paid, opening_groups, owing
from billing.pages.not_paid_rows import not_paid_file, not_paid_rows
from cards.actions.jobs import control
from cards.actions.selections import freeze
from cards.calendar import civil_today
from cards.choices import Action
from cards.exports.stream import in_order
from cards.forms import form_key
from cards.pages.addresses import given, queries_beside, view_query
from cards.pages.frames import console_page, permitted
from cards.pages.selecting import MOST_CHECKED
from cards.paging import ROWS_PER_PAGE, key_in, page_of

OWING_SHOWN = 20
# What is done about chosen cards, and the permission that it takes.
NOT_PAID_STEPS = {"order": "billing.place_order", "unassign": "cards.unassign_card"}


@permitted("billing.view_order")
@require_safe
def not_paid_list(request):
    """The cards that are not paid; the first page also says what they are worth and who owes that.

    For these sums every card is looked at, which takes half a second of 300,000.
    """
    filtered, today = NotPaidFilter(request.GET, not_paid()), civil_today()
    shown = filtered.qs.select_related("customer", "plan")
    page = page_of(shown, ROWS_PER_PAGE, *filtered.cursors, order=filtered.order)
    complaints = filtered.complaints()
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "rows": not_paid_rows(page.rows, today),
        **(_sums(request.GET, filtered, today) if not complaints and not any(filtered.cursors) else {}),
        "page": page,
        **queries_beside(page, request.GET),
        "query": view_query(request.GET),
        "key": uuid.uuid4(),
        **{f"may_{step}": request.user.has_perm(permission) for step, permission in NOT_PAID_STEPS.items()},
        "may_select": any(map(request.user.has_perm, NOT_PAID_STEPS.values())),
    }
    return console_page(request, "console/money/not_paid.html", context, status=400 if complaints else None)


@permitted("billing.view_order")
@require_safe
def not_paid_csv(request):
    """The same cards as a file, on all pages and in the same order."""
    filtered = NotPaidFilter(request.GET, not_paid())
    if complaints := filtered.complaints():
        return console_page(request, "cards/export_refused.html", {"complaints": complaints}, 400)
    return not_paid_file(in_order(filtered.qs, filtered.order), civil_today(), by=request.user)


@permitted(*NOT_PAID_STEPS.values())
@require_POST
def act_on_not_paid(request, step):
    """Order the opening of the chosen cards, or return them to stock: what follows is looked at before it is done."""
    if step not in NOT_PAID_STEPS:
        raise Http404
    if not request.user.has_perm(NOT_PAID_STEPS[step]):
        raise PermissionDenied
    selection = _chosen(request, step)
    if selection is None:
        return redirect("money:not-paid")
    if step == "order":
        asked = urlencode({"selection": selection.pk, "kind": OrderKind.OPENING})
        return redirect(f"{reverse('money:order-new')}?{asked}")
    key = uuid.uuid5(selection.key, step)
    return redirect("console:job", pk=control.draft(selection, Action.UNASSIGN, user=request.user, key=key).pk)


def _chosen(request, step):
    """The selection of the checked cards, or of the whole view, as far as they are not paid still; None of none."""
    which, key, ids = request.POST.get("which"), form_key(request), request.POST.getlist("ids")
    if which not in ("page", "filter") or key is None:
        raise BadRequest("nothing was asked for")
    filtered = NotPaidFilter(QueryDict(request.POST.get("query", "")), not_paid())
    cards, complaints = filtered.qs, filtered.complaints() if which == "filter" else []
    if which == "page":
        checked = [key_in(text) for text in ids]
        if len(checked) > MOST_CHECKED or None in checked:
            raise BadRequest("these are not the cards of one page")
        cards = not_paid().filter(pk__among=checked)
    if complaints or not cards.exists():
        messages.error(request, " ".join(complaints) or _("No cards are selected: there is nothing to do yet."))
        return None
    asked = "&".join([str(request.user.pk), step, which, request.POST.get("query", ""), *ids])
    source = {"from": "page" if which == "page" else "queue"}
    return freeze(cards, owner=request.user, asked=source, key=uuid.uuid5(key, asked))


def _sums(params, filtered, today):
    """How many cards for which reason; of the reason that is asked for, what they are worth, and who owes that."""
    groups, why = opening_groups(filtered.for_any_reason), params.get("why", "")
    owed = owing([group for group in groups if why in ("", group.why)], today)
    return {
        "tabs": _tabs(params, groups),
        "owed": owed[:OWING_SHOWN],
        "more_customers": len(owed[OWING_SHOWN:]),
        "cards": sum(each.cards for each in owed),
        "value": sum((each.value for each in owed), ZERO),
        "unpriced": sum(each.unpriced for each in owed),
    }


def _tabs(params, groups):
    """(query, label, cards, whether it is shown) for each reason, and for all of them."""
    others, shown = given(params, besides=("why", "after", "before")).urlencode(), params.get("why", "")
    counts = {code: sum(group.cards for group in groups if group.why == code) for code in Unpaid}
    tabs = [("", _("All"), sum(counts.values())), *((code, code.label, counts[code]) for code in Unpaid)]
    return [
        ("&".join(filter(None, [others, code and urlencode({"why": code})])), label, count, code == shown)
        for code, label, count in tabs
    ]
