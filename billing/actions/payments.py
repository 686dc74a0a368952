"""Money that comes online: payments are started here, and paid when their provider says so, however often it does."""

from contextlib import nullcontext, suppress
from datetime import timedelta

from django.db import transaction

from billing.actions import orders
from billing.actions.ledger import account_of, check_room, post_entry, transfer
from billing.choices import Account, EntryKind, NotificationOutcome, OrderKind, PaymentState
from billing.errors import MoneyRefused
from billing.models import Notification, Payment
from billing.money import ZERO
from billing.payments import PROVIDERS, provider_in_use
from billing.permissions import may_pay, require
from cards.actions.once import once
from cards.calendar import this_moment
from cards.choices import ActorKind
from cards.permissions import Actor

FRESH = timedelta(minutes=5)  # how far a notification's clock may be from ours


def start_payment(order, *, user):
    """The payment of a placed order that is under way, or a new one.

    Raises `MoneyRefused` where it is not paid online.
    """
    provider = _provider()
    require(lambda user: may_pay(user, order.customer_id), user)
    with orders.locked(order) as order:
        if not order.is_placed:
            raise MoneyRefused("wrong_state", state=str(order.state))
        if order.kind == OrderKind.ADJUSTMENT or order.total <= ZERO:
            raise MoneyRefused("not_online")
        started = order.payments.filter(state=PaymentState.STARTED, provider=provider).first()
        return started or Payment.objects.create(
            customer=order.customer, order=order, provider=provider, amount=order.total, started_by=user
        )


def start_deposit(customer, amount, *, user, key=None):
    """A payment into the wallet of a customer; the same `key` twice is one.

    Raises `MoneyRefused` where nobody takes it, or the wallet cannot hold so much more.
    """
    require(lambda user: may_pay(user, customer.pk), user)
    check_room(account_of(customer.pk), amount)
    deposit = {"customer": customer, "provider": _provider(), "amount": amount, "started_by": user}
    return once(Payment, key, lambda key: Payment.objects.create(key=key, **deposit), started_by=user)


def payment_url(payment):
    """The address of the page on which the payment is paid."""
    return PROVIDERS[payment.provider].start(payment)


def receive(provider, body, headers):
    """Take a provider's notification: prove it, write it down, and do what it says, once; the `Notification`.

    Its order is served at once when it is small. Raises `Forged` or `Unreadable`; then nothing was written.
    """
    facts = PROVIDERS[provider].read(body, headers)
    with transaction.atomic():
        notification, is_new = Notification.objects.select_related("payment__order").get_or_create(
            provider=provider, nonce=facts.nonce, defaults={"body": facts.body}
        )
        if is_new:
            known = Payment.objects.select_for_update(of=("self",)).filter(provider=provider)
            notification.payment = known.select_related("order").filter(key=facts.key).first()
            notification.outcome = _outcome(notification, facts)
            notification.save(update_fields=["payment", "outcome"])
    if is_new and notification.outcome == NotificationOutcome.PAID and notification.payment.order:
        orders.fulfil_if_small(notification.payment.order)
    return notification


def _provider():
    """The name of the provider that takes payments now; `MoneyRefused` where nobody does."""
    name = provider_in_use()
    if name is None:
        raise MoneyRefused("no_provider")
    return name


def _outcome(notification, facts):
    """What is made of a notification that came for the first time."""
    payment = notification.payment
    if abs(this_moment() - facts.sent_at) > FRESH:
        return NotificationOutcome.LATE
    if payment is None:
        return NotificationOutcome.UNKNOWN
    if facts.amount != payment.amount:
        return NotificationOutcome.WRONG_AMOUNT
    if payment.is_paid:
        return NotificationOutcome.KNOWN
    if facts.is_paid:
        return _pay(payment, facts.reference)
    payment.state = PaymentState.CLOSED
    payment.save(update_fields=["state"])
    return NotificationOutcome.CLOSED


def _pay(payment, reference):
    """The money goes into the wallet, and out of it for the order, if that still waits to be paid."""
    if Payment.objects.filter(provider=payment.provider, provider_reference=reference).exists():
        return NotificationOutcome.USED_REFERENCE
    order = payment.order
    with orders.locked(order) if order else nullcontext():  # the order before the wallet, as whoever pays locks them
        key, actor = f"online:{payment.key}", Actor(ActorKind.SYSTEM, payment.provider, frozenset())
        entry_lines = transfer(payment.amount, Account.CASH, Account.WALLET)
        payment.entry = post_entry(key, EntryKind.ONLINE, payment.customer_id, *entry_lines, actor=actor, order=order)
        payment.state, payment.paid_at, payment.provider_reference = PaymentState.PAID, this_moment(), reference
        payment.save(update_fields=["entry", "state", "paid_at", "provider_reference"])
        if order:
            with suppress(MoneyRefused):  # it is over, or the wallet is short: the money stays there
                orders.pay_out_of_wallet(order, user=payment.started_by)
    return NotificationOutcome.PAID
