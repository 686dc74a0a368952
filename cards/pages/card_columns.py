"""The columns of the card list on its pages: which are shown, what stands in a row, and in which cells."""

from dataclasses import dataclass, field
from functools import lru_cache

from django.db.models import BooleanField, ExpressionWrapper
from django.utils.functional import cached_property

from cards.columns.declared import LIST_COLUMNS
from cards.models import Card
from cards.pages.card_rows import next_of, shown_of, used_of
from cards.phrases import listed
from cards.querysets import renewed
from cards.quick import RISING

ALWAYS = ("iccid",)
USUAL = tuple(name for name, column in LIST_COLUMNS.items() if column.listed.is_usual)

# What a row says where that is more than a fact of the card, by the kind of cell.
CELL_VALUES = {
    "badge": lambda card, day: shown_of(card),
    "meter": used_of,
    "next": next_of,
    "tags": lambda card, day: card.tag_list,
}


@dataclass(frozen=True)
class Cell:
    """A cell of every row: its kind, by which the template draws it, and the columns in it by their names."""

    kind: str
    columns: dict = field(default_factory=dict)

    @property
    def name(self):
        return next(iter(self.columns), None)

    @cached_property
    def headed(self):
        """The headings, one below the other, each with the order by it; what is internal stands on one line."""
        lines = [("ICCID", "iccid")] if self.kind == "numbers" else []
        lines += [(column.label, column.listed.sort) for column in self.columns.values() if not column.is_internal]
        notes = [column.label for column in self.columns.values() if column.is_internal]
        return [*lines, (listed(notes), "")] if notes else lines

    @property
    def lines(self):
        return [label for label, _sort in self.headed]

    @cached_property
    def first_line(self):
        return self.lines[0]


@dataclass(frozen=True)
class HeadLine:
    """A heading; by what a list can be sorted, the address of it, and of the other way round if it is now."""

    label: str
    url: str | None = None
    sorted: str = ""  # as `aria-sort` says it
    arrow: str = ""


@dataclass(frozen=True)
class HeadCell:
    """What stands above the cells of a kind."""

    kind: str
    lines: list

    @property
    def sorted(self):
        return next((line.sorted for line in self.lines if line.sorted), "")


def heads_of(cells, order, url_of):
    """Above each cell its headings, for a list that stands in this order; `url_of` gives the address of another."""
    return [
        HeadCell(cell.kind, [_head_line(label, sort, order, url_of) for label, sort in cell.headed]) for cell in cells
    ]


def _head_line(label, sort, order, url_of):
    if not sort:
        return HeadLine(label)
    if order.column != RISING[sort][1].column:
        return HeadLine(label, url_of(sort))
    if order.is_descending:
        return HeadLine(label, url_of(sort), "descending", "↓")
    return HeadLine(label, url_of(f"-{sort}"), "ascending", "↑")


def chosen_columns(form):
    """The names of the columns that a read `CardFilter`'s form asks for: the usual ones unless it says."""
    return getattr(form, "cleaned_data", {}).get("cols") or USUAL


def posted_columns(params):
    """An address is silent on the usual columns."""
    if params.get("cols") == ",".join(USUAL):
        del params["cols"]


def offered_columns(names):
    """(name, label, whether it is one of these) of every column that can be chosen."""
    return [(name, column.label, name in names) for name, column in LIST_COLUMNS.items()]


def list_cells(names):
    """The cells that show these columns, from left to right; the first has the card's number in any case."""
    cells = {"numbers": Cell("numbers")}
    for name, column in LIST_COLUMNS.items():
        if name in names:
            stack = column.listed.stack
            cells.setdefault(stack or name, Cell(stack or column.listed.cell)).columns[name] = column
    return list(cells.values())


def cards_with(names):
    """Cards with what these columns need, and nothing else of them."""
    depends = any(LIST_COLUMNS[name].annotated for name in names)  # on the day, and on who reads
    return _cards_with(names) if depends else _known_cards_with(tuple(names)).all()


def _cards_with(names):
    needs = {fact for name in names for fact in LIST_COLUMNS[name].listed.needs}
    joined = {fact.partition("__")[0] for fact in needs if "__" in fact}
    cards = Card.objects.all()
    if "next" in names:
        cards = cards.annotate(has_next_term=ExpressionWrapper(renewed(), BooleanField()))
    annotated = {name: LIST_COLUMNS[name].annotated for name in names}
    cards = cards.annotate(**{name: make() for name, make in annotated.items() if make})
    # Without a name `select_related` would fetch everything that a card refers to.
    return cards.select_related(*joined or [None]).only(*ALWAYS, *needs, *joined)


# What most lists show is put together once.
_known_cards_with = lru_cache(maxsize=100)(_cards_with)


def rows_of(cards, names, day, frame):
    """The rows of a page: what each column says, by its name, and which card that is, with its page in the frame."""
    url_of = frame.urls("card")
    return [
        {
            "pk": card.pk,
            "iccid": card.iccid,
            "url": url_of(card.iccid),
            **{name: _said(LIST_COLUMNS[name], card, day) for name in names},
        }
        for card in cards
    ]


def _said(column, card, day):
    says = CELL_VALUES.get(column.listed.cell)
    return says(card, day) if says else column.said_of(card)
