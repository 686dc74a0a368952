"""Real-name checks that wait: who is to answer for which card, and approving or rejecting many of them at once."""

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cards.calendar import civil_today
from cards.files.writing import as_text
from cards.filters import CheckFilter
from cards.models import RealNameCheck
from cards.pages.addresses import queries_beside, view_query
from cards.pages.deciding_checks import (
    BUTTONS_OF_CHECK,
    CHECKS_DECIDED,
    LONGEST_REASON,
    complaint_about,
    decide_checks,
    versions_in,
)
from cards.pages.downloads import list_as_csv
from cards.pages.frames import console_page, permitted
from cards.pages.ordering import act_url
from cards.paging import OLDEST, page_of
from cards.permissions import Actor, codename

CHECKS_PER_PAGE = 100
CHECKS_AT_ONCE = 500
CHECK_COLUMNS = (
    ("ICCID", lambda check: as_text(check.card.iccid)),
    (gettext_lazy("Customer"), lambda check: str(check.card.customer or "")),
    (gettext_lazy("Name"), lambda check: check.masked_name),
    (gettext_lazy("ID number"), lambda check: check.masked_number),
    (gettext_lazy("Submitted on"), lambda check: check.submitted_on),
)


@permitted("cards.view_realnamecheck")
@require_safe
def real_name_page(request):
    """The checks on which nobody has decided yet, the longest waiting first."""
    return _page(request)


@permitted("cards.view_realnamecheck")
@require_safe
def real_name_csv(request):
    """The same checks as a file, on all pages; of names and numbers no more than the page shows."""
    filtered = CheckFilter(request.GET, RealNameCheck.objects.to_decide())
    found = filtered.qs.select_related("card__customer").order_by("pk").iterator(CHECKS_AT_ONCE)
    return list_as_csv(request, _("id-verifications"), CHECK_COLUMNS, found, filtered.complaints())


@permitted(*(f"cards.{codename(action)}" for action in CHECKS_DECIDED.values()))
@require_POST
def decide_real_names(request, decision):
    """Approve or reject the checked ones, at most a page of them, each if its card is as it was seen."""
    if decision not in CHECKS_DECIDED:
        raise Http404
    if CHECKS_DECIDED[decision] not in Actor.of(request.user).actions:
        raise PermissionDenied
    texts, reason = request.POST.getlist("ids"), request.POST.get("reason", "").strip()
    versions = versions_in(texts)
    if versions is None or len(texts) > CHECKS_PER_PAGE:
        raise BadRequest("these are not the checks of one page")
    if complaint := complaint_about(decision, versions, reason):
        return _page(request, complaint, reason, set(versions), status=422)
    decide_checks(request, decision, versions, reason)
    query = view_query(request.GET)  # what was behind this page has moved up
    return redirect(f"{reverse('console:real-name')}?{query}" if query else "console:real-name")


def _page(request, complaint="", reason="", checked=frozenset(), status=None):
    filtered, today = CheckFilter(request.GET, RealNameCheck.objects.to_decide()), civil_today()
    page = page_of(filtered.qs.select_related("card__customer"), CHECKS_PER_PAGE, *filtered.cursors, order=OLDEST)
    complaints = filtered.complaints()
    actions = Actor.of(request.user).actions
    buttons = [(action, label) for action, label in BUTTONS_OF_CHECK if action in actions]
    query = request.GET.urlencode()
    back = reverse("console:real-name") + (f"?{query}" if query else "")
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "complaint": complaint,
        "reason": reason,
        "longest_reason": LONGEST_REASON,
        "rows": [
            (
                check,
                check.card,
                (check.submitted_on - today).days,
                [(label, act_url(action, check.card.iccid, back)) for action, label in buttons],
                check.card_id in checked,
            )
            for check in page.rows
        ],
        "may": {decision: action in actions for decision, action in CHECKS_DECIDED.items()},
        "may_decide": bool(buttons),
        "query": query,
        "page": page,
        **queries_beside(page, request.GET),
    }
    return console_page(request, "console/real_name.html", context, status=400 if complaints else status)
