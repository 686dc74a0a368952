"""What a notice says, in the reader's language: one sentence that stays true however long ago it was written."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.choices import NoticeKind
from billing.models import Notice
from billing.money import yuan

NOTICE_SENTENCES = {
    NoticeKind.EXPIRING: gettext_lazy("Card {card} has no service from {day} unless it is renewed."),
    NoticeKind.CANCELLING: gettext_lazy("Card {card} will be permanently cancelled on {day} unless it is renewed."),
    NoticeKind.FORCING: gettext_lazy(
        "Card {card} will be activated on {day}: its term starts then, whether it is used or not."
    ),
    NoticeKind.ALLOWANCE: gettext_lazy(
        "Card {card} has used {step}% or more of its allowance in the cycle that started on {day}."
    ),
    NoticeKind.WALLET_LOW: gettext_lazy("The wallet balance has been low since {day}: {balance}, below {low_below}."),
    NoticeKind.RENEWAL_FAILED: gettext_lazy(
        "Auto-renewal failed on {day}: {needed} is needed, but the wallet has only {available} available."
    ),
}
AMOUNTS = ("balance", "low_below", "needed", "available")


def sentence_of(notice: Notice) -> str:
    """What this notice says."""
    return NOTICE_SENTENCES[NoticeKind(notice.kind)].format(**placeholders_of(notice))


def placeholders_of(notice: Notice) -> dict[str, Any]:
    """What stands in the sentence of a notice, by name."""
    amounts = {name: yuan(Decimal(notice.facts[name])) for name in AMOUNTS if name in notice.facts}
    card = notice.card.iccid if notice.card else None
    return {"card": card, "day": notice.on, "step": notice.step} | amounts


def heading(kind: str, step: int, count: int) -> str:
    """What `count` notices of a kind and a step have in common."""
    nearness = _nearness(kind, step)
    sentence = _("{what} ({nearness}): {count}") if nearness else _("{what}: {count}")
    return sentence.format(what=NoticeKind(kind).label, nearness=nearness, count=count)


def _nearness(kind: str, step: int) -> str:
    if kind == NoticeKind.ALLOWANCE:
        return _("{step}% used").format(step=step)
    return ngettext("within {step} day", "within {step} days", step).format(step=step) if step else ""
