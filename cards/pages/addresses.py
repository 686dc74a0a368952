"""The addresses of a card list, in whichever frame it stands: each tells the whole view."""

from functools import cache

from django.http import QueryDict
from django.urls import get_script_prefix, get_urlconf, reverse

from cards.paging import key_in

LONGEST_QUERY = 2_000
CURSORS = ("after", "before")


def address(name):
    """The address of a page that is the only one of its name: a page of the console has a hundred of them."""
    return _address(name, get_urlconf(), get_script_prefix())


@cache
def _address(name, urlconf, _prefix):
    return reverse(name, urlconf)


def given(params, besides=()):
    """The parameters that say something, for the address to say no more than that; `besides` belong to the form.

    The check boxes of the columns are one parameter, as in an address.
    """
    kept = QueryDict(mutable=True)
    for name, values in params.lists():
        if name not in ("csrfmiddlewaretoken", *besides) and any(values):
            kept.setlist(name, [",".join(values)] if name == "cols" else values)
    return kept


def list_url(params, frame, **changes):
    """The address of the frame's list with these parameters, changed so; None takes one away."""
    query = _changed(params, changes).urlencode()
    return frame.url("card-list") + (f"?{query}" if query else "")


def view_url(params, frame, **changes):
    """The address of the view that differs from this one so; its pages begin anew."""
    return list_url(params, frame, **{**dict.fromkeys(CURSORS), **changes})


def queries_beside(page, params):
    """The queries of the pages beside this one of any list, as templates ask for them; empty where there is none."""
    base = dict.fromkeys(CURSORS)
    return {
        "first_query": _changed(params, base).urlencode(),
        "next_query": page.after and _changed(params, base | {"after": page.after}).urlencode(),
        "previous_query": page.before and _changed(params, base | {"before": page.before}).urlencode(),
    }


def places_in(params):
    """The places of a list by keys that an address names, (after, before); what is no place is passed over."""
    return [key_in(params.get(name, "")) for name in CURSORS]


def view_query(params):
    """What the view asks for, whatever page of it is looked at."""
    return _changed(params, dict.fromkeys(CURSORS)).urlencode()


def _changed(params, changes):
    changed = QueryDict(mutable=True)
    for name, values in params.lists():
        if name not in changes:
            changed.setlist(name, values)
    for name, value in changes.items():
        if value:
            changed[name] = str(value)
    return changed
