"""Random lives of customers and cards: whatever happens in whatever order, after each step the books prove true."""

import contextlib
import functools
import json
import logging
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

import hypothesis.strategies as st
import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from billing import proof
from billing.actions import orders, payments, receipts, refunds, unmatched
from billing.actions.accounts import keep_agreement
from billing.actions.approvals import approve_proposal, decline_proposal, take_back_withdrawal
from billing.actions.asking import work_on_payments
from billing.actions.chargebacks import record_chargeback, record_won
from billing.actions.kinds import work_off_order, work_off_orders
from billing.actions.payer_refunds import keep_in_wallet, record_paid_by_bank, send_again
from billing.actions.prices import set_price
from billing.actions.second_person import sum_alone
from billing.actions.shown import shown_by_check
from billing.actions.withdrawals import ask_withdrawal, payee_account, record_transfer, return_to_wallet
from billing.bills.actions.payouts import record_payout
from billing.choices import LineState, OrderKind, PriceKind, RefundState, WithdrawalState, WithdrawalWay
from billing.items import served_items, taxed
from billing.models import (
    Chargeback,
    CustomerAccount,
    MoneyRules,
    Order,
    OrderLine,
    PayerRefund,
    Payment,
    Posting,
    Proposal,
    Receipt,
    Refund,
    UnmatchedPayment,
    Withdrawal,
)
from billing.payments import PROVIDERS, local
from billing.payments.port import Facts, Garbled, ProviderRefused, RefundFacts, RefundSaid
from billing.statements import statement
from cards.actions.action_requests import act
from cards.actions.sweep import sweep
from cards.actions.usage import Reading, apply_readings
from cards.calendar import as_of, first_of_month, this_moment
from cards.choices import JobStatus
from cards.errors import BadInput, NothingHeard, Refused
from cards.models import Card, CardEvent, Customer, OrderedTerm, Plan, ServiceTerm
from cards.models.card import MB
from cards.permissions import Actor
from cards.proof import Proof
from tests.billing import build as b
from tests.bills import paper
from tests.build import card_in_use, open_card
from tests.payments.playing import ACCOUNT, played
from tests.written import rows_written

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.once,
]  # half a minute; where money is locked, other tests ask PostgreSQL

FIRST_DAY = date(2026, 1, 15)
NAMES = ("Acme", "Other")
ONE_OF = st.integers(0, 9)
FEW = st.lists(ONE_OF, min_size=1, max_size=4)
AMOUNTS = st.decimals("0.01", "60.00", places=2)
ALONE = Decimal("100.00")
KINDS = st.sampled_from([OrderKind.RENEWAL, OrderKind.RENEWAL, OrderKind.PACK, OrderKind.OPENING, OrderKind.SALE])
MONEY = ["receipt", "receipt", "limit", "reversal", "charge", "gift"]
PLANS = st.sampled_from([None, "M1-100", "Y1-30"])
STEPS = {
    "place": lambda order, user: placed_as_shown(order, user),
    "pay": lambda order, user: orders.pay(order, user=user),
    "work": lambda order, user: work_off_order(order.job),
}
ALL_STEPS = STEPS | {
    "withdraw": lambda order, user: orders.withdraw(order, user=user),
    "expire": lambda order, user: orders.expire_unpaid(this_moment() + timedelta(days=4)),
}
# What the provider tells of a payment: how often, and with what in its place.
TOLD_ONLINE = {
    "paid": [{}],
    "twice": [{}, {}],
    "taken twice": [{}, {"reference": "ANOTHER"}],
    "another amount": [{"amount": "7.77", "reference": "ODD"}],
    "of no payment": [{"payment": str(UUID(int=7)), "reference": "STRAY"}],
    "closed": [{"said": "closed"}],
    "closed, then paid": [{"said": "closed"}, {}],
}
ONLINE = st.sampled_from([local.NAME, ACCOUNT])
# What the provider does when money is to go back: says so, says nothing that helps, or refuses.
OF_REFUNDS = [
    *(RefundFacts(said, "R1", "words") for said in RefundSaid),
    *(NothingHeard(), Garbled("?"), ProviderRefused("E1", "not enough"), ProviderRefused("E2", "account closed")),
]
SETTLED = ["again", "by bank", "keep"]
PAYEE = payee_account("Bank", "Acme", "62258801")
LATE = st.sampled_from([timedelta(0), timedelta(hours=1), timedelta(days=3)])
MEDDLING = [
    ("renew by itself", {}),
    ("another price", {}),
    ("retire", {}),
    ("assign", {"customer": "Acme"}),
    ("assign", {"customer": "Other"}),
    ("unassign", {}),
    ("cancel", {}),
    ("renew", {"plan": "M1-100"}),
    ("grant", {"plan": "PACK-100"}),
    ("suspend", {}),
    ("unrenew", {}),
]


def placed_as_shown(order, user):
    """A person places what the draft's page shows, and nothing else is ever charged."""
    shown = shown_by_check(order.job)
    placed = orders.place(order, user=user, shown=shown)
    assert placed.total == shown.total
    return placed


def of_the_books(check):
    """An invariant that asks the database alone, and much: it is looked at again when the database or the day is
    another."""

    @functools.wraps(check)
    def look(self):
        looked_at = (self.day, rows_written()) if hasattr(self, "people") else None
        if looked_at and looked_at != self.held.get(check):
            check(self)
            self.held[check] = looked_at

    return invariant()(look)


class Business(RuleBasedStateMachine):
    """Two customers, six cards, and everybody who may do something to them. The clock goes forward."""

    @initialize()
    def begin(self):
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.clock = None
        self.day = FIRST_DAY
        self._move_clock(FIRST_DAY)
        self.patch = pytest.MonkeyPatch()
        self.provider = played(self.patch)
        self.patch.setitem(PROVIDERS, "paper", paper.Paper())
        paper.account()
        self.people = [User.objects.create_superuser(name) for name in ("finance", "second")]
        for code, amount in (("M1-100", "5.00"), ("Y1-30", "30.00"), ("PACK-100", "9.90"), (None, "8.00")):
            b.price(code, Decimal(amount))
        for name in NAMES:
            b.fund("150.00", name)
        for number in range(4):
            card_in_use(FIRST_DAY, customer=NAMES[number % 2], plan="M1-100")
        open_card(opened_on=FIRST_DAY, customer="Acme", plan="M1-100")
        open_card(opened_on=FIRST_DAY, plan="M1-100")
        self.cards = list(Card.objects.order_by("pk").values_list("pk", flat=True))
        self.references, self.asked, self.came_online, self.held = 0, set(), {}, {}
        for name in NAMES:
            for provider in (local.NAME, ACCOUNT):  # the newest goes back first
                self._deposit(name, provider)
        b.agree("Other", user=self.people[0], auto_renews=True, renews_days_ahead=20)
        MoneyRules.objects.update(second_person_above=ALONE)

    def teardown(self):
        if not hasattr(self, "transaction"):
            return
        try:
            assert list(Proof().problems()) == []
        finally:
            self.patch.undo()
            self.clock.disable()
            self.moment.__exit__(None, None, None)
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    @rule(
        kind=KINDS,
        cards=FEW,
        name=st.sampled_from(NAMES),
        plan=PLANS,
        steps=st.integers(0, 3),
        before=st.sampled_from(list(STEPS)),
        meanwhile=st.none() | st.sampled_from(MEDDLING),
        asks_again=st.sampled_from([False, False, True]),
    )
    def sell(self, kind, cards, name, plan, steps, before, meanwhile, asks_again):
        """An order that comes so far: drafted, placed, paid, fulfilled; something may happen before a step of it."""
        code = {OrderKind.PACK: "PACK-100", OrderKind.SALE: None}.get(kind, plan)
        chosen = {self.cards[number % len(self.cards)] for number in cards}
        plan = code and Plan.objects.get(code=code)
        how = {"user": self.people[0], "plan": plan, "also_renewed": asks_again}
        try:
            order = orders.draft_order(kind, b.customer(name), sorted(chosen), **how)
        except Refused:
            return
        self.asked |= {(order.pk, card_id) for card_id in chosen if asks_again}
        for name in list(STEPS)[:steps]:
            if name == before and meanwhile:
                self.meddle(cards[0], meanwhile)
            self._try(lambda name=name: STEPS[name](b.fresh(order), self.people[0]))

    @rule(which=ONE_OF, step=st.sampled_from(list(ALL_STEPS)))
    def continue_order(self, which, step):
        if order := self._pick(Order.objects.exclude(kind=OrderKind.ADJUSTMENT), which):
            self._try(lambda: ALL_STEPS[step](order, self.people[1]))

    @rule(which=ONE_OF, cards=st.none() | FEW, end=st.sampled_from([refunds.approve, refunds.approve, refunds.decline]))
    def refund(self, which, cards, end):
        """Of a paid order, whole or in part; somebody may fulfil the order between request and approval."""
        chosen = cards and [self.cards[number % len(self.cards)] for number in cards]
        if order := self._pick(Order.objects.filter(paid_at__isnull=False), which):
            ask = {"user": self.people[0], "reason": "because", "card_ids": chosen}
            self._try(lambda: refunds.request_refund(order, **ask))
        if refund := self._pick(Refund.objects.filter(state=RefundState.REQUESTED), which):
            self._try(lambda: end(refund, user=self.people[1]))

    @rule(name=st.sampled_from(NAMES), amount=AMOUNTS, which=ONE_OF, what=st.sampled_from(MONEY))
    def move_money(self, name, amount, which, what):
        customer, receipt = b.customer(name), self._pick(Receipt.objects, which)
        self.references += 1
        match what:
            case "receipt":
                receipts.record(customer, amount, f"REF{self.references}", self.day, user=self.people[0])
            case "limit":
                self._try(lambda: keep_agreement(customer, user=self.people[0], credit_limit=amount))
            case "reversal" if receipt:
                self._try(lambda: receipts.reverse_receipt(receipt, user=self.people[0], reason="bounced"))
            case "charge" | "gift":
                signed = amount if what == "charge" else -amount
                self._try(lambda: orders.make_adjustment(customer, signed, user=self.people[0], note="x"))

    @rule(
        which=ONE_OF, decide=st.sampled_from([approve_proposal, approve_proposal, approve_proposal, decline_proposal])
    )
    def decide(self, which, decide):
        """A colleague decides what somebody may not do alone."""
        if proposal := self._pick(Proposal.objects.waiting(), which):
            self._try(lambda: decide(proposal, user=self.people[1]))

    # money that goes out

    @rule(
        name=st.sampled_from(NAMES),
        amount=AMOUNTS,
        way=st.sampled_from(WithdrawalWay),
        steps=st.integers(0, 3),
        answer=st.sampled_from(OF_REFUNDS),
        how=st.sampled_from(SETTLED),
    )
    def take_out(self, name, amount, way, steps, answer, how):
        """A withdrawal that comes so far: asked for, approved, given back or not, settled where that failed."""
        whose = {"user": self.people[0], "account": PAYEE if way == WithdrawalWay.BANK else None}
        self._try(lambda: ask_withdrawal(b.customer(name), amount, way, **whose))
        following = (
            lambda: self.decide(0, approve_proposal),
            lambda: self.give_back(answer, answer),
            lambda: self.settle_refund(0, how, self.references % 10),
        )
        for step in following[:steps]:
            step()

    @rule(which=ONE_OF)
    def take_back(self, which):
        if proposal := self._pick(Proposal.objects.waiting().filter(deed="withdrawal"), which):
            self._try(lambda: take_back_withdrawal(proposal, user=self.people[0]))

    @rule(which=ONE_OF, is_paid=st.booleans(), reference=ONE_OF)
    def transfer(self, which, is_paid, reference):
        """The bank transfer is made, or cannot be; a reference may be one that paid something else."""
        if withdrawal := self._pick(Withdrawal.objects.all(), which):
            paid = partial(record_transfer, withdrawal, f"OUT{reference}", user=self.people[0])
            self._try(paid if is_paid else partial(return_to_wallet, withdrawal, user=self.people[0]))

    @rule(answer=st.sampled_from(OF_REFUNDS), asked=st.sampled_from(OF_REFUNDS))
    def give_back(self, answer, asked):
        """The bell rings: providers give back what they are to, or say that they do not."""
        self.provider.refunds, self.provider.of_refunds = answer, asked
        work_on_payments(10)

    @rule(which=ONE_OF, how=st.sampled_from(SETTLED), reference=ONE_OF)
    def settle_refund(self, which, how, reference):
        """Somebody decides about money that the provider does not give back, or tries to where nothing is to decide."""
        refund = self._pick(PayerRefund.objects.failed(), which) or self._pick(PayerRefund.objects, which)
        ways = {
            "again": lambda: send_again(refund, user=self.people[0]),
            "by bank": lambda: record_paid_by_bank(refund, f"OUT{reference}", user=self.people[0]),
            "keep": lambda: keep_in_wallet(refund, user=self.people[0]),
        }
        if refund:
            self._try(ways[how])

    @rule(which=ONE_OF, amount=AMOUNTS, reference=st.integers(0, 3), is_won=st.booleans())
    def charge_back(self, which, amount, reference, is_won):
        """The provider takes money of a payment back; what it took earlier may be won."""
        if payment := self._pick(Payment.objects, which):
            said = {"user": self.people[0], "reason": "disputed"}
            amount = min(amount, payment.amount)
            self._try(lambda: record_chargeback(payment, amount, f"CB{reference}", **said))
        if is_won and (chargeback := self._pick(Chargeback.objects, which)):
            self._try(lambda: record_won(chargeback, user=self.people[1], reason="won"))

    @rule(
        which=ONE_OF, name=st.sampled_from(NAMES), how=st.sampled_from(["assign", "by hand", "by provider", "reopen"])
    )
    def clear(self, which, name, how):
        """Somebody decides whose money it is that fits no payment, or takes that back."""
        row = self._pick(UnmatchedPayment.objects, which)
        signed = {"user": self.people[0], "reason": "because"}
        ways = {
            "assign": lambda: unmatched.assign_to(row, b.customer(name), **signed),
            "by hand": lambda: unmatched.mark_returned(row, **signed),
            "by provider": lambda: unmatched.return_by_provider(row, **signed),
            "reopen": lambda: unmatched.reopen(row, **signed),
        }
        if row:
            self._try(ways[how])

    @rule(fee=AMOUNTS, payout=AMOUNTS, reference=st.integers(0, 3))
    def read_bill(self, fee, payout, reference):
        """A provider's bill of yesterday says what it kept and what it paid out; somebody records a payout, too."""
        yesterday, user = self.day - timedelta(days=1), self.people[0]
        lines = [
            paper.line("fee", f"F{reference}", amount="0", fee=str(fee), day=yesterday),
            paper.line("payout", f"P{reference}", amount=str(payout), day=yesterday),
        ]
        self._try(lambda: paper.read(*lines, kind="fund", day=yesterday, user=user))
        self._try(lambda: record_payout("paper", f"H{reference}", payout, self.day, user=user))

    @rule(
        card=ONE_OF,
        kind=st.sampled_from([OrderKind.RENEWAL, OrderKind.PACK]),
        provider=ONLINE,
        told=st.none() | st.sampled_from(list(TOLD_ONLINE)),
    )
    def sell_to_a_guest(self, card, kind, provider, told):
        """Somebody without an account orders for a card and begins to pay; it is told of at once, or as others are."""
        card = Card.objects.get(pk=self.cards[card % len(self.cards)])
        if card.customer:
            plan = Plan.objects.get(code="PACK-100") if kind == OrderKind.PACK else None
            order = orders.draft_order(kind, card.customer, [card.pk], user=None, plan=plan, is_guest=True)
            self._try(lambda: orders.place(order, user=None))
            self._try(lambda: payments.start_guest_payment(order, provider=provider))
            if told and (payment := order.payments.first()):
                self._tell(payment, told, timedelta(0))

    @rule(which=ONE_OF, asked=st.sampled_from(MEDDLING))
    def staff(self, which, asked):
        self.meddle(which, asked)

    def meddle(self, which, asked):
        """What happens to a card, its plan or its price by other ways, which orders have to live with."""
        action, params = asked
        plan = Plan.objects.get(code=("M1-100", "Y1-30", "PACK-100")[which % 3])
        match action:
            case "renew by itself":
                self.renew_by_itself()
            case "another price":
                price = {"plan": plan, "amount": Decimal(5 + which), "valid_from": self.day, "kind": PriceKind.LIST}
                self._try(lambda: set_price(user=self.people[0], **price))
            case "retire":
                plan.is_sold = not plan.is_sold
                plan.save()
            case _:
                self.meddle_with_card(which, action, params)

    def renew_by_itself(self):
        """What is to renew itself today, in two ticks; whatever goes wrong in them is a mistake."""
        mistakes = Mistakes()
        with mistakes.of("billing.actions.auto_renew"):
            b.renew_for(self.day, 10)
            work_off_orders(10)
            b.renew_for(self.day, 10)
        assert mistakes == []

    def meddle_with_card(self, which, action, params):
        act(action, [self.cards[which % len(self.cards)]], actor=Actor.shell(), reason="because", **params)

    @rule(which=ONE_OF, told=st.sampled_from(list(TOLD_ONLINE)), late=LATE, provider=ONLINE)
    def pay_online(self, which, told, late, provider):
        """A placed order is paid at the provider, which tells it in its own way, at once or days later."""
        if order := self._pick(Order.objects.exclude(kind=OrderKind.ADJUSTMENT).filter(state="placed"), which):
            self._try(lambda: payments.start_payment(order, user=self.people[0], provider=provider))
        if payment := self._pick(Payment.objects, which):
            self._tell(payment, told, late)

    def _tell(self, payment, told, late):
        for number, changes in enumerate(TOLD_ONLINE[told]):
            body, _headers = local.notification(payment, "paid")
            content = json.loads(body) | changes
            content["reference"] += str(payment.pk)
            if payment.provider == local.NAME:
                sent_at = this_moment() - late + timedelta(seconds=number)
                payments.receive(local.NAME, *local.signed(json.dumps(content).encode(), sent_at))
            else:
                payments.believe(payment.provider, self._facts(content))
            if content["said"] == "paid":
                self.came_online[content["payment"], content["reference"], content["amount"]] = content["amount"]

    def _deposit(self, name, provider):
        """¥30.00 came online into a wallet, so that something can go back from the beginning on."""
        payment = payments.start_deposit(b.customer(name), Decimal(30), user=self.people[0], provider=provider)
        content = {"payment": str(payment.key), "said": "paid", "amount": "30.00", "reference": f"D{payment.pk}"}
        payments.believe(provider, self._facts(content))
        self.came_online[content["payment"], content["reference"], content["amount"]] = content["amount"]

    def _facts(self, content):
        self.references += 1
        key, said = UUID(content["payment"]), local.SAYS[content["said"]]
        return Facts(f"N{self.references}", key, said, Decimal(content["amount"]), content["reference"], content)

    @rule(days=st.integers(1, 25), which=ONE_OF, mb=st.integers(1, 120))
    def use(self, days, which, mb):
        """Days go by, and a card is used."""
        self.later(days)
        apply_readings([Reading(self.cards[which % len(self.cards)], self.day, mb * MB, self._noon())])

    def later(self, days):
        self._move_clock(self.day + timedelta(days=days))
        sweep(self.day)

    # what is always true

    @of_the_books
    def the_books_prove_true(self):
        assert [(problem.code, problem.message) for problem in proof.problems()] == []

    @of_the_books
    def nobody_did_more_alone_than_they_may(self):
        for name in NAMES:
            assert sum_alone(self.people[0], b.customer(name)) <= ALONE

    @invariant()
    def no_wallet_is_below_its_limit(self):
        for account in CustomerAccount.objects.all():
            posted = sum(account.customer.postings.filter(account="wallet").values_list("amount", flat=True))
            assert account.balance == posted >= -account.credit_limit

    @invariant()
    def no_paid_line_is_without_service_or_refund(self):
        finished = Order.objects.filter(job__status=JobStatus.DONE)
        assert not OrderLine.objects.filter(order__in=finished, state=LineState.OPEN).exists()
        for line in OrderLine.objects.filter(state=LineState.FULFILLED, order__kind=OrderKind.RENEWAL):
            event = CardEvent.objects.get(card=line.card_id, seq=line.seq)
            waits = ServiceTerm.objects.filter(card=line.card_id, number=event.evidence["term"])
            given_up = CardEvent.objects.filter(card=line.card_id, action="unrenew", seq__gt=line.seq)
            assert waits.exists() or given_up.exists()

    @invariant()
    def no_term_is_paid_twice_unasked(self):
        """Two orders bring a card terms at the same time only where the later one was asked for one more."""
        by_card = {}
        for term in OrderedTerm.objects.order_by("pk"):
            by_card.setdefault((term.card_id, term.customer_id), []).append((term.order_key, term.card_id))
        assert all(order in self.asked for ordered in by_card.values() for order in ordered[1:])

    @invariant()
    def no_money_that_came_online_is_lost(self):
        booked = sum(Payment.objects.filter(state="paid").values_list("amount", flat=True))
        unmatched = sum(UnmatchedPayment.objects.filter(reopened_at=None).values_list("amount", flat=True))
        if hasattr(self, "people"):
            assert booked + unmatched == sum(map(Decimal, self.came_online.values()))

    @invariant()
    def the_books_come_to_nothing_and_what_is_owed_to_payers_is_on_its_way(self):
        posted = _in_all(Posting.objects)
        refunds = PayerRefund.objects.filter(ended_at=None)
        transfers = Withdrawal.objects.filter(way=WithdrawalWay.BANK, state=WithdrawalState.APPROVED)
        owed = _in_all(refunds) + _in_all(transfers)
        assert (posted, _in_all(Posting.objects.filter(account="payback"))) == (0, owed)

    @of_the_books
    def no_more_goes_back_of_a_payment_than_came(self):
        for payment in Payment.objects.filter(state="paid"):
            lost = payment.chargebacks.filter(entry__reversed_by=None)
            assert _in_all(payment.refunds.exclude(state="kept")) + _in_all(lost) <= payment.amount

    @invariant()
    def no_service_is_without_a_paid_line_or_a_grant(self):
        for event in CardEvent.objects.filter(action__in=("renew", "top_up")):
            assert OrderLine.objects.filter(card=event.card_id, seq=event.seq, order__job=event.job_id).exists()
        assert set(CardEvent.objects.filter(action="grant").values_list("actor_kind", "job")) <= {("command", None)}

    @of_the_books
    def a_statement_lists_what_was_delivered_to_the_cent(self):
        for customer in Customer.objects.all():
            items = served_items(customer.pk, first_of_month(self.day))
            assert sum(item.amount for item in items) == statement(customer.pk, self.day).served
            assert sum(part.gross for part in taxed(items)) == sum(part.net + part.tax for part in taxed(items))

    @invariant()
    def a_refund_that_is_done_gave_back_what_it_says(self):
        for refund in Refund.objects.filter(state=RefundState.DONE):
            assert refund.amount == sum(refund.lines.values_list("unit_price", flat=True))

    # how it is done

    def _try(self, step):
        """Refused is an answer too; anything else that is raised is a mistake."""
        with contextlib.suppress(Refused, BadInput, ValidationError), transaction.atomic():
            step()

    def _pick(self, rows, which):
        rows = list(rows.order_by("-pk")[:4])
        return rows[which % len(rows)] if rows else None

    def _noon(self):
        return timezone.make_aware(datetime.combine(self.day, time(12)))

    def _move_clock(self, day):
        if self.clock:
            self.moment.__exit__(None, None, None)
            self.clock.disable()
        self.day, self.clock = day, override_settings(SIMPORTAL_TODAY=day)
        self.clock.enable()
        self.moment = as_of(self._noon())
        self.moment.__enter__()


def _in_all(rows):
    return sum(rows.values_list("amount", flat=True))


class Mistakes(list):
    """What a log has of mistakes while something is done."""

    @contextlib.contextmanager
    def of(self, name):
        handler = logging.Handler(logging.ERROR)
        handler.emit = lambda record: self.append(record.exc_text or record.getMessage())
        logging.getLogger(name).addHandler(handler)
        try:
            yield
        finally:
            logging.getLogger(name).removeHandler(handler)


def test_whatever_happens_the_books_prove_true():
    how = settings(
        max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
    )
    run_state_machine_as_test(Business, settings=how)
