"""The audit log in the console, and what writes into it: the admin, downloads, labels, jobs."""

from datetime import date

import pytest
from django.contrib.auth.models import Group, User

from billing.models import MoneyRules
from cards.actions.audit import record, visited_from
from cards.actions.jobs import control
from cards.actions.jobs.worker import work_off
from cards.actions.selections import freeze_ids
from cards.carriers.actions.account_saving import save_account
from cards.choices import AuditAction
from cards.models import AuditEntry, Customer, Plan
from cards.permissions import Actor
from tests.build import card_in_use, on_day, staff
from tests.console.pages import logged_in, of_role, superuser, text

pytestmark = pytest.mark.django_db

LOG, FILE = "/console/log/", "/console/log/log.csv"
ENGLISH = {"accept-language": "en"}


def entries(**of):
    """(who, what, about whom, what else), the first first."""
    found = AuditEntry.objects.filter(**of).order_by("pk")
    return list(found.values_list("actor_name", "action", "about", "details"))


@pytest.fixture
def acme():
    """Three entries: somebody's membership, what was done to their account, and a command."""
    boss, alice = User.objects.create_user("boss", is_staff=True), User.objects.create_user("alice")
    acme = Customer.objects.create(name="Acme")
    with visited_from("203.0.113.7"):
        record(AuditAction.MEMBER_ADDED, by=boss, about=alice, customer=acme, after={"role": "owner"})
    record(AuditAction.TWO_STEP_OFF, by=alice, about=alice)
    record(AuditAction.JOB_STARTED, by=Actor.shell(), about="#7", job=7, rows=1200)
    return acme


@pytest.mark.usefixtures("acme")
def test_the_log_says_who_did_what_to_whom_from_where():
    response = of_role("auditor").get(LOG, headers=ENGLISH)
    page = text(response)
    for said in ("Member added", "boss", "alice", "203.0.113.7", "role: — → Owner", "/console/jobs/7/", "rows: 1200"):
        assert said in page
    shown = [line.entry.action for line in response.context["lines"]]
    assert shown == ["job_started", "two_step_off", "member_added"]


ASKED = {
    "person=alice": ["two_step_off", "member_added"],
    "person=boss": ["member_added"],
    "person=manage.py": ["job_started"],
    "person=nobody": [],
    "action=two_step_off": ["two_step_off"],
    "about=ali": ["two_step_off", "member_added"],
    "customer=Acme": ["member_added"],
    "since=2026-01-01&through=2099-12-31": ["job_started", "two_step_off", "member_added"],
    "since=2099-01-01": [],
    "through=2026-01-01": [],
    "since=0001-01-01": ["job_started", "two_step_off", "member_added"],
    "through=9999-12-31": ["job_started", "two_step_off", "member_added"],
}


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("query", ASKED)
def test_it_is_asked_for_a_person_an_action_a_thing_and_days(query):
    page = of_role("auditor").get(f"{LOG}?{query}")
    assert [line.entry.action for line in page.context["lines"]] == ASKED[query]


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("query", ["action=nonsense", "since=yesterday", "customer=Nobody", "who=alice", "after=0"])
def test_what_is_not_clear_finds_nothing_and_says_why(query):
    page = of_role("auditor").get(f"{LOG}?{query}", headers=ENGLISH)
    assert (page.status_code, page.context["lines"], bool(page.context["complaints"])) == (400, [], True)


@pytest.mark.usefixtures("acme")
def test_the_file_has_what_the_page_has_and_is_in_the_log_itself():
    answer = of_role("auditor").get(f"{FILE}?person=alice", headers=ENGLISH)
    head, first, second = answer.getvalue().decode("utf-8-sig").splitlines()
    assert head == "Time,By,Action,About,Customer,Details,Address"
    assert first.split(",")[1:] == ["alice", "Two-step login turned off", "alice", "", "", ""]
    assert second.split(",")[1:] == ["boss", "Member added", "alice", "Acme", "role: — → Owner", "203.0.113.7"]
    assert [entry[:2] for entry in entries(action="exported")] == [("auditor", "exported")]


@pytest.mark.parametrize("url", [LOG, FILE])
@pytest.mark.parametrize("role", ["support", "operations", "finance", "carrier_desk"])
def test_it_is_the_auditors_and_the_admins(role, url):
    assert of_role(role).get(url).status_code == 403
    assert superuser().get(url).status_code == 200


def test_a_page_begins_behind_the_one_before():
    auditor = of_role("auditor")
    user = User.objects.get(username="auditor")
    for number in range(60):
        record(AuditAction.DELETED, by=user, about=f"thing {number}")
    first = auditor.get(LOG)
    second = auditor.get(f"{LOG}?{first.context['next_query']}")
    abouts = [line.entry.about for page in (first, second) for line in page.context["lines"]]
    assert abouts == [f"thing {number}" for number in reversed(range(60))]


# the admin


def test_a_change_in_the_admin_is_told_with_before_and_after():
    client = superuser()
    rules = MoneyRules.objects.get()
    page = client.get(f"/admin/billing/moneyrules/{rules.pk}/change/")
    form = page.context["adminform"].form
    data = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    client.post(f"/admin/billing/moneyrules/{rules.pk}/change/", data | {"placed_days": 9})
    (entry,) = entries(action="changed")
    before, after = {"placed_days": rules.placed_days}, {"placed_days": 9}
    assert entry[:2] == ("admin", "changed")
    assert entry[3] == {"kind": "billing.moneyrules", "key": rules.pk, "before": before, "after": after}


def test_what_somebody_may_is_told_and_their_password_and_mail_are_not():
    client, finance = superuser(), Group.objects.get(name="finance")
    user = User.objects.create_user("new", "new@example.cn", "a first password")
    url = f"/admin/auth/user/{user.pk}/"
    joined = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    data = {"username": "new", "email": "other@example.cn", "is_active": "on", "is_staff": "on", "groups": [finance.pk]}
    assert client.post(f"{url}change/", data | joined).status_code == 302
    passwords = {"password1": "another long one", "password2": "another long one", "usable_password": "true"}
    assert client.post(f"{url}password/", passwords).status_code == 302
    rights, password = entries(user=user)
    assert rights[:3] == ("admin", "rights_changed", "new")
    assert rights[3]["after"] | {"date_joined": ""} == {
        "email": "o***************",
        "is_staff": True,
        "groups": ["finance"],
        "date_joined": "",
    }
    assert (password[:3], password[3]["after"]) == (("admin", "password_changed", "new"), {"password": "***"})
    assert "another" not in str(entries())


def test_a_carrier_account_is_told_with_its_settings_and_without_its_secrets():
    client, told = superuser(), {"base_url": "https://api.example.cn", "values": {"slots": "3", "appid": "A1"}}
    boss = User.objects.get()
    save_account("cm", by=boss, carrier="cmcc", protocol="onelink5", secrets={"password": "geheim"}, **told)
    save_account("cm", by=boss, values={"slots": "2"}, is_on=False)
    page = text(client.get(LOG, headers=ENGLISH))
    said = ["slots: 3 → 2", "in use: yes → no", "secrets: — → ***"]
    assert [words for words in (*said, "geheim") if words in page] == said


def test_what_is_added_and_deleted_in_the_admin_is_told():
    client = superuser()
    plan = {"code": "M9", "kind": "plan", "months": 1, "alignment": "calendar", "quota_mb": 9, "is_sold": "on"}
    client.post("/admin/cards/plan/add/", plan)
    made = Plan.objects.get(code="M9")
    client.post(f"/admin/cards/plan/{made.pk}/delete/", {"post": "yes"})
    assert [entry[:2] for entry in entries()] == [("admin", "added"), ("admin", "deleted")]
    assert entries()[0][3]["after"]["code"] == "M9"


# what leaves the house


@on_day(date(2026, 3, 2))
def test_a_file_of_cards_is_told_with_its_rows():
    card_in_use(customer="Acme")
    assert of_role("support").get("/console/cards/export/?format=csv").getvalue()
    assert of_role("finance").get("/console/cards/export/?format=nonsense").status_code == 400
    assert [(who, what, said) for who, what, _about, said in entries()] == [("support", "exported", {"rows": 1})]


def test_labels_and_a_new_code_are_told():
    card, user = card_in_use(), User.objects.create_superuser("boss")
    selection = freeze_ids([card.pk], owner=user, asked={"from": "page"})
    client, url = logged_in(user), f"/console/selections/{selection.pk}/labels/"
    client.get(url)
    client.post(url, {"label": f"{card.iccid} 1"})
    assert [(what, said) for _who, what, _about, said in entries()] == [
        ("labels_printed", {"rows": 1}),
        ("code_replaced", {}),
    ]


def test_a_job_that_is_started_is_told_once():
    card, user = card_in_use(), staff("suspend")
    job = control.draft(freeze_ids([card.pk], owner=user, asked={"from": "page"}), "suspend", user=user)
    work_off(job)
    for _time in range(2):
        control.start(job, user=user, reason="because")
    assert entries() == [(user.username, "job_started", f"#{job.pk}", {"job": job.pk, "rows": 1})]
