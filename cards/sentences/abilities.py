"""What a role is, in words: what whoever has it may and may not do. The words follow from the permissions."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cards.choices import Action
from cards.models.invitation import GIVES_MEMBERSHIPS, KEEPS_STAFF
from cards.permissions import codename


@dataclass(frozen=True)
class Ability:
    """Something that staff do, as it follows “may”, and all permissions that it takes."""

    words: str | Promise
    permissions: frozenset[str]


def _actions(*actions: str) -> set[str]:
    return {f"cards.{codename(action)}" for action in actions}


ABILITIES = tuple(
    Ability(words, frozenset(permissions))
    for words, permissions in (
        (
            _("look at cards, customers, jobs, orders and money"),
            {"cards.view_card", "cards.view_customer", "cards.view_job", "billing.view_order", "billing.view_receipt"},
        ),
        (
            _("stop cards on request and resume them; add remarks and tags"),
            _actions(Action.SUSPEND, Action.RESUME, Action.REMARK, Action.TAG, Action.UNTAG),
        ),
        (_("answer customers' requests"), {"cards.answer_cardrequest"}),
        (_("ask the carrier about a card"), {"carriers.look_at_carrier"}),
        (_("note what the carrier has blocked and unblocked"), _actions(Action.PLACE_HOLD, Action.LIFT_HOLD)),
        (_("decide on differences with the carriers"), {"carriers.decide_drift"}),
        (
            _("activate cards, renew and top them up, set limits, rebind devices, protect cards, give free service"),
            _actions(Action.ACTIVATE, Action.FORCE_ACTIVATE, Action.RENEW, Action.UNRENEW, Action.TOP_UP)
            | _actions(Action.GRANT, Action.SET_LIMIT, Action.REBIND, Action.PROTECT, Action.UNPROTECT, Action.UNPARK),
        ),
        (_("assign cards to customers and take them back to stock"), _actions(Action.ASSIGN, Action.UNASSIGN)),
        (_("cancel cards for good, and swap lost or broken ones"), _actions(Action.CANCEL, Action.SWAP)),
        (
            _("submit, approve, reject and revoke ID verifications"),
            _actions(Action.SUBMIT_REAL_NAME, Action.APPROVE_REAL_NAME)
            | _actions(Action.REJECT_REAL_NAME, Action.REVOKE_REAL_NAME),
        ),
        (
            _("import files, print labels, release the sweep, decide on unclear usage"),
            {"cards.import_card", "cards.print_label", "cards.sweep_card", "cards.decide_quarantinedreading"},
        ),
        (_("prepare and place orders, and ask for refunds"), {"billing.place_order"}),
        (_("revoke API keys"), {"api.revoke_apikey"}),
        (
            _("keep plans, carrier policies and customers' details"),
            {f"cards.{verb}_{model}" for verb in ("add", "change") for model in ("plan", "carrierpolicy", "customer")},
        ),
        (
            _("record receipts, pay orders from wallets, refund, adjust, approve and pay money out"),
            {"billing.add_receipt", "billing.reverse_receipt", "billing.pay_order", "billing.refund_order"}
            | {"billing.adjust_order", "billing.pay_withdrawal", "billing.settle_payerrefund", "bills.settle_bill"},
        ),
        (
            _("set prices, tiers and credit limits"),
            {"billing.add_price", "billing.add_pricetier", "billing.change_pricetier"}
            | {"billing.change_customeraccount"},
        ),
        (
            _("read the audit log, and see who of the staff may do what"),
            {"cards.view_auditentry", "auth.view_user", "auth.view_group"},
        ),
        (_("invite staff, give roles and shut people out"), {KEEPS_STAFF}),
        (_("invite, change and remove customers' members"), {GIVES_MEMBERSHIPS, "cards.change_membership"}),
        (
            _("set up carrier and payment accounts, and change the billing and cancellation settings"),
            {"carriers.change_carrieraccount", "billing.change_provideraccount", "billing.change_moneyrules"}
            | {"cards.change_cancellingrules"},
        ),
        (_("hand out and delete personal data"), {"cards.export_person", "cards.erase_person"}),
    )
)


def told_abilities(has: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    """What somebody may and what they may not, in words, by whether they have a permission. What they may only in part
    is neither."""
    held = [(ability, [has(permission) for permission in sorted(ability.permissions)]) for ability in ABILITIES]
    may = [str(ability.words) for ability, has_each in held if all(has_each)]
    may_not = [str(ability.words) for ability, has_each in held if not any(has_each)]
    return may, may_not
