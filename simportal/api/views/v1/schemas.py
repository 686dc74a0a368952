"""What the document says of answers that more than one operation gives."""

from datetime import date, datetime

from ninja import Schema
from pydantic import ConfigDict, Field

from simportal.api.choices import OperationStatus


class FieldError(Schema):
    """A value that does not fit: where it stands (a JSON pointer, or `query:name`), a code, and what is wrong."""

    pointer: str
    code: str
    detail: str


class ProblemDocument(Schema):
    """RFC 9457. `code` is for programs and never changes; `detail` is a sentence in the language of `Accept-Language`.

    `allowed` are the actions that are possible instead, `way_out` what helps.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    way_out: str | None = None
    allowed: list[str] | None = None
    scopes: list[str] | None = None
    card: str | None = None
    action: str | None = None
    errors: list[FieldError] | None = None
    refusals: list["RefusedGroup"] | None = None


class CycleDocument(Schema):
    """The cycle in which usage is counted; it ends before the day `until`."""

    starts_on: date | None
    until: date | None
    used_bytes: int
    quota_bytes: int | None
    limit_bytes: int | None


class CardDocument(Schema):
    """A card. Days in service end before `service_until`; `version` counts its changes."""

    iccid: str | None = None
    msisdn: str | None = None
    imsi: str | None = None
    carrier: str | None = None
    certification: str | None = None
    state: str | None = None
    holds: list[str] | None = None
    resumes_to: str | None = None
    version: int | None = None
    plan: str | None = None
    real_name: str | None = None
    binding: str | None = None
    bound_imei: str | None = None
    protected: bool | None = None
    opened_on: date | None = None
    test_until: date | None = None
    silent_from: date | None = None
    forced_activation_on: date | None = None
    activated_on: date | None = None
    service_from: date | None = None
    service_until: date | None = None
    cancel_on: date | None = None
    changed_on: date | None = None
    usage_level: int | None = None
    cycle: CycleDocument | None = None
    used_on: date | None = None
    read_at: datetime | None = None


class CardsPage(Schema):
    items: list[CardDocument]
    next: str | None


class CardCount(Schema):
    count: int


class Summary(Schema):
    """How many cards had an outcome; of refused ones the guard's code."""

    outcome: str
    code: str | None = None
    count: int


class RefusedGroup(Schema):
    """Cards that meet the same refusal, with some of their ICCIDs."""

    code: str
    detail: str
    way_out: str
    count: int
    examples: list[str]


class Preview(Schema):
    """What would become of cards. Nothing was done."""

    action: str
    cards: int
    summary: list[Summary]
    refusals: list[RefusedGroup]


class Links(Schema):
    self: str
    items: str | None = None


class Operation(Schema):
    """What was asked for and how far it has come: in the portal, and at the carrier where one is connected."""

    id: str
    kind: str
    action: str
    status: OperationStatus
    portal: str
    carrier: str | None = None
    card: str | None = None
    version: int | None = None
    cards: int
    created_at: datetime
    ended_at: datetime | None = None
    next_look_at: datetime | None = None
    summary: list[Summary] = Field(default_factory=list)
    links: Links


class RefusalDocument(Schema):
    """Why something cannot be done: the guard's code, a sentence and the way out."""

    code: str
    detail: str
    way_out: str


class ItemDocument(Schema):
    """What became of one card."""

    card: str
    outcome: str
    seq: int | None = None
    refusal: RefusalDocument | None = None


class ItemPage(Schema):
    items: list[ItemDocument]
    next: str | None


class Possible(Schema):
    """An action and whether it may be done to the card now."""

    action: str
    is_possible: bool
    arguments: list[str]
    refusal: RefusalDocument | None = None


class Actions(Schema):
    items: list[Possible]


class Event(Schema):
    """What happened to a card. `sentence` is for people, in the language of `Accept-Language`."""

    model_config = ConfigDict(populate_by_name=True)

    seq: int
    action: str
    former: str | None = Field(alias="from")
    to: str
    holds: list[str]
    effective_on: date
    executed_at: datetime
    rule: str | None
    by: str | None
    sentence: str


class EventPage(Schema):
    items: list[Event]
    next: str | None


class UsageDayDocument(Schema):
    day: date
    bytes: int


class UsageOfCard(Schema):
    card: str
    items: list[UsageDayDocument]
    bytes: int


class ForeseenChange(Schema):
    on: date
    action: str
    rule: str | None


class Forecast(Schema):
    card: str
    version: int
    items: list[ForeseenChange]


class CommandDocument(Schema):
    """An order to the carrier about one aspect of the card; `seq` is the version that it came of."""

    aspect: str
    goal: str
    state: str
    seq: int
    made_at: datetime
    ended_at: datetime | None


class CommandPage(Schema):
    items: list[CommandDocument]
    next: str | None


class OrderDocument(Schema):
    """An order. Money is in yuan, as text with two decimals. `client_reference` is what its program called it."""

    id: str
    number: str
    client_reference: str | None
    kind: str
    plan: str | None
    state: str
    cards: int
    total: str
    refunded: str
    created_at: datetime
    placed_at: datetime | None
    pay_before: datetime | None
    paid_at: datetime | None
    ended_at: datetime | None
    links: Links


class OrderPage(Schema):
    items: list[OrderDocument]
    next: str | None


class OrderPreview(Schema):
    """What an order would come to, and for how many cards it cannot be sold and why."""

    kind: str
    cards: int
    eligible: int
    total: str
    refusals: list[RefusedGroup]


class LineDocument(Schema):
    """What an order sold for one card, and what became of it."""

    card: str
    plan: str | None
    price: str
    tax_rate: str
    state: str
    seq: int | None
    fulfilled_on: date | None
    refunded_on: date | None


class LinePage(Schema):
    items: list[LineDocument]
    next: str | None


class Balance(Schema):
    """The wallet: what is in it, how far it may go below zero, and what can be spent. In yuan."""

    balance: str
    credit_limit: str
    available: str
    currency: str


class PriceDocument(Schema):
    """What a plan or an add-on pack costs for the card today; `refusal` where it cannot be bought now."""

    kind: str
    plan: str
    name: str
    price: str | None
    refusal: RefusalDocument | None = None


class Prices(Schema):
    card: str
    items: list[PriceDocument]


class RealNameState(Schema):
    """How far the ID verification is, and whether the carrier has a page for it."""

    card: str
    is_needed: bool
    state: str
    has_link: bool


class RealNameLink(Schema):
    """The carrier's own page for it. Whoever has the address may answer for the card: pass it to them alone."""

    card: str
    url: str


class RequestDocument(Schema):
    """What the dealer was asked about a card, and the answer."""

    id: str
    card: str
    status: str
    text: str
    answer: str | None
    asked_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None


class RequestPage(Schema):
    items: list[RequestDocument]
    next: str | None


# What any operation may answer: what cannot be read or does not fit, no key, a scope too few, too often, and what the
# database cannot give just now.
_ALWAYS = (400, 401, 403, 422, 429, 503)


def refused_with(*statuses: int) -> dict[int, type[ProblemDocument]]:
    """The problems that an operation may answer, those of all among them."""
    return dict.fromkeys(sorted({*_ALWAYS, *statuses}), ProblemDocument)
