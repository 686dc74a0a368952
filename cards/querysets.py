import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.fields.related_lookups import RelatedExact, RelatedIn
from django.db.models.lookups import Exact
from django.db.models.sql.compiler import SQLCompiler

from cards.choices import STOPS, Certification, RealName, State, UsageLevel
from cards.holds import has_sql
from cards.identifiers import iccid_in
from cards.scope import OwnedQuerySet

if TYPE_CHECKING:  # the models import this module
    from cards.models import Card

NEVER_READ = datetime(2000, 1, 1, tzinfo=UTC)  # no reading is older; those never read come before all others
ONCE_READ = NEVER_READ + timedelta(microseconds=1)
BEHIND_ALL = "~"  # sorts after every digit and letter that an identifier can have
BEHIND_ALL_TEXT = "\U0010ffff"


def among(connection: BaseDatabaseWrapper) -> str:
    """The condition to be one of a list, which is one parameter: what `one_parameter` makes of it."""
    return "= ANY(%s)" if connection.vendor == "postgresql" else "IN (SELECT value FROM json_each(%s))"


def one_parameter(values: Iterable[Any], connection: BaseDatabaseWrapper) -> Any:
    values = list(values)
    if connection.vendor != "postgresql":
        return json.dumps(values)
    # As PostgreSQL writes a list of numbers: the driver looks each one over, which takes longer than to look it up.
    return f"{{{','.join(map(str, values))}}}" if set(map(type, values)) == {int} else values


class Among(models.Lookup):
    """`id__among=[…]`: like `in`, with the list as one parameter instead of one for each of thousands.

    Of an empty list the database is not asked, as with `in`.
    """

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        values = list(self.rhs)
        if not values:
            raise EmptyResultSet
        column, params = self.process_lhs(compiler, connection)
        return f"{column} {among(connection)}", [*params, one_parameter(values, connection)]


class Begins(models.Lookup):
    """`Begins(F("name"), "Ac")`: texts that begin so, by a plain index; PostgreSQL needs one by bytes for it."""

    lookup_name = "begins"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        column, params = self.process_lhs(compiler, connection)
        if connection.vendor == "postgresql":
            return f"{column} LIKE %s", [*params, connection.ops.prep_for_like_query(self.rhs) + "%"]
        return f"({column} >= %s AND {column} < %s)", [*params, self.rhs, *params, self.rhs + BEHIND_ALL_TEXT]


class HasHold(models.Lookup):
    """`holds__has=Hold.CREDIT`: what `Card.has_hold` says."""

    lookup_name = "has"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        column, params = self.process_lhs(compiler, connection)
        return has_sql(column, self.rhs), params


class FirstHold(models.Func):
    """What tells the hold that a card shows: the first letters of its first one, `FIRST_LETTERS` of them.

    No two holds begin with the same letters; a test holds to it. An index of an expression is used only for the very
    same expression, so the numbers stand in it as they are.
    """

    FIRST_LETTERS = 3
    template = f"SUBSTR(%(expressions)s, 1, {FIRST_LETTERS})"
    output_field = models.CharField()


for field in (models.BigAutoField, models.ForeignKey, models.CharField):
    field.register_lookup(Among)
models.CharField.register_lookup(HasHold)


# What cards are asked for, as conditions: of a list, and of one look at all cards of a customer.

# By what they are not: databases make too much of an index by state where a day tells the cards better.
NOT_OVER = ~models.Q(state__in=(State.SHUT_DOWN, State.CANCELLED))
CANCELS_UNLESS_RENEWED = models.Q(state=State.SHUT_DOWN, protected=False)
REAL_NAME_WAITS = models.Q(real_name=RealName.SUBMITTED) & ~models.Q(state=State.CANCELLED)
REAL_NAME_LACKS = (
    models.Q(certification=Certification.INDIVIDUAL)
    & ~models.Q(real_name__in=(RealName.SUBMITTED, RealName.APPROVED))
    & NOT_OVER
)

# A card that was last seen where it is bound is found by the IMEI that was seen; an index holds the others.
BOUND_ELSEWHERE = ~models.Q(bound_imei="") & ~models.Q(bound_imei=models.F("seen_imei"))


def at_usage_level(level: int, day: date) -> models.Q:
    """Cards at this level of the running cycle's allowance; a cycle that is over has said its last word."""
    return models.Q(usage_level=level, cycle_until__gt=day)


def renewed() -> models.Q:
    """Cards that have their next term already, queued or on order, paid or not; `Card.is_renewed` says the same."""
    queued, on_order = _next_terms()
    return models.Q(queued) | models.Q(on_order)


def not_renewed() -> models.Q:
    """The others, said so that a database looks each card up, or joins them, as it is quicker."""
    queued, on_order = _next_terms()
    return ~models.Q(queued) & ~models.Q(on_order)


def not_paid_for() -> models.Q:
    """Cards whose next term is neither queued nor paid for: what is on order may never be paid."""
    queued, on_order = _next_terms(is_paid=True)
    return ~models.Q(queued) & ~models.Q(on_order)


def to_be_paid() -> models.Q:
    """Cards of which a term is on order that nobody has paid yet."""
    return models.Q(models.Exists(_on_order().filter(is_paid=False)))


def _cards_with_next_terms() -> models.QuerySet[Any]:
    """The keys of cards that are `renewed`, from the terms: it takes as long as there are terms that wait."""
    queued = apps.get_model("cards", "ServiceTerm")._default_manager.filter(starts_on=None, number__gt=1)
    ordered = apps.get_model("cards", "OrderedTerm")._default_manager.filter(customer=models.F("card__customer"))
    return queued.order_by().values("card").union(ordered.order_by().values("card"))


def _next_terms(**ordered: Any) -> tuple[models.Exists, models.Exists]:
    """Whether one is queued, and whether one is on order, of those `ordered` so.

    The term with which a card was opened is no renewal, however long it waits.
    """
    queued = apps.get_model("cards", "ServiceTerm")._default_manager.filter(starts_on=None, number__gt=1)
    return models.Exists(queued.filter(card=models.OuterRef("pk"))), models.Exists(_on_order().filter(**ordered))


def _on_order() -> models.QuerySet[Any]:
    """What is on order for a card counts for the customer who ordered it."""
    terms = apps.get_model("cards", "OrderedTerm")._default_manager
    return terms.filter(card=models.OuterRef("pk"), customer=models.OuterRef("customer"))


def ending(day: date, within_days: int, also_ordered: bool = False) -> models.Q:
    until = day + timedelta(days=within_days)
    soon = models.Q(service_until__gt=day, service_until__lte=until) & NOT_OVER
    return soon & (not_paid_for() if also_ordered else not_renewed())


def ended() -> models.Q:
    return models.Q(state=State.SHUT_DOWN) & not_renewed()


def cancelling(day: date, within_days: int, also_ordered: bool = False) -> models.Q:
    soon = CANCELS_UNLESS_RENEWED & models.Q(cancel_on__lte=day + timedelta(days=within_days))
    return soon & (not_paid_for() if also_ordered else not_renewed())


def running_terms(day: date, number: models.expressions.Combinable) -> models.QuerySet[Any]:
    """Service terms that run on that day: of each card the current one, whose `number` the card says."""
    return apps.get_model("cards", "ServiceTerm")._default_manager.filter(runs_on(day, number))


def runs_on(day: date, number: models.expressions.Combinable, path: str = "") -> models.Q:
    """What says so of the term at the end of this path."""
    return models.Q(**{f"{path}number": number, f"{path}service_until__gt": day})


def last_stop(value: Any) -> models.Subquery:
    """What this is of the last record that stopped the card: looked up for each card, by its number and backwards."""
    records = apps.get_model("cards", "CardEvent")._default_manager
    stops = records.filter(card=models.OuterRef("pk"), action__in=STOPS)
    return models.Subquery(stops.order_by("-seq").values_list(value)[:1])


def _customers_named(asked: Any) -> frozenset[int] | None:
    """The customers to one of whom a condition asks a card to belong; None if it asks something else."""
    of_cards = isinstance(asked, RelatedExact | RelatedIn) and asked.lhs.target.attname == "customer_id"
    if not of_cards or hasattr(asked.rhs, "resolve_expression"):
        return None
    return frozenset(asked.rhs if isinstance(asked, RelatedIn) else [asked.rhs])


class CardQuerySet(OwnedQuerySet["Card"]):
    def of_customers_alone(self) -> frozenset[int] | None:
        """The keys of the customers all of whose cards these are; None where anything else is asked of the cards."""
        asked = self.query.where
        if not asked.children or asked.negated or asked.connector != models.Q.AND:
            return None
        named = [_customers_named(each) for each in asked.children]
        known = [keys for keys in named if keys is not None]
        return frozenset.intersection(*known) if len(known) == len(named) else None

    def due(self, day: date) -> Self:
        """Cards for which something is due by `day`, the longest due first."""
        return self.filter(next_due_on__lte=day).order_by("next_due_on", "id")

    def after(self, next_due_on: date, pk: int) -> Self:
        """Those of `due` that come after this place in its order."""
        later = models.Q(next_due_on__gt=next_due_on) | models.Q(id__gt=pk)
        return self.filter(later, next_due_on__gte=next_due_on)

    def parked(self) -> Self:
        """Cards set aside because their data contradict each other."""
        return self.exclude(parked="")

    def low(self, day: date) -> Self:
        """Cards that have used most of the running cycle's allowance."""
        return self.filter(at_usage_level(UsageLevel.LOW, day))

    def used_up(self, day: date) -> Self:
        return self.filter(at_usage_level(UsageLevel.USED_UP, day))

    def active(self) -> Self:
        """Cards in use, and those that will be again as soon as nothing holds them."""
        either = models.Q(state=State.IN_USE) | models.Q(resumes_to=State.IN_USE)
        return self.filter(either, state__in=(State.IN_USE, State.SUSPENDED))

    def running_on(self, plan: Any, day: date) -> Self:
        """Cards of which a term with this plan runs on that day, stopped or not.

        A list of keys: no card is asked that has no such term, and those of the past are left out by their days.
        """
        terms = running_terms(day, models.F("card__term_number")).filter(plan=plan)
        return self.active().filter(pk__in=terms.values("card"))

    def not_cancelled(self) -> Self:
        return self.exclude(state=State.CANCELLED)

    def cancelled_on(self, **days: date) -> Self:
        """Cancelled cards by the day of it (`gte=…`, `lte=…`); of others `cancel_on` is what is planned."""
        return self.filter(state=State.CANCELLED, **{f"cancel_on__{edge}": day for edge, day in days.items()})

    def cancels_on(self, **days: date) -> Self:
        """Cards that are shut down, by the day (`gte=…`, `lte=…`) on which they are to be cancelled."""
        return self.filter(state=State.SHUT_DOWN, **{f"cancel_on__{edge}": day for edge, day in days.items()})

    def stopped_on(self, **days: date) -> Self:
        """Suspended cards, by the day (`gte=…`, `lte=…`) on which they were last stopped."""
        stopped = self.filter(state=State.SUSPENDED).alias(last_stop_on=last_stop(models.F("effective_on")))
        return stopped.filter(**{f"last_stop_on__{edge}": day for edge, day in days.items()})

    def without_service(self) -> Self:
        """Cards that are stopped, and those that are over."""
        return self.filter(state__in=(State.SUSPENDED, State.SHUT_DOWN, State.CANCELLED))

    def renewed(self) -> Self:
        """Cards that have their next term already, queued or on order."""
        return self.filter(renewed())

    def with_next_terms(self) -> Self:
        """The same, found from the terms: where fewer wait than there are such cards."""
        return self.filter(pk__in=_cards_with_next_terms())

    def to_be_paid(self) -> Self:
        """Cards of which a term is on order that nobody has paid yet."""
        return self.filter(to_be_paid())

    def ending(self, day: date, within_days: int, also_ordered: bool = False) -> Self:
        """Cards whose running term ends after `day`, within `within_days` days, and that nobody has renewed;
        `also_ordered`: or whose renewal is on order, and not paid yet."""
        return self.filter(ending(day, within_days, also_ordered))

    def ended(self) -> Self:
        """Cards whose last term is over, and that can still be renewed, which nobody has done."""
        return self.filter(ended())

    def cancelling(self, day: date, within_days: int, also_ordered: bool = False) -> Self:
        """Cards that will be cancelled within `within_days` days after `day`: nobody has renewed or protected them;
        `also_ordered`: or their renewal is on order, and not paid yet."""
        return self.filter(cancelling(day, within_days, also_ordered))

    def forced_in(self, first_day: date, until: date) -> Self:
        """Cards whose silence ends by forced activation on `first_day` or later, before `until`."""
        waiting = self.filter(activated_on=None, forced_activation_on__gte=first_day, forced_activation_on__lt=until)
        return waiting.filter(NOT_OVER)

    def waiting_for_real_name(self) -> Self:
        """Cards with a real-name check that is submitted and not decided."""
        return self.filter(REAL_NAME_WAITS)

    def lacking_real_name(self) -> Self:
        """Cards that need a real-name check of which none waits and none is approved, as long as it is of use."""
        return self.filter(REAL_NAME_LACKS)

    def used_after_the_end(self) -> Self:
        """Cards that were used when they had no service any more: the carrier has not stopped them."""
        return self.filter(stray_usage_on__isnull=False)

    def not_read(self, before: datetime, since: datetime = NEVER_READ) -> Self:
        """Cards in use whose last reading lies before an instant (and not before `since`), or that have none: of the
        kept list, those of which that is still true."""
        listed = self.filter(state=State.IN_USE, not_read__read_at__lt=before, not_read__read_at__gte=since)
        return listed.filter(models.Q(read_at__lt=before) | models.Q(read_at=None))

    def stopped_by(self, hold: str) -> Self:
        """Suspended cards that show this hold: of a card's holds, the one with the highest precedence stands first."""
        return self.filter(Exact(FirstHold("holds"), hold[: FirstHold.FIRST_LETTERS]), state=State.SUSPENDED)

    def held_by(self, hold: str) -> Self:
        """Suspended cards that carry this hold, as their first or behind another."""
        return self.filter(state=State.SUSPENDED, holds__has=hold)

    def numbered(self, text: str) -> Self:
        """The card with this ICCID, however it is written, or those that begin with its first 19 characters."""
        iccid = iccid_in(text)
        if len(iccid) == 20:
            return self.filter(iccid__in=(iccid, iccid[:19]))
        if not iccid:
            return self.none()
        return self.filter(models.Q(iccid=iccid) | models.Q(iccid__gt=iccid, iccid__lt=iccid + BEHIND_ALL))

    def meant_by(self, text: str) -> "Card | None":
        """The one card that an ICCID means: the card of these 20 characters, else the one that fits 19 of them."""
        found = {card.iccid: card for card in self.numbered(text)[:2]}
        iccid = iccid_in(text)
        if len(iccid) == 20 and iccid in found:
            return found[iccid]
        return next(iter(found.values())) if len(found) == 1 else None
