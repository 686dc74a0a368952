"""What the portal knows of a person: their file, the end of their account, and what is forgotten by itself."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client, override_settings
from django.utils import timezone
from pyotp import TOTP

from billing.actions.approvals import approve_proposal
from billing.actions.withdrawals import ask_withdrawal, payee_account, record_transfer
from billing.models import Withdrawal
from cards.actions.claims import claim
from cards.choices import RequestStatus
from cards.kept import last_instant_over
from cards.models import (
    AuditEntry,
    CardRequest,
    Customer,
    Invitation,
    Membership,
    Person,
    RealNameCheck,
    RecoveryCode,
    StaffInvitation,
)
from cards.people import accounts, members, second_factor
from simportal.retention import apply_retention
from tests.billing import build as b
from tests.build import do, member, on_day, open_card
from tests.console.pages import logged_in, of_role, superuser, text
from tests.my.test_claim import person, printed

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
DAY = date(2026, 3, 10)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def wang():
    """Somebody who registered, with a card of their own that was checked, a second factor and all else."""
    with on_day(DAY):
        yield registered()


def registered():
    user = User.objects.create_user("wang", password="demo")
    accounts.change_account(user, name="王小明", email="wang@example.cn", phone="13800138000")
    user.refresh_from_db()
    card = open_card(certification="individual")
    claim(card.iccid, printed(card), user=user)
    do("submit_real_name", card, DAY, name="王小明", id_number="110101199003071233")
    second_factor.turn_on(user, SECRET, TOTP(SECRET).at(timezone.now()))
    return User.objects.get(pk=user.pk)


def document(client, url="/account/data/file/"):
    return json.loads(client.get(url).getvalue())


def delete(client, password="demo", url="/account/delete/"):
    return client.post(url, {"current_password": password}, headers=ENGLISH)


# their file


def test_the_file_has_what_is_known_of_a_person_and_of_nobody_else(wang):
    other = member("Acme", "alice")
    members.invite_member(Customer.objects.get(name="Acme"), "viewer", by=other)
    known = document(logged_in(wang))
    assert {name: len(rows) for name, rows in known.items()} == {
        **{"memberships": 1, "invitations": 0, "saved_views": 0, "id_checks": 1, "requests": 0, "claims": 1, "jobs": 0},
        **{"log": 3, "account": 1, "bank_accounts": 0},  # what was done to the account, too
    }
    (account,), (check,) = known["account"], known["id_checks"]
    assert (account["user_name"], account["name"], account["phone"]) == ("wang", "王小明", "13800138000")
    assert (account["email"], account["two_step_login"]) == ("wang@example.cn", True)
    assert (check["masked_name"], check["masked_number"]) == ("王**", "1101************33")
    assert "alice" not in str(known)
    assert SECRET not in str(known)
    assert [
        len(rows) for rows in (document(logged_in(other))["invitations"], document(logged_in(other))["claims"])
    ] == [
        1,
        0,
    ]


def test_a_file_that_was_taken_is_in_the_audit_list(wang):
    document(logged_in(wang))
    (entry,) = AuditEntry.objects.filter(action="person_exported")
    assert (entry.by_id, entry.user_id, entry.details) == (wang.pk, wang.pk, {})


@pytest.mark.parametrize("url", ["/account/data/", "/account/data/file/", "/account/delete/"])
def test_strangers_are_asked_to_log_in(url):
    assert Client().get(url).status_code == 302


def test_everybody_reads_what_is_kept_and_why():
    page = text(Client().get("/privacy/", headers=ENGLISH))
    for said in ("Which customers you act for", "until 3 years after the card was cancelled", "so that misuse can be"):
        assert said in page
    with override_settings(REAL_NAME_YEARS=5, INVITATION_DAYS=10):
        page = text(Client().get("/privacy/", headers=ENGLISH))
    for said in ("until 5 years after the card was cancelled", "10 days after they ended"):
        assert said in page


# the end of an account


def cancelled(user):
    """All cards of a person's customers, cancelled."""
    for card in Customer.objects.filter(members=user).get().cards.all():
        do("cancel", card, DAY)


def test_an_account_ends_with_all_that_says_who_it_was(wang):
    client, other = logged_in(wang), logged_in(wang)
    cancelled(wang)
    assert (delete(client).status_code, get_user(other).is_authenticated) == (302, False)
    user = User.objects.get(pk=wang.pk)
    assert (user.username, user.get_full_name(), user.email, user.is_active) == ("wang", "", "", False)
    assert (user.has_usable_password(), user.last_login) == (False, None)
    for model in (Person, RecoveryCode, Membership, Invitation):
        assert not model.objects.exists()
    customer = Customer.objects.get()
    assert (customer.name, customer.contact, customer.phone) == ("wang @wang", "", "")
    assert AuditEntry.objects.filter(user=user.pk).first().action == "person_deleted"
    answer = Client().post("/admin/login/", {"username": "wang", "password": "demo"})
    assert (answer.status_code, get_user(client).is_authenticated) == (200, False)


def test_no_address_to_which_an_invitation_went_stays(wang):
    made, boss = {"email": "li@example.cn", "until": timezone.now()}, User.objects.create_superuser("boss")
    StaffInvitation.objects.create(by=wang, **made)
    StaffInvitation.objects.create(by=boss, accepted_by=wang, **made)
    cancelled(wang)
    delete(logged_in(wang))
    assert list(StaffInvitation.objects.values_list("by", "email")) == [(boss.pk, "")]


def test_nobody_takes_the_name_of_somebody_who_is_gone(wang):
    cancelled(wang)
    delete(logged_in(wang))
    new = {"username": "wang", "phone": "", "password": "a long one 77", "password_again": "a long one 77"}
    assert Client().post("/account/new/", new).status_code == 422
    assert User.objects.filter(username="wang").count() == 1


def test_the_phone_of_somebody_who_is_gone_is_free_again(wang):
    cancelled(wang)
    delete(logged_in(wang))
    other = person(username="li")
    accounts.change_account(other, name="", email="", phone="13800138000")
    assert Person.objects.get().phone == "13800138000"


def test_it_takes_the_password(wang):
    cancelled(wang)
    answer = delete(logged_in(wang), "wrong")
    assert (answer.status_code, User.objects.get(pk=wang.pk).is_active) == (422, True)


def with_a_card(user):
    pass


def with_money(user):
    cancelled(user)
    b.fund("10", name=user.memberships.get().customer.name)


def with_other_members(user):
    cancelled(user)
    Membership.objects.create(customer=user.memberships.get().customer, user=person(username="li"), role="viewer")


@pytest.mark.parametrize("needed", [with_a_card, with_money, with_other_members], ids=lambda needed: needed.__name__)
def test_the_last_owner_hands_over_first(wang, needed):
    needed(wang)
    answer = delete(logged_in(wang))
    assert (answer.status_code, User.objects.get(pk=wang.pk).is_active) == (422, True)
    assert "needs an owner: make another person the owner first, then delete the account." in text(answer)
    Membership.objects.create(customer=wang.memberships.get().customer, user=person(username="zhao"), role="owner")
    assert delete(logged_in(wang)).status_code == 302
    assert Customer.objects.get(memberships__user__username="zhao").name == "wang @wang"


def test_staff_do_not_end_their_own_account():
    client = of_role("support")
    assert [client.get("/account/data/").status_code, delete(client).status_code] == [200, 403]
    assert User.objects.get(username="support").is_active


# staff, on request


def urls(user):
    return [
        f"/console/people/{user.pk}/data/",
        f"/console/people/{user.pk}/data/file/",
        f"/console/people/{user.pk}/delete/",
    ]


def test_who_has_the_permission_does_it_on_request(wang):
    cancelled(wang)
    client, (page, file, end) = superuser(), urls(wang)
    assert "Personal data" in text(client.get(page, headers=ENGLISH))
    assert document(client, file)["account"][0]["user_name"] == "wang"
    assert delete(client, "wrong", end).status_code == 422
    assert delete(client, "demo", end).status_code == 302
    assert not User.objects.get(pk=wang.pk).is_active
    said = AuditEntry.objects.filter(actor_name="admin").order_by("pk").values_list("action", "about")
    assert list(said) == [("person_exported", "wang"), ("person_deleted", "wang")]


@pytest.mark.parametrize("role", ["support", "operations", "finance", "carrier_desk", "auditor"])
def test_no_role_does_it_and_no_other_customer(wang, role):
    assert [of_role(role, f"{role}{n}").get(url).status_code for n, url in enumerate(urls(wang))] == [403] * 3
    assert [logged_in(member("Acme", f"a{n}")).get(url).status_code for n, url in enumerate(urls(wang))] == [404] * 3


def test_an_account_of_the_staff_is_none_of_it():
    client = superuser()
    assert [client.get(url).status_code for url in urls(User.objects.get(username="admin"))] == [404] * 3


# what is forgotten by itself


def names():
    return list(RealNameCheck.objects.values_list("masked_name", "number_hash"))


def test_a_check_is_forgotten_three_years_after_its_card_was_cancelled(wang):
    cancelled(wang)
    before = names()
    with on_day(date(2029, 3, 9)):
        assert apply_retention()["id_checks"] == 0
    assert names() == before
    with on_day(date(2029, 3, 10)):
        assert (apply_retention()["id_checks"], apply_retention()["id_checks"]) == (1, 0)
    assert names() == [("", "")]
    with on_day(date(2028, 3, 10)), override_settings(REAL_NAME_YEARS=2):
        assert apply_retention()["id_checks"] == 0


def test_the_check_of_a_card_that_lives_is_kept(wang):
    with on_day(date(2050, 1, 1)):
        assert apply_retention()["id_checks"] == 0


def test_the_words_of_a_request_are_forgotten_three_years_after_it_was_closed():
    user = member("Acme", "alice")
    card = open_card(customer="Acme")
    CardRequest.objects.create(customer=card.customer, card=card, by=user, text="why?", answer="so")
    closed = last_instant_over("REQUEST_YEARS")
    CardRequest.objects.update(status=RequestStatus.CLOSED, closed_at=closed + timedelta(minutes=1))
    assert apply_retention()["requests"] == 0
    CardRequest.objects.update(closed_at=closed)
    assert (apply_retention()["requests"], apply_retention()["requests"]) == (1, 0)
    assert CardRequest.objects.values_list("text", "answer", "status").get() == ("", "", "closed")


def test_a_bank_account_is_in_the_file_and_its_last_digits_alone_stay_three_years_after_it_was_paid():
    user, finance = member("Acme", "alice", "owner"), b.financier()
    b.fund("100")
    account = payee_account("招商银行", "张三", "6225880123456789")
    asked = ask_withdrawal(Customer.objects.get(), Decimal(40), "bank", user=user, account=account)
    known = {"customer": "Acme", "amount": "40.00", "bank": "招商银行", "account_name": "张三"}
    known |= {"account_number": "6225880123456789", "state": "asked"}
    assert [row | {"asked_at": ""} for row in bank_accounts(user)] == [known | {"asked_at": ""}]
    withdrawal = approve_proposal(asked, user=finance).withdrawal
    record_transfer(withdrawal, "T 1", user=finance)
    ended = last_instant_over("REQUEST_YEARS")
    Withdrawal.objects.update(ended_at=ended + timedelta(minutes=1))
    assert apply_retention()["payees"] == 0
    Withdrawal.objects.update(ended_at=ended)
    assert (apply_retention()["payees"], apply_retention()["payees"]) == (1, 0)
    (row,) = bank_accounts(user)
    assert (row["bank"], row["account_name"], row["account_number"], row["state"]) == ("", "", "6789", "done")


def bank_accounts(user):
    return document(logged_in(user))["bank_accounts"]


def test_an_invitation_that_is_over_goes_after_thirty_days():
    user = member("Acme", "alice")
    made = members.invite_member(Customer.objects.get(), "viewer", by=user)
    Invitation.objects.update(until=timezone.now() - timedelta(days=30) + timedelta(minutes=1))
    assert (apply_retention()["invitations"], Invitation.objects.count()) == (0, 1)
    Invitation.objects.update(until=timezone.now() - timedelta(days=30))
    assert (apply_retention()["invitations"], Invitation.objects.filter(pk=made.pk).count()) == (1, 0)


def test_a_session_goes_once_it_is_over():
    now = timezone.now()
    Session.objects.create(session_key="over", expire_date=now)
    Session.objects.create(session_key="goes on", expire_date=now + timedelta(minutes=1))
    assert (apply_retention()["sessions"], apply_retention()["sessions"]) == (1, 0)
    assert Session.objects.get().session_key == "goes on"
