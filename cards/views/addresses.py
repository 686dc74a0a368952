"""The addresses of the card list: each tells the whole view."""

from django.http import QueryDict
from django.urls import reverse

LONGEST_QUERY = 2_000
CURSORS = ("after", "before")


def given(params):
    """The parameters that say something, for the address to say no more than that."""
    kept = QueryDict(mutable=True)
    for name, values in params.lists():
        if name != "csrfmiddlewaretoken" and any(values):
            kept.setlist(name, values)
    return kept


def list_url(params, **changes):
    """The address of the list with these parameters, changed so; None takes one away."""
    changed = params.copy()
    for name, value in changes.items():
        changed.pop(name, None)
        if value:
            changed[name] = str(value)
    query = changed.urlencode()
    return reverse("console:card-list") + (f"?{query}" if query else "")


def view_url(params, **changes):
    """The address of the view that differs from this one so; its pages begin anew."""
    return list_url(params, **{**dict.fromkeys(CURSORS), **changes})
