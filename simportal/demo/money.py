"""The demo's money: prices, agreements, and every order, receipt and refund behind the cards' terms."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from zlib import crc32

from django.contrib.auth import get_user_model

from billing.actions import orders, receipts, refunds
from billing.actions.accounts import keep_agreement
from billing.actions.approvals import approve_proposal
from billing.actions.ledger import account_of
from billing.actions.prices import set_price
from billing.choices import OrderKind, PriceKind
from billing.models import MoneyRules, Order, PriceTier, Proposal
from billing.not_paid import not_paid
from cards.calendar import WEEK, as_of, this_moment
from cards.models import Card, Customer, Plan
from cards.scope import Scope
from simportal.demo.cast import ENTERPRISES, PERSONS

RESELLERS = "渠道价"

# Plan, list price, what resellers pay, and what the dealer pays; None is the card itself.
PRICES = (
    ("M1-100", "8.00", "6.50", "4.20"),
    ("Y1-30", "36.00", "30.00", "19.80"),
    ("Y1-1024", "168.00", "145.00", "96.00"),
    ("PACK-100", "9.90", "9.00", "5.50"),
    (None, "6.00", "5.00", "2.30"),
)
# From a month ago on the largest customer has a price of its own.
SPECIAL = ("Y1-30", "28.00", timedelta(days=30))

# Customer, whether a reseller, credit limit, days ahead of which cards renew by themselves (None: by hand).
AGREEMENTS = (
    (ENTERPRISES[0].name, True, "5000.00", None),
    (ENTERPRISES[1].name, False, "2000.00", 7),
    (ENTERPRISES[4].name, True, "0.00", None),
    (PERSONS[0].name, False, "0.00", 3),
)
LOW_BELOW = Decimal("100.00")
# What stands on paper of the dealer and of the customers with an agreement. The numbers are nobody's.
SELLER = {
    "seller_name": "示例物联科技有限公司",
    "seller_tax_number": "91440300MA5DEMK00X",
    "seller_address": "深圳市南山区科技园示例路 1 号",
    "seller_phone": "0755-00000000",
    "bank": "示例银行深圳分行",
    "bank_account_name": "示例物联科技有限公司",
    "bank_account_number": "6200000000000000",
}
TAX_NUMBERS = ("91440101MA5DEMK01X", "91440300MA5DEMK02X", "91441900MA5DEMK05X", "")
TAX_DETAILS = "广州市天河区示例大道 8 号 020-00000000；示例银行广州分行 6200000000000001"
ORDERED_WITHIN = timedelta(days=40)  # of their delivery, openings are ordered
# What customers make of the amount that they lack: to the cent, or up to the next round sum.
TRANSFERS = (None, Decimal(10), Decimal(50), Decimal(100), Decimal(500))

# What became of orders that came to nothing, and of refunds: how many weeks ago.
WITHDRAWN, EXPIRED = (31, 12, 3), (40, 17, 5)
REFUNDED, REFUSED = 4, 2


class Till:
    """Who sells and who records what came in. `instant` says when on a day."""

    def __init__(self, first_day, today, instant):
        self.instant, self.today = instant, today
        users = get_user_model().objects.in_bulk(["admin", "ops", "finance", "alice", "charlie"], field_name="username")
        self.ops, self.finance, self.second = users["ops"], users["finance"], users["admin"]
        self.buyers = {ENTERPRISES[0].name: users["alice"], ENTERPRISES[1].name: users["charlie"]}
        self.customers = {customer.pk: customer for customer in Customer.objects.all()}
        self.transfers = 0
        with as_of(instant(first_day, 8)):
            self._say_who_sells()
            self._set_prices(first_day)
            self._make_agreements()

    def open(self, card_ids, day):
        """The opening plans of cards that were delivered to customers; what came of late nobody has ordered yet."""
        if day <= self.today - ORDERED_WITHIN:
            self._sell(OrderKind.OPENING, card_ids, None, day, 120)

    def renew(self, card_ids, plan, day, minute, **how):
        """Renewals; the cards in stock, which nobody pays for, are left."""
        return self._sell(OrderKind.RENEWAL, card_ids, plan, day, minute, **how)

    def top_up(self, card_ids, day, minute):
        return self._sell(OrderKind.PACK, card_ids, "PACK-100", day, minute)

    def look_after(self, day):
        """What customers ordered and did not pay, or called off; what was given back, and what was not."""
        week = (self.today - day).days // WEEK
        with as_of(self.instant(day, 16)):
            orders.expire_unpaid(this_moment())
            if week in WITHDRAWN and (order := self._placed_for(ENTERPRISES[week % len(ENTERPRISES)])):
                orders.withdraw(order, user=self.ops)
            if week in EXPIRED:
                self._placed_for(ENTERPRISES[week % len(ENTERPRISES)])
            if week in (REFUNDED, REFUSED) and (paid := self._refundable()):
                refund = refunds.request_refund(paid, user=self.ops, reason="客户误订，申请退订", told="误订退款")
                decide = refunds.approve if week == REFUNDED else refunds.decline
                decide(refund, user=self.finance)

    def this_morning(self):
        """What waits on finance's desk: orders to be paid, a draft, a refund and an adjustment to approve."""
        with as_of(self.instant(self.today, 0, 30)):
            if fleet := list(Card.objects.filter(customer__name=ENTERPRISES[2].name).order_by("pk")[:12]):
                orders.place(self._draft(OrderKind.RENEWAL, fleet[:8], "Y1-30", self.ops), user=self.ops)
                self._draft(OrderKind.RENEWAL, fleet, None, self.ops)
            if opened := not_paid().order_by("pk").first():
                cards = list(not_paid().filter(customer=opened.customer))
                orders.place(self._draft(OrderKind.OPENING, cards, None, self.ops), user=self.ops)
            if paid := self._refundable():
                refunds.request_refund(paid, user=self.ops, reason="客户误订，申请退订", told="误订退款")
            customer = self._named(ENTERPRISES[5].name)
            orders.make_adjustment(
                customer, Decimal("-88.00"), user=self.finance, note="信号故障，客户投诉", told="信号故障补偿"
            )
            orders.make_adjustment(
                customer, Decimal("-1280.00"), user=self.finance, note="按年度协议返利", told="年度返利"
            )

    def _set_prices(self, day):
        tier = PriceTier.objects.create(name=RESELLERS)
        for code, amount, resellers, cost in PRICES:
            plan = code and Plan.objects.get(code=code)
            for kind, price, whose in (
                (PriceKind.LIST, amount, {}),
                (PriceKind.TIER, resellers, {"tier": tier}),
                (PriceKind.COST, cost, {}),
            ):
                self._set_price(kind=kind, plan=plan, amount=Decimal(price), valid_from=day, **whose)
        code, amount, ago = SPECIAL
        self._set_price(
            kind=PriceKind.CUSTOMER,
            plan=Plan.objects.get(code=code),
            customer=self._named(ENTERPRISES[0].name),
            amount=Decimal(amount),
            valid_from=self.today - ago,
        )

    def _set_price(self, **price):
        self._agree_to(set_price(user=self.finance, **price))

    def _agree_to(self, done):
        """What takes a second person has one."""
        if isinstance(done, Proposal):
            approve_proposal(done, user=self.second)

    def _say_who_sells(self):
        rules = MoneyRules.read()
        for name, text in SELLER.items():
            setattr(rules, name, text)
        rules.full_clean()
        rules.save()

    def _make_agreements(self):
        tier = PriceTier.objects.get(name=RESELLERS)
        for (name, is_reseller, limit, ahead), tax_number in zip(AGREEMENTS, TAX_NUMBERS, strict=True):
            kept = keep_agreement(
                self._named(name),
                user=self.finance,
                tier=tier if is_reseller else None,
                credit_limit=Decimal(limit),
                low_below=LOW_BELOW,
                auto_renews=ahead is not None,
                renews_days_ahead=ahead or 7,
                tax_number=tax_number,
                tax_details=tax_number and TAX_DETAILS,
            )
            self._agree_to(kept)

    def _placed_for(self, client):
        """An order of packs for a few cards of the customer, placed and not paid; None if none of them can."""
        cards = list(Card.objects.active().filter(customer__name=client.name).order_by("pk")[:3])
        draft = cards and self._draft(OrderKind.PACK, cards, "PACK-100", self.ops)
        return orders.place(draft, user=self.ops) if draft and self._sells(draft) else None

    def _refundable(self):
        """A paid renewal whose term still waits, and of which nobody asked for a refund."""
        queued = Order.objects.filter(kind=OrderKind.RENEWAL, paid_at__isnull=False, refunds=None)
        return queued.filter(lines__card__terms__starts_on=None).order_by("-pk").first()

    def _sell(self, kind, card_ids, plan, day, minute, **how):
        """An order for each customer, paid and fulfilled; the cards of nobody."""
        owned = defaultdict(list)
        for card in Card.objects.filter(pk__in=card_ids).order_by("pk"):
            owned[card.customer_id].append(card)
        nobodys = [card.pk for card in owned.pop(None, [])]
        for customer_id, cards in sorted(owned.items()):
            buyer = self.buyers.get(self.customers[customer_id].name, self.ops)
            with as_of(self.instant(day, 9, minute * 2)):
                self._pay(self._draft(kind, cards, plan, buyer, **how))
        return nobodys

    def _draft(self, kind, cards, plan, user, **how):
        plan = plan and Plan.objects.get(code=plan)
        customer = self.customers[cards[0].customer_id]
        return orders.draft_order(kind, customer, [card.pk for card in cards], user=user, plan=plan, **how)

    def _sells(self, draft):
        return draft.job.chunks.filter(check_result__counts__can__gt=0).exists()

    def _pay(self, order):
        """Place it if there is something to be sold, see to the money, and pay."""
        if self._sells(order):
            user = order.created_by
            order = orders.place(order, user=user)
            self._fund(order)
            orders.pay_and_fulfil(order, user=self.finance if Scope.of(user).is_staff else user)
        else:
            orders.withdraw(order, user=order.created_by)

    def _fund(self, order):
        """The customer has transferred what is needed: to the cent, or in a round sum of their liking."""
        lacking = order.total - account_of(order.customer_id).balance
        if lacking > 0:
            self.transfers += 1
            day = order.placed_at.date()
            told = crc32(f"{order.customer.name}/{self.transfers}".encode())
            unit = TRANSFERS[told % len(TRANSFERS)]
            recorded = receipts.record(
                order.customer,
                (lacking // unit + 1) * unit if unit else lacking,
                f"{day:%Y%m%d}{told % 10**6:06d}{self.transfers:05d}",
                day,
                user=self.finance,
                payer=order.customer.name,
            )
            self._agree_to(recorded)

    def _named(self, name):
        return next(customer for customer in self.customers.values() if customer.name == name)
