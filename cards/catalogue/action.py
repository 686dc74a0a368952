"""What is said of an action: everything that differs from one action of people to the next stands here once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, TypeAlias

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from cards.catalogue.parameters import Parameter
from cards.choices import Action, PlanKind
from cards.errors import BadInput, Refused
from cards.guards import Asked, has_a_payer, not_cancelled, not_parked, reason_given
from cards.lookup import names_of
from cards.models import Card, Customer
from cards.rules import Change

Guard: TypeAlias = Callable[[Card, Asked], None]
Effect: TypeAlias = Callable[[Card, Asked, Change], None]


class Record(Protocol):
    """A card's record, as far as its inverse asks it; `former_customer` is who had the card before it."""

    @property
    def evidence(self) -> Mapping[str, Any]: ...

    @property
    def former_customer(self) -> Customer | None: ...


@dataclass(frozen=True)
class Inverse:
    """What takes a record back: an action with its parameters, and an effect where the action's own is not exact."""

    action: Action
    params: dict[str, Any] = field(default_factory=dict)
    effect: Effect | None = None


class ActionType:
    """An action that people request by name. `request` is always who asks, on which day, why and with what parameters.

    The effect changes the card in memory and saves nothing. Guards run before it, also where somebody only looks at
    what would be possible: what is not known then (a parameter, the reason) must not refuse.
    """

    word: Action

    parameters: Mapping[str, Parameter] = {}  # what it has to be told: a `Parameter` for each name
    optional: tuple[str, ...] = ()  # left out, it is read as if it were empty
    example: Mapping[str, Any] = {}  # parameters as they are once read, for trying the action on a card nobody has

    guards: tuple[Guard, ...] = ()
    also_asks: tuple[str, ...] = ()  # facts of a card that it asks for beside those of the rules; cards share them then
    is_for_parked_cards = False
    undone_by: tuple[Action, ...] = ()  # the actions of which one is the inverse of a record; none: it cannot be undone

    roles: tuple[str, ...] = ()  # of the staff, by name
    customers_may = False

    record_kind = ""  # the tab of a card's record that has it, if it is not by what came of it
    bulk_order: int | None = None  # its place among the buttons of a selection; none: it is not offered there
    stands_apart = False  # what is not done by mistake: its button stands behind the others, on its own
    asks_why = False  # is refused without a reason
    is_final = False  # asks for a typed confirmation
    takes_another = ""  # the parameter that names a second card, which is changed with the card or not at all
    suggests: type[Model] | None = None  # the model whose names a form offers
    adds: tuple[PlanKind, ...] = ()  # the kinds of plans that it may add
    is_sold = False  # is done for an order; what people ask for without one is a grant

    # What customers read; their history leaves out what has no sentence, their selections what has no button.
    customer_button: str | Promise = ""
    customer_bulk_button: str | Promise = ""
    customer_history: str | Promise = ""
    customers_read_the_reason = False

    @property
    def submit_label(self) -> str | Promise:
        return self.word.label

    def effect(self, card: Card, request: Asked, change: Change) -> None:
        """Do it to the card in memory, and write the evidence of it into the change."""
        raise NotImplementedError

    def aftermath(self, card: Card, request: Asked, day: date) -> Iterator[Change]:
        """What follows from it once it is recorded, beside what is due on the card."""
        return iter(())

    def inverse(self, record: Record) -> Inverse:
        """What undoes this record of the action; `Refused` where nothing can."""
        return Inverse(self.undone_by[0])

    def check(self, card: Card, request: Asked) -> None:
        """Raise `Refused` with the first guard that fails."""
        if not request.actor.may(self.word, card):
            raise Refused("not_permitted", actor=request.actor.name, action=str(self.word))
        if not self.is_for_parked_cards:
            not_parked(card, request)
        for guard in self.all_guards():
            guard(card, request)

    def all_guards(self) -> Iterator[Guard]:
        """Its own guards, and those that follow from what is said of it."""
        yield not_cancelled
        if self.is_sold:
            yield has_a_payer
        yield from self.guards
        if self.asks_why:
            yield reason_given

    def refusal(self, card: Card, request: Asked) -> Refused | None:
        """The `Refused` that the action would meet now, or None when nothing stands in its way."""
        try:
            self.check(card, request)
        except Refused as refused:
            return refused
        return None

    def cleaned(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, each read by its own rule; `BadInput` for one missing, unknown or unreadable."""
        for name in params:
            if name not in self.parameters:
                raise BadInput(name, _("{action} has no such parameter").format(action=self.word))
        for name in self.parameters:
            if name not in params and name not in self.optional:
                raise BadInput(name, _("{action} needs this parameter").format(action=self.word))
        return {name: parameter.read(params.get(name, "")) for name, parameter in self.parameters.items()}

    def initial(self, card: Card) -> dict[str, Any]:
        """What the form of the action on this card begins with."""
        return {}

    def names(self, card: Card | None = None) -> list[str]:
        """What may be typed, for the browser to offer."""
        return names_of(self.suggests) if self.suggests else []

    def hint(self, card: Card, request: Asked) -> str:
        """What staff should know who fill in the form."""
        return ""

    def customer_hint(self, card: Card, request: Asked) -> str:
        """What a customer should know who fills in the form."""
        return self.hint(card, request)

    def customer_sentence(self, evidence: Mapping[str, Any]) -> str | Promise:
        """What a record of it tells the card's owner; may name what is in the evidence."""
        return self.customer_history
