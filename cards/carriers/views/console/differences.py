"""The differences between the portal and the carriers in the console, by kind."""

from django.http import Http404
from django.views.decorators.http import require_safe

from cards.carriers.choices import DriftKind
from cards.carriers.models import Drift
from cards.carriers.pages.drift_rows import drift_row, drift_tabs
from cards.pages.frames import console_page, permitted
from cards.paging import OLDEST, ROWS_PER_PAGE, key_in, page_of


@permitted("carriers.view_drift")
@require_safe
def difference_list(request):
    """The open differences of a kind, the oldest first; of the first kind that has any unless the address says."""
    chosen = request.GET.get("kind", "")
    if chosen and chosen not in DriftKind:
        raise Http404
    tabs = drift_tabs(chosen)
    kind = next((tab.code for tab in tabs if tab.is_current), chosen)
    drifts = Drift.objects.open().filter(kind=kind).select_related("card__customer", "account")
    page = page_of(drifts, ROWS_PER_PAGE, key_in(request.GET.get("after", "")), order=OLDEST)
    context = {
        "tabs": tabs,
        "kind": kind,
        "rows": [drift_row(drift) for drift in page.rows],
        "next_url": page.after and f"?kind={kind}&after={page.after}",
    }
    return console_page(request, "console/carriers/differences.html", context)
