"""The differences between the portal and the carriers in the console: by kind, and deciding them."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from cards.actions.write import chunked
from cards.carriers.actions import drifts
from cards.carriers.actions.reconciling import release_comparison
from cards.carriers.choices import DriftKind
from cards.carriers.models import Drift, Reconciliation
from cards.carriers.pages.drift_rows import DRIFT_COLUMNS, DriftChoice, drift_rows, drift_tabs, proposal_groups
from cards.errors import BadInput, Refused
from cards.pages.downloads import list_as_csv
from cards.pages.frames import console_page, permitted
from cards.paging import OLDEST, ROWS_PER_PAGE, key_in, page_of

DECIDED_AT_ONCE = 10_000
DRIFTS_AT_ONCE = 500
LISTED_TO_CONFIRM = 20


@permitted("carriers.view_drift")
@require_safe
def difference_list(request):
    """The open differences of a kind, the oldest first; of the first kind that has any unless the address says."""
    tabs = drift_tabs(_kind_in(request.GET))
    kind = next((tab.code for tab in tabs if tab.is_current), "")
    found = Drift.objects.open().filter(kind=kind).select_related("card__customer", "account", "job")
    page = page_of(found, ROWS_PER_PAGE, key_in(request.GET.get("after", "")), order=OLDEST)
    groups = proposal_groups(kind, request.user) if kind else []
    context = {
        "tabs": tabs,
        "kind": kind,
        "groups": groups,
        "may_approve": any(group.may for group in groups),
        "rows": drift_rows(page.rows),
        "may_order_again": kind in drifts.SETTLED_BY_ORDERS,
        "may_decide": request.user.has_perm(drifts.MAY_DECIDE_DRIFTS),
        "next_url": page.after and f"?kind={kind}&after={page.after}",
    }
    return console_page(request, "console/carriers/differences.html", context)


@permitted("carriers.view_drift")
@require_safe
def difference_csv(request):
    """The open differences of a kind as a file, or those of all kinds."""
    kind, found = _kind_in(request.GET), Drift.objects.open().select_related("card__customer", "account", "job")
    found = (found.filter(kind=kind) if kind else found).order_by("pk").iterator(DRIFTS_AT_ONCE)
    rows = (row for chunk in chunked(found, DRIFTS_AT_ONCE) for row in drift_rows(chunk))
    return list_as_csv(request, _("differences"), DRIFT_COLUMNS, rows)


@permitted(drifts.MAY_DECIDE_DRIFTS)
@require_POST
def decide_differences(request, step):
    """Approve what is proposed, once it was confirmed; leave the differences as they are; or order it once more."""
    decision = DriftChoice.read(request.POST, _kind_in(request.POST))
    found = list(decision.chosen().order_by("pk")[:DECIDED_AT_ONCE])
    keys, back = [drift.pk for drift in found], f"{reverse('carriers:drift')}?kind={decision.kind}"
    if step not in ("approve", "reject", "again"):
        raise Http404
    try:
        if step == "approve" and "confirmed" not in request.POST:
            return _ask_first(request, decision, found, back)
        if step == "approve":
            return redirect("console:job", pk=drifts.approve(keys, request.user, request.POST.get("reason", "")).pk)
    except (BadInput, Refused) as refused:
        messages.error(request, str(refused))
        return redirect(back)
    if step == "reject":
        count = drifts.reject(keys, request.user)
        said = ngettext("{count} difference is left as it is.", "{count} differences are left as they are.", count)
    else:
        count = drifts.order_again(keys, request.user)
        said = ngettext("{count} order is sent once more.", "{count} orders are sent once more.", count)
    if count:
        messages.success(request, said.format(count=count))
    else:
        messages.error(request, _("Nothing was selected for which this can be done."))
    return redirect(back)


@permitted(drifts.MAY_DECIDE_DRIFTS)
@require_POST
def release_held_comparison(request, pk):
    """Let a comparison that the brake holds correct what it found."""
    run = get_object_or_404(Reconciliation, pk=pk)
    if not release_comparison(run, request.user):
        raise Http404
    return redirect("carriers:account", pk=run.account_id)


def _ask_first(request, decision, found, back):
    """What approving does, to how many cards and to which, before it is done."""
    proposed = [drift for drift in found if drift.proposal]
    proposals = decision.proposals(proposed)
    if len(proposals) == 1:
        drifts.require_allowed(proposed[0].proposal, request.user)
    context = {
        "decision": decision,
        "proposals": proposals,
        "count": len(proposed),
        "rows": drift_rows(proposed[:LISTED_TO_CONFIRM]),
        "more": max(len(proposed) - LISTED_TO_CONFIRM, 0),
        "back": back,
    }
    return console_page(request, "console/carriers/approve.html", context)


def _kind_in(params):
    kind = params.get("kind", "")
    if kind and kind not in DriftKind:
        raise Http404
    return kind
