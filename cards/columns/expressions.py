"""What the database makes of a value for a file, the same on PostgreSQL and SQLite: texts that need no more work.

A cell without a value is NULL, which both write as nothing at all.
"""

from collections.abc import Callable, Iterable
from datetime import date
from itertools import chain
from typing import Any

from django.conf import settings
from django.contrib.admin.utils import get_fields_from_path
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    BigIntegerField,
    Case,
    F,
    FilteredRelation,
    Func,
    OuterRef,
    Q,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, NullIf, Substr
from django.db.models.sql.compiler import SQLCompiler
from django.utils.functional import Promise

from cards.choices import Hold, Rule, State
from cards.columns.next_day import NEXT_DAY as _NEXT
from cards.columns.next_day import RENEWED
from cards.files.writing import ESCAPED_STARTS
from cards.holds import has_sql
from cards.models.card import MB, Card
from cards.querysets import last_stop, renewed, running_terms, runs_on

SHANGHAI_FROM_UTC = "+8 hours"  # since 1991 without summer time
JOINED = "joined_term"
STARTS = ", ".join(str(ord(sign)) for sign in ESCAPED_STARTS)


class Joined(Func):
    """Texts one after another; without a value if one of them has none."""

    arg_joiner = " || "
    template = "(%(expressions)s)"
    output_field = TextField()


class Escaped(Func):
    """`writing.escaped` in SQL."""

    output_field = TextField()
    function = "ascii"
    template = (
        f"CASE WHEN %(function)s(%(expressions)s) IN ({STARTS}) THEN '''' || %(expressions)s ELSE %(expressions)s END"
    )

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, **context, function="unicode")


class Worded(Func):
    """The word for each code, and what is said `otherwise`.

    One node, and not one for each code: Django would take longer to put a statement together than to have it answered.
    """

    output_field = TextField()

    def __init__(self, code: Combinable, words: Iterable[tuple[str, str | Promise]], otherwise: Combinable) -> None:
        super().__init__(code, otherwise)
        self.words = [(code, str(word)) for code, word in words]

    def as_sql(  # type: ignore[override]  # nobody says another function or template
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        (code, of_code), (otherwise, of_otherwise) = map(compiler.compile, self.get_source_expressions())
        whens = "WHEN %s THEN %s " * len(self.words)
        return f"CASE {code} {whens}ELSE {otherwise} END", (*of_code, *chain(*self.words), *of_otherwise)


class SeveralHolds(Func):
    """The words for several holds, each behind a separator."""

    output_field = TextField()

    def __init__(self, holds: Combinable, separator: str) -> None:
        super().__init__(holds)
        self.separator = separator

    def as_sql(  # type: ignore[override]  # nobody says another function or template
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        ((holds, params),) = map(compiler.compile, self.get_source_expressions())
        each = [f"CASE WHEN {has_sql(holds, hold)} THEN %s ELSE '' END" for hold in Hold]
        words = [(*params, f"{self.separator}{hold.label}") for hold in Hold]
        return f"({' || '.join(each)})", tuple(chain(*words))


class Megabytes(Func):
    """Bytes as MB with two decimals, rounded down, so that 29.999 of 30 never reads as used up."""

    output_field = TextField()
    template = f"((%(expressions)s) * 100 / {MB} * 0.01)::text"

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        return self.as_sql(
            compiler, connection, **context, template=f"printf('%%%%.2f', (%(expressions)s) * 100 / {MB} / 100.0)"
        )


class ExactMegabytes(Func):
    """Bytes as MB with as many decimals as give the very number of bytes back."""

    output_field = TextField()
    template = f"trim_scale(round((%(expressions)s) / {MB}.0, 7))::text"

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        text = f"printf('%%%%.7f', (%(expressions)s) / {MB}.0)"
        return self.as_sql(compiler, connection, **context, template=f"rtrim(rtrim({text}, '0'), '.')")


class PerCent(Func):
    """Used bytes of an allowance in MB, as `quantities.per_cent` says: 100 of none."""

    output_field = BigIntegerField()

    def as_sql(  # type: ignore[override]  # nobody says another function or template
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        (used, of_used), (quota, of_quota) = map(compiler.compile, self.get_source_expressions())
        quota = f"(CAST({quota} AS bigint) * {MB})"
        return f"CASE WHEN {used} >= {quota} THEN 100 ELSE {used} * 100 / {quota} END", (*of_used, *of_quota) * 2


class Metered(Func):
    """What stands there for a test period, and for the cycle of service, which nobody may have begun on the card yet.

    Most cards of a fleet are in service, so that is asked first. The last cycle of a term is followed by none of it,
    even if nobody has seen to its end yet.
    """

    output_field = TextField()
    FACTS = ("state", "resumes_to", "service_until", "cycle_until")

    def __init__(self, in_test: Combinable, in_a_new_cycle: Combinable, in_the_cycle: Combinable, today: date) -> None:
        super().__init__(*map(F, self.FACTS), Value(today), in_a_new_cycle, in_the_cycle, in_test)

    def as_sql(  # type: ignore[override]  # nobody says another function or template
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        compiled = [compiler.compile(each) for each in self.get_source_expressions()]
        state, resumes_to, service_end, cycle_end, today, in_a_new_cycle, in_the_cycle, in_test = (
            sql for sql, _params in compiled
        )
        in_service = (
            f"CASE WHEN {cycle_end} <= {today} AND {service_end} > {cycle_end} "
            f"THEN {in_a_new_cycle} ELSE {in_the_cycle} END"
        )
        runs, tests = (f"({state} = '{phase}' OR {resumes_to} = '{phase}')" for phase in (State.IN_USE, State.TESTING))
        metered = f"CASE WHEN {service_end} IS NOT NULL AND {runs} THEN {in_service} WHEN {tests} THEN {in_test} END"
        return metered, tuple(chain.from_iterable(params for _sql, params in compiled))


class DayText(Func):
    """A day as PostgreSQL writes it anyway; SQLite's driver would make an object of it first."""

    template = "%(expressions)s"

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, **context, template="CAST(%(expressions)s AS text)")


class LastDayText(Func):
    """The day before, written as `DayText` is."""

    output_field = TextField()
    template = "((%(expressions)s) - 1)"

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, **context, template="date(%(expressions)s, '-1 day')")


class Minute(Func):
    """An instant as `2026-03-02 09:30` in the portal's time zone."""

    output_field = TextField()
    template = f"left(((%(expressions)s) AT TIME ZONE '{settings.TIME_ZONE}')::text, 16)"

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        template = f"strftime('%%%%Y-%%%%m-%%%%d %%%%H:%%%%M', %(expressions)s, '{SHANGHAI_FROM_UTC}')"
        return self.as_sql(compiler, connection, **context, template=template)


def text(name: str) -> Combinable:
    """The text, and no value where it is empty."""
    return NullIf(F(name), Value("")) if _may_be_empty(name) else F(name)


def _may_be_empty(name: str) -> bool:
    return get_fields_from_path(Card, name)[-1].blank


def spreadsheet_text(name: str) -> Joined:
    """`writing.as_text` in SQL."""
    return Joined(Value('="'), text(name), Value('"'))


def escaped_text(name: str) -> Combinable:
    """The text with its apostrophe, and no value where it is empty."""
    written = Escaped(F(name))
    return Case(When(**{name: "", "then": Value(None)}), default=written) if _may_be_empty(name) else written


def last_stopped() -> Combinable:
    """When a suspended card was last stopped, and by whom or by which rule."""
    by = Worded(F("rule"), Rule.choices, Cast("actor_name", TextField()))
    stopped = last_stop(Joined(Cast("effective_on", TextField()), Value(" "), by))
    return Case(When(state=State.SUSPENDED, then=stopped), output_field=TextField())


def choice_label(name: str, choices: Iterable[tuple[str, str | Promise]]) -> Worded:
    """The label of each code, in the language of whoever asks now."""
    return Worded(F(name), choices, text(name))


def hold_labels(name: str, separator: str) -> Case:
    """The labels of holds as `Holds` keeps them; mostly there is none, or one."""
    several = Substr(SeveralHolds(F(name), separator), len(separator) + 1)
    labels = Worded(F(name), Hold.choices, several)
    return Case(When(**{name: "", "then": Value(None)}), default=labels)


def used(today: date, in_megabytes: Callable[[Combinable], Func]) -> Metered:
    """What `Card.meter` says is used on that day, without a value while no meter runs."""
    used = in_megabytes(F("used_bytes"))
    return Metered(used, in_megabytes(Value(0)), used, today)


def allowance_mb(today: date) -> Metered:
    """What `Card.meter` says there is to be used, in MB."""
    return Metered(F("test_quota_mb"), F("quota_mb"), F("quota_mb") + F("pack_mb"), today)


def used_per_cent(today: date) -> Metered:
    """What is used of it, as `quantities.per_cent` says."""
    in_a_new_cycle = PerCent(Value(0), F("quota_mb"))
    in_the_cycle = PerCent(F("used_bytes"), F("quota_mb") + F("pack_mb"))
    return Metered(PerCent(F("used_bytes"), F("test_quota_mb")), in_a_new_cycle, in_the_cycle, today)


def next_day() -> Case:
    """The day that matters next, as `card_rows.next_day_of` says it; the last one of what ends."""
    days = {
        phase: LastDayText(name) if name.endswith("_until") else DayText(name) for phase, (name, _) in _NEXT.items()
    }
    whens = [When(_is_in(phase) & Q(**{f"{_NEXT[phase][0]}__isnull": False}), then=day) for phase, day in days.items()]
    without_a_term = When(_is_in(State.IN_USE), then=DayText("forced_activation_on"))
    return Case(*whens, without_a_term, output_field=TextField())


def next_event() -> Case:
    """What that day is."""
    has_its_day = {phase: _is_in(phase) & Q(**{f"{name}__isnull": False}) for phase, (name, _) in _NEXT.items()}
    renews = [When(has_its_day[phase] & renewed(), then=Value(str(label))) for phase, label in RENEWED.items()]
    whens = [When(has_its_day[phase], then=Value(str(label))) for phase, (_, label) in _NEXT.items()]
    is_forced = _is_in(State.IN_USE) & Q(forced_activation_on__isnull=False)
    waits = When(is_forced, then=Value(str(_NEXT[State.UNUSED][1])))
    return Case(*renews, *whens, waits, output_field=TextField())


def of_running_term(today: date, fact: Combinable) -> Case:
    """A fact of the service term that runs on that day (`CardQuerySet.running_on`), without a value while none does.

    Each card's is looked up: for a page of cards.
    """
    term = running_terms(today, OuterRef("term_number")).filter(card=OuterRef("pk"))
    return _of_running(Subquery(term.values_list(fact)))


def of_joined_term(name: str) -> Case:
    """The same where the cards' terms are joined as `joined_term` says: for any number of cards."""
    return _of_running(F(f"{JOINED}__{name}"))


def joined_term(today: date) -> dict[str, FilteredRelation]:
    """For `CardQuerySet.alias`, so that `of_joined_term` finds each card's term; it is joined where it is asked for."""
    return {JOINED: FilteredRelation("terms", condition=runs_on(today, F("term_number"), "terms__"))}


def _of_running(fact: Combinable) -> Case:
    return Case(When(_is_in(State.IN_USE), then=fact))


def _is_in(phase: str) -> Q:
    return Q(state=phase) | Q(resumes_to=phase)
