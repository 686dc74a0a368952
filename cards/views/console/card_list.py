"""The console's list of cards, with columns to choose, more filters, and names that are offered while one types."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cards.actions.fleet_snapshot import not_read_as_of
from cards.choices import Action
from cards.filters import FILTERS_BROUGHT
from cards.lookup import customers_called, customers_named
from cards.models import Customer, Tag
from cards.pages.addresses import list_url, view_url
from cards.pages.card_columns import chosen_columns, offered_columns
from cards.pages.customers_told import customers_told
from cards.pages.frames import CONSOLE, permitted
from cards.permissions import Actor
from cards.quick import QUICK
from cards.views.card_list import CardList

NAMES_SUGGESTED = 20
MORE = ("customer", "tag", "current_plan", "stock", "certification", "expiring", "due", "reading", "parked")
DAILY = (Action.SUSPEND, Action.RESUME)
NAMED = {"customer": Customer, "tag": Tag}


class ConsoleList(CardList):
    template = "console/card_list.html"
    page_size = 50
    quick = tuple(QUICK)

    @property
    def more(self):
        return (*MORE, *FILTERS_BROUGHT)

    def may_select(self, user):
        return bool(Actor.of(user).actions) or user.has_perm("billing.place_order")

    def at_once(self, user):
        allowed = Actor.of(user).actions
        return [(action, action.label) for action in DAILY if action in allowed]

    def columns(self, filtered):
        return chosen_columns(filtered.form)

    def context(self, request, filtered, params):
        """The columns that can be chosen."""
        form, names = filtered.form, self.columns(filtered)
        for name in NAMED:  # each asks for the names to offer while something is typed there
            form.fields[name].widget.attrs |= {
                "list": f"{name}s",
                "hx-get": CONSOLE.url("names"),
                "hx-trigger": "input changed delay:200ms",
                "hx-target": f"#{name}s",
            }
        return {
            "has_address": request.method != "POST",
            "offered_columns": offered_columns(names),
            "usual_url": view_url(params, CONSOLE, cols=None) if "cols" in params else None,
            "is_kept_list": is_of_kept_list(params),
            "listed_at": not_read_as_of() if is_of_kept_list(params) else None,
        }

    def more_filters(self, request, filtered, params):
        """Drawn once they are asked for: twenty fields are a sixth of the page. A list that was posted has no address
        at which they could be asked for."""
        shown = super().more_filters(request, filtered, params)
        waits = request.method != "POST" and not shown["has_more"]
        return shown | {"more_url": waits and list_url(params, CONSOLE, filters="all")}


def is_of_kept_list(params):
    """Whether the cards are those of a list that is made now and then: it says as of when it is."""
    return params.get("quick") == "late" or "reading" in params


CONSOLE_LIST = ConsoleList(CONSOLE)


@permitted("cards.view_card")
@require_safe
def names_offered(request):
    """Names of customers or tags that have what was typed in them, for the field to offer."""
    name = next(filter(request.GET.get, NAMED), None)
    if name is None:
        return HttpResponse()
    return render(request, "console/list/_names.html", {"names": _names_with(NAMED[name], request.GET[name])})


@permitted("cards.view_customer")
@require_safe
def customer_meant(request):
    """Who is meant by a name as far as it is typed, with what tells them from others; and the names to choose from."""
    typed = request.GET.get("customer", "").strip()
    (found,) = customers_named([typed]).values() if typed else ([],)
    names = _names_with(Customer, typed) if typed else []
    return render(request, "console/_meant.html", {"typed": typed, "meant": customers_told(found), "names": names})


def _names_with(model, text):
    known = (
        customers_called(text).living()
        if model is Customer
        else model.objects.filter(name__icontains=text).order_by("name")
    )
    return list(known.values_list("name", flat=True)[:NAMES_SUGGESTED])
