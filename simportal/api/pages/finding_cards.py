"""The cards that parameters find."""

from django.http import QueryDict

from cards.models import Card
from simportal.api.errors import invalid
from simportal.api.filters import ApiCardFilter


def filter_of(request, parameters, place=""):
    """The filter that these parameters make; `Problem` where one of them is not understood."""
    asked = QueryDict(mutable=True)
    asked.update({name: str(value) for name, value in parameters.items()} | ({"after": place} if place else {}))
    filtered = ApiCardFilter(asked, queryset=Card.objects.visible_to(request.user))
    if filtered.faults:
        raise invalid(filtered.faults)
    return filtered
