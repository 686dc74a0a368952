"""Money that comes online: payments are started here, and paid when their provider says so, however often it does."""

from contextlib import nullcontext

from django.db import IntegrityError, transaction

from billing.actions import orders
from billing.actions.ledger import account_of, check_room, post_entry, transfer
from billing.actions.unmatched import keep_unmatched
from billing.choices import UNMATCHED, Account, EntryKind, NoticeKind, NotificationOutcome, OrderKind, PaymentState
from billing.errors import MoneyRefused
from billing.models import Notice, Notification, Payment
from billing.money import ZERO
from billing.payments import PROVIDERS, provider_in_use
from billing.permissions import may_pay, require
from cards.actions.once import once
from cards.calendar import civil_today, this_moment
from cards.choices import ActorKind
from cards.permissions import Actor


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

    However late it comes, money that was taken is kept: in the wallet, or where it fits no payment in the queue of what
    is to be cleared. Its order is served at once when it is small. Raises `Forged` or `Unreadable`; then nothing was
    written.
    """
    facts = PROVIDERS[provider].read(body, headers)
    with transaction.atomic():
        notification, is_new = Notification.objects.select_related("payment__order").get_or_create(
            provider=provider, nonce=facts.nonce, defaults={"body": facts.body}
        )
        acts = is_new or notification.was_late
        if acts:
            known = Payment.objects.select_for_update(of=("self",)).filter(provider=provider)
            notification.payment = known.select_related("order").filter(key=facts.key).first()
            notification.outcome = _outcome(notification, facts)
            notification.save(update_fields=["payment", "outcome"])
            if notification.outcome in UNMATCHED:
                keep_unmatched(notification, facts)
    if acts and notification.outcome == NotificationOutcome.PAID and notification.payment.order:
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
    if not facts.is_paid:
        return _close(payment)
    if payment is None:
        return NotificationOutcome.UNKNOWN
    if facts.amount != payment.amount:
        return NotificationOutcome.WRONG_AMOUNT
    if payment.is_paid:
        payment = _another(payment)
    outcome = _pay(payment, facts.reference)
    if outcome == NotificationOutcome.PAID:
        notification.payment = payment
    return outcome


def _close(payment):
    """Nothing was taken. What is paid stays paid."""
    if payment is None:
        return NotificationOutcome.CLOSED
    if payment.is_paid:
        return NotificationOutcome.KNOWN
    payment.state = PaymentState.CLOSED
    payment.save(update_fields=["state"])
    return NotificationOutcome.CLOSED


def _another(payment):
    """A payment once more of what was paid already, should the provider have taken it twice."""
    columns = ("customer", "order", "provider", "amount", "started_by")
    return Payment(**{name: getattr(payment, name) for name in columns})


def _pay(payment, reference):
    """Book what was paid, once for each reference of the provider."""
    if used := _used(payment, reference):
        return used
    try:
        with transaction.atomic():
            _book(payment, reference)
    except IntegrityError:  # another notification was quicker, at this very moment
        if used := _used(payment, reference):
            return used
        raise
    except MoneyRefused:
        return NotificationOutcome.WALLET_FULL
    return NotificationOutcome.PAID


def _used(payment, reference):
    """What is made of a reference that has paid before, this or something else; None where it has not."""
    by = Payment.objects.filter(provider=payment.provider, provider_reference=reference).first()
    if by is None:
        return None
    is_this = (by.customer_id, by.order_id, by.amount) == (payment.customer_id, payment.order_id, payment.amount)
    return NotificationOutcome.KNOWN if is_this else NotificationOutcome.USED_REFERENCE


def _book(payment, reference):
    """The money goes into the wallet, and out of it for the order, if that still waits to be paid."""
    order = payment.order
    with orders.locked(order) if order else nullcontext() as locked:  # before the wallet, as whoever pays locks them
        key, actor = f"online:{payment.key}", Actor(ActorKind.SYSTEM, payment.provider, frozenset())
        entry_lines = transfer(payment.amount, Account.CASH, Account.WALLET)
        payment.entry = post_entry(key, EntryKind.ONLINE, payment.customer_id, *entry_lines, actor=actor, order=order)
        payment.state, payment.paid_at, payment.provider_reference = PaymentState.PAID, this_moment(), reference
        payment.save()
        if locked and not _pays(locked, payment):
            _tell_kept(payment)


def _pays(order, payment):
    """Whether the money pays the order: not if that was paid otherwise, or is over."""
    try:
        return order.is_placed and orders.pay_out_of_wallet(order, user=payment.started_by).is_paid
    except MoneyRefused:
        return False


def _tell_kept(payment):
    """Let the customer know that the money is in the wallet, unless they do not want to hear it."""
    if NoticeKind.PAYMENT_KEPT in account_of(payment.customer_id).muted:
        return
    facts = {"amount": str(payment.amount), "order": payment.order.number}
    Notice.objects.create(customer_id=payment.customer_id, kind=NoticeKind.PAYMENT_KEPT, on=civil_today(), facts=facts)
