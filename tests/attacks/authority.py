"""Authority that nobody gave: by a firm's name, by a field of the admin's forms, by an address of the console."""

from datetime import date
from itertools import product

from django.contrib.auth.models import User
from django.db import transaction

from billing.forms import AssignForm, OrderForm, ReceiptForm
from cards.actions.action_requests import act
from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.errors import BadInput
from cards.models import Customer, Membership
from tests.attacks.asking import Caller, Request
from tests.attacks.attack import Attack, Tally
from tests.build import SHELL, fresh, on_day, open_card, registered
from tests.console import test_authority as taking
from tests.console import test_memberships as giving
from tests.console import test_permissions as doors
from tests.console.pages import of_role

FIRM = "Fresh Corp"
# What a stranger registers as who wants to be taken for the firm.
SPELLINGS = (
    *(FIRM, FIRM.upper(), FIRM.lower(), "Ｆｒｅｓｈ Ｃｏｒｐ", "Fresh\u3000Corp", " Fresh  Corp "),
    *("Fresh\nCorp", "Fresh\tCorp", "Fre\u200bsh Corp", "\u202eFresh Corp", "Fresh Corp\u2066", "Fresh Corp\x1b"),
    *("Fresh Corp @", "Fresh Corp @fresh", "Fresh Corp (2)", "Fresh Corp @fresh Fresh Corp", "Fresh Corp ~2"),
    "Fresh Corp" + " " * 60 + "x",
)
FILED_AS = (FIRM, "FRESH CORP", "Ｆｒｅｓｈ　Ｃｏｒｐ", "fresh  corp")
GIVING = (
    lambda name: AssignForm({"customer": name, "reason": "x"}),
    lambda name: ReceiptForm({"customer": name}),
    lambda name: OrderForm({"customer": name, "kind": "sale"}),
)
NAMES_IN_SHORT = 24
METHODS = ("get", "head", "post", "put", "delete")


def by_name(stage):
    """A stranger is called like a firm, and whatever names the firm comes to the firm: known already or not."""
    tally, cases = Tally(), list(product(SPELLINGS, FILED_AS, (False, True)))
    with on_day(date(2026, 3, 10)):
        for spelling, named, is_known in stage.chance.sample(cases, NAMES_IN_SHORT) if stage.is_short else cases:
            with tally.one_try(), transaction.atomic():
                if is_known:
                    Customer.objects.create(name=FIRM)
                stranger = registered(spelling, "fresh")
                for wrong in misdirected(stranger, named, is_known):
                    tally.got_through(f"{spelling!r} for {named!r}", "known" if is_known else "new", wrong)
                transaction.set_rollback(True)
    return tally


def misdirected(stranger, named, is_known):
    """What came to somebody else than the firm, or did not come at all."""
    texts = {"iccid": "89860000000000000999", "carrier": "cmcc", "certification": "enterprise", "plan": "Y1-30"}
    row = read_card_row(2, texts | {"opened_on": "2026-03-01", "customer": named}, date(2026, 3, 10))
    if apply_cards([row], actor=SHELL).errors:
        yield "the file was refused"
    if Customer.objects.get(cards__iccid=texts["iccid"]).is_registered:
        yield "the file gave it a card"
    card = open_card()
    try:
        act("assign", [card.pk], actor=SHELL, customer=named)
    except BadInput as bad:
        yield f"nobody is called so: {bad}"
    if fresh(card).customer == stranger:
        yield "an assignment gave it a card"
    for form in GIVING:
        if form(named).fields["customer"].clean(named) == stranger:
            yield f"{form(named).__class__.__name__} means it"
    if stranger.cards.count() != 1:
        yield "it has more cards than it claimed"


def by_form(stage):
    """Each role, with each field and door by which somebody could become more than they are, or somebody else."""
    tally, roles = Tally(), taking.ROLES[:2] if stage.is_short else taking.ROLES
    for role in roles:
        with transaction.atomic():
            people, client = taking.made_people(), taking.client_of(role)
            own, before = User.objects.latest("pk"), standing()
            for who, user in (*people.items(), ("oneself", own)):
                attempts = [*taking.take_over(client, user, own), *made_members(user)]
                for what, address, form in attempts:
                    with tally.one_try():
                        client.post(address, form)
                    if (now := standing()) != before:
                        tally.got_through(role, what, "of", who)
                        before = now
            transaction.set_rollback(True)
    return tally


def standing():
    return [*taking.standing(), sorted(Membership.objects.values_list("customer", "user", "role"))]


def made_members(user):
    """Somebody is made an owner in a customer's form, and the owner's row is turned over to them."""
    owner = Membership.objects.select_related("customer").first()
    customer = owner.customer
    address = f"/admin/cards/customer/{customer.pk}/change/"
    yield (
        "membership",
        address,
        giving.form(customer, (owner, owner.user, "owner", False), (None, user, "owner", False)),
    )
    yield "another's row", address, giving.form(customer, (owner, user, "owner", False))


def by_address(stage):
    """Every page of the console by each method, as staff without the permission that it asks."""
    tally = Tally()
    roles = ["no role", *([] if stage.is_short else taking.ROLES[:-1])]
    for role in roles:
        client = of_role(role) if role != "no role" else None
        user = User.objects.latest("pk") if client else User.objects.create_user("no role", is_staff=True)
        caller = Caller(user)
        shut = [
            (name, address)
            for name, address, _view in doors.CONSOLE_VIEWS
            if not any(map(user.has_perm, doors.ASKED[name]))
        ]
        for (name, address), method in product(shut, METHODS):
            with tally.one_try():
                answer = caller.ask(Request(method, address))
            if answer.status != 403:
                tally.got_through(role, method, name, answer.status)
    return tally


ATTACKS = {
    "names": Attack(
        "a firm's name, by a stranger who registers under it",
        f"{len(SPELLINGS)} spellings (case, width, invisible signs, breaks, the mark itself) against a file, an "
        "assignment, a sale, a receipt and a payment to clear that name the firm, known already or not. Looked for: "
        "what reaches the stranger, and what is refused because of them",
        by_name,
        asks_the_database=True,
    ),
    "authority by form": Attack(
        "more authority, or somebody else's login, by the admin's forms",
        "each role, and somebody with every permission over people, with each field that gives authority, the "
        "password, the phone, groups, deletion and memberships: of an admin, a colleague, a customer's owner, oneself",
        by_form,
    ),
    "authority by address": Attack(
        "pages of the console without the permission that they ask",
        "staff without a role, and each role at what it may not: every address by GET, HEAD, POST, PUT and DELETE",
        by_address,
    ),
}
