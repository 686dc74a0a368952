"""A card file as an open table: its headings understood, and each row with what was told of the whole file."""

from contextlib import contextmanager

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from cards.actions.imports.card_rows import BETWEEN_HOLDS, CARD_FILE_COLUMNS, DAYS, READERS, REQUIRED
from cards.actions.imports.rounding import rounded_last
from cards.actions.imports.told import AS_IT_STANDS
from cards.actions.imports.usual_headings import usual_card_headings
from cards.choices import PlanKind
from cards.files import open_table
from cards.files.headings import Headings, evened
from cards.models import Plan

# The row that stands in the template to show how it is meant, and is no card.
EXAMPLE_CARD = {
    "iccid": "89860000000000000001",
    "msisdn": "1449999999999",
    "imsi": "460049999999999",
    "carrier": "cmcc",
    "customer": "海川共享",
    "certification": "enterprise",
    "opened_on": "2026-01-15",
    "test_months": "3",
    "test_quota_mb": "10",
    "plan": "Y1-30",
    "binding": "none",
}


@contextmanager
def open_cards(source, told=AS_IT_STANDS):
    """The `Table` of a card file; its columns are those of card files, and what was `told` for all rows is in each."""
    told.refuse_unknown(CARD_FILE_COLUMNS)
    for column, text in told.defaults.items():
        READERS[column](text)
    headings = Headings(
        CARD_FILE_COLUMNS,
        REQUIRED,
        usual=usual_card_headings(),
        mapping=told.mapping,
        given=told.defaults,
        dated=DAYS,
    )
    with open_table(source, headings) as table:
        table.columns += [column for column in told.defaults if column not in table.columns]
        table.rows = rounded_last(_as_meant(table.rows, table.notes, told), table.notes)
        yield table


def _as_meant(rows, notes, told):
    plans = PlansByName()
    for row in rows:
        if not row.wrong:
            if _is_the_example(row.texts):
                notes.append((row.number, "", _("the example row of the template; it was left out")))
                continue
            for column, text in told.defaults.items():
                row.texts[column] = row.texts.get(column) or text
            row.texts["plan"] = plans.code_of(row.texts.get("plan", ""))
            if row.texts.get("remove"):
                row.texts["remove"] = _columns_named(row.texts["remove"])
        yield row


def _columns_named(text):
    """The same with our own names for columns that are called by a usual other one."""
    return ",".join(usual_card_headings().get(evened(word)) or word for word in BETWEEN_HOLDS.split(text))


def _is_the_example(texts):
    return all(texts.get(column) == EXAMPLE_CARD[column] for column in ("iccid", "msisdn"))


class PlansByName:
    """The plans by what people call them, in whichever language. A name of several is none's."""

    def __init__(self):
        self.codes, self.named = set(), {}
        for plan in Plan.objects.all():
            self.codes.add(plan.code)
            for name in {plan.code, *_names_of(plan)} if plan.kind == PlanKind.PLAN else {plan.code}:
                self.named.setdefault(evened(name), set()).add(plan.code)

    def code_of(self, text):
        """The code of the plan that is meant; the text itself where there is none."""
        if text in self.codes:
            return text
        meant = self.named.get(evened(text), ())
        return next(iter(meant)) if len(meant) == 1 else text


def _names_of(plan):
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            yield from (plan.title, plan.description, str(plan), plan.offer)
