"""The five roles of the staff as Django groups: what each may do to cards, and which master data it keeps."""

from django.contrib.auth.models import Group, Permission

from cards.permissions import ROLES, codename

# What all of the staff may look at: models by their labels, of whatever app within the rooms.
LOOKED_AT = (
    "cards.cancellingrules",
    "cards.card",
    "cards.cardevent",
    "cards.cardrequest",
    "cards.cardtag",
    "cards.carrierpolicy",
    "cards.customer",
    "cards.devicebinding",
    "cards.job",
    "cards.membership",
    "cards.plan",
    "cards.quarantinedreading",
    "cards.realnamecheck",
    "cards.savedview",
    "cards.selection",
    "cards.serviceterm",
    "cards.sweptday",
    "cards.tag",
    "cards.usageday",
    "carriers.carrieraccount",
    "carriers.command",
    "carriers.drift",
    "carriers.line",
    "carriers.pull",
    "carriers.reconciliation",
    "billing.cardrenewal",
    "billing.chargeback",
    "billing.customeraccount",
    "billing.digest",
    "billing.donealone",
    "billing.entry",
    "billing.missedrenewal",
    "billing.moneyrules",
    "billing.notice",
    "billing.notification",
    "billing.order",
    "billing.orderline",
    "billing.payerrefund",
    "billing.payment",
    "billing.posting",
    "billing.price",
    "billing.pricetier",
    "billing.proposal",
    "billing.provideraccount",
    "billing.receipt",
    "billing.refund",
    "billing.termsrecord",
    "billing.unmatchedpayment",
    "billing.withdrawal",
    "bills.bill",
    "bills.billfee",
    "bills.billline",
    "bills.payout",
    "api.apikey",
)
# Memberships are none of them: no role gives them, or it would give the customers' wallets with them.
MASTER_DATA_MODELS = ("cards.carrierpolicy", "cards.customer", "cards.plan")


def permission(verb, model):
    """The name of the permission to do this with a model, as `cards.view_card` of `cards.card`."""
    label, name = model.split(".")
    return f"{label}.{verb}_{name}"


VIEW_PERMISSIONS = frozenset(permission("view", model) for model in LOOKED_AT)
KEEPS_MASTER_DATA = frozenset(permission(verb, model) for verb in ("add", "change") for model in MASTER_DATA_MODELS)

# Where money moves it is finance's affair; who works with cards may order for a customer and ask for a refund, and pay
# and approve nothing.
MOVES_MONEY = frozenset(
    {
        "billing.pay_order",
        "billing.pay_withdrawal",
        "billing.settle_payerrefund",
        "billing.refund_order",
        "billing.adjust_order",
        "billing.add_receipt",
        "billing.reverse_receipt",
        "billing.add_price",
        "billing.add_pricetier",
        "billing.change_pricetier",
        "billing.change_customeraccount",
        "bills.settle_bill",
    }
)

# What a role may do besides looking and its actions on cards.
BEYOND_CARDS = {
    "support": frozenset({"cards.answer_cardrequest", "carriers.look_at_carrier"}),
    "carrier_desk": frozenset({"carriers.look_at_carrier", "carriers.decide_drift"}),
    "operations": KEEPS_MASTER_DATA
    | {
        "cards.import_card",
        "cards.sweep_card",
        "cards.print_label",
        "cards.answer_cardrequest",
        "cards.decide_quarantinedreading",
        "carriers.look_at_carrier",
        "carriers.decide_drift",
        "api.revoke_apikey",
    }
    | {"billing.place_order"},
    "finance": MOVES_MONEY,
    "auditor": frozenset({"auth.view_user", "auth.view_group", "cards.view_auditentry"}),
}


def permissions_of(role):
    """The names of all permissions of a role, as `cards.suspend_card`."""
    actions = frozenset(f"cards.{codename(action)}" for action in ROLES[role])
    return VIEW_PERMISSIONS | actions | BEYOND_CARDS.get(role, frozenset())


def sync_roles():
    """Make the groups that are missing and give each exactly what its role may do; people stay in their groups.

    Done after each migration: what somebody adds to these five groups by hand is gone then. Groups of other names
    are theirs.
    """
    known = {f"{p.content_type.app_label}.{p.codename}": p for p in Permission.objects.select_related("content_type")}
    for role in ROLES:
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.set([known[name] for name in permissions_of(role)])
