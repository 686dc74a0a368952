"""The proof of the books: entries balance, wallets are what was posted, and money and service answer to each other.

Each check is one statement, which sees everything at the same moment, whoever writes meanwhile. Amounts are compared
in whole cents: SQLite adds as floating point.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, Lag, Round
from django.db.models.lookups import Exact
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from billing.choices import (
    ACTIONS,
    Account,
    ClearingState,
    EntryKind,
    LineState,
    OrderKind,
    OrderState,
    PayerRefundState,
    PaymentState,
    RefundState,
    WithdrawalState,
    WithdrawalWay,
)
from billing.models import (
    Chargeback,
    CustomerAccount,
    Entry,
    Order,
    OrderLine,
    PayerRefund,
    Payment,
    Posting,
    Receipt,
    Refund,
    UnmatchedPayment,
    Withdrawal,
)
from billing.models.fields import MoneyField
from billing.money import ZERO, yuan
from cards.choices import JobKind
from cards.models import CardEvent, OrderedTerm, ServiceTerm
from cards.models.event import GIVES_A_TERM
from cards.origins import SAID_LAST
from cards.proof import Piece, Problem, Proof, ProofPart
from cards.proof.seals import Book, all_columns, prove_seals

PAID = (OrderState.PAID, OrderState.FULFILLED, OrderState.REFUNDED)


def problems() -> Iterator[Problem]:
    """Every problem of the books, check by check."""
    return Proof().problems(parts=BOOK_PARTS)


def _whole(check: Callable[[], Iterator[Problem]]) -> ProofPart:
    """A check is a part of the proof that looks at all of the books, whatever it is since when."""
    return lambda since, after: Piece(list(check()))


def _unbalanced() -> Iterator[Problem]:
    """The postings of an entry sum to zero."""
    sums = Posting.objects.order_by().values("entry").annotate(total=_cents(Sum("amount"))).exclude(total=0)
    for key, total in sums.values_list("entry", "total"):
        yield _problem("unbalanced", _("the postings of {key} add up to {total}"), key=key, total=yuan(total))
    for key in Entry.objects.values_list("pk", flat=True).annotate(lines=Count("postings")).filter(lines__lt=2):
        yield _problem("no_postings", _("entry {key} does not have two postings"), key=key)
    sealed = Exists(Entry.objects.filter(pk=OuterRef("entry_id")))
    for key in Posting.objects.exclude(sealed).order_by().values_list("entry_id", flat=True).distinct():
        yield _problem("no_entry", _("there are postings of {key}, but no such entry"), key=key)


def _wallets() -> Iterator[Problem]:
    """A wallet is the sum of its postings, and not below its credit limit."""
    posted = Posting.objects.filter(account=Account.WALLET, customer=OuterRef("pk")).order_by().values("customer")
    accounts = CustomerAccount.objects.annotate(posted=_sum_of(posted, "amount")).select_related("customer")
    for account in accounts.exclude(balance=F("posted")):
        sentence = _("the wallet of {customer} shows {balance}, but its postings add up to {posted}")
        facts = {"balance": yuan(account.balance), "posted": yuan(account.posted)}
        yield _problem("wallet", sentence, customer=account.customer, **facts)
    for account in accounts.filter(balance__lt=-F("credit_limit")):
        sentence = _("the wallet of {customer} is at {balance}, below its credit limit of {limit}")
        facts = {"balance": yuan(account.balance), "limit": yuan(account.credit_limit)}
        yield _problem("overdrawn", sentence, customer=account.customer, **facts)


def _running_balances() -> Iterator[Problem]:
    """Each posting of a wallet leads from the balance before it to its own."""
    before = Window(Lag("balance", default=Value(ZERO)), partition_by="customer", order_by="pk")
    postings = Posting.objects.filter(account=Account.WALLET).annotate(before=before)
    wrong = postings.annotate(expected=_cents(F("before") + F("amount"))).exclude(balance=F("expected"))
    for posting in wrong:
        sentence = _("posting {posting} leaves {balance} in the wallet, but should leave {expected}")
        facts = {"balance": _told(posting.balance), "expected": _told(posting.expected)}
        yield _problem("running_balance", sentence, posting=posting, **facts)


def _reversals() -> Iterator[Problem]:
    """A reversal does the opposite of what it reverses."""
    for entry in Entry.objects.filter(kind=EntryKind.REVERSAL).prefetch_related("postings", "reverses__postings"):
        done = sorted((posting.account, -posting.amount) for posting in entry.postings.all())
        if not entry.reverses or done != sorted((p.account, p.amount) for p in entry.reverses.postings.all()):
            yield _problem("reversal", _("{key} is not the opposite of the entry it reverses"), key=entry.pk)


def _orders() -> Iterator[Problem]:
    """An order is the sum of its lines; its money has moved exactly if it is paid, and what it owes is what is open."""
    lines = OrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order")
    posted = Posting.objects.filter(entry__order=OuterRef("pk")).order_by().values("entry__order")
    earned = posted.filter(account__in=(Account.REVENUE, Account.REFUNDS))
    orders = Order.objects.annotate(
        lines_total=_sum_of(lines, "unit_price"),
        lines_refunded=_sum_of(lines.filter(state=LineState.REFUNDED), "unit_price"),
        lines_open=_sum_of(lines.filter(state=LineState.OPEN), "unit_price"),
        lines_served=_sum_of(lines.filter(state=LineState.FULFILLED), "unit_price"),
        moved=_sum_of(
            posted.filter(entry__kind=EntryKind.PAYMENT).filter(
                Q(account=Account.WALLET) | Q(account=Account.PROVIDERS, entry__order__is_guest=True)
            ),
            "amount",
        ),
        owed=_sum_of(posted.filter(account=Account.RECEIVABLES), "amount"),
        earned=_sum_of(earned, "amount"),
    )
    paid = Q(state__in=PAID)
    orders = orders.annotate(
        due=Case(When(paid, then=-F("total")), default=Value(ZERO), output_field=MoneyField()),
        owes=Case(When(paid, then=F("lines_open")), default=Value(ZERO), output_field=MoneyField()),
    )
    rules = (
        ("order_total", _("the lines of order {order} do not add up to its total"), "lines_total", "total"),
        ("order_payment", _("the amount paid for order {order} does not match its total"), "moved", "due"),
        ("order_refunded", _("the refunds of order {order} do not match its lines"), "lines_refunded", "refunded"),
        ("order_owed", _("the amount owed for order {order} does not match its open lines"), "owed", "owes"),
        ("order_earned", _("the revenue of order {order} does not match its lines"), "earned", "lines_served"),
    )
    for order in orders.exclude(**{is_so: F(should_be) for _code, _sentence, is_so, should_be in rules}):
        for code, sentence, is_so, should_be in rules:
            if getattr(order, is_so) != getattr(order, should_be):
                yield _problem(code, sentence, order=order.number)


def _lines() -> Iterator[Problem]:
    """A fulfilled line has its card's record (an opening needs none), and what an order did to a card has its line."""
    record = CardEvent.objects.filter(card=OuterRef("card"), seq=OuterRef("seq"), job=OuterRef("order__job"))
    action = Case(*(When(order__kind=kind, then=Value(action)) for kind, action in ACTIONS.items()))
    lines = OrderLine.objects.filter(order__kind__in=ACTIONS, fulfilled_on__isnull=False).alias(action=action)
    for line in lines.exclude(Exists(record.filter(action=OuterRef("action")))).select_related("card"):
        sentence = _("line {line} is fulfilled, but no record of the card shows it")
        yield _problem("line_without_service", sentence, iccid=line.card.iccid if line.card else None, line=line)
    served = OrderLine.objects.filter(card=OuterRef("card"), seq=OuterRef("seq"), order__job=OuterRef("job"))
    done = CardEvent.objects.filter(job__kind=JobKind.ORDER, rule="", action__in=ACTIONS.values())
    for iccid, seq in done.exclude(Exists(served)).values_list("card__iccid", "seq"):
        sentence = _("record {seq} was made for an order, but no order line shows it")
        yield _problem("service_without_line", sentence, iccid=iccid, seq=seq)


def _terms() -> Iterator[Problem]:
    """Each term says where it comes from: a paid line, a grant, or for the first one how its card came in.

    A grant is a record of staff without an order; that the first record is an opening or a take-over is proved of the
    records, and an opening that is not paid is no problem (`not_paid.py`).
    """
    terms = ServiceTerm.objects.filter(number__gt=1).alias(seq=SAID_LAST).values_list("card__iccid", "number")
    of_record = {"card": OuterRef("card"), "seq": OuterRef("seq")}
    given = CardEvent.objects.filter(GIVES_A_TERM, **of_record)
    for iccid, number in terms.exclude(Exists(given)):
        sentence = _("term {number} of the card has no source: neither an order nor a staff record")
        yield _problem("term_without_record", sentence, iccid=iccid, number=number)
    not_paid = Q(state=LineState.REFUNDED) | ~Q(order__state__in=PAID)
    for iccid, number in terms.filter(Exists(OrderLine.objects.filter(not_paid, **of_record))):
        sentence = _("term {number} of the card comes from an order line that is not paid, or was refunded")
        yield _problem("term_not_paid", sentence, iccid=iccid, number=number)


def _on_order() -> Iterator[Problem]:
    """A term is on order if and only if a line of a renewal that is placed or paid is still to be served, the same.

    Guests' renewals are served as they are paid, and put no term on order.
    """
    open_lines = OrderLine.objects.filter(order__kind=OrderKind.RENEWAL, order__is_guest=False, state=LineState.OPEN)
    lines = open_lines.filter(order__state__in=(OrderState.PLACED, OrderState.PAID))
    # While customers are merged, the terms go with their cards, and the orders in the end.
    same_line = Q(order__customer=OuterRef("customer")) | Q(order__customer__merged_into=OuterRef("customer"))
    same_line &= Q(order=OuterRef("order_key"), order__state=OuterRef("state"))
    same_term = Q(customer=OuterRef("order__customer")) | Q(customer=OuterRef("order__customer__merged_into"))
    same_term &= Q(order_key=OuterRef("order"), state=OuterRef("order__state"))
    state = Case(When(is_paid=True, then=Value(OrderState.PAID)), default=Value(OrderState.PLACED))
    terms = OrderedTerm.objects.alias(state=state)
    sold = {name: OuterRef(name) for name in ("card", "plan", "months", "alignment", "quota_mb")}
    for term in terms.exclude(Exists(lines.filter(same_line, **sold))).select_related("card"):
        sentence = _("a term is on order for the card, but order {order} has no such open line")
        yield _problem("ordered_term_without_line", sentence, iccid=term.card.iccid, order=term.order_number)
    for line in lines.exclude(Exists(terms.filter(same_term, **sold))).select_related("card"):
        sentence = _("line {line} is to be served, but the card has no such term on order")
        iccid = line.card.iccid if line.card else None
        yield _problem("line_without_ordered_term", sentence, iccid=iccid, line=line)


def _openings() -> Iterator[Problem]:
    """The opening of a card is paid once."""
    lines = OrderLine.objects.filter(order__kind=OrderKind.OPENING, state=LineState.FULFILLED).order_by()
    for iccid, count in lines.values_list("card__iccid").annotate(Count("pk")).filter(pk__count__gt=1):
        sentence = _("the opening plan of the card is paid {count} times")
        yield _problem("opening_paid_again", sentence, iccid=iccid, count=count)


def _online() -> Iterator[Problem]:
    """What came online stands in its customer's wallet, and what stands there came. What a guest paid, or a trial, pays
    the order or is owed to the payer."""
    booked = Posting.objects.filter(entry=OuterRef("entry"), amount=OuterRef("amount"))
    in_wallet = Exists(booked.filter(_of("customer"), account=Account.WALLET))
    passes_it = Exists(booked.filter(account__in=(Account.RECEIVABLES, Account.PAYBACK)))
    is_of_nobody = Q(order__is_guest=True) | Q(customer=None)
    all_paid = Payment.objects.filter(state=PaymentState.PAID)
    paid = all_paid.exclude(is_of_nobody & Q(passes_it)).exclude(~is_of_nobody & Q(in_wallet))
    assigned = UnmatchedPayment.objects.filter(state=ClearingState.ASSIGNED).exclude(in_wallet)
    for reference in (
        *paid.values_list("provider_reference", flat=True),
        *assigned.values_list("reference", flat=True),
    ):
        sentence = _("online payment {reference} is not booked as it came")
        yield _problem("online_not_booked", sentence, reference=reference)
    online = Entry.objects.filter(kind=EntryKind.ONLINE, payment=None, unmatched=None)
    for key in online.values_list("pk", flat=True):
        yield _problem("online_never_came", _("entry {key} stands for no online payment"), key=key)


def _suspense() -> Iterator[Problem]:
    """What stands in suspense is what waits to be cleared."""
    waiting = UnmatchedPayment.objects.waiting().filter(kept_entry__isnull=False)
    posted, waits = _both(_posted(Account.SUSPENSE), [_total_of(waiting)])
    if posted != waits:
        sentence = _("{posted} stands in suspense, but {waits} waits to be cleared")
        yield _problem("suspense", sentence, posted=yuan(posted), waits=yuan(waits))


def _payback() -> Iterator[Problem]:
    """What is owed to payers is what is on its way to them, or waits for a bank transfer."""
    refunds = PayerRefund.objects.filter(ended_at=None)
    transfers = Withdrawal.objects.filter(way=WithdrawalWay.BANK, state=WithdrawalState.APPROVED)
    posted, owed = _both(_posted(Account.PAYBACK), [_total_of(refunds), _total_of(transfers)])
    if posted != owed:
        sentence = _("{posted} is owed to payers by the books, but {owed} is on its way to them")
        yield _problem("payback", sentence, posted=yuan(posted), owed=yuan(owed))


def _receipts() -> Iterator[Problem]:
    """A bank receipt stands in its customer's wallet as it came, and is taken back exactly if its entry is."""
    booked = Posting.objects.filter(_of("customer"), entry=OuterRef("entry"), account=Account.WALLET)
    for receipt in Receipt.objects.exclude(Exists(booked.filter(amount=OuterRef("amount")))):
        sentence = _("bank receipt {receipt} is not in the wallet as it came")
        yield _problem("receipt_not_booked", sentence, receipt=receipt.number)
    taken_back = Exists(Entry.objects.filter(reverses=OuterRef("entry")))
    for receipt in Receipt.objects.filter(Q(taken_back, reversed_at=None) | Q(~taken_back, reversed_at__isnull=False)):
        sentence = _("whether bank receipt {receipt} was taken back is not what the books say")
        yield _problem("receipt_reversal", sentence, receipt=receipt.number)


def _refunds() -> Iterator[Problem]:
    """A refund that is done came to its lines, each of which was given back."""
    lines = OrderLine.objects.filter(refund=OuterRef("pk"), state=LineState.REFUNDED).order_by().values("refund")
    refunds = Refund.objects.filter(state=RefundState.DONE).annotate(returned=_sum_of(lines, "unit_price"))
    wrong = refunds.exclude(amount=F("returned"))
    for order, amount, returned in wrong.values_list("order", "amount", "returned"):
        sentence = _("a refund of order {order} came to {amount}, but its lines to {returned}")
        facts = {"amount": yuan(amount), "returned": yuan(returned)}
        yield _problem("refund_amount", sentence, order=Order.objects.get(pk=order), **facts)


def _withdrawals() -> Iterator[Problem]:
    """What was approved is out of its wallet, and ended as the withdrawal says: by its own entry, or by its refunds."""
    wallet = Q(_of("customer"), account=Account.WALLET)
    payback = Q(account=Account.PAYBACK)
    taken = _moved("entry", -1, wallet) & _moved("entry", 1, payback)
    for withdrawal in Withdrawal.objects.exclude(taken):
        sentence = _("withdrawal {withdrawal} is not out of the wallet as it was approved")
        yield _problem("withdrawal_not_booked", sentence, withdrawal=withdrawal)
    ends = {WithdrawalState.DONE: Q(account=Account.CASH), WithdrawalState.RETURNED: wallet}
    ended = reduce(or_, (Q(_moved("end_entry", 1, target), state=state) for state, target in ends.items()))
    by_bank = Q(end_entry=None, state=WithdrawalState.APPROVED) | ended & _moved("end_entry", -1, payback)
    refunds = PayerRefund.objects.filter(withdrawal=OuterRef("pk"))
    waits, arrived = Exists(refunds.filter(ended_at=None)), Exists(refunds.exclude(state=PayerRefundState.KEPT))
    states = Q(waits, state=WithdrawalState.APPROVED) | Q(~waits, arrived, state=WithdrawalState.DONE)
    by_refunds = Q(end_entry=None) & (states | Q(~waits, ~arrived, state=WithdrawalState.RETURNED))
    is_by_bank = Q(way=WithdrawalWay.BANK)
    for withdrawal in Withdrawal.objects.exclude(is_by_bank & by_bank | ~is_by_bank & by_refunds):
        sentence = _("how withdrawal {withdrawal} ended is not what the books say")
        yield _problem("withdrawal_end", sentence, withdrawal=withdrawal)
    sent = _sum_of(refunds.order_by().values("withdrawal"), "amount")
    to_send = Case(When(is_by_bank, then=Value(ZERO)), default=F("amount"), output_field=MoneyField())
    for withdrawal in Withdrawal.objects.annotate(sent=sent, to_send=to_send).exclude(sent=F("to_send")):
        sentence = _("the refunds of withdrawal {withdrawal} do not add up to it")
        yield _problem("withdrawal_refunds", sentence, withdrawal=withdrawal)


def _payer_refunds() -> Iterator[Problem]:
    """Money on its way to a payer is owed; where it ended, it left what is owed for where its state says."""
    targets = {
        PayerRefundState.DONE: Q(account=Account.PROVIDERS),
        PayerRefundState.BY_BANK: Q(account=Account.CASH),
        PayerRefundState.KEPT: Q(_of("withdrawal__customer"), account=Account.WALLET),
    }
    owed = Q(entry=None, ended_at=None, state__in=[state for state in PayerRefundState if state not in targets])
    left = Q(ended_at__isnull=False) & _moved("entry", -1, Q(account=Account.PAYBACK))
    arrived = reduce(or_, (Q(_moved("entry", 1, target), state=state) for state, target in targets.items()))
    right = owed | left & arrived
    for key in PayerRefund.objects.exclude(right).values_list("key", flat=True):
        sentence = _("what became of the refund {refund} to a payer is not what the books say")
        yield _problem("payer_refund_not_booked", sentence, refund=key)


def _chargebacks() -> Iterator[Problem]:
    """A chargeback left what is at the provider, and no more goes back of a payment than came with it."""
    for chargeback in Chargeback.objects.exclude(_moved("entry", 1, Q(account=Account.PROVIDERS))):
        sentence = _("chargeback {reference} is not booked as it was recorded")
        yield _problem("chargeback_not_booked", sentence, reference=chargeback.reference)
    refunds = PayerRefund.objects.exclude(state=PayerRefundState.KEPT).filter(payment=OuterRef("pk"))
    lost = Chargeback.objects.filter(entry__reversed_by=None, payment=OuterRef("pk"))
    gone = {name: _sum_of(rows.order_by().values("payment"), "amount") for name, rows in (("a", refunds), ("b", lost))}
    given = Payment.objects.alias(**gone).annotate(gone=_cents(F("a") + F("b"))).filter(gone__gt=F("amount"))
    for reference in given.values_list("provider_reference", flat=True):
        sentence = _("more went back of online payment {reference} than came with it")
        yield _problem("given_back_too_much", sentence, reference=reference)
    rows = {
        EntryKind.WITHDRAWAL: {"withdrawal": None, "ended_withdrawal": None, "payer_refund": None},
        EntryKind.CHARGEBACK: {"chargeback": None},
    }
    for kind, none in rows.items():
        for key in Entry.objects.filter(kind=kind, **none).values_list("pk", flat=True):
            sentence = _("entry {key} stands for no withdrawal and no chargeback")
            yield _problem("money_out_of_nothing", sentence, key=key)


# Postings in the order of their keys, each with its entry, whose key is none that follows another.
LEDGER = Book(
    "ledger", pgettext_lazy("seal", "Ledger"), Posting, (*all_columns(Posting), *all_columns(Entry, "entry__")[1:])
)

CHECKS = (
    *(_unbalanced, _wallets, _running_balances, _reversals, _receipts, _online, _suspense, _payback),
    *(_orders, _lines, _refunds, _terms, _on_order, _openings),
    *(_withdrawals, _payer_refunds, _chargebacks),
)
BOOK_PARTS: tuple[ProofPart, ...] = (*map(_whole, CHECKS), prove_seals(LEDGER))


def _moved(entry: str, sign: int, target: Q) -> Exists:
    """Whether the entry of a row moved its amount into this account (a `sign` of -1: out of it)."""
    return Exists(Posting.objects.filter(target, entry=OuterRef(entry), amount=OuterRef("amount") * sign))


def _of(path: str) -> Q:
    """Whether a posting is of a row's customer; all who were merged into one are one, for no entry moves along."""
    had, has = Coalesce("customer__merged_into", "customer"), OuterRef(path)
    return Q(Exact(had, Coalesce(OuterRef(f"{path}__merged_into"), has)))


def _sum_of(rows: QuerySet[Any, Any], column: str) -> Coalesce:
    """What a column of the rows comes to, in whole cents; nothing is zero."""
    return Coalesce(
        Subquery(rows.annotate(of=_cents(Sum(column))).values("of")), Value(ZERO), output_field=MoneyField()
    )


def _posted(account: str) -> QuerySet[Any, Any]:
    """What an account of the books stands at, as `_both` takes it."""
    return _total_of(Posting.objects.filter(account=account))


def _total_of(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """What the amounts of rows come to, as `_both` takes it; of no rows it is nothing."""
    totals: QuerySet[Any, Any] = (
        rows.order_by().annotate(of=Value(0)).values("of").annotate(total=_cents(Sum("amount")))
    )
    return totals


def _both(posted: QuerySet[Any, Any], others: Sequence[QuerySet[Any, Any]]) -> tuple[Decimal, Decimal]:
    """A total and what others come to together, at the same moment."""
    rows = [(posted, True), *((other, False) for other in others)]
    marked = [total.annotate(is_posted=Value(is_posted)).values_list("is_posted", "total") for total, is_posted in rows]
    sums = {True: ZERO, False: ZERO}
    for is_posted, total in marked[0].union(*marked[1:], all=True):
        sums[is_posted] += total or ZERO
    return sums[True], sums[False]


def _told(amount: Decimal | None) -> str:
    return "–" if amount is None else yuan(amount)


def _cents(amount: Any) -> Round:
    return Round(amount, 2, output_field=MoneyField())


def _problem(code: str, sentence: str, iccid: str | None = None, **facts: object) -> Problem:
    return Problem(iccid, code, sentence.format(**facts))
