"""Who plays in the demo: staff, customers and the people who act for them, and the carriers' numbers."""

from dataclasses import dataclass
from datetime import date
from itertools import cycle

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from cards.choices import Carrier, CustomerKind, ForcedMode, MemberRole
from cards.models import CarrierPolicy, Customer, Membership, Person
from cards.permissions import Actor
from simportal.roles import sync_roles

DEMO_PASSWORD = "demo"

STAFF = {"ops": "operations", "support": "support", "finance": "finance", "auditor": "auditor", "desk": "carrier_desk"}

# Who can log in, and what each is for.
ROLES_OF_STAFF = {
    "admin": "everything, with master data and users",
    "ops": "operations: all that is done to cards, imports, orders",
    "support": "looks, explains, stops and resumes cards",
    "finance": "prices, receipts, refunds, approvals",
    "desk": "the carrier desk: notes what carriers put under control and lift",
    "auditor": "reads everything, changes nothing",
}
ROLES_OF_CUSTOMERS = {
    "alice": "owner at an enterprise: also buys, and invites others",
    "bob": "operator at the same enterprise: acts on its cards",
    "charlie": "owner at another enterprise",
    "mei": "a person, whose cards need ID verification",
}


@dataclass(frozen=True)
class Client:
    """A customer and how much of the demo's fleet is theirs."""

    name: str
    carrier: str
    share: int
    contact: str
    phone: str
    kind: str = CustomerKind.ENTERPRISE


ENTERPRISES = (
    Client("海川共享出行有限公司", Carrier.CMCC, 5, "周敏", "13800010001"),
    Client("Northwind Cold Chain Logistics", Carrier.CUCC, 4, "Emma Clarke", "13800010002"),
    Client("绿野智慧农业科技有限公司", Carrier.CTCC, 3, "赵强", "13800010003"),
    Client("安居智能门锁（深圳）有限公司", Carrier.CMCC, 3, "刘洋", "13800010004"),
    Client("星河车联网科技股份有限公司", Carrier.CUCC, 3, "陈静", "13800010005"),
    Client("Blue Harbor Marine Tracking", Carrier.CTCC, 2, "Oliver Grant", "13800010006"),
    Client("捷运充电桩运营（广州）有限公司", Carrier.CMCC, 2, "黄磊", "13800010007"),
    Client("Acme Vending China", Carrier.CUCC, 2, "Sophie Turner", "13800010008"),
    Client("佰惠连锁超市有限公司", Carrier.CTCC, 2, "吴丹", "13800010009"),
)
PERSONS = (
    Client("李晓梅", Carrier.CMCC, 2, "李晓梅", "13900020001", CustomerKind.INDIVIDUAL),
    Client("王建国", Carrier.CUCC, 1, "王建国", "13900020002", CustomerKind.INDIVIDUAL),
    Client("Daniel Brooks", Carrier.CTCC, 1, "Daniel Brooks", "13900020003", CustomerKind.INDIVIDUAL),
)

FAMILY_NAMES = "王李张刘陈杨赵黄周吴徐孙"
GIVEN_NAMES = "伟芳敏静丽强磊洋艳勇娜杰"
CARDS_PER_PERSON = 6

# What differs from the numbers that every portal starts with.
POLICIES = {
    Carrier.CUCC: {"forced_mode": ForcedMode.OPENING_MONTH, "silent_months": 6},
    Carrier.CTCC: {"cycle_day": 27, "forced_mode": ForcedMode.DAYS, "silent_days": 180, "renewal_days": 90},
}
POLICIES_FROM = date(2020, 1, 1)

PHONES = {"alice": "13800010001", "bob": "13800010011", "charlie": "13800010002", "mei": "13900020001"}

OF_THE_FIRST = {"alice": MemberRole.OWNER, "bob": MemberRole.OPERATOR}


def persons(cards):
    """As many persons as have so many cards between them, each a few."""
    count = -(-cards // CARDS_PER_PERSON)
    names = (family + first + second for first in GIVEN_NAMES for second in GIVEN_NAMES for family in FAMILY_NAMES)
    others = [
        Client(name, carrier, 1, name, f"139{30_000 + number:08d}", CustomerKind.INDIVIDUAL)
        for number, (name, carrier) in enumerate(zip(names, cycle(POLICIES), strict=False))
    ]
    return [*PERSONS, *others[: max(0, count - len(PERSONS))]]


def make_cast(individuals=PERSONS):
    """Users, groups, customers and policies; the actors by their user names."""
    sync_roles()
    password = make_password(DEMO_PASSWORD)  # slow on purpose, and the same for all
    users = get_user_model().objects
    people = {"admin": users.create(username="admin", password=password, is_staff=True, is_superuser=True)}
    for name, role in STAFF.items():
        people[name] = users.create(username=name, password=password, is_staff=True)
        people[name].groups.add(Group.objects.get(name=role))
    for carrier, numbers in POLICIES.items():
        CarrierPolicy.objects.create(carrier=carrier, valid_from=POLICIES_FROM, **numbers)
    customers = [
        Customer.objects.create(name=client.name, kind=client.kind, contact=client.contact, phone=client.phone)
        for client in (*ENTERPRISES, *individuals)
    ]
    people |= _members(customers, password)
    return {name: Actor.of(person) for name, person in people.items()}


def _members(customers, password):
    roles = {name: (customers[0], role) for name, role in OF_THE_FIRST.items()}
    roles["charlie"] = (customers[1], MemberRole.OWNER)
    roles["mei"] = (customers[len(ENTERPRISES)], MemberRole.OWNER)  # a person, with cards that need ID verification
    members = {}
    for name, (customer, role) in roles.items():
        members[name] = get_user_model().objects.create(username=name, password=password)
        Membership.objects.create(customer=customer, user=members[name], role=role)
        Person.objects.create(user=members[name], phone=PHONES[name])
    return members
