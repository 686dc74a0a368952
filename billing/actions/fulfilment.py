"""The job of an order: who can and who cannot, then serving line after line, each once, whatever is killed or retried.

What becomes of a line stands in the transaction of its effect: the card served and the revenue earned, or the reason
why not and the money back in the wallet.
"""

from collections import Counter, defaultdict
from operator import itemgetter

from billing.actions.delivery import deliver
from billing.actions.ledger import post_entry, transfer
from billing.actions.lines import Offers, amount_of
from billing.actions.missed_renewals import reopen_unserved
from billing.actions.paying_back import pay_back, payment_of_guest
from billing.actions.placing import end_placing, write_lines_of
from billing.choices import Account, EntryKind, LineState, PayerRefundCause
from billing.models import Order, OrderLine
from billing.money import ZERO
from billing.permissions import actor_for
from cards.actions.bulk import update_classes
from cards.actions.jobs.bulk import EXAMPLES_PER_REASON, checked, outcomes_as_document
from cards.actions.jobs.engine import Kind
from cards.actions.ordered_terms import end_ordered_terms
from cards.calendar import civil_today, for_day, this_moment
from cards.choices import Step

LINE_COLUMNS = ("state", "seq", "fulfilled_on", "refunded_on", "refused")
UNSERVED = "unserved:"  # the key of an entry that gives back what could not be delivered begins so


class Fulfilment(Kind):
    """`payload` is {"cards": keys}. The check adds whom it cannot serve (`cannot`, and each with its refusal in
    `why_not`), what the others come to (`amount`), how many on which `Terms` (`terms`, with some of them; `were`, what
    stood there before it was checked anew) and what follows for them (`effects`)."""

    def check(self, job, chunk):
        order = Order.objects.select_related("plan", "customer", "created_by").get(job=job)
        with for_day(_day_of(order, job)):
            return self._check(order, chunk)

    def apply(self, job, chunk):
        order = Order.objects.select_related("customer", "created_by", "placed_by", "paid_by").get(job=job)
        with for_day(_day_of(order, job)):
            return self._apply(order, job, chunk)

    def place(self, job, chunk):
        write_lines_of(job, chunk)

    def placed(self, job):
        end_placing(job)

    def finish(self, job):
        finish(Order.objects.get(job=job))

    def _check(self, order, chunk):
        offers, refusals, able = Offers(order), {}, defaultdict(list)
        amount, effects = ZERO, Counter()
        for keys, plan, made, what_follows, refused in offers.quotes_for(chunk.payload["cards"]):
            refusals |= dict.fromkeys(keys, refused)
            able[plan] += keys if made else ()
            if made:
                amount += made.quote.amount * len(keys)
                effects[what_follows] += len(keys)
        refusals = sorted(refusals.items())
        terms = sorted(
            [*offers.terms_of(plan), len(pks), sorted(pks)[:EXAMPLES_PER_REASON]] for plan, pks in able.items()
        )
        before = chunk.check_result or {}
        return checked(refusals) | {
            "cannot": [pk for pk, refused in refusals if refused],
            "why_not": [[pk, refused.written()] for pk, refused in refusals if refused],
            "amount": str(amount),
            "terms": terms,
            "were": before.get("were") if before.get("terms") == terms else before.get("terms"),
            "effects": effects,
        }

    def _apply(self, order, job, chunk):
        lines = open_lines(order, chunk.payload["cards"])
        outcomes = deliver(order, list(lines.values()), job)
        document = outcomes_as_document(outcomes)
        served, refused = _divided(lines, document["outcomes"])
        write_states(served)
        write_states(refused)
        end_ordered_terms(order.pk, chunk.payload["cards"])
        reopen_unserved(order, refused)
        earned, payer = amount_of(served), actor_for(order.paid_by, order)
        if earned:
            entry_lines = transfer(earned, Account.RECEIVABLES, Account.REVENUE)
            key = f"fulfil:{order.pk}:{chunk.number}"
            post_entry(key, EntryKind.FULFILMENT, order.customer_id, *entry_lines, actor=payer, order=order)
        key = f"{UNSERVED}{order.pk}:{chunk.number}"
        give_back(order, key, refused, source=Account.RECEIVABLES, actor=payer)
        return document


def _day_of(order, job):
    """An automatic renewal is served for its own day, whoever comes to it; what a person works on again, today."""
    is_by_hand = order.day is not None and job.steps.filter(step=Step.RESUMED).exists()
    return None if is_by_hand else order.day


def open_lines(order, card_ids):
    """The lines of these cards that are still to be served, locked, by card."""
    lines = order.lines.filter(card__among=card_ids, state=LineState.OPEN)
    return {line.card_id: line for line in lines.order_by("number").select_for_update()}


def finish(order):
    """Close an order of which every line was served or given back: fulfilled, or refunded if nothing is left of it."""
    order = Order.objects.select_for_update().get(pk=order.pk)
    if order.has_open_lines or not order.is_paid:
        return
    if order.is_given_back:
        order.refund(at=this_moment())
    elif order.ended_at is None:
        order.fulfil(at=this_moment())
    order.save(update_fields=["state", "ended_at"])


def give_back(order, key, lines, *, source, actor, told=""):
    """Put what these lines cost back into the wallet, once for each key; `source` is where the money stands.

    What a guest paid goes back to whoever paid it, and never into the wallet of the card's customer.
    """
    amount = amount_of(lines)
    if not amount:
        return
    entry_lines = transfer(amount, source, Account.PAYBACK if order.is_guest else Account.WALLET)
    post_entry(key, EntryKind.REFUND, order.customer_id, *entry_lines, actor=actor, order=order, told=told)
    if order.is_guest:
        cause = PayerRefundCause.UNSERVED if key.startswith(UNSERVED) else PayerRefundCause.REFUND
        pay_back(payment_of_guest(order), amount, cause, key)
    locked = Order.objects.select_for_update().get(pk=order.pk)
    locked.refunded += amount
    locked.save(update_fields=["refunded"])


def write_states(lines):
    """Write what became of these lines, of most of them the same."""
    became, values_of = {}, itemgetter(*LINE_COLUMNS)
    for line in lines:
        values = values_of(line.__dict__)
        became.setdefault(repr(values), (values, []))[1].append(line.pk)
    update_classes(OrderLine, LINE_COLUMNS, [(keys, values) for values, keys in became.values()])


def _divided(lines, outcomes):
    """The lines that were served and those that were not, each told what became of it."""
    served, refused, today = [], [], civil_today()
    for card_id, seq, why_not in outcomes:
        line = lines[card_id]
        line.seq, line.refused = seq, why_not
        line.state = LineState.REFUNDED.value if why_not else LineState.FULFILLED.value
        line.refunded_on, line.fulfilled_on = (today, None) if why_not else (None, today)
        (refused if why_not else served).append(line)
    return served, refused
