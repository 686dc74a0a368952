"""What can be bought for one card, as those who buy it read it: what helps first, and what follows for the money."""

from dataclasses import dataclass

from billing.actions.offers import Option, options_for
from billing.choices import OrderKind
from cards.choices import Hold
from cards.models import PolicyBook
from cards.phrases import joined
from cards.sentences.customer_text import effect_text
from cards.sentences.terms import when_it_runs

KINDS_ON_OFFER = (OrderKind.PACK, OrderKind.RENEWAL)


@dataclass(frozen=True)
class Buyable:
    """One thing to buy: what follows, and why not if it cannot be bought."""

    option: Option
    follows: str


@dataclass(frozen=True)
class OfferedSection:
    """What is to be had of one kind."""

    kind: OrderKind
    choices: list[Buyable]


def sections_of(card, *, user=None, is_guest=False, effect=effect_text):
    """An `OfferedSection` of each kind; `effect` says what a card will be, in the words of whoever reads it."""
    needs_data = card.has_hold(Hold.CREDIT) and not card.is_over
    policies = PolicyBook.read()
    return [
        OfferedSection(
            kind,
            [
                Buyable(option, _follows(card, option, policies, effect))
                for option in options_for(card, kind, user=user, is_guest=is_guest)
            ],
        )
        for kind in (KINDS_ON_OFFER if needs_data else KINDS_ON_OFFER[::-1])
    ]


def _follows(card, option, policies, effect):
    """What the buyer gets for the money, in a sentence or two."""
    after = option.after
    if after is None:
        return ""
    if option.kind == OrderKind.PACK:
        return effect(after)
    runs = when_it_runs(option.in_line, policies, is_one_more=card.is_renewed)
    starts_now = after.term_number != card.term_number and not card.is_renewed
    return joined(effect(after), runs) if starts_now else runs
