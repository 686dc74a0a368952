"""What a notice says, in the reader's language: one sentence that stays true however long ago it was written."""

from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.choices import MissedWhy, NoticeKind
from billing.models import Notice
from billing.money import yuan
from cards.calendar import last_day
from cards.choices import label_of
from cards.errors import PlanNames
from cards.models import PlanBook
from cards.phrases import joined, listed, pair
from cards.unreadable import read_kept

NOTICE_SENTENCES = {
    NoticeKind.EXPIRING: gettext_lazy("The last day of service of card {card} is {day} unless it is renewed."),
    NoticeKind.CANCELLING: gettext_lazy("Card {card} will be permanently cancelled on {day} unless it is renewed."),
    NoticeKind.FORCING: gettext_lazy(
        "Card {card} will be activated on {day}: its term starts then, whether it is used or not."
    ),
    NoticeKind.ALLOWANCE: gettext_lazy(
        "Card {card} has used {step}% or more of its allowance in the cycle that started on {day}."
    ),
    NoticeKind.WALLET_LOW: gettext_lazy("The wallet balance has been low since {day}: {balance}, below {low_below}."),
    NoticeKind.PAYMENT_KEPT: gettext_lazy(
        "{amount} came on {day} for order {order}, which was no longer waiting for payment: the money is in the wallet."
    ),
    NoticeKind.RENEWAL_FAILED: gettext_lazy(
        "Auto-renewal failed on {day}: {needed} is needed, but the wallet has only {available} available."
    ),
    NoticeKind.NOT_RENEWED: gettext_lazy(
        "Card {card} was not renewed automatically. Its last day of service is {day} unless it is renewed;"
        " your dealer can tell you the reason."
    ),
    NoticeKind.PRICE_CHANGED: gettext_lazy(
        "Automatic renewals from {day} on cost another price than last time: {changes}."
    ),
    NoticeKind.PAYMENT_DUE: gettext_lazy("Order {order} of {amount} expires on {day} unless it is paid."),
    NoticeKind.PAYMENT_FAILED: gettext_lazy(
        "The online payment of {amount} for order {order} on {day} was not completed. The order expires unless it is"
        " paid."
    ),
    NoticeKind.CREDIT_DUE: gettext_lazy(
        "The wallet has been below zero since {day}: as of {told}, {amount} of the credit was in use. Top it up to"
        " settle the credit."
    ),
    NoticeKind.GUEST_PAID: gettext_lazy(
        "Somebody without an account bought {what} for card {card} on {day} and paid {amount} online (order {order})."
    ),
}
SEVERAL_DUE = gettext_lazy("{orders} orders of {amount} in all expire on {day} unless they are paid.")
NOT_PAID_BACK = gettext_lazy(
    "{amount} could not be paid back to where it came from on {day}; your dealer is looking for another way."
)
RENEWED_IN_PART = gettext_lazy(
    "Auto-renewal on {day}: the wallet paid for {renewed} of {cards} cards. The others cost {needed}, but only"
    " {available} was left: {missing} was missing."
)
NOT_RENEWED_BECAUSE = {
    MissedWhy.NOT_ON_SALE: gettext_lazy(
        "Card {card} was not renewed automatically because its plan was no longer on sale: {plan}."
        " Its last day of service is {day} unless it is renewed with another plan."
    ),
    MissedWhy.NO_PRICE: gettext_lazy(
        "Card {card} was not renewed automatically because its plan had no price: {plan}."
        " Its last day of service is {day} unless it is renewed; ask your dealer for a price."
    ),
    MissedWhy.BLOCKED: gettext_lazy(
        "Card {card} was not renewed automatically because it was blocked or its ID was not verified."
        " Its last day of service is {day} unless it is renewed."
    ),
}
OF_AN_END = (NoticeKind.EXPIRING, NoticeKind.NOT_RENEWED)  # their day is the first without service
AMOUNTS = ("balance", "low_below", "needed", "available", "amount")


def sentence_of(notice: Notice, plans: PlanNames | None = None) -> str:
    """What this notice says; `plans` knows what plans are called, for whoever writes several sentences."""
    return read_kept(lambda notice: _sentence(notice, plans or PlanBook()), notice, lambda _notice: _what(notice.kind))


def _what(kind: str) -> str:
    return str(label_of(NoticeKind, kind))


def _sentence(notice: Notice, plans: PlanNames) -> str:
    if notice.kind == NoticeKind.RENEWING:
        return _ahead(notice, plans)
    return str(template_of(notice)).format(**placeholders_of(notice, plans))


def template_of(notice: Notice) -> str | Promise:
    """The sentence of a notice, with the names of what stands in it."""
    kind, facts = NoticeKind(notice.kind), notice.facts
    if kind == NoticeKind.RENEWAL_FAILED and "renewed" in facts and facts["cards"] > 1:
        return RENEWED_IN_PART
    if kind == NoticeKind.PAYMENT_DUE and facts["orders"] > 1:
        return SEVERAL_DUE
    if kind == NoticeKind.PAYMENT_FAILED and "order" not in facts:
        return NOT_PAID_BACK
    if kind == NoticeKind.NOT_RENEWED:
        return NOT_RENEWED_BECAUSE.get(facts["why"], NOTICE_SENTENCES[kind])
    return NOTICE_SENTENCES[kind]


def placeholders_of(notice: Notice, plans: PlanNames | None = None) -> dict[str, Any]:
    """What stands in the sentence of a notice, by name."""
    facts, plans = notice.facts, plans or PlanBook()
    day = last_day(notice.on) if notice.kind in OF_AN_END else notice.on
    said = {"card": notice.card.iccid if notice.card else None, "day": day, "step": notice.step}
    said |= {name: facts[name] for name in ("cards", "renewed", "told", "unsold", "order", "orders") if name in facts}
    said |= {name: yuan(Decimal(facts[name])) for name in AMOUNTS if name in facts}
    if "available" in facts:
        needed = Decimal(facts.get("needed", facts.get("amount")))
        said["missing"] = yuan(needed - Decimal(facts["available"]))
    if "plan" in facts:
        said["plan"] = plans.named(facts["plan"])
    if "what" in facts:
        said["what"] = plans.named(facts["what"])
    if "changes" in facts:
        said["changes"] = listed(_change(plans, *change) for change in facts["changes"])
    return said


def _change(plans: PlanNames, code: str, old: str, new: str, _cards: int) -> str:
    prices = _("{new} instead of {old}").format(new=yuan(Decimal(new)), old=yuan(Decimal(old)))
    return pair(plans.named(code), prices)


def _ahead(notice: Notice, plans: PlanNames) -> str:
    """What is charged ahead, whether the wallet had enough, at which new prices, and what could not be sold."""
    facts, said = notice.facts, placeholders_of(notice, plans)
    parts = []
    if facts["cards"] and Decimal(facts["amount"]) <= Decimal(facts["available"]):
        sentence = ngettext(
            "As of {told}, {cards} card was due to renew automatically on {day} for {amount}, and the wallet had"
            " enough for it: {available}.",
            "As of {told}, {cards} cards were due to renew automatically on {day} for {amount}, and the wallet had"
            " enough for them: {available}.",
            facts["cards"],
        )
        parts.append(sentence.format(**said))
    elif facts["cards"]:
        sentence = ngettext(
            "As of {told}, {cards} card was due to renew automatically on {day} for {amount}, but the wallet had"
            " only {available} for it: {missing} was missing.",
            "As of {told}, {cards} cards were due to renew automatically on {day} for {amount}, but the wallet had"
            " only {available} for them: {missing} was missing.",
            facts["cards"],
        )
        parts.append(sentence.format(**said))
    if facts["changes"]:
        parts.append(_("Prices changed since last time: {changes}.").format(**said))
    if facts["unsold"]:
        sentence = ngettext(
            "As of {told}, {unsold} card due on {day} could not be renewed automatically: ask your dealer.",
            "As of {told}, {unsold} cards due on {day} could not be renewed automatically: ask your dealer.",
            facts["unsold"],
        )
        parts.append(sentence.format(**said))
    return reduce(joined, parts)


def stopped_sentence(cards: int, customers: int, next_on: date | None) -> str:
    """How many cards of how many customers renew themselves with something, and when the next is charged."""
    owners = ngettext("{count} customer", "{count} customers", customers).format(count=customers)
    sentence = ngettext(
        "{cards} card of {owners} renews automatically with this plan.",
        "{cards} cards of {owners} renew automatically with this plan.",
        cards,
    )
    following = next_on and _("The next charge is on {day}.").format(day=next_on)
    return joined(sentence.format(cards=cards, owners=owners), following)


def heading(kind: str, step: int, count: int) -> str:
    """What `count` notices of a kind and a step have in common."""
    nearness = _nearness(kind, step)
    sentence = _("{what} ({nearness}): {count}") if nearness else _("{what}: {count}")
    return sentence.format(what=_what(kind), nearness=nearness, count=count)


def _nearness(kind: str, step: int) -> str:
    if kind == NoticeKind.ALLOWANCE:
        return _("{step}% used").format(step=step)
    if step and kind == NoticeKind.CREDIT_DUE:
        return ngettext("for {step} day", "for {step} days", step).format(step=step)
    return ngettext("within {step} day", "within {step} days", step).format(step=step) if step else ""
