"""What stands on a page by the dozen, drawn here and not by a template, which looks up each word of each of them."""

from html import escape

from django import template
from django.forms.utils import flatatt
from django.utils.safestring import mark_safe

register = template.Library()


@register.simple_tag
def options(choices, chosen):
    """The options of a list to choose from, `(value, label)` each."""
    return _lines(
        f'<option value="{escape(str(value))}"{" selected" if value == chosen else ""}>{escape(str(label))}</option>'
        for value, label in choices
    )


@register.simple_tag
def chooser(field):
    """The field of a form that is a list to choose from, as its widget draws it with templates."""
    widget, value = field.field.widget, field.value()
    attributes = flatatt({"id": field.auto_id, **widget.attrs, **field.build_widget_attrs({}, widget)})
    chosen = "" if value is None else value
    return mark_safe(f'<select name="{field.html_name}"{attributes}>{options(widget.choices, chosen)}</select>')


@register.simple_tag
def boxes(choices, name, form):
    """Boxes to check, which belong to a form that stands elsewhere, `(value, label, whether it is checked)` each."""
    return _lines(
        f'<label class="choice"><input type="checkbox" form="{form}" name="{name}" value="{escape(str(value))}"'
        f"{' checked' if is_checked else ''}> {escape(str(label))}</label>"
        for value, label, is_checked in choices
    )


@register.simple_tag
def tabs(each, is_list):
    """Tabs with their counts: links, or buttons where the cards are a pasted list, which has no address."""
    return _lines(f"<li>{_tab(tab, is_list)}</li>" for tab in each)


@register.simple_tag
def chips(each):
    """Quick filters, each one click away."""
    return _lines(
        f'<li><a class="chip" href="{escape(chip.url)}"{_current(chip, "true")}>{escape(str(chip.label))}</a></li>'
        for chip in each
    )


@register.simple_tag
def headings(heads, is_list):
    """The head of each column; what can be sorted by it is a link, unless the cards are a pasted list."""
    return mark_safe("\n      ".join([_heading(head, not is_list) for head in heads]))


def _lines(drawn):
    return mark_safe("\n    ".join(drawn))


def _current(link, which):
    return f' aria-current="{which}"' if link.is_current else ""


def _tab(tab, is_button):
    said = f'{escape(str(tab.label))} <span class="count">{escape(tab.count)}</span>'
    if is_button:
        return f'<button form="search" name="tab" value="{escape(tab.value)}"{_current(tab, "page")}>{said}</button>'
    return f'<a href="{escape(tab.url)}"{_current(tab, "page")}>{said}</a>'


def _heading(head, are_links):
    number = ' class="num"' if head.kind == "meter" else ""
    sort = f' aria-sort="{head.sorted}"' if head.sorted else ""
    lines = "<br>".join([_head_line(line, are_links) for line in head.lines])
    return f'<th scope="col"{number}{sort}>{lines}</th>'


def _head_line(line, is_link):
    label = escape(str(line.label))
    if not (line.url and is_link):
        return label
    arrow = f' <span aria-hidden="true">{line.arrow}</span>' if line.arrow else ""
    return f'<a class="sorts" href="{escape(line.url)}">{label}{arrow}</a>'
