"""How the portal says no where money is concerned; what cards refuse keeps its own words."""

from django.utils.translation import gettext_lazy as _

from billing.choices import OrderState
from cards import errors

MONEY_REFUSALS = {
    "forbidden": (
        _("{actor} may not do this."),
        _("Ask somebody whose role allows it."),
    ),
    "no_price": (
        _("{plan} has no price for this customer on {day}."),
        _("Set a price first."),
    ),
    "no_card_price": (
        _("A card has no price for this customer on {day}."),
        _("Set a price first."),
    ),
    "not_on_sale": (
        _("{plan} is not on sale any more."),
        _("Choose another plan."),
    ),
    "not_in_stock": (
        _("The card is not in stock: it belongs to a customer already."),
        _("Sell a card from stock."),
    ),
    "anothers_card": (
        _("The card does not belong to this customer."),
        _("Assign it first, or order for its customer."),
    ),
    "nobodys_card": (
        _("The card belongs to no customer, so nobody would pay for it."),
        _("Assign it first."),
    ),
    "opening_paid": (
        _("The opening plan of this card is paid already."),
        _("Nothing needs to be paid."),
    ),
    "service_used": (
        _("The service is being used or was used."),
        _("Give something back by an adjustment, if you want to."),
    ),
    "refunded_already": (
        _("The line is refunded already."),
        _("Nothing needs to be done."),
    ),
    "short": (
        _("The wallet has {available} to spend, and {needed} are needed."),
        _("Record a receipt, or raise the credit limit."),
    ),
    "price_changed": (
        _("The total is {total} now, and not {shown}."),
        _("Look at it again, and place the order if you still want it."),
    ),
    "not_ready": (
        _("The order is still being checked."),
        _("Wait a moment."),
    ),
    "nothing_to_sell": (
        _("There is no card in this order to which it can be sold."),
        _("Choose other cards."),
    ),
    "wrong_state": (
        _("The order is {state}, so this is not possible."),
        _("Look at the order as it is now."),
    ),
    "not_online": (
        _("Such an order is not paid online."),
        _("Pay it out of the wallet, or have it agreed to."),
    ),
    "no_provider": (
        _("Nobody takes online payments for this portal."),
        _("Pay out of the wallet, or by a bank transfer."),
    ),
    "second_person": (
        _("Above {limit} a second person has to agree."),
        _("Ask somebody else of finance."),
    ),
    "reversed_already": (
        _("The entry is reversed already."),
        _("Nothing needs to be done."),
    ),
    "not_reversible": (
        _("Only receipts and online payments are reversed."),
        _("Refund the order instead."),
    ),
}


class MoneyRefused(errors.Refused):
    """Something that is not allowed with this money now: `code`, `sentence`, `way_out`, as for cards."""

    sentences = errors.REFUSALS | MONEY_REFUSALS

    def _labelled_facts(self):
        if self.code == "wrong_state":  # an order's; with cards, `state` is theirs
            return {"state": OrderState(self.facts["state"]).label}
        return super()._labelled_facts()
