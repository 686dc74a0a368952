"""A card as a customer reads it: its state in one sentence, and for all that stands in its way who can help how.

A table over states, holds and the real-name check, whole and pure: what stands here is true for each of them. Whether
the button may be pressed now, and by whom, is for guards and pages to say; what it costs, for another room.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.catalogue import CATALOGUE
from cards.choices import HOLDS_THAT_END_WITH_A_CYCLE, Action, Hold, RealName, Rule, State
from cards.models import Card
from cards.sentences.terms import restoring_text
from cards.sentences.useful import IN_VAIN_TEXT, Use, use_of


class Helper(TextChoices):
    """Who can help."""

    YOU = "you", gettext_lazy("You")
    DEALER = "dealer", gettext_lazy("Your dealer")
    CARRIER = "carrier", gettext_lazy("The carrier")
    NOBODY = "nobody", gettext_lazy("No one")


@dataclass(frozen=True)
class Help:
    """One thing that stands in the card's way: who can help, how, and what follows.

    `code` is a hold or a state. `action` is what helps, None where no button does; `follows` is empty where nothing
    follows from it. `order_key` is the order that helps, where one is on its way. `waits` is what would help later.
    """

    code: str
    helper: Helper
    action: Action | None
    sentence: str
    follows: str = ""
    order_key: int | None = None
    waits: Action | None = None

    @property
    def reason(self) -> str | Promise:
        """Why the card is stopped by it; empty where it is no hold."""
        return REASONS.get(self.code, "")

    @property
    def button(self) -> str | Promise | None:
        """What the button is called; None where a customer has none."""
        return BUTTONS.get(self.action)


@dataclass(frozen=True)
class Description:
    """The state in one sentence, and what helps, the most pressing first."""

    sentence: str
    helps: tuple[Help, ...] = ()


@dataclass(frozen=True)
class Way:
    """The way back from a hold: `then` is said when nothing else stops the card, `still` when something does."""

    helper: Helper
    action: Action | None
    sentence: Promise
    then: Promise
    still: Promise


LIFTED_AT_ONCE = (
    gettext_lazy("The card then works again immediately."),
    gettext_lazy("It will still be suspended: {reasons}."),
)
ONCE_APPROVED = (
    gettext_lazy("Once approved, the card works again."),
    gettext_lazy("Once approved, it will still be suspended: {reasons}."),
)
ONCE_LIFTED = (
    gettext_lazy("Once the carrier lifts the block, the card works again."),
    gettext_lazy("Once the carrier lifts the block, it will still be suspended: {reasons}."),
)

# What customers call their actions.
BUTTONS: Mapping[str | None, str | Promise] = {
    word: action.customer_button for word, action in CATALOGUE.items() if action.customer_button
}

HEADLINES = {
    Hold.ANOMALY: gettext_lazy("Blocked by the carrier"),
    Hold.REAL_NAME: gettext_lazy("Suspended: ID not verified"),
    Hold.REBIND: gettext_lazy("Suspended: moved to another device"),
    Hold.CREDIT: gettext_lazy("Suspended: data used up"),
    Hold.THRESHOLD: gettext_lazy("Suspended: usage limit reached"),
    Hold.VOLUNTARY: gettext_lazy("Suspended manually"),
}
REASONS: Mapping[str, Promise] = {
    Hold.ANOMALY: gettext_lazy("the carrier has blocked it"),
    Hold.REAL_NAME: gettext_lazy("its ID is not verified"),
    Hold.REBIND: gettext_lazy("it was moved to another device"),
    Hold.CREDIT: gettext_lazy("its data is used up"),
    Hold.THRESHOLD: gettext_lazy("its usage limit is reached"),
    Hold.VOLUNTARY: gettext_lazy("requested by you or your dealer"),
}

WAYS: Mapping[str, Way] = {
    Hold.ANOMALY: Way(
        Helper.CARRIER,
        None,
        gettext_lazy("Only the carrier can lift this. If you do not know why, ask your dealer."),
        *ONCE_LIFTED,
    ),
    Hold.REAL_NAME: Way(
        Helper.YOU,
        Action.SUBMIT_REAL_NAME,
        gettext_lazy("Submit the name and ID number of the person who uses the card."),
        *ONCE_APPROVED,
    ),
    Hold.REBIND: Way(
        Helper.YOU,
        Action.REBIND,
        gettext_lazy("If you changed the device, confirm the new one."),
        *LIFTED_AT_ONCE,
    ),
    Hold.CREDIT: Way(
        Helper.YOU,
        Action.TOP_UP,
        gettext_lazy("An add-on pack adds more data."),
        *LIFTED_AT_ONCE,
    ),
    Hold.THRESHOLD: Way(
        Helper.YOU,
        Action.RESUME,
        gettext_lazy("Resume it to waive the limit until the next cycle, or set a higher limit."),
        *LIFTED_AT_ONCE,
    ),
    Hold.VOLUNTARY: Way(Helper.YOU, Action.RESUME, gettext_lazy("Resume it when you need it again."), *LIFTED_AT_ONCE),
}
CHECK_SENT_IN = Way(
    Helper.DEALER,
    None,
    gettext_lazy("ID verification was submitted, and your dealer is reviewing it."),
    *ONCE_APPROVED,
)
RENEWAL = Way(Helper.YOU, Action.RENEW, gettext_lazy("Renewing restores it."), *LIFTED_AT_ONCE)

LIFTED_BY: Mapping[str | None, tuple[str, ...]] = {
    Action.RESUME: (Hold.VOLUNTARY, Hold.THRESHOLD),
    Action.RENEW: HOLDS_THAT_END_WITH_A_CYCLE,
}
NEEDS_SERVICE = (Action.RESUME, Action.TOP_UP)

NEXT = {
    Rule.END_TEST: gettext_lazy("The free test period is over."),
    Rule.FORCE_ACTIVATE: gettext_lazy("Its term starts, whether it is used or not."),
    Rule.ROLL_OVER: gettext_lazy("A new cycle starts, with new data."),
    Rule.START_TERM: gettext_lazy("The next term starts."),
    Rule.EXPIRE: gettext_lazy("No service from this day on unless the card is renewed first."),
    Rule.CANCEL: gettext_lazy("The card will be permanently cancelled unless it is renewed first."),
}


def describe(card: Card) -> Description:
    """How a customer reads this card; one whose data contradict each other waits for the dealer."""
    if card.parked or not card.is_in_known_words:
        return being_corrected()
    described = describe_state(card.state, card.hold_list, card.real_name, card.lacks_real_name)
    return _renewed(card, described) if card.is_over and card.on_order and not card.is_final else described


def _renewed(card: Card, described: Description) -> Description:
    """What is on order helps a card that is shut down, and nobody has to renew it once more."""
    renewal, *others = described.helps
    order = card.on_order[0]
    helper = Helper.DEALER if order.is_paid else Helper.YOU
    renewal = replace(renewal, helper=helper, action=None, sentence=restoring_text(card), order_key=order.order_key)
    return Description(_("The card's service has ended; its renewal is ordered."), (renewal, *others))


def being_corrected() -> Description:
    return Description(_("Your dealer is correcting this card's data. No actions are possible until then."))


def describe_state(
    state: str, holds: Iterable[str] = (), real_name: str = RealName.NONE, lacks_real_name: bool = False
) -> Description:
    """How a customer reads a card in this state with these holds, by precedence."""
    return BY_STATE[state](tuple(holds), real_name, lacks_real_name)


def effect_text(card: Card) -> str:
    """What this card will be, for who chooses what leads there: the state in one sentence."""
    if card.hold_list and not card.is_over:
        return str(RENEWAL.still).format(reasons=reasons_text(card.hold_list, card.real_name))
    return describe(card).sentence


def reasons_text(
    holds: Iterable[str], real_name: str = RealName.NONE, reasons: Mapping[str, str | Promise] = REASONS
) -> str:
    """Why a card is stopped: what each hold says, one after the other."""
    sent_in: dict[str, str | Promise] = (
        {Hold.REAL_NAME: _("its ID verification is not approved yet")} if _is_sent_in(real_name) else {}
    )
    return _("; ").join(str(sent_in.get(hold, reasons.get(hold, hold))) for hold in holds)


def _testing(holds: Sequence[str], real_name: str, lacks_real_name: bool) -> Description:
    helps = _early_check(real_name) if lacks_real_name else ()
    return Description(_("The card works: it is in its free test period."), helps)


def _unused(holds: Sequence[str], real_name: str, lacks_real_name: bool) -> Description:
    if lacks_real_name:
        sentence = _("The card is new. It can be used once its ID verification is approved.")
        return Description(sentence, _early_check(real_name))
    return Description(_("The card is new and ready to use."))


def _in_use(holds: Sequence[str], real_name: str, lacks_real_name: bool) -> Description:
    return Description(_("The card works."))


def _suspended(holds: Sequence[str], real_name: str, lacks_real_name: bool) -> Description:
    helps = [_help(hold, _way(hold, real_name), _left(holds, hold, real_name), real_name) for hold in holds]
    return Description(
        _("The card is suspended: {reasons}.").format(reasons=reasons_text(holds, real_name)),
        tuple(_each_button_once(_of_use(help, holds) for help in helps)),
    )


def _shut_down(holds: Sequence[str], real_name: str, lacks_real_name: bool) -> Description:
    """Renewing comes first: it lifts what belonged to the old term, and the rest still stops the card."""
    left = [hold for hold in holds if hold not in LIFTED_BY[Action.RENEW]]
    if lacks_real_name and Hold.REAL_NAME not in left:
        left = [hold for hold in Hold if hold in (*left, Hold.REAL_NAME)]
    renewal = _help(State.SHUT_DOWN, RENEWAL, left, real_name)
    others = [_of_use(_help_before_renewal(hold, _way(hold, real_name)), left) for hold in left]
    return Description(_("The card's service has ended, and it was not renewed."), (renewal, *others))


def _cancelled(holds: Sequence[str], real_name: str, lacks_real_name: bool) -> Description:
    nobody = Help(State.CANCELLED, Helper.NOBODY, None, _("It cannot be restored. Ask your dealer for a new card."))
    return Description(_("The card is permanently cancelled."), (nobody,))


BY_STATE: Mapping[str, Callable[[Sequence[str], str, bool], Description]] = {
    State.TESTING: _testing,
    State.UNUSED: _unused,
    State.IN_USE: _in_use,
    State.SUSPENDED: _suspended,
    State.SHUT_DOWN: _shut_down,
    State.CANCELLED: _cancelled,
}


def _help(code: str, way: Way, left: Sequence[str], real_name: str) -> Help:
    follows = str(way.still).format(reasons=reasons_text(left, real_name)) if left else str(way.then)
    return Help(code, way.helper, way.action, str(way.sentence), follows)


def _help_before_renewal(hold: str, way: Way) -> Help:
    if way.action in NEEDS_SERVICE:
        return Help(hold, way.helper, None, _("It can be resumed once it is renewed."))
    return Help(hold, way.helper, way.action, str(way.sentence), _("The card still needs to be renewed."))


def _early_check(real_name: str) -> tuple[Help, ...]:
    """The check of a card that is not used yet."""
    way = _way(Hold.REAL_NAME, real_name)
    return (
        Help(Hold.REAL_NAME, way.helper, way.action, str(way.sentence), _("Once approved, the card is ready to use.")),
    )


def _left(holds: Sequence[str], lifted: str, real_name: str) -> list[str]:
    """What still stops the card once this hold is lifted, with what goes together with it."""
    gone = LIFTED_BY.get(_way(lifted, real_name).action, (lifted,))
    return [hold for hold in holds if hold not in gone]


def _way(hold: str, real_name: str) -> Way:
    return CHECK_SENT_IN if hold == Hold.REAL_NAME and _is_sent_in(real_name) else WAYS[hold]


def _of_use(help: Help, holds: Sequence[str]) -> Help:
    """The help as it is told of a card with these holds: what would be in vain waits for the carrier."""
    if not help.action or use_of(help.action, holds) != Use.IN_VAIN:
        return help
    return replace(help, helper=Helper.CARRIER, action=None, sentence=str(IN_VAIN_TEXT), follows="", waits=help.action)


def _each_button_once(helps: Iterable[Help]) -> Iterator[Help]:
    """Where one button lifts two holds, the second one says so."""
    offered = set()
    for help in helps:
        if help.action and help.action in offered:
            help = replace(help, action=None, sentence=_("Resuming lifts this too."), follows="")
        offered.add(help.action)
        yield help


def _is_sent_in(real_name: str) -> bool:
    return real_name == RealName.SUBMITTED
