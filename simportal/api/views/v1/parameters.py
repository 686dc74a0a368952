"""What comes in with a request, beside bodies."""

from typing import Annotated, Any

from ninja import Schema
from pydantic import ConfigDict, Field

from simportal.api.pages.pages_of import MOST_ON_PAGE, USUAL_ON_PAGE

CardNumber = Annotated[str, Field(max_length=40, description="An ICCID, `msisdn:…` or `imsi:…`")]
PageLimit = Annotated[int, Field(ge=1, le=MOST_ON_PAGE, description="How many at most")]
_Place = Annotated[str, Field(max_length=300, description="`next` of the answer before")]


class PageQuery(Schema):
    """Of every list: how many, and where it goes on. Other parameters are refused."""

    model_config = ConfigDict(extra="forbid")

    limit: PageLimit = USUAL_ON_PAGE
    next: _Place = ""


class CardFilters(Schema):
    """Which cards: each parameter narrows it further."""

    model_config = ConfigDict(extra="forbid")

    q: str | None = Field(None, max_length=2_000, description="Numbers, or the beginning or end of one")
    state: str | None = Field(None, description="The code of a state")
    hold: str | None = Field(None, description="The code of the hold that stops the card")
    quick: str | None = Field(None, description="A quick filter of the customer's pages")
    carrier: str | None = None
    plan: str | None = Field(None, description="The code of the plan with which the card was opened")
    current_plan: str | None = Field(None, description="The code of the plan that runs")
    certification: str | None = None
    expires_before: str | None = Field(None, description="Service ends before this day, `YYYY-MM-DD`")
    used_over: int | None = Field(None, ge=0, description="More bytes than that in the running cycle")
    changed_since: str | None = Field(None, description="Something was recorded of it from this instant on")
    step: str | None = Field(None, description="Where it stands between the portal and its carrier")
    activated_since: str | None = None
    activated_through: str | None = None
    opened_since: str | None = None
    opened_through: str | None = None
    cancelled_since: str | None = None
    cancelled_through: str | None = None

    def filters(self) -> dict[str, Any]:
        """Those that were given, by the names of the filter."""
        names = CardFilters.model_fields
        return {name: value for name, value in self.model_dump(exclude_none=True).items() if name in names}


class CardQuery(CardFilters):
    """The list of cards: which, in what order, and what of each."""

    sort: str | None = Field(None, description="`id`, `expiry`, `due`, `iccid`, `msisdn`; with `-` from the other end")
    fields: str | None = Field(None, max_length=500, description="Names of fields, between commas")
    limit: PageLimit = USUAL_ON_PAGE
    next: _Place = ""

    def filters(self) -> dict[str, Any]:
        return super().filters() | ({"sort": self.sort} if self.sort else {})
