"""What tests of money build over and over: customers with prices and a wallet, orders at any stage. All by actions."""

from datetime import date
from decimal import Decimal

from django.contrib.auth.models import Permission, User
from django.db.models import Q

from billing.actions import auto_renew, orders
from billing.actions.accounts import keep_agreement
from billing.actions.approvals import approve_proposal
from billing.actions.ledger import account_of, post_entry, transfer
from billing.actions.shown import shown_by_check
from billing.choices import ACTIONS, UNDONE_BY, Account, EntryKind, NoticeKind, OrderKind, PriceKind
from billing.models import CustomerAccount, Notice, Order, Posting, Price, Proposal
from cards.actions.action_requests import act
from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.actions.write import chunked
from cards.models import Card, Customer, Plan
from cards.permissions import SYSTEM, codename
from tests.build import SHELL

# What keeps the books as they are, by table.
PRICED_FROM = date(2026, 1, 1)


def customer(name="Acme"):
    return Customer.objects.get_or_create(name=name)[0]


def renew_for(day, seconds):
    """The automatic renewals of a day, looked for among all cards; what went wrong, or None."""
    auto_renew.begin_runs(day)
    return auto_renew.carry_runs_on(day, seconds)


def fleet(size, since, plan="Y1-30", name="Acme"):
    """`size` cards of a customer, in use since a day; the keys of all cards."""
    columns = {"carrier": "cmcc", "certification": "enterprise", "plan": plan, "customer": name}
    texts = [columns | {"iccid": f"8986{number:016d}", "opened_on": str(since)} for number in range(size)]
    for chunk in chunked(texts):
        apply_cards([read_card_row(2, text, date.max) for text in chunk], actor=SHELL)
    card_ids = list(Card.objects.order_by("pk").values_list("pk", flat=True))
    act("activate", card_ids, actor=SHELL, on=since)
    return card_ids


def price(code, amount, kind=PriceKind.LIST, since=PRICED_FROM, **whose):
    """A price of a plan from a day on; of a card itself where the code is None."""
    plan = code and Plan.objects.get(code=code)
    return Price.objects.create(kind=kind, plan=plan, amount=amount, valid_from=since, **whose)


def fund(amount, name="Acme", key=None):
    """Money in the customer's wallet, as if it had come through the bank."""
    whose = customer(name)
    key = key or f"test:{whose.pk}:{Posting.objects.count()}"
    return post_entry(
        key, EntryKind.RECEIPT, whose.pk, *transfer(Decimal(amount), Account.CASH, Account.WALLET), actor=SYSTEM
    )


def credit(limit, name="Acme"):
    account_of(customer(name).pk)
    CustomerAccount.objects.filter(customer__name=name).update(credit_limit=limit)


def balance(name="Acme"):
    return CustomerAccount.objects.get(customer__name=name).balance


def books(name=None):
    """What each account of the books stands at, credit positive; of one customer where a name is given."""
    sums = {}
    for posting in Posting.objects.filter(entry__customer__name=name) if name else Posting.objects.all():
        sums[posting.account] = sums.get(posting.account, Decimal(0)) + posting.amount
    return {account: amount for account, amount in sums.items() if amount}


def financier(*permissions, username="finance"):
    """A person of the staff who may do everything with orders and their money, or just what is named."""
    user = User.objects.create_user(username, password="demo", is_staff=True)
    of_orders = {codename(action) for action in (*ACTIONS.values(), *UNDONE_BY.values())}
    wanted = Permission.objects.filter(Q(content_type__app_label="billing") | Q(codename__in=of_orders))
    user.user_permissions.set(wanted.filter(codename__in=permissions) if permissions else wanted)
    return user


def drafted(kind=OrderKind.RENEWAL, cards=(), user=None, plan="Y1-30", name="Acme", **more):
    plan = plan and Plan.objects.get(code=plan)
    return orders.draft_order(kind, customer(name), [card.pk for card in cards], user=user, plan=plan, **more)


def placed(*args, **kwargs):
    return orders.place(drafted(*args, **kwargs), user=kwargs.get("user"))


def shown(order):
    """What the form of a draft carries of what its page shows."""
    seen = shown_by_check(order.job)
    return {"total": str(seen.total), "terms": seen.terms}


def paid(*args, **kwargs):
    """An order that is paid and, being small, fulfilled."""
    order = placed(*args, **kwargs)
    return orders.pay_and_fulfil(order, user=kwargs.get("user"))


def fresh(order):
    return Order.objects.get(pk=order.pk)


def lines(order):
    """(ICCID, state, price, record, why not) of each line, in order."""
    found = order.lines.select_related("card").order_by("number")
    return [
        (line.card and line.card.iccid, line.state, line.unit_price, line.seq, line.refused and line.refused[0])
        for line in found
    ]


def notice(name="Acme", card=None, kind=NoticeKind.EXPIRING, step=7, on=date(2026, 4, 1), **facts):
    return Notice.objects.create(customer=customer(name), card=card, kind=kind, step=step, on=on, facts=facts)


def ids(*cards):
    return list(Card.objects.filter(pk__in=[card.pk for card in cards]).values_list("pk", flat=True))


def clerk(username="clerk"):
    """Somebody of the staff, whose permissions do not matter."""
    return User.objects.get_or_create(username=username, is_staff=True)[0]


def approved(done):
    """What came of something that may wait for a second person: who has all permissions approves it."""
    if isinstance(done, Proposal):
        boss, _ = User.objects.get_or_create(username="boss", is_staff=True, is_superuser=True)
        done = approve_proposal(done, user=boss)
        return done.receipt or done
    return done


def agree(name="Acme", user=None, **agreement):
    """What was agreed on with a customer, by two where it takes two."""
    return approved(keep_agreement(customer(name), user=user or clerk(), **agreement))
