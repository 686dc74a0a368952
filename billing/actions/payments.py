"""Money that comes online: payments are started here, and paid when their provider says so, however often it does."""

import re
import secrets
import time
from contextlib import nullcontext
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from billing.actions import orders
from billing.actions.ledger import account_of, check_room, post_entry, transfer
from billing.actions.paying import locked, pay_by_guest, pay_out_of_wallet
from billing.actions.paying_back import pay_back
from billing.actions.providers import provider_label, provider_names, reach
from billing.actions.telling import tell_at_once
from billing.actions.unmatched import keep_unmatched, kept_of
from billing.choices import (
    UNMATCHED,
    Account,
    EntryKind,
    NoticeKind,
    NotificationOutcome,
    OrderKind,
    PayerRefundCause,
    PaymentState,
    PaymentWay,
)
from billing.errors import MoneyRefused
from billing.models import Notification, Payment, ProviderAccount
from billing.money import ZERO
from billing.payments.port import Garbled, ProviderRefused, Said, WantedPayment
from billing.permissions import may_pay, provider_actor, require
from cards.actions import throttle
from cards.actions.once import once
from cards.calendar import this_moment
from cards.errors import BadInput, NothingHeard
from cards.links import portal_link
from cards.models.claim import LENGTH, LETTERS

PAID_WITHIN = timedelta(hours=2)  # a payment that is begun; then its provider takes it no more
FIRST_ASKED_AFTER = timedelta(minutes=1)
TRIAL_AMOUNT = "0.01"
ADDRESS_IS_GOOD = timedelta(minutes=4)

OPENID_PURPOSE = "billing.actions.payments.openid"
STATES = re.compile(r"(?P<seconds>[0-9a-f]{1,10})x[0-9a-f]{64}", re.ASCII)
STATE_SECONDS = 600  # to come back from WeChat


def start_payment(order, *, user, provider=None, way=PaymentWay.PAGE):
    """The payment of a placed order that is under way with this provider and in this way, or a new one.

    `provider` is the name of an account, by default the first one. Raises `MoneyRefused` where it is not paid online.
    """
    provider = _provider(provider)
    require(lambda user: may_pay(user, order.customer_id), user)
    with locked(order) as order:
        _refuse_unless_paid_online(order)
        if order.is_guest:
            raise MoneyRefused("guest_order")
        alike = {"provider": provider, "way": way}
        since = this_moment() - PAID_WITHIN / 2
        started = order.payments.filter(state=PaymentState.STARTED, started_at__gte=since, **alike).first()
        return started or _new(customer=order.customer, order=order, amount=order.total, started_by=user, **alike)


def start_guest_payment(order, *, provider=None, way=PaymentWay.PAGE, key=None):
    """A payment of a guest's placed order; the same `key` twice is one. `code` is the number of its receipt."""
    provider = _provider(provider)
    with locked(order) as order:
        if known := Payment.objects.filter(key=key, order=order).first():
            return known
        _refuse_unless_paid_online(order)
        what = {"customer": order.customer, "order": order, "amount": order.total, "code": _receipt_code()}
        return _new(provider=provider, way=way, **what, **({"key": key} if key else {}))


def start_deposit(customer, amount, *, user, key=None, provider=None, way=PaymentWay.PAGE):
    """A payment into the wallet of a customer; the same `key` twice is one.

    Raises `MoneyRefused` where nobody takes it, or the wallet cannot hold so much more.
    """
    require(lambda user: may_pay(user, customer.pk), user)
    check_room(account_of(customer.pk), amount)
    deposit = {"customer": customer, "amount": amount, "started_by": user}
    deposit |= {"provider": _provider(provider), "way": way}
    return once(Payment, key, lambda key: _new(key=key, **deposit), started_by=user)


def start_trial(account, *, user, way, key=None):
    """A payment of ¥0.01 that tries out an account of a provider, in use or not, and goes back to whoever paid it."""
    trial = {"provider": account.name, "amount": TRIAL_AMOUNT, "way": way, "started_by": user}
    return once(Payment, key, lambda key: _new(key=key, **trial), started_by=user)


def begin_payment(payment, *, payer_address="", openid=""):
    """Have the provider begin a payment that is started; the payment as it is then.

    Again it does so only where its address is old (`is_fresh`), of the same payment. One within WeChat waits until it
    is known who pays (`begin_in_wechat`). It calls the provider, so never within a transaction. Raises `MoneyRefused`
    where that does not take it, or is not reached: then it can be begun again, so many times an hour.
    """
    return _begin(payment, lambda reached: openid, payer_address)


def begin_in_wechat(payment, code, state, *, payer_address=""):
    """Begin a payment within WeChat for whoever came back from there with this `code`, and with our own `state`.

    Raises `MoneyRefused` as above, and for what we did not send there just now.
    """
    if not _is_our_state(payment, state):
        raise MoneyRefused("openid_outdated")

    def ask_who(reached):
        return reached.provider.openid_of(reached.call, reached.merchant, code)

    return _begin(payment, ask_who, payer_address)


def goes_to_wechat(payment):
    """Whether it waits to be known who pays, in WeChat."""
    if payment.begun or payment.way != PaymentWay.JSAPI:
        return False
    try:
        return reach(payment.provider).provider.needs_openid
    except (LookupError, BadInput):
        return False


def openid_address(payment):
    """Where WeChat's browser is sent to say who pays."""
    reached, back = reach(payment.provider), portal_link("pay:openid", payment.key)
    return reached.provider.openid_url(reached.merchant, back, _signed_state(payment, int(time.time())))


def is_fresh(payment):
    """Whether the address that its provider gave is as good as new: on a phone some are good for five minutes."""
    begun_at = parse_datetime(payment.begun.get("at", ""))
    return begun_at is not None and this_moment() - begun_at < ADDRESS_IS_GOOD


def once_followed(payment):
    """Whether nobody was led to the provider's address yet; then somebody is now."""
    if payment.begun.get("followed"):
        return False
    payment.begun["followed"] = True
    Payment.objects.filter(pk=payment.pk).update(begun=payment.begun)
    return True


def _begin(payment, openid_from, payer_address):
    payment = Payment.objects.select_related("order").get(pk=payment.pk)
    is_begun = payment.begun and (not payment.begun.get("address") or is_fresh(payment))
    if is_begun or not payment.is_started:
        return payment
    if not throttle.hit(throttle.BEGINNINGS_OF_PAYMENT, payment.key):  # whoever knows a guest's can press its button
        raise MoneyRefused("begun_too_often")
    try:
        reached, openid = reach(payment.provider), ""
        if payment.way == PaymentWay.JSAPI and reached.provider.needs_openid:
            openid = openid_from(reached)
            if not openid:
                return payment
        wanted = wanted_payment(payment, payer_address=payer_address, openid=openid)
        begun = reached.provider.begin(reached.call, reached.merchant, wanted)
    except ProviderRefused as refused:
        Payment.objects.filter(pk=payment.pk).update(words=str(refused)[:200])
        label = provider_label(payment.provider)
        raise MoneyRefused("provider_refused", provider=str(label), words=refused.words) from None
    except (NothingHeard, Garbled, LookupError, BadInput):
        raise MoneyRefused("provider_silent", provider=str(provider_label(payment.provider))) from None
    at = this_moment().isoformat()
    payment.begun = {"address": begun.address, "qr": begun.qr, "bridge": dict(begun.bridge), "at": at}
    Payment.objects.filter(pk=payment.pk).update(begun=payment.begun, words="")
    return payment


def wanted_payment(payment, **of_payer):
    """The payment as its provider is told it."""
    return WantedPayment(
        key=payment.key,
        amount=payment.amount,
        subject=_subject(payment),
        way=PaymentWay(payment.way),
        return_url=portal_link("pay:page", payment.key),
        expires_at=payment.started_at + PAID_WITHIN,
        **of_payer,
    )


def receive(provider, body, headers):
    """Take a provider's notification: prove it, write it down, and do what it says, once; the `Notification`.

    Raises `Forged`, `Unreadable` or `NotOfPayment`; then nothing was written. `LookupError` where there is no such
    provider.
    """
    reached = reach(provider)
    return believe(provider, reached.provider.read(reached.merchant, body, headers, reached.call.now()))


def believe(provider, facts):
    """Do what a provider has said of a payment, proved, once; the `Notification`.

    However late it comes, money that was taken is kept: in the wallet, or where it fits no payment in the queue of what
    is to be cleared; a guest gets it back. Its order is served at once when it is small.
    """
    with transaction.atomic():
        notification, is_new = Notification.objects.select_related("payment__order").get_or_create(
            provider=provider, nonce=facts.nonce, defaults={"body": facts.body}
        )
        acts = is_new or notification.was_late
        if acts:
            # Not its key: a refund of it refers to that, in a transaction that may hold the wallet already.
            known = Payment.objects.select_for_update(of=("self",), no_key=True).filter(provider=provider)
            notification.payment = known.select_related("order").filter(key=facts.key).first()
            notification.outcome = _outcome(notification, facts)
            notification.save(update_fields=["payment", "outcome"])
            if notification.outcome in UNMATCHED:
                keep_unmatched(notification, facts)
    if acts and notification.outcome == NotificationOutcome.PAID and notification.payment.order:
        orders.fulfil_if_small(notification.payment.order)
    return notification


def _signed_state(payment, seconds):
    """What WeChat's browser brings back: which payment it was sent for and when, in letters and digits."""
    signed = salted_hmac(OPENID_PURPOSE, f"{payment.key.hex} {seconds}", algorithm="sha256").hexdigest()
    return f"{seconds:x}x{signed}"


def _is_our_state(payment, state):
    said = STATES.fullmatch(state)
    if not said:
        return False
    seconds = int(said["seconds"], 16)
    is_ours = constant_time_compare(state, _signed_state(payment, seconds))
    return is_ours and 0 <= time.time() - seconds < STATE_SECONDS


def _new(**values):
    return Payment.objects.create(ask_at=this_moment() + FIRST_ASKED_AFTER, **values)


def _receipt_code():
    """60 random bits, so that nobody finds another's; people read it as ABCD-EFGH-JKLM."""
    return "".join(secrets.choice(LETTERS) for _place in range(LENGTH))


def _subject(payment):
    """What the payer reads of it at the provider."""
    if payment.is_trial:
        return _("Trial payment")
    return payment.order.get_kind_display() if payment.order else _("Wallet top-up")


def _provider(name):
    """The name of the provider, if it takes payments now, or of the first that does; `MoneyRefused` where none does."""
    names = provider_names()
    if not names or name not in (None, *names):
        raise MoneyRefused("no_provider")
    return name or names[0]


def _refuse_unless_paid_online(order):
    if not order.is_placed:
        raise MoneyRefused("wrong_state", state=str(order.state))
    if order.kind == OrderKind.ADJUSTMENT or order.total <= ZERO:
        raise MoneyRefused("not_online")


def _outcome(notification, facts):
    """What is made of a notification that came for the first time."""
    payment = notification.payment
    if facts.said == Said.OPEN:
        return NotificationOutcome.OPEN
    if facts.said == Said.CLOSED:
        return _close(payment)
    kept = kept_of(notification.provider, facts)
    if kept and kept.payment_key == facts.key:
        return NotificationOutcome(kept.why)
    if payment is None:
        return NotificationOutcome.UNKNOWN
    if facts.amount != payment.amount:
        return NotificationOutcome.WRONG_AMOUNT
    if payment.is_paid and kept:  # by a bill that somebody brought
        return NotificationOutcome.KNOWN
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
    payment.state, payment.ask_at, payment.begun = PaymentState.CLOSED, None, {}
    payment.save(update_fields=["state", "ask_at", "begun"])
    return NotificationOutcome.CLOSED


def _another(payment):
    """A payment once more of what was paid already, should the provider have taken it twice."""
    columns = ("customer", "order", "provider", "amount", "started_by", "way")
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
    """The money goes where it belongs; what it was paid for is paid by it, if that still waits."""
    order = payment.order
    with locked(order) if order else nullcontext() as order:  # before the wallet, as whoever pays locks them
        payment.state, payment.paid_at, payment.provider_reference = PaymentState.PAID, this_moment(), reference
        payment.ask_at, payment.begun = None, {}
        if payment.is_trial:
            _book_trial(payment)
        elif payment.is_of_guest:
            _book_of_guest(payment, order)
        else:
            _book_in_wallet(payment, order)


def _book_trial(payment):
    """It has shown that the account takes payments, and goes back to whoever paid."""
    _pay_back_at_once(payment, PayerRefundCause.TRIAL)
    ProviderAccount.objects.filter(name=payment.provider).update(tried_at=payment.paid_at)


def _book_in_wallet(payment, order):
    """Into the wallet, and out of it for the order, if that still waits to be paid."""
    payment.entry = _arrive(payment, Account.WALLET)
    payment.save()
    if order and not _pays(order, payment):
        tell_at_once(payment.customer_id, NoticeKind.PAYMENT_KEPT, amount=str(payment.amount), order=order.number)


def _book_of_guest(payment, order):
    """Past the wallet: it pays the order, or goes back to whoever paid."""
    if order.is_placed and order.total == payment.amount:
        payment.entry = pay_by_guest(order)
        payment.save()
        _tell_owner(order)
    else:
        _pay_back_at_once(payment, PayerRefundCause.NOT_NEEDED)


def _tell_owner(order):
    """Let the card's customer know that somebody without an account has paid for it."""
    line = order.lines.select_related("card", "plan").get()
    facts = {"amount": str(order.total), "order": order.number, "what": line.plan.code}
    tell_at_once(order.customer_id, NoticeKind.GUEST_PAID, line.card, **facts)


def _pay_back_at_once(payment, cause):
    payment.entry = _arrive(payment, Account.PAYBACK)
    payment.save()
    pay_back(payment, payment.amount, cause, f"online:{payment.key}")


def _arrive(payment, account):
    """The entry by which the money is at the provider, and in this account of the books."""
    lines, actor = transfer(payment.amount, Account.PROVIDERS, account), provider_actor(payment.provider)
    key = f"online:{payment.key}"
    return post_entry(key, EntryKind.ONLINE, payment.customer_id, *lines, actor=actor, order=payment.order)


def _pays(order, payment):
    """Whether the money pays the order: not if that was paid otherwise, or is over."""
    try:
        return order.is_placed and pay_out_of_wallet(order, user=payment.started_by).is_paid
    except MoneyRefused:
        return False
