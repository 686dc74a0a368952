"""What a card's page says about its carrier: what the portal wants there, what was seen there, and what is ordered."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from cards.carriers.actions.drifts import MAY_DECIDE_DRIFTS
from cards.carriers.actions.real_name_links import can_link, knows_links, wants_link
from cards.carriers.actions.retiring import can_be_sent, retirement_of
from cards.carriers.choices import Aspect, DriftKind, told_words
from cards.carriers.lookup import NOT_REPLACED, OPEN_ORDER, open_drifts_of, orders_about
from cards.carriers.models import Line
from cards.carriers.pages.drift_rows import drift_row
from cards.carriers.pages.order_labels import (
    DIFFERENCES_FOR_CUSTOMERS,
    ORDER_FOR_CUSTOMERS,
    order_badge,
    order_label,
    reasons_label,
    service_badge,
    step_badge_of,
)
from cards.carriers.protocols import PROTOCOLS
from cards.choices import Action
from cards.models import CardEvent
from cards.pages.badges import Badge
from cards.permissions import Actor
from cards.phrases import listed

MAY_ASK_CARRIER = "carriers.look_at_carrier"
TOLD_FOR = timedelta(days=1)  # a customer reads of a confirmed order


@dataclass(frozen=True)
class OrderTold:
    """An order, and how far it is. `words` are the carrier's."""

    label: str
    badge: Badge
    command: object
    words: str
    is_open: bool


class CardAtCarrier:
    """One card between the portal and its carrier, as the dealer's staff see it."""

    def __init__(self, card, user):
        self.card = card
        self.user, self.may_look = user, user.has_perm(MAY_ASK_CARRIER)
        self.line = Line.objects.filter(card=card).select_related("account").first()
        self.account = self.line and self.line.account

    @property
    def is_being_handed_over(self):
        """Whether the card has changed since its line was brought into step: the workers do it within seconds."""
        return self.line.is_behind(self.card.version)

    @cached_property
    def since(self):
        """The instant since which the card shows what it shows here."""
        changes = CardEvent.objects.filter(card=self.card).exclude(from_state=F("to_state")).order_by("-seq")
        return changes.values_list("executed_at", flat=True).first()

    @property
    def step(self):
        return step_badge_of(self.line.step_at(self.card.version))

    @property
    def seen(self):
        return service_badge(self.line.seen_service)

    @property
    def reasons(self):
        return reasons_label(self.line)

    @cached_property
    def orders(self):
        """The orders that are open, or else the last one that none has replaced."""
        orders = orders_about(self.card)
        found = list(orders.filter(OPEN_ORDER)) or list(orders.filter(NOT_REPLACED)[:1])
        return [_ordered(command) for command in found]

    @cached_property
    def drifts(self):
        return [drift_row(drift) for drift in open_drifts_of(self.card).select_related("account", "card")]

    @property
    def cannot(self):
        """The aspects that this account cannot change, in a list."""
        protocol = PROTOCOLS.get(self.account.protocol)
        can = protocol.can(self.account.fields) if protocol else frozenset(Aspect)
        return listed(aspect.label for aspect in Aspect if aspect not in can)

    @property
    def offers_link(self):
        """Whether the page for the card's ID verification can be asked for."""
        return self.may_look and wants_link(self.card) and can_link(self.account)

    @property
    def lacks_link(self):
        """Whether the card waits for an ID verification for which this account knows no page."""
        return wants_link(self.card) and not knows_links(self.account)

    @property
    def is_broken(self):
        return self.account.broken_since is not None

    @property
    def sends(self):
        """Whether orders of the card go out when they are due."""
        return self.account.is_on and not (self.is_broken or self.line.paused)

    @cached_property
    def retirement(self):
        """The order to cancel the card for good, where the account can send it; who asks for it is its `by`."""
        if not self.card.is_final:
            return None
        command = retirement_of(self.card)
        return command if command and can_be_sent(command) else None

    @property
    def may_retire(self):
        return self.user.has_perm(MAY_DECIDE_DRIFTS)

    @property
    def may_release(self):
        """Whether this person is the second one."""
        return self.may_retire and self.retirement.by_id != self.user.pk


def _ordered(command):
    return OrderTold(
        label=order_label(command.aspect, command.goal),
        badge=order_badge(command.state),
        command=command,
        words=" ".join(filter(None, (command.code, told_words(command.text)))),
        is_open=command.ended_at is None,
    )


class OwnersCard:
    """What the card's owner reads of the carrier; mostly nothing."""

    def __init__(self, card, user):
        self.card, self.user = card, user

    @cached_property
    def _kinds(self):
        """What differs, as far as it is the owner's affair."""
        return [drift.kind for drift in open_drifts_of(self.card) if drift.kind in DIFFERENCES_FOR_CUSTOMERS]

    @property
    def is_cut(self):
        """Whether the card does not work there although it should."""
        return bool(self._kinds)

    @property
    def is_gone(self):
        """Whether it never will again."""
        return DriftKind.CANCELLED in self._kinds

    @cached_property
    def _line(self):
        return Line.objects.filter(card=self.card, account__isnull=False).select_related("account").first()

    @cached_property
    def sentences(self):
        """What differs, and what is on its way. Orders of before the card was theirs are none of their affair."""
        sentences = [str(DIFFERENCES_FOR_CUSTOMERS[kind]) for kind in self._kinds]
        if self._line and self._line.is_behind(self.card.version):
            sentences.append(_("The last change is being handed over to the carrier."))
        last = orders_about(self.card, self.card.owned_from_seq or 0).filter(NOT_REPLACED).first()
        if last and not (last.ended_at and sentences) and _is_news(last):
            at = timezone.localtime(last.ended_at or last.sent_at or last.made_at)
            sentence = ORDER_FOR_CUSTOMERS[last.state]
            sentences.append(sentence.format(order=order_label(last.aspect, last.goal), at=f"{at:%Y-%m-%d %H:%M}"))
        return sentences

    @cached_property
    def offers_link(self):
        """Whether this member may ask the carrier for the page of the card's ID verification."""
        if not (wants_link(self.card) and Actor.of(self.user).may(Action.SUBMIT_REAL_NAME, self.card)):
            return False
        return self._line is not None and can_link(self._line.account)


def _is_news(command):
    ended: datetime | None = command.ended_at
    return ended is None or timezone.now() - ended < TOLD_FOR
