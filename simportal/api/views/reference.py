"""The page of the API, for everybody; and what the `type` of a problem leads to."""

from django.conf import settings
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from cards.errors import REFUSALS
from cards.pages.frames import public_page
from simportal.api.pages.examples import ASK
from simportal.api.pages.reference import reference
from simportal.api.views.v1.api import api


@require_safe
def reference_page(request):
    base = settings.PORTAL_URL or request.build_absolute_uri("/").rstrip("/")
    context = reference(api.get_openapi_schema()) | {"ask": ASK, "base": base}
    return public_page(request, "api/reference.html", context)


@require_safe
def problem_page(request, code):
    """To where the code stands on the page of the API; a code that it does not have stands in the answer alone."""
    if code.replace("-", "_") not in REFUSALS:
        raise Http404
    return redirect(f"{reverse('api-reference')}#{code}")
