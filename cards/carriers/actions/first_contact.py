"""The first contact with a carrier: what an account is told of one card, as it came and as we would keep it.

Nothing is changed there, and nothing is written here but a new token.
"""

from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cards.calendar import civil_today
from cards.carriers.actions.answers import RESULT_OF, answers_to
from cards.carriers.actions.reaching import call_to
from cards.carriers.actions.slots import REAL, slot_for_a_person, wait_for_turn
from cards.carriers.choices import Can, ServiceState, StopReason, Switch, told_words
from cards.carriers.protocols import access_of, protocol_of
from cards.carriers.protocols.port import CarrierProtocol
from cards.carriers.results import Amount, CallFailed, LoginRefused, NoAmount, Seen, Sim
from cards.errors import NothingHeard
from cards.lookup import ids_by_iccid
from cards.models import Card
from cards.phrases import joined, listed, noted
from cards.quantities import MB

_WAIT_FOR_A_SLOT_S = 60
_CLOCKS_MAY_DIFFER_S = 60  # more of it, and some carriers refuse signatures


@dataclass(frozen=True)
class ContactStep:
    """One question: what it was about, what was said in our words, and as it came. Not `ok`: somebody has to look."""

    label: str
    said: str
    raw: str = ""
    ok: bool = True


def sim_of_number(iccid):
    """The card of this number as a protocol is given it; one that is not in the books has but its number."""
    found = ids_by_iccid([iccid])[iccid]
    card = Card.objects.get(pk=found[0]) if len(found) == 1 else None
    return Sim(card.pk, card.iccid, card.msisdn, card.imsi) if card else Sim(0, iccid)


def first_contact(account, sim):
    """Ask the carrier about this card: the steps, in order. Raises `BadInput` where the account cannot be used."""
    protocol, access = protocol_of(account), access_of(account)
    with slot_for_a_person(account, _WAIT_FOR_A_SLOT_S) as slot:
        before = partial(wait_for_turn, slot, REAL)
        call = _Listening(call_to(account, access, slot.owner, REAL, before))
        steps = [_login(call)] if type(protocol).login is not CarrierProtocol.login else []
        if all(step.ok for step in steps):
            steps += [_state(protocol, call, sim), *_usage(protocol, call, sim)]
        return [*steps, *_clock(call)]


class _Listening:
    """A call that knows its last answer: when it came, and what the carrier's clock said then."""

    def __init__(self, call):
        self._call, self.answer, self._told = call, None, 0

    def __call__(self, *args, **kwargs):
        self.answer = self._call(*args, **kwargs)
        return self.answer

    def __getattr__(self, name):
        return getattr(self._call, name)

    def raw(self):
        """What came back since this was last asked."""
        new, self._told = self.exchanges[self._told :], len(self.exchanges)
        return "\n".join(self.masked(exchange.text) for exchange in new)


def _login(call):
    label = pgettext("first contact", "Login")
    try:
        call.token()
    except (LoginRefused, NothingHeard, CallFailed) as refused:
        return ContactStep(
            label, call.masked(str(refused)) or pgettext("first contact", "refused"), call.raw(), ok=False
        )
    call.raw()  # what came holds the token
    return ContactStep(label, pgettext("first contact", "accepted"))


def _state(protocol, call, sim):
    label = pgettext("first contact", "State of the card")
    (look,) = answers_to(lambda: protocol.ask(call, call.access, [sim], True), call, 1)
    if not isinstance(look, Seen):
        return ContactStep(label, _told(look, call), call.raw(), ok=False)
    facts = {
        pgettext("first contact", "stopped because"): listed(StopReason(each).label for each in look.reasons),
        pgettext("first contact", "data"): look.data and Switch(look.data).label,
        pgettext("first contact", "ID verification"): look.real_name and Switch(look.real_name).label,
        "IMEI": look.imei,
    }
    code = noted(ServiceState(look.service).label, joined(look.code, look.text))
    said = listed([code, *(f"{name} {value}" for name, value in facts.items() if value)])
    return ContactStep(label, said, call.raw(), ok=bool(look.service))


def _usage(protocol, call, sim):
    """The unit is what is most easily taken for another: the figure stands here as it came, and in bytes."""
    if not {Can.USAGE_DAY, Can.USAGE_CYCLE} & protocol.can(call.access.fields):
        return
    day = civil_today() - timedelta(days=1)
    label = pgettext("first contact", "Usage")
    try:
        (told,) = protocol.usage(call, call.access, [sim], day)
    except (LoginRefused, NothingHeard, CallFailed, ValueError) as failed:
        yield ContactStep(label, call.masked(str(failed)), call.raw(), ok=False)
        return
    if isinstance(told, NoAmount):
        yield ContactStep(label, told_words(call.masked(told.why)) or _("not told"), call.raw(), ok=False)
    elif isinstance(told, Amount):
        period = str(told.day) if told.day else pgettext("first contact", "the cycle so far")
        amount = _("{raw} is kept as {bytes} bytes ({mb} MB)")
        said = amount.format(raw=call.masked(told.raw) or "—", bytes=f"{told.bytes:,}", mb=f"{told.bytes / MB:.2f}")
        yield ContactStep(noted(label, period), said, call.raw())


def _clock(call):
    """How far the carrier's clock and ours are apart, as its answer says."""
    try:
        theirs = parsedate_to_datetime(call.answer.headers["date"])
    except (AttributeError, LookupError, TypeError, ValueError):
        return
    apart = round((theirs - call.answer.heard_at).total_seconds())
    said = _("{seconds} s apart from ours").format(seconds=apart)
    yield ContactStep(pgettext("first contact", "The carrier's clock"), said, ok=abs(apart) <= _CLOCKS_MAY_DIFFER_S)


def _told(look, call):
    words = call.masked(joined(look.code, told_words(look.text)).strip()) if hasattr(look, "text") else ""
    label = RESULT_OF[type(look)].label
    return noted(label, words) if words else str(label)
