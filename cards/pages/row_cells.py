"""The rows of the card list, drawn here and not by a template: fifty of them are most of what a page costs."""

from html import escape
from urllib.parse import quote

from django.utils import timezone
from django.utils.formats import localize
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from cards.quantities import megabytes
from cards.templatetags.cards import away, badge

_NO_VALUE = "—"
LONGEST_REMARK_SHOWN = 60
_NO_HTML = mark_safe("")


class RowDrawing:
    """Draws the rows of `rows_of` with these cells, for whoever may choose cards or not.

    What many rows say alike, their state or their plan, is drawn once.
    """

    def __init__(self, cells, may_select, frame):
        self.may_select = may_select
        self.frame = frame
        self.cells = [(cell, DRAWN.get(cell.kind, _other), SAID_BY_MANY.get(cell.kind), {}) for cell in cells]

    @cached_property
    def list_url(self):
        return self.frame.url("card-list")

    def drawn(self, rows):
        return mark_safe("".join(map(self._row, rows)))

    def _row(self, row):
        box = _box(row) if self.may_select else ""
        return f"<tr>{box}{''.join([self._cell(row, *each) for each in self.cells])}</tr>"

    def _cell(self, row, cell, draw, alike, known):
        said = row.get(cell.name)
        if alike is None:
            return draw(self, row, cell, said)
        key = alike(row, said)
        if key not in known:
            known[key] = draw(self, row, cell, said)
        return known[key]


def _box(row):
    return (
        f'<td class="check"><label><input type="checkbox" name="ids" value="{row["pk"]}" '
        f'aria-label="{escape(row["iccid"])}"></label></td>'
    )


def _numbers(_drawing, row, cell, _said):
    others = "".join([f"<small>{escape(row[name])}</small>" for name in cell.columns if row[name]])
    return f'<th scope="row"><a href="{escape(row["url"])}">{escape(row["iccid"])}</a>{others}</th>'


def _badge(_drawing, _row, _cell, said):
    parked = format_html(' <span class="badge is-bad">{}</span>', _("Parked")) if said.is_parked else _NO_HTML
    return format_html('<td class="is-end">{}{}</td>', badge(said.code), parked)


def _whose(drawing, row, cell, _said):
    customer = (row["customer"] or _NO_VALUE) if "customer" in cell.columns else ""
    tags, remark = row.get("tags"), row.get("remark")
    notes = _notes(drawing, tags or (), remark) if tags or remark else ""
    return f'<td class="whose">{escape(customer)}{notes}</td>'


def _notes(drawing, tags, remark):
    links = ((drawing.list_url, quote(tag), tag) for tag in tags)
    tagged = format_html_join("", '<a class="tag" href="{}?tag={}">{}</a>', links)
    shown = Truncator(remark).chars(LONGEST_REMARK_SHOWN) if remark else ""
    remarked = format_html('<span class="remark" title="{}">{}</span>', remark, shown) if remark else _NO_HTML
    return format_html('<small class="notes">{}{}</small>', tagged, remarked)


def _meter(_drawing, _row, _cell, said):
    if not said:
        return f'<td class="num is-end is-hidden">{_NO_VALUE}</td>'
    usage, read = said.usage, ""
    if said.read_at:
        read_at = f"{timezone.localtime(said.read_at):%Y-%m-%d %H:%M}"
        read = format_html('<time title="{}">{}</time>', read_at, away(said.days))
    used, quota = escape(megabytes(usage.used_bytes)), escape(megabytes(usage.quota_bytes))
    return (
        f'<td class="num is-end">{used} / {quota}<small class="metered">{read}<label>{usage.per_cent}% '
        f'<progress class="meter{usage.tone and f" {usage.tone}"}" value="{usage.per_cent}" max="100"></progress>'
        "</label></small></td>"
    )


def _next(_drawing, _row, _cell, said):
    if not said:
        return mark_safe('<td class="next is-hidden"></td>')
    day = format_html('<span class="soon">{}</span>', said.day) if said.is_soon else said.day
    return format_html('<td class="next">{}<small>{} · {}</small></td>', day, said.label, away(said.days))


def _opening(_drawing, row, _cell, _said):
    plan, carrier = row.get("plan"), row.get("carrier")
    below = " · ".join(filter(None, (plan and plan.code, carrier and str(carrier))))
    return format_html(
        '<td class="opening is-hidden"{}>{}{}</td>',
        format_html(' title="{}"', plan.title) if plan else _NO_HTML,
        plan.title if plan else "",
        format_html("<small>{}</small>", below) if below else _NO_HTML,
    )


def _plan(_drawing, _row, cell, said):
    if not said:
        return mark_safe('<td class="is-row"></td>')
    shown = '<td class="is-row" data-label="{}">{}<small>{}</small></td>'
    return format_html(shown, cell.first_line, said.title, said.code)


def _label(_drawing, _row, _cell, said):
    if not said:
        return format_html('<td class="is-row">{}</td>', _NO_VALUE)
    tone = f" is-{said.tone}" if said.tone else ""
    return format_html('<td class="is-row"><span class="badge{}">{}</span></td>', tone, said.label)


def _identifier(_drawing, _row, cell, said):
    label = format_html(' data-label="{}"', cell.first_line) if said else _NO_HTML
    return format_html('<td class="is-row id"{}>{}</td>', label, said)


def _day(_drawing, _row, cell, said):
    return format_html('<td class="is-row nowrap" data-label="{}">{}</td>', cell.first_line, said or _NO_VALUE)


def _other(_drawing, _row, cell, said):
    return format_html('<td class="is-row" data-label="{}">{}</td>', cell.first_line, localize(said))


# What a cell is drawn from, by its kind, where many rows say the same; words are told apart without translating them.
SAID_BY_MANY = {
    "badge": lambda _row, said: said,
    "next": lambda _row, said: said and (said.day, said.is_soon, id(said.label)),
    "opening": lambda row, _said: ((plan := row.get("plan")) and plan.pk, id(row.get("carrier"))),
}
# By the kind of cell; what is none of these is a text.
DRAWN = {
    "numbers": _numbers,
    "badge": _badge,
    "whose": _whose,
    "meter": _meter,
    "next": _next,
    "opening": _opening,
    "plan": _plan,
    "label": _label,
    "identifier": _identifier,
    "day": _day,
}
