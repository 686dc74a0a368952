"""What a card file says of something that a room above this one keeps: the account at its carrier that a card is on.

This room knows the column, `account`, and that room what is meant by it.
"""

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from cards.phrases import listed


class CardAccounts:
    """What the room above answers; as it stands, there are no accounts."""

    def known(self):
        """The carrier of each account, by its name."""
        return {}

    def of(self, card_ids):
        """The names of the accounts that these cards are on, by the cards' keys."""
        return {}

    def put(self, names):
        """Put cards on accounts: the names by the cards' keys. Within the transaction of the file's rows."""
        raise NotImplementedError


class FileAccounts:
    """The accounts that a file's rows may name, and the cards that go there by it."""

    brought = CardAccounts()

    def __init__(self):
        self.named = []

    @cached_property
    def known(self):
        return self.brought.known()

    def refusal(self, row, carrier):
        """Why the row's card cannot be on its account; empty when it can, or when the row names none."""
        if not (row.account and carrier) or self.known.get(row.account) == carrier:
            return ""
        if row.account in self.known:
            return _("the account {name} is of another carrier").format(name=row.account)
        sentence = _("there is no account {name}; there are: {known}")
        return sentence.format(name=row.account, known=listed(self.known) or _("none"))

    def of(self, cards):
        return self.brought.of([card.pk for card in cards])

    def name(self, card, row):
        if row.account:
            self.named.append((card, row.account))

    def put(self):
        """Put the cards that were named where they belong, now that each has a key."""
        if self.named:
            self.brought.put({card.pk: name for card, name in self.named})


def bring_accounts(accounts):
    """Let a room above this one say what the column means."""
    FileAccounts.brought = accounts
