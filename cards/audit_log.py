"""The log: what can be asked of it, and how its sources are read together, the newest first.

A source is a table to which every deed adds a row. Of each the rows come by their keys, from the last one backwards;
what stands at the head of the sources and is the newest comes next. So a page begins where the one before has ended,
at a key of each source, whatever instants are equal.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import User
from django.db.models import Model, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cards import halving
from cards.calendar import EARLIEST, LATEST, end_of, midnight
from cards.choices import ActorKind, Rule, StaffRole
from cards.filters import StrictForm
from cards.models import AuditEntry, Customer, Job
from cards.paging import ROWS_PER_PAGE, key_in
from cards.search import look_up

KEYS_LOOKED_AT = 100_000  # of a page, where no index has what is asked for
ROWS_OF_PAGE = 5_000  # of which many may be told as one line
ROWS_OF_RUN = 1_000  # that are read of one line; the rest of it is counted
ROWS_READ = (60, 1_000)  # of a source in one go: at first, and once that did not fill the page
DONE = "0"  # the place in a source of which nothing is left


@dataclass(frozen=True)
class LogQuestion:
    """What the log is asked for. `cards` are the keys of those that `about` means; `since` and `until` are instants;
    `sources` are those that the reader may see.

    `each`: the record of each card, also where a job or a night's sweep has many; what is asked of cards is told so.
    """

    person: str = ""
    kind: str = ""
    role: str = ""
    action: str = ""
    about: str = ""
    rule: str = ""
    customer: Customer | None = None
    job: Job | None = None
    since: datetime | None = None
    until: datetime | None = None
    each: bool = False
    cards: frozenset[int] = frozenset()
    sources: "Sequence[Source]" = ()

    def people(self) -> QuerySet[User]:
        """The staff who have the role that is asked for today: what they had on another day, nobody has written."""
        if self.role == StaffRole.ADMIN:
            return User.objects.filter(is_superuser=True)
        return User.objects.filter(groups__name=self.role, is_staff=True)

    @property
    def asks_for_people(self) -> bool:
        """Whether no rule can have done what is asked for."""
        return bool(self.person or self.role or self.kind not in ("", ActorKind.SYSTEM))


class LogForm(StrictForm):
    """The parameters of the log. The place at which a page begins is a key of each source."""

    before = None  # type: ignore[assignment]  # a log is read on, and begun anew
    after = forms.CharField(required=False)
    person = forms.CharField(required=False, label=gettext_lazy("Person"))
    action = forms.ChoiceField(required=False, label=gettext_lazy("Action"))
    about = forms.CharField(required=False, label=pgettext_lazy("audit", "About"))
    customer = forms.ModelChoiceField(
        Customer.objects.all(),
        required=False,
        to_field_name="name",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        label=gettext_lazy("Customer"),
    )
    kind = forms.ChoiceField(
        required=False,
        label=pgettext_lazy("audit", "Done by"),
        choices=[("", gettext_lazy("Anybody")), *ActorKind.choices],
    )
    role = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Role today"),
        choices=[("", gettext_lazy("Any role")), *StaffRole.choices],
    )
    rule = forms.ChoiceField(
        required=False, label=gettext_lazy("Rule"), choices=[("", gettext_lazy("Any rule")), *Rule.choices]
    )
    job = forms.ModelChoiceField(
        Job.objects.all(), required=False, label=gettext_lazy("Job"), widget=forms.NumberInput(attrs={"min": 1})
    )
    since = forms.DateField(required=False, label=gettext_lazy("From date"))
    through = forms.DateField(required=False, label=gettext_lazy("Through date"))
    each = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Cards"),
        choices=[("", gettext_lazy("Jobs and nights as one line")), ("1", gettext_lazy("Each card's record"))],
    )

    def __init__(self, data: Any, user: User) -> None:
        super().__init__(data, label_suffix="")
        self.sources = [source for source in LOG_SOURCES if not source.asks or user.has_perm(source.asks)]
        actions = [(source.title, list(source.actions)) for source in self.sources if source.actions]
        self.fields["action"].choices = [("", gettext_lazy("Any action")), *actions]  # type: ignore[attr-defined]

    def clean_after(self) -> dict[str, Any]:
        """The key in each source at which the page begins."""
        text = self.cleaned_data["after"]
        try:
            return log_places(text) if text else {}
        except ValueError:
            raise forms.ValidationError(_("“{text}” is not a position in this list.").format(text=text)) from None

    def asked(self) -> LogQuestion:
        """What these parameters ask for; to be asked once they are valid."""
        given = self.cleaned_data
        about = given["about"].strip()
        cards = frozenset(look_up([about])[about]) if about else frozenset()
        since, through = given["since"], given["through"]
        return LogQuestion(
            **{name: given[name] for name in ("kind", "role", "action", "rule", "customer", "job")},
            person=given["person"].strip(),
            about=about,
            since=midnight(min(max(since, EARLIEST), LATEST)) if since else None,
            until=end_of(min(max(through, EARLIEST), LATEST)) if through else None,
            each=bool(given["each"] or given["rule"] or given["customer"] or given["job"] or cards),
            cards=cards,
            sources=self.sources,
        )


class Source:
    """One of the tables of the log: which of its rows are asked for, and how a row is read.

    `actions` are what it can be asked for, `moment` the column of its instants; `asks` is the permission without which
    nobody is told of it, besides that of the log. Rows that stand together and have the same `run` are told as one
    line.
    """

    name: ClassVar[str]
    title: ClassVar[str | Promise]
    model: ClassVar[type[Model]]
    moment: ClassVar[str] = "at"
    actions: ClassVar[Sequence[tuple[str, str | Promise]]] = ()
    asks: ClassVar[str] = ""

    def rows(self, asked: LogQuestion) -> QuerySet[Any] | None:
        """What is asked for of this table, whatever the days; None where it has nothing of it."""
        raise NotImplementedError

    def lines(self, runs: "Sequence[Run]", asked: LogQuestion) -> list[Any]:
        """Runs of this source as people read them, of what is asked for."""
        raise NotImplementedError

    def is_searched(self, asked: LogQuestion) -> bool:
        """Whether no index has what is asked for: the keys are gone through, so many of them for a page."""
        return False

    def floor(self, asked: LogQuestion, rows: QuerySet[Any]) -> int:
        """The key at which such a search stops, of these `rows` of its days, the newest first; 0 where none is left."""
        newest = rows.values_list("pk", flat=True).first() or 0
        return max(newest - KEYS_LOOKED_AT, 0)

    def days(self, asked: LogQuestion) -> tuple[datetime | None, datetime | None]:
        """The instants between which the rows lie."""
        return asked.since, asked.until

    def run(self, row: Any) -> Any:
        return row.pk

    def goes_on(self, row: Any, older: Any) -> bool:
        """Whether the row that stands behind another one is of the same run."""
        return bool(self.run(row) == self.run(older))

    def rest_of_run(self, row: Any, rows: QuerySet[Any]) -> tuple[int, int]:
        """Of a long run of which `row` is the last that was read: how many rows are left, of these, and the key behind
        which the next run begins. A source that cannot tell has none left.
        """
        return 0, row.pk

    def key(self, text: str) -> Any:
        """A key as it stands in an address; `ValueError` where that is none."""
        if key := key_in(text):
            return key
        raise ValueError(text)

    def span(self, asked: LogQuestion) -> Q:
        """The days that are asked for."""
        (first, until), span = self.days(asked), Q()
        if first:
            span &= halving.since(self.model, self.moment, first)
        if until:
            span &= halving.before(self.model, self.moment, until)
        return span


LOG_SOURCES: list[Source] = []


def bring_source(source: Source) -> None:
    """A source that a room brings to the log: of equal instants those that were brought first come first."""
    LOG_SOURCES.append(source)


def log_places(text: str) -> dict[str, Any]:
    """The places that stand in an address, by source: a key, or None where nothing is left; `ValueError`."""
    by_name = {source.name: source for source in LOG_SOURCES}
    parts = dict(part.partition(":")[::2] for part in text.split(","))
    if not parts.keys() <= by_name.keys():
        raise ValueError(text)
    return {name: None if key == DONE else by_name[name].key(key) for name, key in parts.items()}


@dataclass
class Run:
    """Rows of a source that are told as one line. `place` is where the log is read on from to read them one by one.

    Of a long run only the first rows are read; `not_read` are the others.
    """

    source: Source
    rows: list[Any]
    place: str = ""
    not_read: int = 0

    @property
    def size(self) -> int:
        """How many rows are told."""
        return len(self.rows) + self.not_read

    @property
    def at(self) -> datetime:
        instant: datetime = getattr(self.rows[0], self.source.moment)
        return instant


@dataclass
class LogPage:
    """A part of the log. `after` is the place of the next part, empty at the end of the log.

    `looked_back_to` is set where the search stopped before the page was full: what is older was not looked at.
    """

    runs: list[Run] = field(default_factory=list)
    after: str = ""
    before: ClassVar[str] = ""  # a log is read on, and begun anew
    looked_back_to: datetime | None = None


class SourceReading:
    """A source that is being read: its `head` is the row that comes next, None at the end.

    `is_at_floor`: the search stops at the head, which itself was not looked at, for so many keys were gone through.
    """

    def __init__(self, source: Source, asked: LogQuestion, places: Mapping[str, Any], is_bounded: bool) -> None:
        self.source, self.is_at_floor = source, False
        is_over = source.name in places and places[source.name] is None
        rows = None if is_over else source.rows(asked)
        self._floor, self._behind, self._rows = 0, Q(), iter(())
        if rows is not None:
            place = places.get(source.name)
            self._behind = source.span(asked) & (Q(pk__lte=place) if place else Q())
            if is_bounded and source.is_searched(asked):
                self._floor = source.floor(asked, source.model._default_manager.filter(self._behind).order_by("-pk"))
            above = {"pk__gt": self._floor} if self._floor else {}
            self._asked_for = rows.filter(self._behind, **above)
            self._rows = self._read(self._asked_for)
        self.advance()

    def advance(self) -> None:
        self.head = next(self._rows, None)

    @property
    def at(self) -> datetime:
        instant: datetime = getattr(self.head, self.source.moment)
        return instant

    @property
    def place(self) -> str:
        return f"{self.source.name}:{DONE if self.head is None else self.head.pk}"

    def skip_rest_of(self, run: Run) -> None:
        """Leave the rest of a long run unread: the head is what comes behind it."""
        run.not_read, key = self.source.rest_of_run(run.rows[-1], self._asked_for)
        if run.not_read:
            self._rows = self._read(self._asked_for.filter(pk__lt=key))
            self.advance()

    def _read(self, rows: QuerySet[Any]) -> Iterator[Any]:
        yield from _by_keys(rows)
        self.is_at_floor = True
        if self._floor:
            yield from self.source.model._default_manager.filter(self._behind, pk__lte=self._floor).order_by("-pk")[:1]


def _by_keys(rows: QuerySet[Any]) -> Iterator[Any]:
    """The rows, the newest first, some at a time: most readers want few."""
    rows = rows.order_by("-pk")
    found = list(rows[: ROWS_READ[0]])
    size = ROWS_READ[0]
    while found:
        yield from found
        if len(found) < size:
            return
        size = ROWS_READ[-1]
        found = list(rows.filter(pk__lt=found[-1].pk)[:size])


def read_page(asked: LogQuestion, places: Mapping[str, Any], size: int = ROWS_PER_PAGE) -> LogPage:
    """The lines of the log behind these places: so many of them, or as many as ROWS_OF_PAGE rows make."""
    page, readings = LogPage(), _readings(asked, places, is_bounded=True)
    for _row in range(ROWS_OF_PAGE):
        reading = _newest(readings)
        if reading is None:
            return page
        if reading.is_at_floor:
            page.looked_back_to = reading.at
            break
        goes_on = page.runs and not asked.each and _continues(page.runs[-1], reading)
        if not goes_on and len(page.runs) == size:
            break
        if not goes_on:
            page.runs.append(Run(reading.source, [], _place(readings)))
        run = page.runs[-1]
        run.rows.append(reading.head)
        reading.advance()
        if len(run.rows) == ROWS_OF_RUN and not asked.each:
            reading.skip_rest_of(run)
    page.after = _place(readings) if _newest(readings) else ""
    return page


def read_all(asked: LogQuestion) -> Iterator[tuple[Source, list[Run]]]:
    """All rows of the log, each as a run of its own: a source and some of its rows that follow each other; few at
    first, so that a file soon has its first row."""
    readings = _readings(asked, {}, is_bounded=False)
    source: Source | None = None
    runs: list[Run] = []
    size = ROWS_READ[0]
    while reading := _newest(readings):
        if source and (source is not reading.source or len(runs) == size):
            yield source, runs
            runs, size = [], ROWS_READ[-1]
        source = reading.source
        runs.append(Run(source, [reading.head]))
        reading.advance()
    if source:
        yield source, runs


def _readings(asked: LogQuestion, places: Mapping[str, Any], is_bounded: bool) -> list[SourceReading]:
    return [SourceReading(source, asked, places, is_bounded) for source in asked.sources]


def _newest(readings: Sequence[SourceReading]) -> SourceReading | None:
    """The source whose row comes next; the first of several of the same instant."""
    return max((each for each in readings if each.head is not None), key=lambda each: each.at, default=None)


def _continues(run: Run, reading: SourceReading) -> bool:
    return run.source is reading.source and run.source.goes_on(run.rows[-1], reading.head) and not run.not_read


def _place(readings: Sequence[SourceReading]) -> str:
    return ",".join(each.place for each in readings)


def entries_about(user: User) -> QuerySet[AuditEntry]:
    """What was done to somebody's account and to what they may, and when they logged in; the newest first."""
    return AuditEntry.objects.filter(user=user.pk).select_related("customer").order_by("-pk")
