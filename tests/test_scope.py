"""Whose things somebody sees, one table for all people and all kinds of rows; and what an actor makes of it."""

import uuid
from datetime import date
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser, User

from billing.actions import payments, receipts
from billing.choices import OrderKind
from billing.models import Notice, Order, Payment, Receipt
from billing.permissions import may_order, may_pay
from cards.actions.jobs import control
from cards.actions.requests import open_request
from cards.actions.selections import freeze_ids
from cards.calendar import civil_today
from cards.choices import ActorKind, JobKind, MemberRole
from cards.filters import CardFilter, OwnCardFilter, filter_for
from cards.models import Card, CardRequest, Customer, Invitation, Job, Membership
from cards.people import members
from cards.permissions import CUSTOMER_ACTIONS, Actor
from cards.scope import Scope
from tests.billing.build import drafted, notice, price
from tests.build import card_in_use, member, on_day, staff

pytestmark = pytest.mark.django_db

OWNED = (Card, Customer, Membership, Invitation, CardRequest, Order, Payment, Receipt, Notice)


@pytest.fixture
def people():
    """Staff and members of Acme, some of them shut out since; Globex has an owner; a stranger has not logged in."""
    clerk = staff("suspend", username="clerk")
    owner, other = member("Acme", "owner"), member("Globex", "other")
    people = {"clerk": clerk, "clerk_shut_out": staff("suspend", username="clerk_shut_out")}
    people |= {"owner": owner, "operator": member("Acme", "operator", "operator")}
    people |= {"viewer": member("Acme", "viewer", "viewer"), "owner_shut_out": member("Acme", "owner_shut_out")}
    people |= {"nobodys": User.objects.create_user("nobodys"), "other": other, "stranger": AnonymousUser()}
    price("Y1-30", "36.00")
    with on_day(date(2026, 3, 2)):
        everything_of("Acme", owner, clerk)
        everything_of("Globex", other, clerk)
    Job.objects.create(kind=JobKind.ORDER)  # asked for by a rule: without an owner
    for person in people.values():
        if not person.is_anonymous:
            control.draft(freeze_ids([], owner=person, asked={}), "suspend", user=person)
    User.objects.filter(username__endswith="_shut_out").update(is_active=False)
    return SimpleNamespace(
        **{name: person if person.is_anonymous else User.objects.get(pk=person.pk) for name, person in people.items()}
    )


def everything_of(name, person, clerk):
    """One of each thing that can belong to a customer."""
    card = card_in_use(customer=name)
    customer = card.customer
    members.invite_member(customer, MemberRole.VIEWER, by=person)
    open_request(card, by=person, text="Why?", evidence={}, key=uuid.uuid4())
    drafted(OrderKind.RENEWAL, [card], user=person, name=name)
    payments.start_deposit(customer, 10, user=person)
    receipts.record(customer, 10, f"bank {name}", civil_today(), user=clerk)
    notice(name, card)


ALL, ACMES, GLOBEXS, NOTHING = {"Acme", "Globex"}, {"Acme"}, {"Globex"}, set()
SEEN = {
    "clerk": ALL,
    "clerk_shut_out": NOTHING,
    "owner": ACMES,
    "operator": ACMES,
    "viewer": ACMES,
    "owner_shut_out": NOTHING,
    "nobodys": NOTHING,
    "other": GLOBEXS,
    "stranger": NOTHING,
}


def test_everybody_sees_what_is_their_customers_and_nothing_else(people):
    """Of each kind of rows the same: a list that showed more than the others would stand out here."""
    seen = {
        person: {rows.__name__: {name_of(row) for row in rows.objects.visible_to(user)} for rows in OWNED}
        for person, user in vars(people).items()
    }
    assert seen == {person: {rows.__name__: names for rows in OWNED} for person, names in SEEN.items()}


def name_of(row):
    return row.name if isinstance(row, Customer) else row.customer.name


def test_a_job_is_seen_by_whoever_asked_for_it_and_by_staff(people):
    """One who is shut out sees not even their own, and a stranger none of those that nobody asked for."""
    seen = {
        person: sorted({str(job.owner) for job in Job.objects.visible_to(user)})
        for person, user in vars(people).items()
    }
    everybody = sorted({"None", *(person for person in SEEN if person != "stranger")})
    own = {person: [person] for person in ("owner", "operator", "viewer", "nobodys", "other")}
    assert seen == own | {"clerk": everybody, "clerk_shut_out": [], "owner_shut_out": [], "stranger": []}


def test_who_acts_for_a_customer_and_who_signs(people):
    acme, globex = (Customer.objects.get(name=name).pk for name in ("Acme", "Globex"))
    actors = {person: Actor.of(user) for person, user in vars(people).items()}
    nobody = frozenset()
    assert {person: (actor.kind, actor.actions, actor.customers) for person, actor in actors.items()} == {
        "clerk": (ActorKind.STAFF, frozenset({"suspend"}), None),
        "clerk_shut_out": (ActorKind.STAFF, nobody, nobody),
        "owner": (ActorKind.CUSTOMER, CUSTOMER_ACTIONS, frozenset({acme})),
        "operator": (ActorKind.CUSTOMER, CUSTOMER_ACTIONS, frozenset({acme})),
        "viewer": (ActorKind.CUSTOMER, CUSTOMER_ACTIONS, nobody),
        "owner_shut_out": (ActorKind.CUSTOMER, nobody, nobody),
        "nobodys": (ActorKind.CUSTOMER, CUSTOMER_ACTIONS, nobody),
        "other": (ActorKind.CUSTOMER, CUSTOMER_ACTIONS, frozenset({globex})),
        "stranger": (ActorKind.CUSTOMER, nobody, nobody),
    }
    may = {person: (may_order(user, acme), may_pay(user, acme)) for person, user in vars(people).items()}
    assert {person for person, both in may.items() if both == (True, True)} == {"owner", "operator"}
    assert {both for person, both in may.items() if person not in ("owner", "operator")} == {(False, False)}
    owning = {person: set(Scope.of(user).owns) for person, user in vars(people).items()}
    assert {person: owned for person, owned in owning.items() if owned} == {"owner": {acme}, "other": {globex}}


def test_only_staff_who_are_not_shut_out_are_offered_what_the_dealer_notes(people):
    offered = {person: type(filter_for(user, {})) for person, user in vars(people).items()}
    assert offered == dict.fromkeys(SEEN, OwnCardFilter) | {"clerk": CardFilter}


def test_a_scope_needs_no_person(people):
    """So a key of an API has its customer's scope, and a dealer of dealers that of several customers."""
    acme, globex = Customer.objects.in_bulk(["Acme", "Globex"], field_name="name").values()
    scope = Scope(roles={acme.pk: MemberRole.OPERATOR, globex.pk: MemberRole.VIEWER})
    assert {card.customer for card in Card.objects.within(scope)} == {acme, globex}
    assert (scope.acts_for, scope.owns, scope.sees_all) == ({acme.pk}, frozenset(), False)
    assert set(Card.objects.within(Scope())) == set()


def test_memberships_are_asked_for_once_and_not_of_staff(people, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Scope.of(people.clerk).sees_all
        assert not Scope.of(people.viewer).is_staff
    with django_assert_num_queries(1):
        scope = Scope.of(people.owner)
        assert (len(scope.acts_for), len(scope.owns), len(scope.roles)) == (1, 1, 1)
