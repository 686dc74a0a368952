"""How the pages write what they show over and over: a state or a hold, a quantity, a day."""

import re

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cards.calendar import last_day
from cards.choices import Hold, StaffRole, State, label_of
from cards.phrases import in_turn, joined, listed, pair
from cards.quantities import megabytes

register = template.Library()
register.simple_tag(pair)
register.simple_tag(joined)
register.filter(listed)
register.filter(in_turn)

DAY_OR_AMOUNT = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d)?|-?¥[\d,.]*\d")
SHOWN_LABELS = {**dict(State.choices), **dict(Hold.choices)}


def shown_label(code):
    """What the state or hold that a card shows is called; one that only a later version knows stays a code."""
    return SHOWN_LABELS.get(code, code)


@register.simple_tag
def badge(code):
    """A state, or the hold that is shown in its place: one colour to each."""
    return format_html('<span class="badge is-{}">{}</span>', code, shown_label(code))


@register.simple_tag(takes_context=True)
def frame_url(context, name, *args):
    """An address of cards in the frame that the page stands in: `{% frame_url "job" job.pk %}`."""
    return context["frame"].url(name, *args)


@register.filter
def with_code(plan):
    """A plan as staff match it with files and carriers: what people call it, its code small beside it."""
    return format_html('{} <span class="code">{}</span>', plan.title, plan.code)


@register.filter
def role_names(roles):
    """What the roles of somebody of the staff are called, by their words."""
    return listed(label_of(StaffRole, role) for role in roles)


@register.filter
def at(row, name):
    """What stands in a row under a name that is known only when the page is drawn."""
    return row.get(name)


@register.filter
def mb(count):
    """Bytes as MB, without the unit."""
    return megabytes(count)


@register.filter
def grouped(count):
    """A number with its thousands apart, as the trade writes it in both languages."""
    return f"{count:,}"


@register.filter
def unbroken(text):
    """A text in which no line ends within a day or an amount: a browser would break them at their hyphens."""
    return mark_safe(DAY_OR_AMOUNT.sub(r'<span class="nowrap">\g<0></span>', conditional_escape(text)))


@register.filter("last_day")
def last_day_or_none(until):
    """How people say the end of what holds up to but not on a day: no page shows the day itself."""
    return until and last_day(until)


@register.filter
def seconds(count):
    """Seconds with one decimal, without the unit; what took some time never reads as none."""
    return f"{count:.1f}" if count >= 0.05 else "<0.1"


@register.filter
def away(days):
    """How far away a day is: `in 12 days`, `today`, `3 days ago`."""
    if days > 0:
        return ngettext("in {days} day", "in {days} days", days).format(days=days)
    if days < 0:
        return ngettext("{days} day ago", "{days} days ago", -days).format(days=-days)
    return _("today")
