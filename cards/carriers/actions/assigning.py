"""Which account a card is on: cards are put there, and what was known and ordered on another account ends."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cards.actions.imports.card_accounts import CardAccounts
from cards.actions.jobs.merge import Handover, give
from cards.actions.write import chunked
from cards.carriers.actions.commands import lines_locked
from cards.carriers.actions.hearing import bring_in_step
from cards.carriers.choices import OPEN_COMMANDS, CommandState, DriftState, LineStep
from cards.carriers.models import AccountRule, CarrierAccount, Command, Drift, Line
from cards.models import Card

_CARDS_AT_ONCE = 2_000
# What was seen on another account says nothing of this one.
_UNSEEN = {
    **dict.fromkeys(("seen_service", "seen_code", "seen_text", "seen_reasons", "seen_reason_text"), ""),
    **dict.fromkeys(("seen_data", "seen_real_name", "seen_imei"), ""),
    **dict.fromkeys(("seen_since", "seen_at", "missing_at", "last_sent_at", "ask_at", "comparison"), None),
    **{"worker": "", "looks": 0, "has_order": False, "step": LineStep.BY_HAND},
}


def put_on_account(card_ids, account, now=None):
    """Put these cards on the account; how many were not there before. Orders to another account are over."""
    now, moved = now or timezone.now(), 0
    for chunk in chunked(sorted(set(card_ids)), _CARDS_AT_ONCE):
        with transaction.atomic():
            moved += _moved(chunk, account, now)
            bring_in_step(chunk, now)
    return moved


def put_by_rule(account, *, customer=None, prefix=""):
    """Put the cards there that these words describe, and those that will come; how many were not there before."""
    AccountRule.objects.filter(prefix=prefix, customer=customer, account__carrier=account.carrier).delete()
    AccountRule.objects.create(account=account, prefix=prefix, customer=customer)
    cards = Card.objects.filter(Q(iccid__startswith=prefix) | Q(msisdn__startswith=prefix), carrier=account.carrier)
    cards = cards.filter(customer=customer) if customer else cards
    return put_on_account(cards.values_list("pk", flat=True), account)


def _moved(card_ids, account, now):
    known = set(Line.objects.filter(card__in=card_ids).values_list("card_id", flat=True))
    new = set(card_ids) - known
    # A worker may hear of the new ones at this moment, and put them elsewhere.
    Line.objects.bulk_create([Line(card_id=pk, account=account) for pk in new], ignore_conflicts=True)
    elsewhere = [line.card_id for line in lines_locked(card_ids) if line.account_id != account.pk]
    Line.objects.filter(card__in=elsewhere).update(account=account, **_UNSEEN)
    open_elsewhere = Command.objects.filter(card__in=elsewhere, state__in=OPEN_COMMANDS)
    open_elsewhere.update(state=CommandState.SUPERSEDED, due_at=None, ended_at=now)
    differing = Drift.objects.open().filter(card__in=elsewhere)
    differing.update(state=DriftState.SELF_CLOSED, ended_at=now)
    return len(new.union(elsewhere))


class RulesOfCustomers(Handover):
    """Which account the new cards of a customer are on, of each carrier: where the target has a rule, it stays."""

    def of_the_rest(self, former, target, job):
        give(AccountRule, former, target, "prefix", "account__carrier")


class LineAccounts(CardAccounts):
    """What the column `account` of card files means."""

    def known(self):
        return dict(CarrierAccount.objects.order_by("name").values_list("name", "carrier"))

    def of(self, card_ids):
        lines = Line.objects.filter(card__in=card_ids).exclude(account=None)
        return dict(lines.values_list("card", "account__name"))

    def put(self, names):
        accounts = {account.name: account for account in CarrierAccount.objects.filter(name__in=set(names.values()))}
        for name, account in accounts.items():
            put_on_account([pk for pk, named in names.items() if named == name], account)
