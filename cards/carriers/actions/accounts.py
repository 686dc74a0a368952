"""Accounts at carriers as they are: what is told of each, and which of them a card is on."""

from django.utils.translation import gettext as _

from cards.carriers.models import AccountRule, CarrierAccount
from cards.carriers.protocols import protocol_of, setting_of, settings_of
from cards.ciphers import deciphered
from cards.errors import BadInput
from cards.models import Card
from cards.phrases import listed


def account_named(name):
    """The account of this name. Raises `BadInput` with those that there are."""
    account = CarrierAccount.objects.filter(name=name).first()
    if account is None:
        sentence = _("There is no account {name}; there are: {known}.")
        known = listed(CarrierAccount.objects.values_list("name", flat=True)) or _("none")
        raise BadInput("", sentence.format(name=name, known=known))
    return account


def what_is_told(account):
    """What is told of an account, without its secrets: plain values by name."""
    settings = {name: setting_of(account, name) for name in settings_of(protocol_of(account))}
    return {"is_on": account.is_on, "base_url": account.base_url, **account.fields, **settings}


def missing_of(account):
    """The names of what the protocol needs and nobody has told."""
    protocol, known = protocol_of(account), {*account.fields, *deciphered(account.secrets)}
    needed = [field.name for field in protocol.FIELDS if not field.is_optional]
    address = [] if account.base_url or protocol.IS_WITHIN else ["base_url"]
    return address + [name for name in needed if name not in known]


def cards_of_carrier(account, card_ids):
    """The keys of those of these cards that are of the account's carrier."""
    return list(Card.objects.filter(pk__in=card_ids, carrier=account.carrier).values_list("pk", flat=True))


def account_for(cards):
    """Which account each of these cards belongs on, by the card's key; a card that belongs on none is not in it.

    That is its carrier's only account. Of several it is the one of a rule that fits: the longest number that the
    card's own begins with, before that, a rule of the card's customer before one of everybody.
    """
    accounts = {}
    for account in CarrierAccount.objects.all():
        accounts.setdefault(account.carrier, []).append(account)
    rules = list(AccountRule.objects.select_related("account"))
    chosen = {card.pk: _chosen(card, accounts.get(card.carrier, []), rules) for card in cards}
    return {pk: account for pk, account in chosen.items() if account}


def _chosen(card, accounts, rules):
    if len(accounts) == 1:
        return accounts[0]
    fitting = [rule for rule in rules if rule.account in accounts and _fits(rule, card)]
    best = max(fitting, key=lambda rule: (len(rule.prefix), rule.customer_id is not None, rule.pk), default=None)
    return best and best.account


def _fits(rule, card):
    is_theirs = rule.customer_id in (None, card.customer_id)
    return is_theirs and any(number.startswith(rule.prefix) for number in (card.iccid, card.msisdn))
