"""How the portal says no where money is concerned; what cards refuse keeps its own words."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from billing.choices import OrderState
from cards import errors

MONEY_REFUSALS = {
    "forbidden": (
        _("{actor} is not allowed to do this."),
        _("Ask someone whose role allows it."),
    ),
    "no_longer_allowed": (
        _("Whoever asked for this is no longer allowed to do it."),
        _("Ask someone whose role allows it."),
    ),
    "no_price": (
        _("{plan} has no price for this customer on {day}."),
        _("Set a price first."),
    ),
    "no_card_price": (
        _("There is no card price for this customer on {day}."),
        _("Set a price first."),
    ),
    "not_on_sale": (
        _("{plan} is no longer on sale."),
        _("Choose another plan."),
    ),
    "not_in_stock": (
        _("The card is not in stock: it already belongs to a customer."),
        _("Choose a card that is in stock."),
    ),
    "anothers_card": (
        _("The card does not belong to this customer."),
        _("Assign it first, or order for its customer."),
    ),
    "nobodys_card": (
        _("The card belongs to no customer, so there is no one to pay for it."),
        _("Assign it first."),
    ),
    "opening_paid": (
        _("The opening plan of this card is already paid."),
        _("No payment is due."),
    ),
    "opening_ordered": (
        _("The opening plan of this card is ordered already, by order {order}."),
        _("Pay that order, or cancel it."),
    ),
    "service_used": (
        _("The service is in use or has been used."),
        _("To compensate the customer, make an adjustment."),
    ),
    "refunded_already": (
        _("The line is already refunded."),
        _("No action is needed."),
    ),
    "short": (
        _("{needed} is needed, but the wallet has only {available} available."),
        _("Add money to the wallet first."),
    ),
    "renewed_meanwhile": (
        _("Cards of this order were renewed in the meantime: {count}."),
        _("They are left out now. Review the order again, then place it."),
    ),
    "blocked": (
        _("The card is stopped and does not renew automatically: {hold}."),
        _("Lift the hold, or renew the card manually."),
    ),
    "not_checked": (
        _("The automatic renewal could not be checked because of an error in the portal."),
        _("Wait for tomorrow's run, or renew the card manually."),
    ),
    "wallet_full": (
        _("The wallet can hold at most {most}."),
        _("Enter a smaller amount."),
    ),
    "too_large": (
        _("The order comes to {total}, but an order can be at most {most}."),
        _("Split it into several orders."),
    ),
    "price_changed": (
        _("The total is now {total}, not {shown}."),
        _("Review the order again, then place it."),
    ),
    "terms_changed": (
        _("What this order sells has changed since it was shown."),
        _("Review the order again, then place it."),
    ),
    "not_ready": (
        _("The order is still being checked."),
        _("Wait a moment."),
    ),
    "nothing_to_sell": (
        _("It cannot be sold for any card in this order."),
        _("Choose other cards."),
    ),
    "wrong_state": (
        _("This is not possible while the order is “{state}”."),
        _("Reload the order to see its current state."),
    ),
    "not_online": (
        _("Orders of this kind cannot be paid online."),
        _("Pay from the wallet, or get it approved."),
    ),
    "guest_order": (
        _("Somebody bought this without an account: only they pay it, online."),
        _("To renew the card yourself, order it yourself."),
    ),
    "not_for_guests": (
        _("This card cannot be paid for here without an account."),
        _("Ask whoever gave you the card."),
    ),
    "not_for_card_now": (
        _("This cannot be bought for the card now."),
        _("Choose something else, or ask whoever gave you the card."),
    ),
    "shown_otherwise": (
        _("What it costs, or what you get, has changed since this page was opened."),
        _("Look at it again, then pay."),
    ),
    "too_many_orders": (
        _("Too many payments were started here within an hour."),
        _("Wait an hour, or ask whoever gave you the card."),
    ),
    "provider_silent": (
        _("{provider} could not be reached."),
        _("Try again in a minute, or pay another way."),
    ),
    "provider_refused": (
        _("{provider} has not taken the payment: {words}"),
        _("Pay another way, or tell your dealer."),
    ),
    "begun_too_often": (
        _("This payment was begun too often, and was not paid."),
        _("Wait an hour, or start another payment."),
    ),
    "openid_outdated": (
        _("WeChat has not said who pays, or it took too long."),
        _("Press the button again."),
    ),
    "no_provider": (
        _("This portal does not accept online payments."),
        _("Pay from the wallet or by bank transfer."),
    ),
    "second_person": (
        _("With this, you alone come to {sum} for this customer in {days} days; above {limit} it needs approval."),
        _("Ask a colleague in finance."),
    ),
    "being_merged": (
        _("{customer} is being merged into {target}, so nothing is paid from this wallet."),
        _("Wait a few minutes, then use the wallet of {target}."),
    ),
    "debt_too_large": (
        _("A debt of {debt} would be taken over, but only {available} is available in the wallet that takes it."),
        _("Raise the credit limit or record a receipt first."),
    ),
    "not_merged": (
        _("This cannot be merged yet. {obstacle}"),
        _("Settle that first."),
    ),
    "own_request": (
        _("You cannot approve your own request."),
        _("Ask a colleague in finance."),
    ),
    "waits_already": (
        _("This already waits for approval: #{number}, requested by {by}."),
        _("Have that request decided first."),
    ),
    "agreement_changed": (
        _("The agreed terms have been changed since this was requested."),
        _("Decline it, and request the change again."),
    ),
    "reversed_already": (
        _("The entry is already reversed."),
        _("No action is needed."),
    ),
    "cleared_already": (
        _("Something else was already decided about this payment."),
        _("Reload the page. If that was wrong, reopen the payment first."),
    ),
    "not_cleared": (
        _("There is no decision on this payment to take back."),
        _("Reload the page to see where it stands."),
    ),
    "sent_back": (
        _("The provider is giving this money back, or has done so."),
        _("See how far the refund to the payer has come."),
    ),
    "not_reversible": (
        _("Only receipts, online payments and chargebacks can be reversed."),
        _("Refund the order instead."),
    ),
    "not_withdrawable": (
        _("{needed} cannot be withdrawn: the balance is {balance}. Credit is not paid out."),
        _("Enter at most the balance."),
    ),
    "withdrawal_waits": (
        _("A withdrawal already waits for approval."),
        _("Take it back first, or wait for the decision."),
    ),
    "withdrawal_decided": (
        _("The withdrawal is already decided."),
        _("Reload the page to see where it stands."),
    ),
    "withdrawal_over": (
        _("The withdrawal is already paid out or back in the wallet."),
        _("Reload the page to see where it stands."),
    ),
    "origin_short": (
        _("Only {most} can go back to where it came from; {needed} is asked for."),
        _("Enter a smaller amount, or choose bank transfer."),
    ),
    "payer_refund_settled": (
        _("The refund does not wait for a decision any more."),
        _("Reload the page to see where it stands."),
    ),
    "not_out_of_a_wallet": (
        _("This money was never in a wallet, so it cannot go back into one."),
        _("Try again, or pay it by bank transfer."),
    ),
    "not_paid_online": (
        _("This payment has not been paid."),
        _("Check the payment."),
    ),
    "charged_back_too_much": (
        _("Of this payment only {most} can still be taken back."),
        _("Check the amount and the payment."),
    ),
    "charged_back_already": (
        _("A chargeback with this reference is already recorded for this payment."),
        _("No action is needed."),
    ),
}


class MoneyRefused(errors.Refused):
    """Something that is not allowed with this money now: `code`, `sentence`, `way_out`, as for cards."""

    sentences = errors.REFUSALS | MONEY_REFUSALS

    def _labelled_facts(self) -> dict[str, Any]:
        if self.code == "wrong_state":  # an order's; with cards, `state` is theirs
            return {"state": OrderState(self.facts["state"]).label}
        return super()._labelled_facts()
