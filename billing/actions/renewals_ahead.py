"""What customers are told before an automatic renewal charges: what it will charge, and that a price has changed."""

from collections import Counter, defaultdict
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Subquery

from billing.actions.auto_renew import cards_to_renew, cards_to_renew_within
from billing.actions.ledger import account_of
from billing.actions.renewal_quotes import quote_renewals
from billing.choices import NoticeKind, OrderKind
from billing.models import AnnouncedRenewal, CustomerAccount, MoneyRules, Notice, OrderLine, PriceBook
from billing.money import ZERO
from cards.actions.write import CHUNK
from cards.models import Plan

PRICE_CHANGES_WITHIN = 30  # days before the charge
SELLS_TERMS = (OrderKind.OPENING, OrderKind.RENEWAL)


def tell_changed_prices(today, muted, look):
    """Tell customers which prices have changed since they last paid for a term, or heard of one, of the same plan.

    A card's term is told of as soon as its charge is near enough, and anew when the price changes again.
    """
    for customer_id in sorted(_customers_of_changed_prices(today, muted, look)):
        _tell_changes(account_of(customer_id), today)


def announce(today, muted, look):
    """Tell customers what will be charged on the days to come, each card's term once."""
    days = MoneyRules.read().renewal_notice_days
    ahead = cards_to_renew_within(today, days)
    told = AnnouncedRenewal.objects.filter(
        customer=OuterRef("customer"), card=OuterRef("pk"), term=OuterRef("term_number"), announced_on__isnull=False
    )
    untold = look.among(ahead).exclude(Exists(told)).exclude(customer__among=muted).order_by()
    for customer_id in untold.values_list("customer", flat=True).distinct():
        _announce(account_of(customer_id), ahead, today)


def _announce(account, ahead, today):
    """A notice for each day on which cards are charged that the customer was not told of yet.

    What is charged before, or was told of before, is not there to be spent any more.
    """
    left = account.available - _sum(quote_renewals(cards_to_renew(today), account.pk, lambda _ends_on: today))
    quotes = list(quote_renewals(ahead, account.pk, _charged_on(account)))
    told, paid = _told(account, quotes, announced_on__isnull=False), _last_paid(_pairs(account, quotes))
    days = defaultdict(lambda: ([], []))
    for quote in quotes:
        days[quote.due_on][(quote.card_id, quote.term) in told].append(quote)
    for day, (fresh, known) in sorted(days.items()):
        left -= _sum(known)
        if fresh:
            _announce_day(account, day, fresh, left, paid, today)
        left -= _sum(fresh)


def _announce_day(account, day, quotes, left, paid, today):
    sold = [quote for quote in quotes if not quote.refused]
    changed = [(quote, paid.get((account.pk, quote.plan.pk))) for quote in sold]
    facts = {
        "told": str(today),
        "cards": len(sold),
        "unsold": len(quotes) - len(sold),
        "amount": str(_sum(sold)),
        "available": str(max(left, ZERO)),
        "changes": _changes_as_facts((quote, old) for quote, old in changed if old not in (None, quote.price)),
    }
    rows = [
        AnnouncedRenewal(
            customer_id=account.pk, card_id=quote.card_id, term=quote.term, announced_on=today, price=quote.price
        )
        for quote in quotes
    ]
    _give(account.pk, NoticeKind.RENEWING, day, today, facts, rows, ["announced_on", "price"])


def _customers_of_changed_prices(today, muted, look):
    """Customers with a card whose next term costs something else than they were told of it, or than they last paid."""
    told = AnnouncedRenewal.objects.filter(
        customer=OuterRef("customer"), card=OuterRef("pk"), term=OuterRef("term_number")
    )
    running = look.among(cards_to_renew_within(today, PRICE_CHANGES_WITHIN)).exclude(customer__among=muted)
    alike = running.filter(terms__number=F("term_number")).annotate(told=Subquery(told.values("price")[:1]))
    columns = ("customer", "terms__plan", "service_until", "told")
    rows = list(alike.order_by().values_list(*columns).distinct())
    if not rows:
        return set()
    accounts = CustomerAccount.objects.in_bulk({row[0] for row in rows})
    on_sale, book = set(Plan.objects.filter(is_sold=True).values_list("pk", flat=True)), PriceBook.read(list(accounts))
    paid = _last_paid({(customer_id, plan_id) for customer_id, plan_id, *_rest in rows})
    found = set()
    for customer_id, plan_id, ends_on, heard in rows:
        quote = book.quote(customer_id, plan_id, _charged_on(accounts[customer_id])(ends_on))
        old = paid.get((customer_id, plan_id)) if heard is None else heard
        if quote and plan_id in on_sale and old not in (None, quote.amount):
            found.add(customer_id)
    return found


def _tell_changes(account, today):
    """One notice of all that changed for a customer."""
    ahead = cards_to_renew_within(today, PRICE_CHANGES_WITHIN)
    quotes = [quote for quote in quote_renewals(ahead, account.pk, _charged_on(account)) if not quote.refused]
    told, paid = _told(account, quotes), _last_paid(_pairs(account, quotes))
    changed = []
    for quote in quotes:
        heard = told.get((quote.card_id, quote.term))
        old = paid.get((account.pk, quote.plan.pk)) if heard is None else heard
        if old not in (None, quote.price):
            changed.append((quote, old))
    if changed:
        rows = [
            AnnouncedRenewal(customer_id=account.pk, card_id=quote.card_id, term=quote.term, price=quote.price)
            for quote, _old in changed
        ]
        first = min(quote.due_on for quote, _old in changed)
        facts = {"changes": _changes_as_facts(changed)}
        _give(account.pk, NoticeKind.PRICE_CHANGED, first, today, facts, rows, ["price"])


@transaction.atomic
def _give(customer_id, kind, day, today, facts, rows, columns):
    """A notice, and what was told of which terms; a second one of the same day and kind waits for tomorrow."""
    _notice, is_new = Notice.objects.get_or_create(
        customer_id=customer_id, kind=kind, card=None, on=day, step=(day - today).days, defaults={"facts": facts}
    )
    if is_new:
        unique = ["card", "term", "customer"]
        AnnouncedRenewal.objects.bulk_create(
            rows, CHUNK, update_conflicts=True, unique_fields=unique, update_fields=columns
        )


def _charged_on(account):
    """The day on which a term is charged, from the day on which it ends."""
    return lambda ends_on: ends_on - timedelta(days=account.renews_days_ahead)


def _told(account, quotes, **condition):
    """The price that a customer was told, by (card, term); None where none was named."""
    card_ids = [quote.card_id for quote in quotes]
    rows = AnnouncedRenewal.objects.filter(card__among=card_ids, customer=account.pk, **condition)
    return {(card_id, term): price for card_id, term, price in rows.values_list("card", "term", "price")}


def _pairs(account, quotes):
    return {(account.pk, quote.plan.pk) for quote in quotes}


def _last_paid(pairs):
    """What the last term cost that a customer paid for and kept, by (customer, plan); a statement for each plan."""
    customers = defaultdict(set)
    for customer_id, plan_id in pairs:
        customers[plan_id].add(customer_id)
    paid = {}
    for plan_id, customer_ids in customers.items():
        lines = OrderLine.objects.filter(
            order__customer=OuterRef("pk"),
            order__kind__in=SELLS_TERMS,
            order__paid_at__isnull=False,
            plan=plan_id,
            refunded_on=None,
        )
        last = Subquery(lines.order_by("-order_id").values("unit_price")[:1])
        accounts = CustomerAccount.objects.filter(pk__in=customer_ids).annotate(last=last).exclude(last=None)
        paid |= {(customer_id, plan_id): amount for customer_id, amount in accounts.values_list("pk", "last")}
    return paid


def _sum(quotes):
    return sum((quote.price for quote in quotes if not quote.refused), ZERO)


def _changes_as_facts(changed):
    """Price changes, (quote, old price) each, as a notice keeps them: plan's code, old price, new price, cards."""
    cards = Counter((quote.plan.code, old, quote.price) for quote, old in changed)
    return [[code, str(old), str(new), count] for (code, old, new), count in sorted(cards.items())]
