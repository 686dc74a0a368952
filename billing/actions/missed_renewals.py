"""Renewals that did not happen: kept for staff in a queue, and told to the customer."""

from billing.actions.ledger import account_of
from billing.actions.renewal_quotes import RenewalQuote
from billing.choices import MissedWhy, NoticeKind
from billing.errors import MoneyRefused
from billing.models import MissedRenewal, Notice, RenewedTerm
from billing.money import ZERO
from cards.actions.write import CHUNK
from cards.calendar import civil_today
from cards.models import Card
from cards.querysets import NOT_OVER


def record_missed(account, day, missed):
    """Keep why these terms did not renew on `day`, as (`RenewalQuote`, refusal), and tell the customer, once a term.

    What only lacks money is told in one sentence for all, by `tell_shortage`.
    """
    rows = [
        MissedRenewal(
            customer_id=account.pk,
            card_id=quote.card_id,
            term=quote.term,
            plan=quote.plan,
            why=_why(refused),
            refused=refused.written(),
            since=day,
            ends_on=quote.ends_on,
        )
        for quote, refused in missed
    ]
    MissedRenewal.objects.bulk_create(
        rows,
        CHUNK,
        update_conflicts=True,
        unique_fields=["customer", "card", "term"],
        update_fields=["plan", "why", "refused", "ends_on"],  # `since` stays
    )
    if NoticeKind.NOT_RENEWED not in account.muted:
        notices = [
            Notice(
                kind=NoticeKind.NOT_RENEWED,
                customer_id=account.pk,
                card_id=row.card_id,
                on=row.ends_on,
                facts={"why": row.why, "plan": row.plan.code},
            )
            for row in rows
            if row.why != MissedWhy.SHORT
        ]
        Notice.objects.bulk_create(notices, CHUNK, ignore_conflicts=True)


def tell_shortage(account, day, renewed, missed, left):
    """Tell the customer, once a day, that the money did not suffice: how many it paid for, and what is missing.

    `left` is what could still be spent after the `renewed` cards were paid.
    """
    short = [quote.price for quote, refused in missed if _why(refused) == MissedWhy.SHORT]
    if not short or NoticeKind.RENEWAL_FAILED in account.muted:
        return
    facts = {
        "needed": str(sum(short, ZERO)),
        "available": str(left),
        "cards": renewed + len(short),
        "renewed": renewed,
    }
    Notice.objects.get_or_create(
        customer_id=account.pk, kind=NoticeKind.RENEWAL_FAILED, card=None, on=day, step=0, defaults={"facts": facts}
    )


def reopen_unserved(order, lines):
    """What an automatic renewal paid for and could not serve is missed too: these terms are tried again."""
    refusals = {line.card_id: MoneyRefused.read(line.refused) for line in lines}
    renewed = RenewedTerm.objects.filter(order=order, card__among=list(refusals))
    terms = dict(renewed.values_list("card_id", "term"))
    if not terms:
        return
    running = Card.objects.filter(NOT_OVER, pk__among=list(terms), customer=order.customer_id)
    ends, plans = dict(running.values_list("pk", "service_until")), {line.card_id: line.plan for line in lines}
    missed = [
        (RenewalQuote(pk, terms[pk], plans[pk], ends_on, civil_today(), None, refusals[pk]), refusals[pk])
        for pk, ends_on in ends.items()
    ]
    record_missed(account_of(order.customer_id), civil_today(), missed)
    renewed.delete()


def _why(refused):
    return MissedWhy(refused.code) if refused.code in MissedWhy.values else MissedWhy.OTHER
