"""The log in the console: who did what, when, to which cards, by which job or rule, whatever room wrote it down."""

from datetime import timedelta
from itertools import chain

from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from cards.audit_log import LogForm, LogPage, read_all, read_page
from cards.calendar import WEEK, civil_today
from cards.choices import Action, AuditAction
from cards.pages.addresses import given, queries_beside
from cards.pages.card_tabs import Chip
from cards.pages.downloads import csv_response
from cards.pages.frames import console_page, permitted
from cards.pages.log_lines import log_headings, log_row

MAY_READ_THE_LOG = "cards.view_auditentry"
LOG_DAYS = ("since", "through")
MORE_OF_THE_LOG = ("kind", "role", "rule", "job", "each")


@permitted(MAY_READ_THE_LOG)
@require_safe
def log_page(request):
    """The newest deeds that the parameters ask for."""
    params = given(request.GET)
    form = LogForm(params, request.user)
    asked = form.asked() if form.is_valid() else None
    page = read_page(asked, form.cleaned_data["after"]) if asked else LogPage()
    complaints = list(form.complaints())
    context = {
        "form": form,
        "complaints": complaints,
        "lines": _lines(page, asked, params),
        "page": page,
        "presets": _presets(form, params, civil_today()),
        "days": _days(params, civil_today()),
        "more": [form[name] for name in MORE_OF_THE_LOG],
        "is_narrowed": any(name in params for name in ("about", *MORE_OF_THE_LOG)),
        "is_read_on": "after" in params,
        **queries_beside(page, params),
    }
    return console_page(request, "console/log.html", context, status=400 if complaints else None)


@permitted(MAY_READ_THE_LOG)
@require_safe
def log_file(request):
    """All deeds that the parameters ask for, the newest first; none where they say nothing clear."""
    form = LogForm(given(request.GET), request.user)
    asked = form.asked() if form.is_valid() else None
    read = read_all(asked) if asked else ()
    lines = chain.from_iterable(source.lines(runs, asked) for source, runs in read)
    return csv_response(_("audit-log"), log_headings(), map(log_row, lines), by=request.user)


def _lines(page, asked, params):
    """(line, the query that lists each of its cards) of a page; each source asks once for what its lines say."""
    by_source = {}
    for run in page.runs:
        by_source.setdefault(run.source.name, []).append(run)
    read = {name: iter(runs[0].source.lines(runs, asked)) for name, runs in by_source.items()}
    return [(line := next(read[run.source.name]), line.opens or _one_by_one(run, params)) for run in page.runs]


def _one_by_one(run, params):
    """The same view from this line on, card by card; empty where the line is of one."""
    return urlencode(params.dict() | {"each": 1, "after": run.place}) if len(run.rows) > 1 else ""


def _presets(form, params, today):
    """What is asked for most, of what this reader can ask for; each begins anew."""
    last_month = dict(zip(LOG_DAYS, _last_month(today), strict=True))
    presets = [
        (_("Cards cancelled last month"), {"action": Action.CANCEL, **last_month}),
        (_("Cards cancelled this month"), {"action": Action.CANCEL, "since": today.replace(day=1)}),
        (_("Logins refused"), {"action": AuditAction.LOGIN_REFUSED}),
        (_("Pages refused"), {"action": AuditAction.PAGE_REFUSED}),
        (_("Exports"), {"action": AuditAction.EXPORTED}),
        (_("Permissions changed"), {"action": AuditAction.RIGHTS_CHANGED}),
        (_("Prices changed"), {"action": "price"}),
    ]
    can = {action for source in form.sources for action, _label in source.actions}
    return [_chip(label, params, {}, asked) for label, asked in presets if asked["action"] in can]


def _days(params, today):
    """Days to choose, for whatever is asked for besides."""
    yesterday = today - timedelta(days=1)
    choices = [
        (pgettext("day", "Today"), today, today),
        (_("Yesterday"), yesterday, yesterday),
        (_("Last 7 days"), today - timedelta(days=WEEK - 1), today),
        (_("This month"), today.replace(day=1), today),
        (_("Last month"), *_last_month(today)),
    ]
    kept = {name: value for name, value in params.items() if name not in (*LOG_DAYS, "after")}
    return [_chip(label, params, kept, {"since": since, "through": through}) for label, since, through in choices]


def _chip(label, params, kept, asked):
    wanted = kept | {name: str(value) for name, value in asked.items()}
    shown = {name: value for name, value in params.items() if name != "after"}
    return Chip(label, f"?{urlencode(wanted)}", shown == wanted)


def _last_month(today):
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last
