"""Who may do what with money: Django's permissions for staff, the role in the customer for its members.


An order or a refund is placed (asked for) by somebody who may do to the cards what it does to them, and paid (approved)
by somebody who may move the money, each at that moment. Once paid it is served, whoever has left since.
"""

from collections.abc import Callable, Mapping

from django.contrib.auth.models import User
from django.db.models import QuerySet

from billing.choices import ACTIONS, UNDONE_BY, Deed, OrderKind
from billing.errors import MoneyRefused
from billing.models import Order
from cards.choices import Action, ActorKind, CustomerKind
from cards.models import Customer
from cards.permissions import Actor, codename
from cards.scope import Scope, Visitor

OF_THE_DEALER = (OrderKind.SALE, OrderKind.ADJUSTMENT)  # what no customer places for themselves
# What somebody has to be allowed to do themselves who is the second person of it.
DECIDED_WITH: Mapping[str, str] = {
    Deed.REFUND: "billing.refund_order",
    Deed.ADJUSTMENT: "billing.adjust_order",
    Deed.RECEIPT: "billing.add_receipt",
    Deed.REVERSAL: "billing.reverse_receipt",
    Deed.CLEARING: "billing.add_receipt",
    Deed.TERMS: "billing.change_customeraccount",
    Deed.PRICE: "billing.add_price",
    Deed.CANCELLING: f"cards.{codename(Action.CANCEL)}",
    Deed.WITHDRAWAL: "billing.pay_withdrawal",
    Deed.CHARGEBACK: "billing.settle_payerrefund",
    Deed.MERGE: "billing.change_customeraccount",
}
AUTO_RENEWAL = Actor(ActorKind.SYSTEM, "auto_renew", frozenset())
GUEST = Actor(ActorKind.GUEST, "guest", frozenset())


def actor_for(user: User | None, order: Order | None = None) -> Actor:
    """The actor that stands in the books for a person; where there is none, for whoever bought the order without an
    account, or for the automatic renewal."""
    if user:
        return Actor.of(user)
    return GUEST if order and order.is_guest else AUTO_RENEWAL


def provider_actor(name: str) -> Actor:
    """The actor that stands in the books for a payment provider, by the name of its account."""
    return Actor(ActorKind.SYSTEM, name, frozenset())


def require(is_allowed: Callable[[User], bool], user: User | None) -> None:
    """Raise `MoneyRefused` unless it is allowed; None, the automatic renewal, is allowed what it does."""
    if user and not is_allowed(user):
        raise MoneyRefused("forbidden", actor=user.get_username())


def orders_waiting_for(user: User) -> QuerySet[Order]:
    """The orders with which this person has to go on: those to pay, and those whose work has failed."""
    none = Order.objects.none()
    to_pay = Order.objects.to_pay() if user.has_perm("billing.pay_order") else none
    stuck = Order.objects.stuck() if user.has_perm("billing.place_order") else none
    return to_pay | stuck


def may_order(user: Visitor, customer_id: int) -> bool:
    """Whether somebody may draft and withdraw orders of a customer: staff by permission, its acting members."""
    return _may(user, "billing.place_order", customer_id)


def may_place(user: Visitor, order: Order) -> bool:
    """Whether somebody may stand by an order, and so by what it does to cards; members buy for their own cards."""
    if not Scope.of(user).is_staff:
        return order.kind not in OF_THE_DEALER and may_order(user, order.customer_id)
    return may_order(user, order.customer_id) and _may_do(user, ACTIONS.get(order.kind))


def may_withdraw(user: Visitor, order: Order) -> bool:
    """Whether somebody may withdraw an order that is not paid."""
    return may_adjust(user) if order.kind == OrderKind.ADJUSTMENT else may_order(user, order.customer_id)


def may_pay(user: Visitor, customer_id: int) -> bool:
    """Whether somebody may pay out of a customer's wallet: finance, and the customer's acting members."""
    return _may(user, "billing.pay_order", customer_id)


def may_sell(user: Visitor, customer: Customer) -> bool:
    """Whether somebody may say what people without an account pay for a customer's cards, and whether they may: who
    sets prices, and the owners of an enterprise."""
    scope = Scope.of(user)
    if scope.is_staff:
        return user.has_perm("billing.add_price")
    return customer.kind == CustomerKind.ENTERPRISE and customer.pk in scope.owns


def may_merge(user: Visitor) -> bool:
    """Whether somebody may ask for two customers to become one: who assigns cards and keeps customers."""
    return Action.ASSIGN in Actor.of(user).actions and user.has_perm("cards.change_customer")


def may_clear(user: Visitor) -> bool:
    """Whether somebody may decide whose money is that came and fits no payment."""
    return user.has_perm("billing.add_receipt")


def may_withdraw_money(user: Visitor, customer_id: int) -> bool:
    """Whether somebody may ask for money out of a customer's wallet: finance, and the customer's owners."""
    scope = Scope.of(user)
    return user.has_perm("billing.pay_withdrawal") if scope.sees_all else customer_id in scope.owns


def may_pay_withdrawals(user: Visitor) -> bool:
    """Whether somebody may say that a withdrawal was transferred, or could not be."""
    return user.has_perm("billing.pay_withdrawal")


def may_settle_payer_refunds(user: Visitor) -> bool:
    """Whether somebody may decide about money that a provider does not give back, and record what it took back."""
    return user.has_perm("billing.settle_payerrefund")


def may_adjust(user: Visitor) -> bool:
    """Whether somebody may charge or credit a customer without any card, and approve that."""
    return user.has_perm("billing.adjust_order")


def may_request_refund(user: Visitor, order: Order) -> bool:
    """Whether somebody may ask for a refund, and so for what its cards give back."""
    return user.has_perm("billing.place_order") and _may_do(user, UNDONE_BY.get(order.kind))


def may_refund(user: Visitor) -> bool:
    """Whether somebody may approve or decline refunds."""
    return user.has_perm("billing.refund_order")


def may_decide(user: Visitor, deed: str) -> bool:
    """Whether somebody may approve or decline what waits for a second person: who may do it themselves."""
    return user.has_perm(DECIDED_WITH[deed])


def _may(user: Visitor, permission: str, customer_id: int) -> bool:
    scope = Scope.of(user)
    return user.has_perm(permission) if scope.is_staff else customer_id in (scope.acts_for or ())


def _may_do(user: Visitor, action: str | None) -> bool:
    return action is None or action in Actor.of(user).actions
