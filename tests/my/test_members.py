"""Who acts for a customer: seen by its members, changed by its owners, joined by a signed link that works once."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.signing import Signer
from django.db import connection
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from cards.actions import throttle
from cards.errors import BadInput
from cards.models import Customer, Invitation, Membership, Person
from cards.models.invitation import SIGNER
from cards.people import accounts, members
from tests.billing.test_at_once import at_once
from tests.build import card_in_use, member, staff
from tests.console.pages import logged_in, text

pytestmark = pytest.mark.django_db

JOIN = "/my/join/"
PASSWORD = "a lamp in the fog"
WHO = {"username": "dora", "phone": "", "password": PASSWORD, "password_again": PASSWORD}
OWNERS_ONLY = "Owners decide who belongs to the account."
LAST_OWNER = "The account needs an owner: make another person the owner first."
OVER = "This invitation is no longer valid"
# All that changes something on the page.
CHANGES = ("invite", "invitation-revoke", "member-role", "member-remove")


@pytest.fixture(autouse=True)
def _in_english():
    with override("en"):
        yield


def of(user=None):
    """Somebody's browser, which reads English."""
    client = logged_in(user) if user else Client()
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def acme():
    """Acme's members by their role: the owner and the operator, and somebody who only looks."""
    return {
        role: member("Acme", name, role) for name, role in (("alice", "owner"), ("bob", "operator"), ("eve", "viewer"))
    }


def roles(customer="Acme"):
    return dict(Membership.objects.filter(customer__name=customer).values_list("user__username", "role"))


def path_of(change, user):
    """Where that change of this member, or of an invitation by the owner, is asked for."""
    membership = Membership.objects.get(user=user)
    if change == "invite":
        return f"/my/members/invite/{membership.customer_id}/"
    if change == "invitation-revoke":
        return f"/my/members/invitations/{invited(membership).pk}/revoke/"
    return f"/my/members/{membership.pk}/{change.removeprefix('member-')}/"


def invited(membership, role="operator"):
    return members.invite_member(membership.customer, role, by=membership.user)


def invitation_of(owner, role="operator"):
    return invited(Membership.objects.get(user=owner), role)


def with_link(client, invitation):
    """The browser once it has opened the link: its script has posted what stands behind the #."""
    client.post(JOIN, {"link": f"#{invitation.token}"})
    return client


def state():
    """Everything that the page can change."""
    told = Invitation.objects.order_by("pk").values_list("role", "revoked_at", "accepted_by")
    return roles(), list(told), User.objects.count()


# the page


def test_members_see_each_other_and_only_owners_see_what_to_change(acme):
    invitation = invitation_of(acme["owner"])
    for role, user in acme.items():
        page = text(of(user).get("/my/members/"))
        assert re.findall(r"<strong>(\w+)</strong> <span class=\"muted\">(\w+)</span>", page) == [
            ("alice", "Owner"),
            ("bob", "Operator"),
            ("eve", "Viewer"),
        ]
        is_owner = role == "owner"
        told = invitation.token in page, "Create invitation link" in page, "Change role" in page, "Remove" in page
        assert told == (is_owner,) * 4


def test_who_acts_for_two_customers_changes_only_what_they_own(acme):
    both = acme["owner"]
    Membership.objects.create(customer=Customer.objects.create(name="Northwind"), user=both, role="viewer")
    page = text(of(both).get("/my/members/"))
    assert (page.count('<h2 id="customer-'), page.count("Create invitation link")) == (2, 1)


def test_who_acts_for_nobody_is_told_so():
    assert "You are not a member of any customer yet." in text(
        of(User.objects.create_user("nobody")).get("/my/members/")
    )


def test_a_long_list_takes_no_more_statements(acme, django_assert_max_num_queries):
    for number in range(20):
        member("Acme", f"member{number}", "viewer")
        invitation_of(acme["owner"])
    client = of(acme["owner"])
    with django_assert_max_num_queries(8):
        client.get("/my/members/")


# changing roles, and removing


@pytest.mark.parametrize("role", ["owner", "operator", "viewer"])
def test_an_owner_changes_a_role(acme, role):
    response = of(acme["owner"]).post(path_of("member-role", acme["operator"]), {"role": role})
    assert (response.status_code, response["Location"]) == (302, "/my/members/")
    assert roles() == {"alice": "owner", "bob": role, "eve": "viewer"}


def test_a_role_that_is_none_changes_nothing(acme):
    path = path_of("member-role", acme["operator"])
    for posted in ({"role": "admin"}, {"role": ""}, {}):
        assert of(acme["owner"]).post(path, posted).status_code == 404
    assert roles() == {"alice": "owner", "bob": "operator", "eve": "viewer"}


def test_who_is_removed_sees_the_cards_no_more(acme):
    card, bob = card_in_use(customer="Acme"), of(acme["operator"])
    assert bob.get(f"/my/cards/{card.iccid}/").status_code == 200
    path, alice = path_of("member-remove", acme["operator"]), of(acme["owner"])
    assert [alice.post(path).status_code for _twice in range(2)] == [302, 404]
    assert roles() == {"alice": "owner", "eve": "viewer"}
    assert bob.get(f"/my/cards/{card.iccid}/").status_code == 404
    assert User.objects.filter(username="bob", is_active=True).exists()  # the account is theirs, and stays


@pytest.mark.parametrize(("change", "posted"), [("member-role", {"role": "viewer"}), ("member-remove", {})])
def test_the_last_owner_neither_steps_down_nor_leaves(acme, change, posted):
    alice, path = of(acme["owner"]), path_of(change, acme["owner"])
    assert LAST_OWNER in text(alice.post(path, posted, follow=True))
    assert roles() == {"alice": "owner", "bob": "operator", "eve": "viewer"}
    members.set_role(Membership.objects.get(user=acme["operator"]), "owner", by=acme["owner"])
    User.objects.filter(username="bob").update(is_active=False)  # who cannot log in looks after nothing
    assert LAST_OWNER in text(alice.post(path, posted, follow=True))
    User.objects.filter(username="bob").update(is_active=True)
    assert LAST_OWNER not in text(alice.post(path, posted, follow=True))
    assert roles() == {"bob": "owner", "eve": "viewer"} | ({"alice": "viewer"} if posted else {})


def test_the_last_owner_may_be_made_the_owner_again(acme):
    assert LAST_OWNER not in text(
        of(acme["owner"]).post(path_of("member-role", acme["owner"]), {"role": "owner"}, follow=True)
    )
    assert roles()["alice"] == "owner"


def test_a_member_who_has_left_meanwhile_is_not_changed(acme):
    left = Membership.objects.get(user=acme["operator"])
    members.remove_member(left, by=acme["owner"])
    for change in (
        lambda: members.remove_member(left, by=acme["owner"]),
        lambda: members.set_role(left, "viewer", by=acme["owner"]),
    ):
        with pytest.raises(BadInput) as bad:
            change()
        assert str(bad.value.sentence) == "This person is no longer a member."


# who may not


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("role", ["operator", "viewer"])
def test_who_is_no_owner_changes_nothing_and_is_told_who_may(acme, change, role):
    path = path_of(change, acme["owner"])
    before = state()
    response = of(acme[role]).post(path, {"role": "owner"})
    assert (response.status_code, OWNERS_ONLY in text(response)) == (403, True)
    assert state() == before


@pytest.mark.parametrize("change", CHANGES)
def test_for_the_owner_of_another_customer_nothing_of_it_exists(acme, change):
    charlie, path = of(member("Northwind", "charlie")), path_of(change, acme["owner"])
    before = state()
    assert charlie.post(path, {"role": "owner"}).status_code == 404
    assert state() == before
    assert "alice" not in text(charlie.get("/my/members/"))


@pytest.mark.parametrize("change", CHANGES)
def test_an_owner_who_only_looks_elsewhere_changes_nothing_there(acme, change):
    Membership.objects.create(customer=Customer.objects.create(name="Northwind"), user=acme["viewer"], role="owner")
    path = path_of(change, acme["owner"])
    before = state()
    assert of(acme["viewer"]).post(path, {"role": "owner"}).status_code == 403
    assert state() == before


@pytest.mark.parametrize("change", CHANGES)
def test_strangers_log_in_first_staff_find_nothing_and_a_look_changes_nothing(acme, change):
    path = path_of(change, acme["owner"])
    before = state()
    sent = of().post(path, {"role": "owner"}, headers={"referer": "http://testserver/my/members/"})
    assert sent["Location"] == "/admin/login/?next=/my/members/"
    assert of(staff("assign")).post(path, {"role": "owner"}).status_code == 404
    assert of(acme["owner"]).get(path).status_code == 405
    assert state()[:2] == before[:2]


def test_the_page_is_for_members():
    assert of().get("/my/members/")["Location"] == "/admin/login/?next=/my/members/"
    assert of(staff()).get("/my/members/").status_code == 404


# invitations


@pytest.mark.parametrize("role", ["owner", "operator", "viewer"])
def test_who_is_invited_joins_once_as_what_they_were_invited_as(acme, role):
    alice, dora = of(acme["owner"]), User.objects.create_user("dora")
    page = text(alice.post(path_of("invite", acme["owner"]), {"role": role}, follow=True))
    (url,) = set(re.findall(r"http://127.0.0.1:8000/my/join/#[^<\"]+", page))
    dora = of(dora)
    assert dora.post(JOIN, {"link": f" {url}\n"})["Location"] == JOIN
    asked = text(dora.get(JOIN))
    assert ("alice invites you" in asked, "Acme" in asked, "You join as dora." in asked) == (True,) * 3
    assert dora.post(JOIN)["Location"] == "/my/"
    assert roles() == {"alice": "owner", "bob": "operator", "eve": "viewer", "dora": role}
    assert url not in text(alice.get("/my/members/"))
    for client in (dora, of(member("Northwind", "charlie")), of()):
        response = client.post(JOIN, {"link": url} | WHO | {"username": "fred"})
        assert (response.status_code, OVER in text(response)) == (404, True)
        assert "Paste the whole link here" in text(client.get(JOIN))
    assert (roles().get("charlie"), User.objects.filter(username="fred").exists()) == (None, False)


def test_a_link_leads_to_the_portal_whatever_host_is_asked_for(acme, settings):
    """And nowhere where nobody has said where the portal is."""
    settings.ALLOWED_HOSTS = ["*"]
    invitation = invitation_of(acme["owner"])
    poisoned = {"headers": {"host": "evil.example", "x-forwarded-host": "evil.example"}}
    for address, link in (("https://sim.example.cn", f"https://sim.example.cn/my/join/#{invitation.token}"), ("", "")):
        settings.PORTAL_URL = address
        page = text(of(acme["owner"]).get("/my/members/", **poisoned))
        assert re.findall(r'data-copy="([^"]*)"', page) == [link] * bool(link)
        assert ("evil.example" in page, "has no address for links yet" in page) == (False, not link)


def test_to_look_at_an_invitation_accepts_nothing(acme):
    invitation = invitation_of(acme["owner"])
    before = state()
    for client in (of(), of(User.objects.create_user("dora"))):
        assert "alice invites you" in text(with_link(client, invitation).get(JOIN))
    assert state()[:2] == before[:2]


def test_a_member_who_follows_a_link_is_told_and_leaves_it_for_somebody_else(acme):
    invitation = invitation_of(acme["owner"], "owner")
    response = with_link(of(acme["viewer"]), invitation).post(JOIN)
    assert (response.status_code, "You are already a member of Acme." in text(response)) == (200, True)
    assert (roles()["eve"], Invitation.objects.open().get()) == ("viewer", invitation)


def test_staff_join_nobody(acme):
    posted = {"link": invitation_of(acme["owner"]).token}
    assert [of(staff()).get(JOIN).status_code, of(staff(username="other")).post(JOIN, posted).status_code] == [404, 404]
    assert roles() == {"alice": "owner", "bob": "operator", "eve": "viewer"}


def test_a_revoked_link_opens_nothing_and_revoking_twice_is_once(acme):
    alice, invitation = of(acme["owner"]), invitation_of(acme["owner"])
    path = f"/my/members/invitations/{invitation.pk}/revoke/"
    assert alice.post(path)["Location"] == "/my/members/"
    revoked_at = Invitation.objects.get().revoked_at
    assert alice.post(path).status_code == 302
    assert Invitation.objects.get().revoked_at == revoked_at
    response = of(User.objects.create_user("dora")).post(JOIN, {"link": invitation.token})
    assert (response.status_code, OVER in text(response), roles().get("dora")) == (404, True, None)


def test_an_invitation_that_is_revoked_while_somebody_looks_at_it_is_over(acme):
    invitation = invitation_of(acme["owner"])
    browsers = [with_link(of(who), invitation) for who in (None, User.objects.create_user("dora"))]
    members.revoke_invitation(invitation, by=acme["owner"])
    for browser, posted in zip(browsers, (WHO | {"username": "fred"}, {}), strict=True):
        response = browser.post(JOIN, posted)
        assert (response.status_code, OVER in text(response)) == (404, True)
    assert (roles().get("dora"), User.objects.filter(username="fred").exists()) == (None, False)


def test_whoever_logs_in_first_joins_all_the_same_and_once(acme):
    """The secret waits in the session, and is gone with it."""
    User.objects.create_user("dora", password=PASSWORD)
    browser = with_link(of(), invitation_of(acme["owner"], "viewer"))
    assert '/admin/login/?next=/my/join/"' in text(browser.get(JOIN))
    browser.post("/admin/login/", {"username": "dora", "password": PASSWORD, "next": JOIN})
    assert "You join as dora." in text(browser.get(JOIN))
    assert (browser.post(JOIN)["Location"], roles()["dora"]) == ("/my/", "viewer")
    assert "Paste the whole link here" in text(browser.get(JOIN))


def test_another_link_takes_the_place_of_the_one_that_was_opened_before(acme):
    browser, invitation = of(User.objects.create_user("dora")), invitation_of(acme["owner"], "viewer")
    with_link(browser, invitation_of(member("Northwind", "charlie")))
    assert "Acme" in text(with_link(browser, invitation).get(JOIN))


def test_a_link_of_version_0_7_leads_on_and_leaves_its_address(acme):
    invitation, dora = invitation_of(acme["owner"]), of(User.objects.create_user("dora"))
    assert dora.get(f"/my/join/{invitation.token}/")["Location"] == JOIN
    assert dora.post(JOIN)["Location"] == "/my/"
    assert [dora.get(f"/my/join/{token}/").status_code for token in (invitation.token, "x")] == [404, 404]


def test_an_accepted_invitation_cannot_be_revoked_any_more(acme):
    invitation, dora = invitation_of(acme["owner"]), User.objects.create_user("dora")
    assert members.accept(invitation, dora)
    assert not members.revoke_invitation(invitation, by=acme["owner"])
    assert (Invitation.objects.get().revoked_at, roles()["dora"]) == (None, "operator")


def test_a_link_runs_out_after_a_week_to_the_second(acme):
    invitation = invitation_of(acme["owner"])
    assert abs(invitation.until - timezone.now() - timedelta(days=7)) < timedelta(minutes=1)
    moments = invitation.until - timedelta(seconds=1), invitation.until
    assert [Invitation.objects.open(now).exists() for now in moments] == [True, False]
    Invitation.objects.update(until=timezone.now())
    dora = User.objects.create_user("dora")
    assert OVER in text(of(dora).post(JOIN, {"link": invitation.token}))
    assert not members.accept(invitation, dora)
    assert invitation.token not in text(of(acme["owner"]).get("/my/members/"))


def test_a_link_that_is_not_ours_opens_nothing(acme):
    invitation = invitation_of(acme["owner"])
    other = members.invite_member(invitation.customer, "owner", by=acme["owner"])
    pk, signature = invitation.token.split(":")
    flipped = signature[:-2] + ("A" if signature[-2] != "A" else "B") + signature[-1]
    forged = [
        pk,
        f"{pk}:",
        f":{signature}",
        f"{pk}:{flipped}",
        f"{other.pk}:{signature}",
        invitation.token.lower(),
        invitation.token + "A",
        Signer(salt="something else").sign(pk),
        Signer(key="another key", salt=SIGNER.salt).sign(pk),
        SIGNER.sign("999999999"),
    ]
    dora = User.objects.create_user("dora")
    for token in forged:
        response = of(dora).post(JOIN, {"link": token})
        assert (token, response.status_code, OVER in text(response)) == (token, 404, True)
    assert "dora" not in roles()


@pytest.mark.parametrize("end", ["demoted", "removed", "removed by the dealer", "shut out"])
def test_who_may_not_invite_any_more_has_invited_nobody(acme, end):
    members.set_role(Membership.objects.get(user=acme["operator"]), "owner", by=acme["owner"])
    invitation, bob = invitation_of(acme["operator"]), Membership.objects.get(user=acme["operator"])
    {
        "demoted": lambda: members.set_role(bob, "operator", by=acme["owner"]),
        "removed": lambda: members.remove_member(bob, by=acme["owner"]),
        "removed by the dealer": bob.delete,
        "shut out": lambda: User.objects.filter(pk=bob.user_id).update(is_active=False),
    }[end]()
    dora = User.objects.create_user("dora")
    assert OVER in text(of(dora).post(JOIN, {"link": invitation.token}))
    assert not members.accept(invitation, dora)
    assert "dora" not in roles()


# somebody new


def test_somebody_new_makes_an_account_joins_and_logs_in_by_phone(acme):
    browser = with_link(of(), invitation_of(acme["owner"], "viewer"))
    assert "Create account and join" in text(browser.get(JOIN))
    assert browser.post(JOIN, WHO | {"phone": "+86 138-0013 8000"})["Location"] == "/my/"
    assert browser.get("/my/").status_code == 200
    assert (roles()["dora"], Person.objects.get(user__username="dora").phone) == ("viewer", "13800138000")
    again = of()
    login = again.post("/admin/login/", {"username": "13800138000", "password": PASSWORD, "next": "/my/"})
    assert (login["Location"], again.get("/my/members/").status_code) == ("/my/", 200)


WRONG = {
    "too short": ({"password": "ab3", "password_again": "ab3"}, "too short"),
    "only digits": ({"password": "4711471147114", "password_again": "4711471147114"}, "entirely numeric"),
    "common": ({"password": "password1", "password_again": "password1"}, "too common"),
    "like the name": (
        {"username": "dora.lindgren", "password": "dora.lindgren", "password_again": "dora.lindgren"},
        "too similar",
    ),
    "not the same": ({"password_again": PASSWORD + "!"}, "The passwords do not match."),
    "no password": ({"password": "", "password_again": ""}, "This field is required."),
    "no name": ({"username": ""}, "This field is required."),
    "a name with spaces": ({"username": "do ra"}, "Enter a valid username."),
    "a name that is taken": ({"username": "bob"}, "This user name is already taken."),
    "a phone for a name": ({"username": "13800138000"}, "A user name cannot be a phone number"),
    "a phone in another writing for a name": ({"username": "+8613800138000"}, "A user name cannot be a phone number"),
    "no mobile number": ({"phone": "010-12345678"}, "A mobile number has 11 digits and begins with 1."),
    "a phone that is taken": ({"phone": "0086 13900139000"}, "This phone number is already in use."),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_account_that_cannot_be_leaves_the_link_open_and_unlogged(acme, case, caplog):
    accounts.change_account(acme["owner"], name="", email="", phone="13900139000")
    invitation = invitation_of(acme["owner"])
    wrong, sentence = WRONG[case]
    before = state()
    response = with_link(of(), invitation).post(JOIN, WHO | wrong)
    assert (response.status_code, sentence in text(response)) == (422, True)
    assert (state(), invitation.token in caplog.text) == (before, False)
    assert (Person.objects.exclude(user=acme["owner"]).exists(), Invitation.objects.open().get()) == (False, invitation)


def test_an_address_makes_twenty_accounts_a_day_and_what_is_refused_counts_too(acme):
    limit = throttle.ACCOUNTS_OF_ADDRESS.most
    browser = with_link(of(), invitation_of(acme["owner"]))
    taken = WHO | {"username": "bob"}
    sentences = [
        re.findall("This user name is already taken|Too many accounts", text(browser.post(JOIN, taken)))
        for _try in range(limit + 1)
    ]
    assert sentences == [["This user name is already taken"]] * limit + [["Too many accounts"]]
    assert "Too many accounts" in text(browser.post(JOIN, WHO))
    elsewhere = browser.post(JOIN, WHO, REMOTE_ADDR="198.51.100.7")
    assert (elsewhere.status_code, roles()["dora"]) == (302, "operator")


# at the same moment

threads = pytest.mark.django_db(transaction=True, serialized_rollback=True)
not_on_sqlite = pytest.mark.skipif(
    connection.vendor == "sqlite",
    reason="SQLite has one writer at a time, and in tests all threads share its connection",
)


@threads
@not_on_sqlite
def test_of_ten_who_follow_one_link_at_the_same_moment_one_joins():
    invitation = invitation_of(member())
    users = [User.objects.create_user(f"guest{number}") for number in range(10)]
    answers = at_once([lambda user=user: members.accept(invitation, user) for user in users])
    assert sorted(answers) == [False] * 9 + [True]
    assert len(roles()) == 2


@threads
@not_on_sqlite
def test_of_two_owners_who_leave_at_the_same_moment_one_stays():
    for _round in range(5):
        Membership.objects.all().delete()
        both = [Membership.objects.get(user=member("Acme", f"owner{User.objects.count()}")) for _owner in range(2)]
        answers = at_once([lambda each=each: members.remove_member(each, by=each.user) for each in both])
        assert sorted(isinstance(answer, BadInput) for answer in answers) == [False, True]
        assert len(roles()) == 1


@threads
@not_on_sqlite
def test_of_two_with_the_same_phone_at_the_same_moment_one_has_it():
    calls = [
        lambda name=name: accounts.make_person(username=name, password=PASSWORD, phone="13800138000").username
        for name in ("dora", "fred")
    ]
    answers = at_once(calls)
    assert sum(isinstance(answer, BadInput) for answer in answers) == 1
    assert (Person.objects.count(), User.objects.count()) == (1, 1)
