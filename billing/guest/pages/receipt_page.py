"""A receipt of what was paid without an account: what for, how much, by whom it was taken, and what has become of it.

It names neither the card's customer nor whoever paid: whoever has its number sees it.
"""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.actions.providers import provider_label
from billing.choices import PayerRefundCause
from billing.guest.pages.card_page import masked
from billing.models import MoneyRules
from billing.money import yuan
from cards.models.claim import in_groups
from cards.pages.badges import Badge
from cards.phrases import joined

WHY_GIVEN_BACK = {
    PayerRefundCause.UNSERVED: gettext_lazy("The card could not get what was paid for."),
    PayerRefundCause.NOT_NEEDED: gettext_lazy("It was paid when nothing was due any more."),
}


def receipt_context(payment):
    """The context of the page of a payment."""
    line = payment.order.lines.select_related("plan", "card").first()
    badge, sentence = _state(payment)
    return {
        "payment": payment,
        "number": in_groups(payment.code),
        "kind": _kind(payment.order, line.plan),
        "plan": line.plan,
        "card_number": masked(line.card.iccid),
        "provider": provider_label(payment.provider),
        "badge": badge,
        "said": sentence,
        "rules": MoneyRules.read(),
        "pay_url": reverse("pay:page", args=[payment.key]) if payment.is_started else "",
    }


def _kind(order, plan):
    """What kind of order it is; nothing where what the plan is called begins with that."""
    kind = order.get_kind_display()
    return "" if plan.title.startswith(kind) else kind


def _state(payment):
    """What has become of it, as a badge and in a sentence."""
    if payment.is_started:
        return Badge(_("Not paid yet"), "warning"), _("Nothing was paid yet.")
    if not payment.is_paid:
        return Badge(_("Not completed"), ""), _("The payment was not completed: nothing was paid.")
    if refund := payment.refunds.order_by("-pk").first():
        return _given_back(refund)
    if payment.order.waits_for_service:
        return Badge(_("Paid, in progress"), "info"), _("It is paid. The card gets it within minutes.")
    return Badge(_("Paid and done"), "good"), _("It is paid, and the card has it.")


def _given_back(refund):
    """How far the money is on its way back, and why."""
    why, facts = str(WHY_GIVEN_BACK.get(refund.cause, "")), {"amount": yuan(refund.amount)}
    if refund.has_failed:
        sentence = _("{amount} is to be given back to you, which was not possible yet: ask the seller.")
        badge = Badge(_("Not given back yet"), "bad")
    elif refund.is_over:
        sentence, facts["day"] = _("{amount} was given back on {day}."), timezone.localdate(refund.ended_at)
        badge = Badge(_("Given back"), "")
    else:
        sentence = _("{amount} is being given back to where it was paid from.")
        badge = Badge(_("Being given back"), "warning")
    said = sentence.format(**facts)
    return badge, joined(why, said) if why else said
