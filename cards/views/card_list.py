"""The list of cards, for staff and for customers: its search box, filters, tabs and pages."""

import uuid

from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.gzip import gzip_page

from cards.calendar import civil_today
from cards.filters import PAGE_SIZES, RANGES, filter_for
from cards.pages.addresses import LONGEST_QUERY, given, list_url, view_query, view_url
from cards.pages.card_columns import cards_with, heads_of, list_cells, posted_columns, rows_of
from cards.pages.card_tabs import chips_of, posted_tab, tabs_of
from cards.pages.filter_labels import ONLY_SHOWN
from cards.pages.found import Found, not_found
from cards.pages.frames import SAFE, Framed, entering
from cards.pages.row_cells import RowDrawing
from cards.paging import END
from cards.search import Numbers

LED_TO = ("reading",)
RANGES_LED_TO = ("cancels", "stopped", "due")
PARAMETERS_KEPT = ("state", "hold", "quick")
SAYS_NOTHING_OF_CARDS = ("q", *ONLY_SHOWN)


class CardList(Framed):
    """The list; each audience says how long its pages are, which columns they show, and who may choose cards."""

    asks = "cards.view_card"
    template: str
    page_size: int
    quick: tuple
    more: tuple

    @entering(*SAFE, "POST")
    @method_decorator(gzip_page)
    def page(self, request):
        """The list that the parameters ask for. A search is posted, and has an address unless too long for one."""
        params = given(request.POST or request.GET)
        if request.method == "POST":
            posted_columns(params)
            posted_tab(params)
            if len(params.urlencode()) <= LONGEST_QUERY:
                return redirect(list_url(params, self.frame))
        filtered, may_select = filter_for(request.user, params), self.may_select(request.user)
        complaints = list(filtered.complaints())
        own = self.context(request, filtered, params)  # first: what is listed may have to be counted anew
        more = self.more_filters(request, filtered, params)
        if request.htmx:
            return render(request, "cards/list/_more_fields.html", more)
        context = {
            "complaints": complaints,
            "may_select": may_select,
            "at_once": self.at_once(request.user),
            "key": uuid.uuid4(),
            **own,
            **self._rows(filtered, params, may_select),
            **more,
            **_search(filtered, params),
        }
        if not complaints:
            chips = chips_of(params, self.frame, self.quick)
            context |= {"states": self.tabs(filtered, params), "chips": chips}
        return self.frame.page(request, self.template, context, 400 if complaints else None)

    @entering("GET", "POST")
    def not_found(self, request):
        """The numbers of a pasted list that mean none of the cards, or more than one, as a file."""
        return not_found(request)

    def may_select(self, user):
        raise NotImplementedError

    def at_once(self, user):
        """(action, label) of what the list has buttons for, besides the way to all that can be done to many cards."""
        return []

    def columns(self, filtered):
        """The names of the columns that are shown."""
        raise NotImplementedError

    def tabs(self, filtered, params):
        return tabs_of(filtered, params, self.frame)

    def context(self, request, filtered, params):
        """What only this audience's list shows."""
        return {}

    def more_filters(self, request, filtered, params):
        """What “More filters” shows."""
        return _more_filters(filtered.form, params, self.more)

    def _rows(self, filtered, params, may_select):
        """The rows, with the columns that are shown, and the way to the views and pages beside them."""
        frame, names, query = self.frame, self.columns(filtered), view_query(params)
        page = filtered.page(self.page_size, cards_with(names))
        cells = list_cells(names)
        rows = rows_of(page.rows, names, civil_today(), frame)
        return {
            "rows": rows,
            "drawn_rows": RowDrawing(cells, may_select, frame).drawn(rows),
            "heads": heads_of(cells, filtered.order, lambda sort: view_url(params, frame, sort=sort)),
            "sizes": sorted({self.page_size, *PAGE_SIZES}),
            "usual_size": self.page_size,
            "page_size": filtered.size or self.page_size,
            "page": page,
            "query": query,
            "export_query": f"{query}&" if query else "",
            "all_tabs_url": view_url(params, frame, state=None, hold=None),
            "first_url": page.before and view_url(params, frame),
            "previous_url": page.before and view_url(params, frame, before=page.before),
            "next_url": page.after and view_url(params, frame, after=page.after),
            "last_url": page.after and view_url(params, frame, before=END),
        }


def _more_filters(form, params, names):
    """The fields of “More filters”: those of these names, and the ranges of days; to some only figures lead."""
    names = [name for name in names if name in params or name not in LED_TO]
    ranges = [
        {"label": label, "since": form[f"{name}_since"], "through": form[f"{name}_through"]}
        for name, label in RANGES.items()
        if f"{name}_since" in form.fields and (name not in RANGES_LED_TO or _is_asked(params, name))
    ]
    days = [field.name for pair in ranges for field in (pair["since"], pair["through"])]
    return {
        "more": [form[name] for name in names],
        "ranges": ranges,
        "has_more": any(name in params for name in ("filters", *names, *days)),
    }


def _is_asked(params, name):
    """Whether the list is asked for a range of these days."""
    return f"{name}_since" in params or f"{name}_through" in params


def _search(filtered, params):
    """What was searched and how it was understood, and what the box carries along."""
    meant = getattr(filtered.form, "cleaned_data", {}).get("q")
    found = Found(meant) if isinstance(meant, Numbers) else None
    return {
        "form": filtered.form,
        "found": found if found and found.is_worth_telling else None,
        "is_list": bool(found) and meant.is_list,
        "understood": meant.sentence() if meant and not found else "",
        "kept": [(name, params[name]) for name in PARAMETERS_KEPT if name in params],
        "has_filters": any(name not in SAYS_NOTHING_OF_CARDS for name in params),
        "has_place": "after" in params or "before" in params,
    }
