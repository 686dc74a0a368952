"""What happened to a card, what it used, what will happen to it, and what its carrier was told."""

from datetime import date, timedelta

from django.db.models import Min
from django.utils.translation import gettext_lazy as _
from ninja import Path, Query, Router, Schema
from pydantic import ConfigDict, Field

from cards.actions.ordered_terms import attach_ordered
from cards.actions.write import attach_queues
from cards.calendar import add_months, civil_today, exists
from cards.carriers.lookup import orders_about
from cards.errors import InvariantBroken
from cards.models import CardEvent, PolicyBook, UsageDay
from cards.paging import key_in
from cards.rules import forecast
from cards.sentences.customer_history import IN_OWNERS_HISTORY, history_entries
from simportal.api.choices import ApiScope
from simportal.api.errors import Problem, invalid
from simportal.api.pages.entrance import needs
from simportal.api.pages.numbers import card_named
from simportal.api.pages.pages_of import first_rows, page_answer, place_in
from simportal.api.pages.written import as_instant, json_answer
from simportal.api.views.v1.parameters import CardNumber, PageQuery
from simportal.api.views.v1.schemas import CommandPage, EventPage, Forecast, UsageOfCard, refused_with

router = Router(tags=["cards"])
MOST_DAYS = 400
_FORESEEN_MONTHS = 15
NO_SUCH_DAY = _("A day lies from 2000 to 2099.")
BACKWARDS = _("`from` lies behind `to`.")
_TOO_LONG = _("At most {most} days at once.")
CONTRADICTS = _("The card's data contradict each other: nothing is foreseen before your dealer has corrected them.")


class UsageQuery(Schema):
    """The days, both included; without them the last 30."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    since: date | None = Field(None, alias="from")
    to: date | None = None


@router.get("/cards/{card}/events", response={200: EventPage, **refused_with(404, 409)}, by_alias=True)
@needs(ApiScope.CARDS_READ)
def list_events(request, card: Path[CardNumber], asked: Query[PageQuery]):
    """What happened to the card while it was yours, the first thing first. `seq` is the version that it made."""
    found = card_named(card, request.user)
    name = f"events.{found.pk}"
    after = key_in(place_in(request, name)) or 0
    records = records_of(found).filter(seq__gt=after).order_by("seq")
    shown, last = first_rows(records, asked.limit, "seq")
    return page_answer(request, name, event_documents(shown), last)


@router.get("/cards/{card}/usage", response={200: UsageOfCard, **refused_with(404, 409)})
@needs(ApiScope.USAGE_READ)
def get_usage(request, card: Path[CardNumber], asked: Query[UsageQuery]):
    """The bytes of each civil day on which the card used any while it was yours."""
    found, today = card_named(card, request.user), civil_today()
    for name, day in (("from", asked.since), ("to", asked.to)):
        if day and not exists(day):
            raise invalid([{"pointer": f"query:{name}", "code": "no_such_day", "detail": str(NO_SUCH_DAY)}])
    through = asked.to or today
    since = asked.since or through - timedelta(days=29)
    if since > through:
        raise invalid([{"pointer": "query:from", "code": "backwards", "detail": str(BACKWARDS)}])
    if (through - since).days >= MOST_DAYS:
        too_long = str(_TOO_LONG).format(most=MOST_DAYS)
        raise invalid([{"pointer": "query:from", "code": "too_long", "detail": too_long}])
    if found.owned_from_seq:
        since = max(since, records_of(found).aggregate(first=Min("effective_on"))["first"])
    days = UsageDay.objects.filter(card=found, day__gte=since, day__lte=through).order_by("day")
    items = [{"day": day.isoformat(), "bytes": used} for day, used in days.values_list("day", "bytes")]
    return json_answer({"card": found.iccid, "items": items, "bytes": sum(item["bytes"] for item in items)})


@router.get("/cards/{card}/forecast", response={200: Forecast, **refused_with(404, 409)})
@needs(ApiScope.CARDS_READ)
def get_forecast(request, card: Path[CardNumber]):
    """What will happen to the card in 15 months if nobody does anything, and by which rule."""
    found = card_named(card, request.user, "customer", "plan")
    attach_ordered(attach_queues([found]))
    if found.parked:
        raise Problem(409, "parked", CONTRADICTS, {"card": found.iccid})
    try:
        changes = forecast(found, add_months(civil_today(), _FORESEEN_MONTHS), PolicyBook.read())
    except InvariantBroken:
        raise Problem(409, "parked", CONTRADICTS, {"card": found.iccid}) from None
    items = [{"on": change.on.isoformat(), "action": change.action, "rule": change.rule or None} for change in changes]
    return json_answer({"card": found.iccid, "version": found.version, "items": items})


@router.get("/cards/{card}/commands", response={200: CommandPage, **refused_with(404, 409)})
@needs(ApiScope.CARDS_READ)
def list_commands(request, card: Path[CardNumber], asked: Query[PageQuery]):
    """What the carrier was told of the card while it was yours, and what became of it, the newest first."""
    found = card_named(card, request.user)
    name = f"commands.{found.pk}"
    orders, after = orders_about(found, found.owned_from_seq or 0), key_in(place_in(request, name))
    orders = orders.filter(pk__lt=after) if after else orders
    shown, last = first_rows(orders, asked.limit)
    items = [
        {
            "aspect": order.aspect,
            "goal": order.goal,
            "state": order.state,
            "seq": order.seq,
            "made_at": as_instant(order.made_at),
            "ended_at": as_instant(order.ended_at),
        }
        for order in shown
    ]
    return page_answer(request, name, items, last)


def records_of(card):
    """The records of a card that its customer is told of: what was before is somebody else's."""
    return CardEvent.objects.filter(card=card, seq__gte=card.owned_from_seq or 1, action__in=IN_OWNERS_HISTORY)


def event_documents(records):
    """Records as their customer reads them: members and programs by name, the dealer's staff are the dealer."""
    entries = {entry.seq: entry for entry in history_entries(records)}
    return [
        {
            "seq": record.seq,
            "action": record.action,
            "from": record.from_state or None,
            "to": record.to_state,
            "holds": list(filter(None, record.holds.split(","))),
            "effective_on": record.effective_on.isoformat(),
            "executed_at": as_instant(record.executed_at),
            "rule": record.rule or None,
            "by": entries[record.seq].by or None,
            "sentence": entries[record.seq].sentence,
        }
        for record in records
    ]
