"""Who makes somebody a member of a customer: its owners, or an admin; nobody themselves, never staff, all on record."""

import pytest
from django.contrib.auth.models import Permission, User

from cards.actions.claims import claim
from cards.errors import BadInput
from cards.models import AuditEntry, Customer, Membership
from cards.people.members import accept, add_member, invite_member, remove_member, revoke_invitation, set_role
from simportal.roles import permissions_of
from tests.build import member, registered
from tests.console.pages import logged_in, of_role, superuser, text

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}
NOT_OFFERED = "Choose somebody whom the field offers: staff are never members of a customer."
ROLES = ["support", "operations", "finance", "carrier_desk", "auditor"]


@pytest.fixture
def acme():
    return member().customers.get()


def of(customer="Acme"):
    return dict(Membership.objects.filter(customer__name=customer).values_list("user__username", "role"))


def form(customer, *rows):
    """What the admin's form of a customer posts: rows of (membership or None, user, role, whether it goes)."""
    posted = {
        "name": customer.name,
        "kind": customer.kind,
        "memberships-TOTAL_FORMS": len(rows),
        "memberships-INITIAL_FORMS": sum(row[0] is not None for row in rows),
    }
    for number, (membership, user, role, goes) in enumerate(rows):
        row = {"id": membership and membership.pk, "customer": customer.pk, "user": user.pk, "role": role}
        row |= {"DELETE": "on"} if goes else {}
        posted |= {f"memberships-{number}-{name}": value for name, value in row.items() if value is not None}
    return posted


def save(client, customer, *rows):
    return client.post(f"/admin/cards/customer/{customer.pk}/change/", form(customer, *rows), headers=ENGLISH)


def told():
    entries = AuditEntry.objects.exclude(action__in=["added", "changed", "page_refused"]).order_by("pk")
    return [(e.action, e.actor_name, e.about, str(e.customer), e.details) for e in entries]


def test_an_admin_gives_changes_and_takes_memberships_and_each_is_recorded(acme):
    client, bob = superuser(), User.objects.create_user("bob", first_name="Bob Li")
    alice = Membership.objects.get()
    assert save(client, acme, (alice, alice.user, "owner", False), (None, bob, "owner", False)).status_code == 302
    bobs = Membership.objects.get(user=bob)
    assert (of(), "Bob Li" in text(client.get(f"/admin/cards/customer/{acme.pk}/change/"))) == (
        {"alice": "owner", "bob": "owner"},
        True,
    )
    assert save(client, acme, (alice, alice.user, "owner", True), (bobs, bob, "viewer", False)).status_code == 302
    assert of() == {"bob": "viewer"}  # the dealer may leave a customer without an owner
    assert told() == [
        ("member_added", "admin", "bob", "Acme", {"role": "owner"}),
        ("member_removed", "admin", "alice", "Acme", {"role": "owner"}),
        ("member_changed", "admin", "bob", "Acme", {"before": {"role": "owner"}, "after": {"role": "viewer"}}),
    ]


def test_the_form_takes_nobody_whom_its_field_does_not_offer(acme):
    client, ops = superuser(), User.objects.create_user("ops", is_staff=True)
    offered = client.get(
        "/admin/autocomplete/",
        {"app_label": "cards", "model_name": "membership", "field_name": "user", "term": ""},
    ).json()["results"]
    assert [each["text"] for each in offered] == ["alice"]
    alice = Membership.objects.get()
    for posted in (ops, User.objects.get(username="admin"), User(pk=999_999)):
        page = save(client, acme, (alice, alice.user, "owner", False), (None, posted, "owner", False))
        assert (page.status_code, NOT_OFFERED in text(page)) == (200, True)
    assert (of(), told()) == ({"alice": "owner"}, [])


def test_whose_a_membership_is_stays(acme):
    alice, bob = Membership.objects.get(), User.objects.create_user("bob")
    save(superuser(), acme, (alice, bob, "viewer", False))
    assert of() == {"alice": "viewer"}


@pytest.mark.parametrize("role", ROLES)
def test_no_role_gives_a_membership(acme, role):
    given = {f"cards.{verb}_membership" for verb in ("add", "change", "delete")}
    assert given.isdisjoint(permissions_of(role))
    client, stranger, alice = of_role(role), User.objects.create_user("stranger"), Membership.objects.get()
    save(client, acme, (alice, alice.user, "viewer", True), (None, stranger, "owner", False))
    posted = form(Customer(name="Other", kind="enterprise"), (None, stranger, "owner", False))
    client.post("/admin/cards/customer/add/", posted, headers=ENGLISH)
    assert (list(Membership.objects.values_list("user__username", "role")), told()) == ([("alice", "owner")], [])


def test_operations_still_add_customers():
    of_role("operations").post("/admin/cards/customer/add/", form(Customer(name="Other", kind="enterprise")))
    assert Customer.objects.get().name == "Other"


def test_who_was_given_the_permission_gives_none_to_themselves_or_staff(acme):
    keeper = User.objects.create_user("keeper", is_staff=True)
    codenames = ("add_membership", "change_membership", "change_customer", "view_customer", "view_user")
    keeper.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    alice, bob = Membership.objects.get(), User.objects.create_user("bob")
    page = save(logged_in(keeper), acme, (alice, alice.user, "owner", False), (None, keeper, "owner", False))
    assert (page.status_code, NOT_OFFERED in text(page), of()) == (200, True, {"alice": "owner"})
    save(logged_in(keeper), acme, (alice, alice.user, "owner", False), (None, bob, "operator", False))
    assert of() == {"alice": "owner", "bob": "operator"}


def test_no_door_makes_staff_a_member(acme):
    ops, owner = User.objects.create_user("ops", is_staff=True), Membership.objects.get().user
    for give in (
        lambda: accept(invite_member(acme, "owner", by=owner), ops),
        lambda: add_member(Membership(customer=acme, user=ops, role="owner"), by=owner),
    ):
        with pytest.raises(BadInput) as refused:
            give()
        assert refused.value.field == "user"
    assert of() == {"alice": "owner"}


def test_what_owners_do_is_recorded_and_what_changes_nothing_is_not(acme):
    alice, bob = User.objects.get(username="alice"), User.objects.create_user("bob")
    invitation = invite_member(acme, "viewer", by=alice)
    assert accept(invitation, bob)
    bobs = Membership.objects.get(user=bob)
    set_role(bobs, "operator", by=alice)
    set_role(bobs, "operator", by=alice)
    remove_member(bobs, by=bob)
    other = invite_member(acme, "owner", by=alice)
    assert [revoke_invitation(other, by=alice) for _twice in range(2)] == [True, False]
    with pytest.raises(BadInput):
        remove_member(Membership.objects.get(), by=alice)
    assert told() == [
        ("invited", "alice", "Acme", "Acme", {"role": "viewer"}),
        ("joined", "bob", "bob", "Acme", {"role": "viewer"}),
        ("member_changed", "alice", "bob", "Acme", {"before": {"role": "viewer"}, "after": {"role": "operator"}}),
        ("member_removed", "bob", "bob", "Acme", {"role": "operator"}),
        ("invited", "alice", "Acme", "Acme", {"role": "owner"}),
        ("invitation_revoked", "alice", "Acme", "Acme", {"role": "owner"}),
    ]


def test_who_registers_with_a_card_is_recorded_as_the_owner():
    customer = registered("Fresh Corp", "fresh")
    assert told() == [("member_added", "fresh", "fresh", customer.name, {"role": "owner"})]
    assert claim("89860000000000000001", "AAAA-AAAA-AAAA", user=customer.registered_by) is None
    assert len(told()) == 1
