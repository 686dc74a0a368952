"""Providers are asked what became of payments and refunds of which they said nothing, and refunds are made by them.

A row is due at its `ask_at`, which is moved on before the call: two workers never ask about the same one, and the turn
of one that was killed comes again. Only a provider's word ends a payment or a refund; one that does not answer is asked
again, later and later.
"""

import logging
import time
import uuid
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from operator import attrgetter

from django.db import transaction
from django.utils.translation import gettext as _

from billing.actions.ledger import post_entry, transfer
from billing.actions.payments import FIRST_ASKED_AFTER, PAID_WITHIN, believe, wanted_payment
from billing.actions.providers import reach
from billing.actions.telling import tell_at_once
from billing.actions.withdrawals import end_with_its_refunds
from billing.choices import Account, EntryKind, NoticeKind, PayerRefundState, PaymentState
from billing.models import PayerRefund, Payment
from billing.payments.port import Garbled, ProviderRefused, RefundFacts, RefundSaid, Said, WantedRefund
from billing.permissions import provider_actor
from cards.calendar import this_moment
from cards.errors import BadInput, NothingHeard

logger = logging.getLogger(__name__)

ASKED_AFTER = (FIRST_ASKED_AFTER, timedelta(minutes=5), timedelta(minutes=30), PAID_WITHIN)
BETWEEN = [later - sooner for sooner, later in pairwise(ASKED_AFTER)]
IN_VAIN = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
REFUND_AGAIN_AFTER = (timedelta(seconds=30), timedelta(minutes=2), *IN_VAIN)
SAID_OF_REFUND = {
    RefundSaid.DONE: PayerRefundState.DONE,
    RefundSaid.UNDERWAY: PayerRefundState.SENT,
    RefundSaid.FAILED: PayerRefundState.FAILED,
}
_LONGEST_WORDS = 200


def work_on_payments(seconds, until_settled=False):
    """Ask about what is due, and have refunds made, for about `seconds` seconds, or until nothing is due; the number
    of turns. A provider that was silent once has its next turn at the next call."""
    give_up_at, turns, silent = time.monotonic() + seconds, 0, set()
    while (until_settled or time.monotonic() < give_up_at) and (row := _first_due(silent)):
        if not _claimed(row):
            continue
        turns += 1
        try:
            _ask(row) if isinstance(row, Payment) else _move_on(row)
        except (NothingHeard, Garbled, LookupError, BadInput) as nothing:
            logger.warning("Payment provider %s: nothing heard of %s (%s)", row.provider, row, type(nothing).__name__)
            silent.add(row.provider)
    return turns


def _first_due(silent):
    """The payment or the refund that has been due for longest, of providers that answer; None where none is."""
    found = [
        model.objects.filter(ask_at__lte=this_moment()).exclude(provider__in=silent).order_by("ask_at", "pk").first()
        for model in (Payment, PayerRefund)
    ]
    return min(filter(None, found), key=attrgetter("ask_at"), default=None)


def _claimed(row):
    """Whether the turn is this worker's: the next one is moved on, and counted."""
    rows = type(row).objects.filter(pk=row.pk, ask_at=row.ask_at)
    if isinstance(row, Payment):
        return rows.update(ask_at=this_moment() + _wait([*BETWEEN, *IN_VAIN], row.asked), asked=row.asked + 1)
    return rows.update(ask_at=this_moment() + _wait(REFUND_AGAIN_AFTER, row.tries), tries=row.tries + 1)


def _wait(waits, tries):
    return waits[min(tries, len(waits) - 1)]


def _ask(payment):
    """Ask about a payment; one that nobody has paid in its time is closed at the provider, and then here."""
    reached, wanted = reach(payment.provider), wanted_payment(payment)
    try:
        facts = reached.provider.ask(reached.call, reached.merchant, wanted)
        if facts.said == Said.OPEN and payment.asked >= len(BETWEEN):
            reached.provider.close(reached.call, reached.merchant, wanted)
            facts = replace(facts, nonce=f"close:{payment.key.hex}", said=Said.CLOSED)
    except ProviderRefused as refused:
        words = str(refused)[:_LONGEST_WORDS]
        Payment.objects.filter(pk=payment.pk, state=PaymentState.STARTED).update(words=words)
        return
    if facts.said != Said.OPEN:
        believe(payment.provider, facts)


def _move_on(refund):
    """Have a refund made, or ask what became of it; of one that was tried before nobody knows whether it was made.

    One that has failed waits for a person: it may be asked about, and is not made again.
    """
    try:
        reached, wanted = _reached(refund), wanted_refund(refund)
        facts = _asked(refund, reached, wanted) if refund.tries or refund.has_failed else None
        if facts is None or facts.said == RefundSaid.UNKNOWN:
            if not _is_to_be_made(refund):
                return
            facts = reached.provider.refund(reached.call, reached.merchant, wanted)
    except ProviderRefused as refused:
        facts = RefundFacts(RefundSaid.FAILED, words=str(refused))
    if facts.said in SAID_OF_REFUND:
        _write(refund, facts)


def _is_to_be_made(refund):
    """Whether the provider is still to give it back, at this very moment; what is not is asked about no more."""
    same = PayerRefund.objects.filter(pk=refund.pk, key=refund.key)
    same.failed().update(ask_at=None)
    return same.under_way().exists()


def _asked(refund, reached, wanted):
    """What became of a refund. Where the question is refused, the refund itself may have been made all the same."""
    try:
        return reached.provider.ask_refund(reached.call, reached.merchant, wanted)
    except ProviderRefused as refused:
        raise Garbled(str(refused)) from None


def wanted_refund(refund):
    """The refund as its provider is told it."""
    payment, unmatched = refund.payment, refund.unmatched
    return WantedRefund(
        key=refund.key,
        payment_key=payment.key if payment else unmatched.payment_key,
        reference=payment.provider_reference if payment else unmatched.reference,
        total=payment.amount if payment else unmatched.amount,
        amount=refund.amount,
        reason=str(refund.get_cause_display()),
    )


def _reached(refund):
    """Its provider; where the account is gone for good, that is for a person."""
    try:
        return reach(refund.provider)
    except LookupError:
        raise ProviderRefused("", _("The account {name} is no longer set up.").format(name=refund.provider)) from None


@transaction.atomic
def _write(refund, facts):
    """Write what was said of a refund, unless it is over or has a new number by now; what is done leaves the books."""
    asked, refund = refund, PayerRefund.objects.select_for_update(of=("self",)).get(pk=refund.pk)
    if refund.is_over or refund.key != asked.key:
        return
    had_failed = refund.has_failed
    refund.state, refund.words = SAID_OF_REFUND[facts.said], facts.words[:_LONGEST_WORDS]
    refund.reference = facts.reference or refund.reference
    if facts.said == RefundSaid.FAILED:
        refund.ask_at = None
        if facts.is_closed:
            refund.key = uuid.uuid4()
        if not had_failed:
            _tell_failed_withdrawal(refund)
    if facts.said == RefundSaid.DONE:
        refund.entry, refund.ended_at, refund.ask_at = _post_paid_back(refund), this_moment(), None
    refund.save(update_fields=["key", "state", "reference", "words", "entry", "ended_at", "ask_at"])
    if refund.is_over:
        end_with_its_refunds(refund.withdrawal)


def _tell_failed_withdrawal(refund):
    """Of a withdrawal the money is the customer's own; of others a guest's receipt tells."""
    if refund.withdrawal:
        tell_at_once(refund.withdrawal.customer_id, NoticeKind.PAYMENT_FAILED, amount=str(refund.amount))


def _post_paid_back(refund):
    whose = refund.withdrawal or refund.payment
    return post_entry(
        f"paid_back:{refund.pk}",
        EntryKind.PAID_BACK,
        whose and whose.customer_id,
        *transfer(refund.amount, Account.PAYBACK, Account.PROVIDERS),
        actor=provider_actor(refund.provider),
    )
