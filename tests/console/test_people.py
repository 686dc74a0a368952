"""People in the console: the staff are invited, given roles and shut out by admins alone, and all of it is recorded."""

import re
from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pyotp
import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from cards.actions.audit import record
from cards.choices import AuditAction, StaffRole
from cards.errors import BadInput
from cards.models import AuditEntry, Invitation, Membership, StaffInvitation, Tries
from cards.people import second_factor, staff
from cards.people.accounts import person_of
from cards.people.members import accept, invite_member
from cards.people.people_lines import roles_told
from cards.permissions import ROLES
from cards.sentences.abilities import ABILITIES, told_abilities
from simportal import invitation_mail
from simportal.models import ResetAsked
from simportal.roles import VIEW_PERMISSIONS, permissions_of
from tests.billing.test_at_once import at_once
from tests.build import member
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db
not_on_sqlite = pytest.mark.skipif(
    connection.vendor == "sqlite",
    reason="SQLite has one writer at a time, and in tests all threads share its connection",
)

PEOPLE, INVITE, JOIN = "/console/people/", "/console/people/invite/", "/account/join/"
PASSWORD = "a lamp in the fog"
LI = {"first_name": "Li Na", "username": "li", "password": PASSWORD, "password_again": PASSWORD}
OVER = "This invitation is no longer valid"
YOUR_OWN = "You cannot do this to your own account"
ENGLISH = {"accept-language": "en"}
SUPERUSERS_ALONE = {"cards.keep_staff", "carriers.change_carrieraccount", "billing.change_provideraccount"}


@pytest.fixture(autouse=True)
def _in_english():
    with override("en"):
        yield


@pytest.fixture
def boss():
    return User.objects.create_superuser("boss", password="demo")


def of(user=None):
    client = logged_in(user) if user else Client()
    client.cookies["django_language"] = "en"
    return client


def colleague(name="cole", *roles):
    user = User.objects.create_user(name, password="demo", is_staff=True)
    user.groups.set(Group.objects.filter(name__in=roles or ["support"]))
    return user


def with_link(invitation, client=None):
    """A stranger's browser that has opened the link."""
    client = client or of()
    client.post(JOIN, {"link": f"#{invitation.token}"})
    return client


def told():
    return list(AuditEntry.objects.order_by("pk").values_list("action", "actor_name", "about", "details"))


def roles(name):
    return staff.roles_of(User.objects.get(username=name))


# the words


def test_the_words_follow_the_permissions():
    known = {f"{each.content_type.app_label}.{each.codename}" for each in Permission.objects.all()}
    spoken_of = frozenset().union(*(ability.permissions for ability in ABILITIES))
    assert spoken_of - known == SUPERUSERS_ALONE
    assert {role: sorted(permissions_of(role) - VIEW_PERMISSIONS - spoken_of) for role in ROLES} == {
        role: [] for role in ROLES
    }
    halves = [
        (role, str(ability.words))
        for role in ROLES
        for ability in ABILITIES
        if 0 < len(ability.permissions & permissions_of(role)) < len(ability.permissions)
    ]
    assert halves == []


def test_each_role_says_all_that_it_may_and_may_not():
    by_role = {role.role: (role.may, role.may_not) for role in roles_told()}
    assert list(by_role) == StaffRole.values
    assert {len(may) + len(may_not) for may, may_not in by_role.values()} == {len(ABILITIES)}
    assert by_role["support"][0] == [
        "look at cards, customers, jobs, orders and money",
        "stop cards on request and resume them; add remarks and tags",
        "answer customers' requests",
        "ask the carrier about a card",
    ]
    assert by_role["admin"][1] == []
    assert [
        role for role, (may, _not) in by_role.items() if "cancel cards for good, and swap lost or broken ones" in may
    ] == ["operations", "admin"]
    assert [role for role, (may, _not) in by_role.items() if any("roles" in words for words in may)] == ["admin"]


def test_what_somebody_may_only_in_part_is_neither():
    may, may_not = told_abilities({"cards.assign_card"}.__contains__)
    assert (may, len(may_not)) == ([], len(ABILITIES) - 1)


def test_a_role_is_called_as_the_reader_calls_it(boss):
    page = logged_in(boss).get(INVITE, headers={"accept-language": "zh-hans"})
    assert [
        label for label in ("客服", "运营", "财务", "运营商对接", "审计", "管理员") if label not in text(page)
    ] == []


# invited


def test_who_is_invited_chooses_a_name_and_has_the_roles_of_the_invitation_and_no_more(boss):
    page = text(of(boss).post(INVITE, {"roles": ["support", "finance"]}, follow=True))
    (link,) = set(re.findall(r"http://127.0.0.1:8000/account/join/#[^<\"]+", page))
    li = of()
    assert li.post(JOIN, {"link": f" {link}\n"})["Location"] == JOIN
    asked = text(li.get(JOIN))
    told_first, told_last = asked.split("May not")
    assert [w for w in ("boss invites you", "Support, Finance", "set prices, tiers") if w not in told_first] == []
    assert ("set prices, tiers" in told_last, "cancel cards for good" in told_last) == (False, True)
    taken = LI | {"roles": "admin", "is_superuser": "on", "is_staff": "", "groups": "1"}
    assert li.post(JOIN, taken | {"email": "li@example.cn", "phone": "13800138000"})["Location"] == "/"
    user = User.objects.get(username="li")
    assert (roles("li"), user.is_staff, user.is_superuser, user.first_name, user.email, user.person.phone) == (
        ["support", "finance"],
        True,
        False,
        "Li Na",
        "li@example.cn",
        "13800138000",
    )
    assert li.get("/console/cards/").status_code == 200
    assert told()[:2] == [
        ("invited", "boss", f"#{StaffInvitation.objects.get().pk}", {"roles": ["support", "finance"]}),
        ("joined", "li", "li", {"roles": ["support", "finance"]}),
    ]
    assert "account/join/#" not in text(of(boss).get(PEOPLE))


def test_an_admin_is_invited_by_an_admin(boss):
    with_link(staff.invite_colleague(["admin"], by=boss)).post(JOIN, LI)
    assert (roles("li"), User.objects.get(username="li").is_superuser) == (["admin"], True)


def test_who_must_log_in_in_two_steps_sets_them_up_before_anything_else(boss, settings):
    settings.STAFF_TOTP = "required"
    li = with_link(staff.invite_colleague(["support"], by=boss))
    assert li.post(JOIN, LI)["Location"] == "/account/two-factor/first/"
    assert li.get("/console/cards/")["Location"].startswith("/admin/login/")


def test_a_link_works_once_whoever_has_it(boss):
    invitation = staff.invite_colleague(["support"], by=boss)
    both = [with_link(invitation) for _browser in range(2)]
    answers = [client.post(JOIN, LI | {"username": name}) for client, name in zip(both, ("li", "wu"), strict=True)]
    assert [answer.status_code for answer in answers] == [302, 404]
    assert OVER in text(answers[1])
    assert OVER in text(of().post(JOIN, {"link": invitation.token}))
    assert not User.objects.filter(username="wu").exists()


def _revoked(invitation, boss):
    staff.revoke_staff_invitation(invitation, by=boss)


def _run_out(invitation, boss):
    StaffInvitation.objects.update(until=timezone.now() - timedelta(seconds=1))


def _shut_out(invitation, boss):
    other = User.objects.create_superuser("other", password="demo")
    staff.shut_out(boss, by=other)
    staff.let_in(boss, by=other)


def _inactive(invitation, boss):
    User.objects.filter(pk=boss.pk).update(is_active=False)


def _no_admin(invitation, boss):
    User.objects.filter(pk=boss.pk).update(is_superuser=False)


@pytest.mark.parametrize("over", [_revoked, _run_out, _shut_out, _inactive, _no_admin])
def test_an_invitation_that_is_over_meanwhile_opens_nothing(boss, over):
    invitation = staff.invite_colleague(["support"], by=boss)
    opened = with_link(invitation)
    over(invitation, boss)
    for answer in (opened.post(JOIN, LI), of().post(JOIN, {"link": invitation.token})):
        assert (answer.status_code, OVER in text(answer)) == (404, True)
    assert not User.objects.filter(username="li").exists()


def test_a_secret_that_is_another_ones_opens_nothing(boss):
    invitation = staff.invite_colleague(["support"], by=boss)
    of_member = invite_member(member().customers.get(), "owner", by=boss)
    for link in (of_member.token, f"{invitation.pk + 1}{invitation.token[1:]}", "x", ""):
        assert of().post(JOIN, {"link": link}).status_code == 404
    assert of().post("/my/join/", {"link": invitation.token}).status_code == 404


@pytest.mark.parametrize("who", [lambda: member("Acme", "alice"), lambda: colleague("ops")])
def test_who_is_logged_in_is_told_to_log_out_and_accepts_nothing(boss, who):
    user, invitation = who(), staff.invite_colleague(["admin"], by=boss)
    client = of(user)
    assert "log out, then open the link again" in text(client.get(JOIN))
    for posted in ({"link": invitation.token}, LI):
        assert client.post(JOIN, posted).status_code == 409
    user.refresh_from_db()
    assert (user.is_superuser, StaffInvitation.objects.open().count(), User.objects.count()) == (False, 1, 2)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"username": "BOSS"}, "This user name is already taken."),
        ({"username": "13800138000"}, "A user name cannot be a phone number"),
        ({"password": "12345678", "password_again": "12345678"}, "entirely numeric"),
        ({"password_again": "other"}, "The passwords do not match."),
        ({"first_name": ""}, "This field is required."),
        ({"email": "li"}, "Enter a valid email address."),
    ],
)
def test_bad_input_is_a_sentence_and_leaves_the_invitation_open(boss, wrong, sentence):
    li = with_link(staff.invite_colleague(["support"], by=boss))
    answer = li.post(JOIN, LI | wrong)
    assert (answer.status_code, sentence in text(answer)) == (422, True)
    assert (User.objects.count(), StaffInvitation.objects.open().count()) == (1, 1)
    assert li.post(JOIN, LI).status_code == 302


@pytest.mark.parametrize("posted", [{"email": ""}, {"roles": ["root"]}, {"roles": ["support"], "email": "x"}])
def test_an_invitation_has_roles_that_there_are(boss, posted):
    assert of(boss).post(INVITE, posted).status_code == 422
    assert not StaffInvitation.objects.exists()


def test_nobody_but_an_admin_invites_whatever_the_door(boss):
    keeper = colleague("keeper")
    keeper.user_permissions.set(Permission.objects.all())
    for user in (keeper, colleague("ops", "operations"), member()):
        with pytest.raises(PermissionDenied):
            staff.invite_colleague(["support"], by=user)
    assert (StaffInvitation.objects.count(), told()) == (0, [])


def test_revoking_twice_is_once(boss):
    client, invitation = of(boss), staff.invite_colleague(["support"], by=boss)
    for _twice in range(2):
        assert client.post(f"{PEOPLE}invitations/{invitation.pk}/revoke/")["Location"] == PEOPLE
    assert [action for action, *_rest in told()] == ["invited", "invitation_revoked"]


# by mail


@pytest.fixture
def sends_mail(settings):
    settings.SENDS_MAIL = True


@pytest.mark.usefixtures("sends_mail")
def test_the_link_is_mailed_once_in_the_language_of_who_invites(boss):
    client = of(boss)
    page = text(client.post(INVITE, {"roles": ["support"], "email": "li@example.cn"}, follow=True))
    assert "Waiting to be mailed to li@example.cn." in page
    with override("zh-hans"):
        invite_member(member().customers.get(), "owner", by=boss, email="wu@example.cn")
    for _twice in range(2):
        invitation_mail.send_invitations()
    to_wu, to_li = sorted(mail.outbox, key=lambda sent: sent.to, reverse=True)
    assert (to_li.to, to_wu.to, len(mail.outbox)) == (["li@example.cn"], ["wu@example.cn"], 2)
    assert "boss invites you to work in the SIM card portal. Your role: Support." in to_li.body
    assert f"/account/join/#{StaffInvitation.objects.get().token}" in to_li.body
    assert "代理商邀请您以“所有者”的角色管理 Acme 的物联卡。" in to_wu.body
    assert (f"/my/join/#{Invitation.objects.get().token}" in to_wu.body, "boss" in to_wu.body) == (True, False)
    assert "Mailed to li@example.cn." in text(client.get(PEOPLE))
    assert "li@example.cn" not in str(told())


@pytest.mark.usefixtures("sends_mail")
def test_what_was_revoked_before_it_was_mailed_is_not_mailed(boss):
    staff.revoke_staff_invitation(staff.invite_colleague(["support"], by=boss, email="li@example.cn"), by=boss)
    invitation_mail.send_invitations()
    assert mail.outbox == []


@pytest.mark.usefixtures("sends_mail")
def test_what_the_mail_server_does_not_take_is_tried_again_and_then_given_up(boss, monkeypatch):
    def refuse(*_mail, **_how):
        raise SMTPServerDisconnected("gone")

    staff.invite_colleague(["support"], by=boss, email="li@example.cn")
    with monkeypatch.context() as patched:
        patched.setattr(User, "email_user", refuse)
        invitation_mail.send_invitations()
    invitation_mail.send_invitations()
    assert (mail.outbox, "Waiting to be mailed" in text(of(boss).get(PEOPLE))) == ([], True), "not every five seconds"
    Tries.objects.update(until=timezone.now())
    invitation_mail.send_invitations()
    assert (len(mail.outbox), "Mailed to li@example.cn." in text(of(boss).get(PEOPLE))) == (1, True)
    StaffInvitation.objects.update(mail_language="en", made_at=timezone.now() - timedelta(minutes=16))
    Tries.objects.update(until=timezone.now())
    invitation_mail.send_invitations()
    assert (len(mail.outbox), "Not mailed to li@example.cn" in text(of(boss).get(PEOPLE))) == (1, True)


def test_without_a_mail_server_the_page_says_to_send_the_link_oneself(boss, settings):
    settings.SENDS_MAIL = False
    assert "This portal sends no mail" in text(of(boss).get(INVITE))


# roles


def test_an_admin_changes_roles_and_other_groups_stay(boss):
    cole, own = colleague("cole", "support"), Group.objects.create(name="Night shift")
    cole.groups.add(own)
    address = f"{PEOPLE}{cole.pk}/roles/"
    for _twice in range(2):
        answer = of(boss).post(address, {"roles": ["finance", "auditor"]})
        assert answer["Location"] == f"{PEOPLE}{cole.pk}/"
    assert sorted(cole.groups.values_list("name", flat=True)) == ["Night shift", "auditor", "finance"]
    assert told() == [
        (
            "rights_changed",
            "boss",
            "cole",
            {"before": {"roles": ["support"]}, "after": {"roles": ["finance", "auditor"]}},
        )
    ]
    page = text(of(boss).get(f"{PEOPLE}{cole.pk}/"))
    assert ("roles: Support → Finance, Auditor" in page, "Night shift" in page) == (True, True)


def test_an_admin_is_made_and_unmade_by_another(boss):
    cole = colleague()
    for given in (["admin"], ["support"]):
        of(boss).post(f"{PEOPLE}{cole.pk}/roles/", {"roles": given})
        assert (roles("cole"), User.objects.get(pk=cole.pk).is_superuser) == (given, given == ["admin"])


@pytest.mark.parametrize("posted", [{}, {"roles": ["root"]}])
def test_roles_that_are_none_change_nothing(boss, posted):
    cole = colleague()
    assert of(boss).post(f"{PEOPLE}{cole.pk}/roles/", posted).status_code == 422
    assert (roles("cole"), told()) == (["support"], [])


@pytest.mark.parametrize(
    ("step", "posted"), [("roles", {"roles": ["support"]}), ("shut-out", {}), ("two-step-off", {})]
)
def test_nobody_does_it_to_themselves(boss, step, posted):
    answer = of(boss).post(f"{PEOPLE}{boss.pk}/{step}/", posted)
    assert (answer.status_code, YOUR_OWN in text(answer)) == (422, True)
    boss.refresh_from_db()
    assert (boss.is_superuser, boss.is_active, told()) == (True, True, [])


def test_in_the_admin_nobody_does_it_to_themselves_either(boss):
    form = of(boss).get(f"/admin/auth/user/{boss.pk}/change/").context["adminform"].form
    assert {"is_superuser", "is_staff", "is_active", "groups"}.isdisjoint(form.fields)


def test_customers_people_have_no_roles(boss):
    alice = member()
    assert of(boss).post(f"{PEOPLE}{alice.pk}/roles/", {"roles": ["admin"]}).status_code == 404
    assert 'name="roles"' not in text(of(boss).get(f"{PEOPLE}{alice.pk}/"))


def test_who_was_an_admin_until_a_moment_ago_changes_nothing(boss):
    cole = colleague()
    User.objects.filter(pk=boss.pk).update(is_superuser=False)
    for change in (lambda: staff.set_roles(cole, ["admin"], by=boss), lambda: staff.shut_out(cole, by=boss)):
        with pytest.raises(PermissionDenied):
            change()
    assert (roles("cole"), User.objects.get(pk=cole.pk).is_active) == (["support"], True)


# shut out


def test_one_click_shuts_out_and_one_lets_in_again(boss):
    cole, other = colleague(), User.objects.create_superuser("other", password="demo")
    theirs, admin = of(cole), of(boss)
    invited = staff.invite_colleague(["support"], by=other), invite_member(member().customers.get(), "owner", by=other)
    for user in (cole, other):
        for _twice in range(2):
            assert admin.post(f"{PEOPLE}{user.pk}/shut-out/").status_code == 302
    assert theirs.get("/console/cards/")["Location"].startswith("/admin/login/")
    assert "Shut out" in text(admin.get(f"{PEOPLE}{cole.pk}/"))
    for _twice in range(2):
        admin.post(f"{PEOPLE}{cole.pk}/let-in/")
    staff.let_in(other, by=boss)
    assert theirs.get("/console/cards/")["Location"].startswith("/admin/login/")  # they log in anew
    assert (roles("cole"), [type(each).of_token(each.token) for each in invited]) == (["support"], [None, None])
    done = [entry[:3] for entry in told() if entry[0] in ("shut_out", "let_in")]
    assert done == [
        ("shut_out", "boss", "cole"),
        ("shut_out", "boss", "other"),
        ("let_in", "boss", "cole"),
        ("let_in", "boss", "other"),
    ]


def test_a_keeper_of_accounts_shuts_out_customers_people_and_no_staff(boss):
    keeper, alice = colleague("keeper"), member()
    keeper.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user", "change_person"]))
    client = of(keeper)
    for step in ("shut-out", "two-step-off", "let-in", "reset"):
        assert [client.post(f"{PEOPLE}{user.pk}/{step}/").status_code for user in (boss, colleague(step))] == [403] * 2
    assert client.post(f"{PEOPLE}{alice.pk}/shut-out/").status_code == 302
    assert list(User.objects.filter(is_active=False)) == [alice]


def test_a_deleted_account_is_not_let_in(boss):
    alice = member()
    alice.set_unusable_password()
    User.objects.filter(pk=alice.pk).update(is_active=False, password=alice.password)
    answer = of(boss).post(f"{PEOPLE}{alice.pk}/let-in/")
    assert (answer.status_code, "This account has no password" in text(answer)) == (422, True)


@pytest.mark.parametrize("step", ["shut-out", "let-in", "two-step-off", "reset", "roles"])
def test_a_look_changes_nothing_and_nobody_is_nobody(boss, step):
    cole, client = colleague(), of(boss)
    assert client.get(f"{PEOPLE}{cole.pk}/{step}/").status_code == 405
    assert client.post(f"{PEOPLE}999999/{step}/", {"roles": "support"}).status_code == 404


def test_an_account_shut_out_in_the_admin_has_invited_nobody_either(boss):
    other = User.objects.create_superuser("other", password="demo")
    invitation = staff.invite_colleague(["support"], by=other)
    form = {"username": "other", "is_staff": "on", "is_superuser": "on"}
    form |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    assert of(boss).post(f"/admin/auth/user/{other.pk}/change/", form).status_code == 302
    User.objects.filter(pk=other.pk).update(is_active=True)
    assert StaffInvitation.of_token(invitation.token) is None


# a lost phone, a forgotten password


def test_an_admin_turns_a_lost_second_step_off(boss):
    cole, secret = colleague(), second_factor.new_secret()
    second_factor.turn_on(cole, secret, pyotp.TOTP(secret).now())
    assert "Turn off two-step login" in text(of(boss).get(f"{PEOPLE}{cole.pk}/"))
    assert of(boss).post(f"{PEOPLE}{cole.pk}/two-step-off/").status_code == 302
    assert (person_of(cole).has_second_factor, told()[-1][:3]) == (False, ("two_step_off", "boss", "cole"))


@pytest.mark.usefixtures("sends_mail")
def test_a_link_for_a_new_password_goes_to_the_persons_own_address(boss):
    cole = colleague()
    address, client = f"{PEOPLE}{cole.pk}/reset/", of(boss)
    assert "No mail can be sent" in text(client.post(address, {"email": "boss@example.cn"}, follow=True))
    User.objects.filter(pk=cole.pk).update(email="cole@example.cn")
    for _time in range(4):
        client.post(address, {"email": "boss@example.cn"})
    assert list(ResetAsked.objects.values_list("email", flat=True)) == ["cole@example.cn"] * 3
    assert [entry[:3] for entry in told()] == [("reset_sent", "boss", "cole")] * 3


# the list and the page


def shown(client, query=""):
    return [line.user.username for line in client.get(f"{PEOPLE}?{query}").context["lines"]]


ASKED = {
    "": ["boss", "cole", "finn"],
    "q=co": ["cole"],
    "q=wei": ["finn"],
    "role=admin": ["boss"],
    "role=finance": ["finn"],
    "may=out": ["finn"],
    "steps=two": ["cole"],
    "steps=one&may=in": ["boss"],
    "who=customers": ["alice", "bob"],
    "who=customers&q=13800138001": ["bob"],
    "who=customers&q=cole": [],
}


@pytest.mark.parametrize("query", ASKED)
def test_the_list_is_asked_for_a_name_a_role_and_who_is_shut_out(boss, query):
    colleague("cole"), colleague("finn", "finance"), member()
    bob = member("Acme", "bob", "viewer")
    User.objects.filter(username="finn").update(is_active=False, first_name="Wei")
    person_of(bob).__class__.objects.filter(user=bob).update(phone="13800138001")
    type(person_of(bob)).objects.filter(pk=person_of(User.objects.get(username="cole")).pk).update(totp_secret="X")
    assert shown(of(boss), query) == ASKED[query]


@pytest.mark.parametrize("query", ["who=staff", "role=root", "page=2", "after=x"])
def test_what_is_not_clear_finds_nobody(boss, query):
    page = of(boss).get(f"{PEOPLE}?{query}")
    assert (page.status_code, page.context["lines"]) == (400, [])


def test_a_page_begins_behind_the_one_before_and_takes_no_more_statements(boss, django_assert_max_num_queries):
    for number in range(60):
        colleague(f"clerk{number:02}", "support", "finance")
    client = of(boss)
    with django_assert_max_num_queries(9):
        first = client.get(PEOPLE)
    second = client.get(f"{PEOPLE}?{first.context['next_query']}")
    names = [line.user.username for page in (first, second) for line in page.context["lines"]]
    assert names == ["boss", *(f"clerk{number:02}" for number in range(60))]


def test_the_auditor_looks_at_all_of_it_and_sees_no_link_and_no_button(boss):
    cole, alice = colleague(), member()
    invitation = staff.invite_colleague(["admin"], by=boss)
    record(AuditAction.LOGIN, by=cole, about=cole)
    auditor = of(colleague("auditor", "auditor"))
    for address in (PEOPLE, f"{PEOPLE}?who=customers", f"{PEOPLE}{cole.pk}/", f"{PEOPLE}{alice.pk}/"):
        page = text(auditor.get(address))
        assert (invitation.token in page, "shut-out/" in page, "roles/" in page, 'name="roles"' in page) == (False,) * 4
    page = text(auditor.get(f"{PEOPLE}{cole.pk}/"))
    assert ("Logged in" in page, "/console/log/?person=cole" in page, "cancel cards for good" in page) == (True,) * 3


@pytest.mark.parametrize("role", ["support", "operations", "finance", "carrier_desk"])
def test_the_others_do_not_see_it(role):
    assert of_role(role).get(PEOPLE).status_code == 403


# the members of a customer


@pytest.fixture
def acme():
    return member().customers.get()


def test_an_admin_invites_the_first_owner_of_a_customer(boss, acme):
    Membership.objects.all().delete()
    page = text(of(boss).get(f"/console/customers/{acme.pk}/"))
    assert ("Nobody acts for this customer yet." in page, '<option value="owner" selected>' in page) == (True, True)
    answer = of(boss).post(f"{PEOPLE}customers/{acme.pk}/invite/", {"role": "owner"})
    assert answer["Location"] == f"/console/customers/{acme.pk}/#members"
    page = text(of(boss).get(f"/console/customers/{acme.pk}/"))
    (secret,) = set(re.findall(r"http://127.0.0.1:8000/my/join/#([^<\"]+)", page))
    dora = of()
    dora.post("/my/join/", {"link": secret})
    asked = text(dora.get("/my/join/"))
    assert ("Your dealer invites you to manage the SIM cards of Acme" in asked, "boss" in asked) == (True, False)
    assert dora.post("/my/join/", LI | {"username": "dora"})["Location"] == "/my/"
    assert list(Membership.objects.values_list("user__username", "role")) == [("dora", "owner")]
    assert [entry[:3] for entry in told()] == [("invited", "boss", "Acme"), ("joined", "dora", "dora")]


@pytest.mark.parametrize("over", [_shut_out, _inactive, _no_admin])
def test_an_invitation_by_who_may_not_invite_any_more_is_over(boss, acme, over):
    invitation, dora = invite_member(acme, "owner", by=boss), User.objects.create_user("dora")
    over(invitation, boss)
    assert (Invitation.of_token(invitation.token), accept(invitation, dora)) == (None, False)


def test_who_is_given_memberships_to_keep_invites_too_and_only_while_they_have_it(acme):
    keeper = colleague("keeper", "operations")
    keeper.user_permissions.add(Permission.objects.get(codename="add_membership"))
    invitation = invite_member(acme, "owner", by=User.objects.get(pk=keeper.pk))
    assert Invitation.of_token(invitation.token) == invitation
    keeper.user_permissions.clear()
    assert Invitation.of_token(invitation.token) is None


def test_no_role_invites_anybody_to_a_customer(acme):
    eve = member("Acme", "eve", "viewer")
    for user in (colleague("ops", "operations"), eve, member("Globex", "other")):
        with pytest.raises(PermissionDenied):
            invite_member(acme, "owner", by=user)
    page = text(of(User.objects.get(username="ops")).get(f"/console/customers/{acme.pk}/"))
    assert ("alice" in page, "Create invitation link" in page, "Change role" in page) == (True, False, False)
    assert (Invitation.objects.count(), told()) == (0, [])


def test_an_admin_changes_and_removes_members_and_revokes(boss, acme):
    client, alice = of(boss), Membership.objects.get()
    invitation = invite_member(acme, "viewer", by=alice.user)
    back = f"/console/customers/{acme.pk}/#members"
    for address, posted in (
        (f"members/{alice.pk}/role/", {"role": "viewer"}),
        (f"customers/invitations/{invitation.pk}/revoke/", {}),
        (f"members/{alice.pk}/remove/", {}),
    ):
        assert client.post(f"{PEOPLE}{address}", posted)["Location"] == back
    assert client.post(f"{PEOPLE}members/{alice.pk}/remove/").status_code == 404
    assert [entry[0] for entry in told()] == ["invited", "member_changed", "member_removed"]


@pytest.mark.parametrize("posted", [{"role": "admin"}, {}, {"role": "owner", "email": "x"}])
def test_a_bad_invitation_of_a_member_is_a_sentence(boss, acme, posted):
    page = of(boss).post(f"{PEOPLE}customers/{acme.pk}/invite/", posted, follow=True)
    assert ("messagelist" in text(page), Invitation.objects.count()) == (True, 0)


def test_staff_do_not_accept_what_they_invited_to(boss, acme):
    invitation = invite_member(acme, "owner", by=boss)
    with pytest.raises(BadInput):
        accept(invitation, boss)
    assert of(boss).post("/my/join/", {"link": invitation.token}).status_code == 404


# at the same moment


@not_on_sqlite
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_ten_who_follow_one_link_at_the_same_moment_one_has_an_account():
    invitation = staff.invite_colleague(["support"], by=User.objects.create_superuser("boss", password="demo"))
    calls = [
        lambda name=name: staff.join_staff(invitation, username=name, password=PASSWORD)
        for name in (f"guest{number}" for number in range(10))
    ]
    assert sum(answer is not None for answer in at_once(calls)) == 1
    assert User.objects.count() == 2


@not_on_sqlite
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_admins_who_shut_each_other_out_at_the_same_moment_one_stays():
    def is_shut_out(user, by):
        try:
            staff.shut_out(user, by=by)
        except PermissionDenied:
            return False
        return True

    for number in range(5):
        pair = [User.objects.create_superuser(f"admin{number}{side}") for side in "ab"]
        calls = [lambda user=user, by=by: is_shut_out(user, by) for user, by in (pair, pair[::-1])]
        assert sorted(at_once(calls)) == [False, True]
        assert User.objects.filter(pk__in=[user.pk for user in pair], is_active=True).count() == 1
