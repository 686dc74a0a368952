"""The keys of all customers in the console: listed and revoked. Nobody sees a key here, nor makes one."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cards.pages.addresses import queries_beside
from cards.pages.frames import console_page, permitted
from cards.paging import ROWS_PER_PAGE, page_of
from simportal.api.actions.keys import revoke_key
from simportal.api.filters import ApiKeyFilter
from simportal.api.models import ApiKey
from simportal.api.pages.key_lines import key_lines

REVOKES_KEYS = "api.revoke_apikey"


@permitted("api.view_apikey")
@require_safe
def all_keys(request):
    """The newest keys that the parameters ask for."""
    filtered = ApiKeyFilter(request.GET, ApiKey.objects.visible_to(request.user))
    found = filtered.qs.select_related("customer", "created_by")
    page = page_of(found, ROWS_PER_PAGE, *filtered.cursors)
    complaints = filtered.complaints()
    context = {
        "form": filtered.form,
        "complaints": complaints,
        "lines": key_lines(page.rows, for_staff=True),
        "may_revoke": request.user.has_perm(REVOKES_KEYS),
        "page": page,
        **queries_beside(page, request.GET),
    }
    return console_page(request, "console/api/keys.html", context, status=400 if complaints else None)


@permitted(REVOKES_KEYS)
@require_POST
def revoke_any(request, pk):
    key = get_object_or_404(ApiKey, pk=pk)
    if revoke_key(key, by=request.user):
        messages.success(request, _("The key “{name}” is revoked: it opens nothing any more.").format(name=key.name))
    return redirect("console-api:keys")
