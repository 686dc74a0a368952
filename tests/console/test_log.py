"""The log in the console, and what writes into it: cards, jobs, nights, the admin, downloads, labels, refusals."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone

from billing.actions.prices import set_price
from billing.models import MoneyRules
from cards.actions import throttle
from cards.actions.action_requests import act
from cards.actions.audit import record, visited_from
from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.actions.jobs import control
from cards.actions.jobs.worker import work_off
from cards.actions.selections import freeze_ids
from cards.actions.sweep import sweep
from cards.carriers.actions.account_saving import save_account
from cards.choices import Action, AuditAction, Rule, Step
from cards.models import AuditEntry, Card, CardEvent, Customer, Job, Plan, SweptDay
from cards.pages.log_sources import STEP_LABELS
from cards.permissions import Actor
from tests.build import card_in_use, do, on_day, open_card, staff, unguarded
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
    """Two entries: somebody's membership, and what was done to their account."""
    boss, alice = User.objects.create_user("boss", is_staff=True), User.objects.create_user("alice")
    acme = Customer.objects.create(name="Acme")
    with visited_from("203.0.113.7"):
        record(AuditAction.MEMBER_ADDED, by=boss, about=alice, customer=acme, after={"role": "owner"})
    record(AuditAction.TWO_STEP_OFF, by=alice, about=alice)
    return acme


def lines(response):
    """(action, by, what it is about, how many cards) of each line of the page."""
    return [
        (line.action, line.by, [mention.text for mention in line.about], line.cards)
        for line, _opens in response.context["lines"]
    ]


def told(response):
    return [line[0] for line in lines(response)]


@pytest.mark.usefixtures("acme")
def test_the_log_says_who_did_what_to_whom_from_where():
    response = of_role("auditor").get(LOG, headers=ENGLISH)
    assert [line[:3] for line in lines(response)] == [
        ("Two-step login turned off", "alice", ["alice"]),
        ("Member added", "boss", ["alice"]),
    ]
    page = text(response)
    assert [said for said in ("203.0.113.7", "role: — → Owner", "?person=boss") if said not in page] == []


ASKED = {
    "person=alice": ["Two-step login turned off", "Member added"],
    "person=boss": ["Member added"],
    "person=manage.py": ["Exported"],
    "person=nobody": [],
    "action=two_step_off": ["Two-step login turned off"],
    "action=cancel": [],
    "about=ali": ["Two-step login turned off", "Member added"],
    "customer=Acme": ["Member added"],
    "kind=command": ["Exported"],
    "kind=staff": ["Member added"],
    "kind=system": [],
    "role=finance": ["Member added"],
    "role=support": [],
    "rule=cancel": [],
    "since=2026-01-01&through=2099-12-31": ["Exported", "Two-step login turned off", "Member added"],
    "since=2099-01-01": [],
    "through=2026-01-01": [],
    "since=0001-01-01": ["Exported", "Two-step login turned off", "Member added"],
    "through=9999-12-31": ["Exported", "Two-step login turned off", "Member added"],
}


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("query", ASKED)
def test_it_is_asked_for_a_person_an_action_a_thing_and_days(query):
    User.objects.get(username="boss").groups.add(Group.objects.get(name="finance"))
    record(AuditAction.EXPORTED, by=Actor.shell(), about="cards.csv", rows=1)
    assert told(of_role("auditor").get(f"{LOG}?{query}", headers=ENGLISH)) == ASKED[query]


UNCLEAR = [
    *("action=nonsense", "since=yesterday", "customer=Nobody", "who=alice", "after=0", "after=audit:x", "after=x:1"),
    *("after=audit:99999999999999999999", "after=nights:1", "kind=x", "role=owner", "rule=x", "job=0", "job=x"),
    *("job=99999999999999999999", "each=2", "before=1", "person=a&person=b"),
]


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("query", UNCLEAR)
def test_what_is_not_clear_finds_nothing_and_says_why(query):
    auditor = of_role("auditor")
    page = auditor.get(f"{LOG}?{query}", headers=ENGLISH)
    assert (page.status_code, page.context["lines"], bool(page.context["complaints"])) == (400, [], True)
    assert len(auditor.get(f"{FILE}?{query}").getvalue().splitlines()) == 1


@pytest.mark.usefixtures("acme")
def test_the_file_has_what_the_page_has_and_is_in_the_log_itself():
    answer = of_role("auditor").get(f"{FILE}?person=alice", headers=ENGLISH)
    head, first, second = answer.getvalue().decode("utf-8-sig").splitlines()
    assert head == "Time,By,Action,About,Customer,Details,Address,Reason,Cards,Job"
    assert first.split(",")[1:] == ["alice", "Two-step login turned off", "alice", "", "", "", "", "", ""]
    assert second.split(",")[1:] == [
        *("boss", "Member added", "alice", "Acme", "role: — → Owner", "203.0.113.7", "", "", ""),
    ]
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
    abouts = [line[2][0] for page in (first, second) for line in lines(page)]
    assert abouts == [f"thing {number}" for number in reversed(range(60))]
    assert (second.context["next_query"], second.context["first_query"]) == ("", "")


# cards, jobs, nights, prices


def last_month(day=15):
    """Noon of a day of the month before this one."""
    last = timezone.localdate().replace(day=1) - timedelta(days=1)
    return timezone.make_aware(datetime.combine(last.replace(day=day), time(12)))


def by(name, *groups):
    """A member of the staff as they act on cards."""
    user = User.objects.create_superuser(name)
    user.groups.set(Group.objects.filter(name__in=groups))
    return Actor.of(user)


def job_of(cards, action, user):
    """A job that was drafted, started and worked off by somebody, for a reason."""
    job = control.draft(freeze_ids([card.pk for card in cards], owner=user, asked={"from": "page"}), action, user=user)
    work_off(job)
    control.start(job, user=user, reason="not needed", count=len(cards))
    return work_off(Job.objects.get(pk=job.pk))


@pytest.fixture
def cancelled():
    """What was cancelled: last month by anna two cards singly and by the sweep one; this month three in ben's job."""
    cards = [card_in_use(since=date(2026, 1, 1), customer="Acme") for _number in range(6)]
    unguarded("cards_cardevent")
    CardEvent.objects.update(executed_at=last_month() - timedelta(days=40))
    anna = by("anna", "operations")
    for card in cards[:2]:
        act("cancel", [card.pk], actor=anna, reason="lost", at=last_month())
    SweptDay.objects.create(day=last_month().date(), counts={Rule.CANCEL: 1, Rule.ROLL_OVER: 4})
    SweptDay.objects.update(started_at=last_month(16), finished_at=last_month(16))
    job = job_of(cards[2:5], "cancel", User.objects.create_superuser("ben"))
    return cards, job


def test_who_cancelled_cards_last_month_is_one_click_away_from_the_log(cancelled):
    (first, second, *_others), _job = cancelled
    auditor = of_role("auditor")
    page = auditor.get(LOG, headers=ENGLISH)
    (chip,) = [chip for chip in page.context["presets"] if chip.label == "Cards cancelled last month"]
    found = auditor.get(LOG + chip.url, headers=ENGLISH)
    assert lines(found) == [
        ("Nightly sweep", "a rule", [str(last_month().date())], 1),
        ("Cancel", "anna", [second.iccid, first.iccid], 2),
    ]
    assert [(each.label, each.is_current) for each in found.context["presets"] if each.is_current] == [
        ("Cards cancelled last month", True)
    ]
    shown = text(found)
    assert [said for said in ("lost", "Not renewed in time: 1", "rule=cancel") if said not in shown] == []
    assert "A new cycle starts: 4" not in shown


def test_a_job_is_one_line_that_opens_to_its_cards(cancelled):
    cards, job = cancelled
    auditor = of_role("auditor")
    page = auditor.get(f"{LOG}?action=cancel&since={timezone.localdate():%Y-%m-01}", headers=ENGLISH)
    assert lines(page) == [("Job started", "ben", [f"#{job.pk}", "Cancel"], 3)]
    ((line, opens),) = page.context["lines"]
    assert (line.reason, line.details) == ("not needed", ["Status: Finished"])
    each = auditor.get(f"{LOG}?{opens}", headers=ENGLISH)
    assert sorted(lines(each)) == sorted(
        [
            *(("Cancel", "ben", [card.iccid], 1) for card in cards[2:5]),
            ("Job started", "ben", [f"#{job.pk}", "Cancel"], 3),
        ]
    )
    assert f"/console/jobs/{job.pk}/" in text(each)


def test_what_was_done_at_one_moment_is_one_line_that_opens_to_its_cards():
    cards = [open_card(customer="Acme") for _number in range(5)]
    boss = by("boss")
    act("tag", [card.pk for card in cards], actor=boss, tag="Depot", reason="moved")
    act("tag", [cards[0].pk], actor=boss, tag="Other")
    auditor = of_role("auditor")
    page = auditor.get(f"{LOG}?person=boss", headers=ENGLISH)
    assert lines(page) == [
        ("Add tag", "boss", [cards[0].iccid], 1),
        ("Add tag", "boss", [card.iccid for card in reversed(cards[2:])], 5),
    ]
    assert [line.details for line, _opens in page.context["lines"]] == [["tag: Other"], []]
    (_line, none), (_run, opens) = page.context["lines"]
    each = auditor.get(f"{LOG}?{opens}", headers=ENGLISH)
    assert (none, lines(each)) == ("", [("Add tag", "boss", [card.iccid], 1) for card in reversed(cards)])


SHELL_AT = datetime(2026, 3, 2, 4, tzinfo=UTC)


def take_in(seconds, *numbers, reason="", **more):
    """Part of a file that a command takes in, so many seconds after the first: records of it as the database has it."""
    plain = {"carrier": "cmcc", "certification": "enterprise", "opened_on": "2026-01-15", "plan": "Y1-30"}
    texts = [plain | more | {"iccid": f"8986{number:016d}"} for number in numbers]
    rows = [read_card_row(line, row, date.max) for line, row in enumerate(texts, start=2)]
    at = SHELL_AT + timedelta(seconds=seconds)
    taken = apply_cards(rows, actor=Actor.shell(), at=at, reason=reason, source="fleet.csv", update="msisdn" in more)
    assert taken.errors == []


IN_USE = {"state": "in_use", "activated_on": "2026-02-01", "service_until": "2027-02-01"}


def test_a_file_that_a_command_took_in_is_one_line_that_opens():
    with on_day(date(2026, 3, 2)):
        take_in(0, 1, 2)
        take_in(60, 3, **IN_USE)  # no more than a minute later
        take_in(61, 1, msisdn="14400000001")
        take_in(122, 4)  # another file
        take_in(122, 5, reason="asked by mail")
    auditor = of_role("auditor")
    page = auditor.get(f"{LOG}?kind=command", headers=ENGLISH)
    numbers = [f"8986{number:016d}" for number in range(6)]
    assert lines(page) == [
        ("Open", "manage.py", [numbers[5]], 1),
        ("Open", "manage.py", [numbers[4]], 1),
        ("Correct data, Take over, Open", "manage.py", [numbers[1], numbers[3], numbers[2]], 4),
    ]
    (_line, none), _other, (line, opens) = page.context["lines"]
    assert (none, line.details) == ("", ["from the file: fleet.csv"])
    each = auditor.get(f"{LOG}?{opens}", headers=ENGLISH)
    assert [about for _did, _by, about, _cards in lines(each)] == [[numbers[number]] for number in (1, 3, 2, 1)]


@pytest.mark.parametrize("keys", [100_000, 7])
def test_the_rest_of_a_long_file_is_counted_and_not_read(monkeypatch, keys):
    """Where it is longer than so many keys, it is another line."""
    monkeypatch.setattr("cards.audit_log.ROWS_OF_RUN", 4)
    monkeypatch.setattr("cards.pages.log_sources.KEYS_LOOKED_AT", keys)
    with on_day(date(2026, 3, 2)):
        take_in(-200, 90)
        for part in range(3):
            take_in(part, *range(10 * part, 10 * part + 5))
    do("tag", Card.objects.get(iccid="89860000000000000090"), date(2026, 3, 2), actor=by("boss"), tag="Depot")
    page = of_role("auditor").get(f"{LOG}?since=2026-01-01", headers=ENGLISH)
    counted = [cards for did, _by, _about, cards in lines(page) if did in ("Open", "Add tag")]
    assert counted == ([1, 15, 1] if keys > 15 else [1, 10, 5, 1])


def test_a_search_of_what_was_done_by_hand_stops_too_says_where_and_goes_on(monkeypatch):
    monkeypatch.setattr("cards.pages.log_sources.KEYS_LOOKED_AT", 3)
    card, boss = open_card(), by("boss")
    do("tag", card, date(2026, 3, 2), actor=by("rare"), tag="Depot")
    for number in range(5):
        do("tag", card, date(2026, 3, 2), actor=boss, tag=f"Depot {number}")
    auditor, found, query = of_role("auditor"), [], "person=rare"
    while query:
        page = auditor.get(f"{LOG}?{query}", headers=ENGLISH)
        found.append((told(page), bool(page.context["page"].looked_back_to)))
        query = page.context["next_query"]
    assert found == [([], True), (["Add tag"], True), ([], False)]


def test_a_card_a_customer_and_a_rule_list_the_records_of_cards():
    used, other = card_in_use(since=date(2026, 1, 1), customer="Acme", plan="M1-100"), open_card(customer="Other")
    sweep(date(2026, 2, 1))
    auditor = of_role("auditor")

    def found(query):
        return [line[:3] for line in lines(auditor.get(f"{LOG}?{query}", headers=ENGLISH))]

    shut = ("Shut down", "rule: The last term has ended", [used.iccid])
    opened = [("Activate", "manage.py", [used.iccid]), ("Open", "manage.py", [used.iccid])]
    assert found(f"about={used.iccid}") == [shut, *opened]
    assert found("customer=Acme") == [shut, *opened]
    assert found("rule=expire") == [shut]
    assert found("rule=cancel") == []
    assert found(f"about={used.iccid}&action=open") == opened[1:]
    assert found("about=8986999999999999999") == []
    assert found("customer=Other") == [("Open", "manage.py", [other.iccid])]
    assert found("each=1&kind=system") == [shut]


def test_a_customer_lists_what_was_done_to_cards_since_they_are_theirs():
    card = open_card(customer="Acme")
    do("assign", card, date(2026, 3, 1), customer=Customer.objects.create(name="Other"))
    found = told(of_role("auditor").get(f"{LOG}?customer=Other", headers=ENGLISH))
    assert found == [str(Action.ASSIGN.label)]


def test_a_card_is_told_its_codes_by_any_number_of_it_and_a_person_called_so_stays_found():
    card, boss = open_card(msisdn="13800138000"), User.objects.create_superuser("boss")
    record(AuditAction.CODE_REPLACED, by=boss, about=card.iccid)
    record(AuditAction.TWO_STEP_OFF, by=boss, about=User.objects.create_user("13800138000"))
    found = told(of_role("auditor").get(f"{LOG}?about=13800138000", headers=ENGLISH))
    assert found == ["Two-step login turned off", "Claim code replaced", "Open"]


def test_each_step_of_a_job_has_its_words():
    assert STEP_LABELS.keys() == {*Step}


def test_prices_are_told_to_those_who_may_see_them(acme):
    set_price(
        **{"user": User.objects.create_superuser("clerk"), "plan": Plan.objects.get(code="Y1-30"), "kind": "customer"},
        **{"customer": acme, "amount": 99, "valid_from": timezone.localdate()},
    )
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_auditentry"))
    reader = logged_in(user)
    page = reader.get(LOG, headers=ENGLISH)
    assert ("Member added" in told(page), "Price" in text(page), "99.00" in text(page)) == (True, False, False)
    assert b"99.00" not in reader.get(FILE).getvalue()
    assert reader.get(f"{LOG}?action=price").status_code == 400


def test_a_file_of_records_has_each_card_with_all_digits_and_no_formula():
    card = card_in_use(customer="=Acme")
    do("suspend", card, date(2026, 3, 1), by("boss"), reason="+1")
    answer = of_role("auditor").get(f"{FILE}?about={card.iccid}&action=suspend", headers=ENGLISH)
    _head, row = answer.getvalue().decode("utf-8-sig").splitlines()
    assert row.split(",", 1)[1] == f'boss,Suspend,"=""{card.iccid}""",\'=Acme,hold: Suspended manually,,\'+1,1,'


def test_a_price_is_told_with_before_and_after_and_who_approved_it(acme):
    clerk = User.objects.create_superuser("clerk")
    set_price(
        user=clerk,
        plan=Plan.objects.get(code="Y1-30"),
        kind="customer",
        customer=acme,
        amount=99,
        valid_from=timezone.localdate(),
    )
    auditor = of_role("auditor")
    page = auditor.get(f"{LOG}?action=price", headers=ENGLISH)
    (line, _opens), *others = page.context["lines"]
    assert (line.action, line.by, line.customer.text, line.details, others) == (
        *("Price changed", "clerk", "Acme", ["amount: — → ¥99.00"], []),
    )
    assert told(auditor.get(f"{LOG}?customer=Acme", headers=ENGLISH)) == ["Price changed", "Member added"]
    assert [told(auditor.get(f"{LOG}?{query}")) for query in ("action=terms", "rule=cancel", "kind=customer")] == [
        *([], [], ["关闭两步验证"]),
    ]


def test_a_page_costs_the_same_however_many_cards_stand_in_it(django_assert_max_num_queries):
    boss = by("boss")
    auditor = of_role("auditor")
    for number in range(30):
        act("remark", [open_card().pk], actor=boss, remark=f"r{number}")
    with django_assert_max_num_queries(21):
        assert len(lines(auditor.get(f"{LOG}?person=boss"))) == 30
    with django_assert_max_num_queries(29):
        assert len(lines(auditor.get(f"{LOG}?each=1&since=2026-01-01&through=2099-01-01"))) == 50


# who was refused


def test_made_up_names_hide_no_guesses_at_an_account(monkeypatch):
    monkeypatch.setattr(throttle, "REFUSED_LOGINS_OF_NOBODY", throttle.Limit("few", 2, throttle.ONE_HOUR))
    User.objects.create_user("boss", password="demo", is_staff=True)
    for name in ("a", "b", "c", "boss"):
        Client().post("/admin/login/", {"username": name, "password": "wrong"})
    assert [about for _by, _action, about, _details in entries()] == ["", "", "boss"]


def test_a_refused_login_is_told_once_an_hour_and_never_what_was_typed():
    User.objects.create_user("boss", password="demo", is_staff=True)
    for name in ("boss", "boss", "a password typed here"):
        Client().post("/admin/login/", {"username": name, "password": "wrong"})
    assert entries() == [("", "login_refused", "boss", {}), ("", "login_refused", "", {})]
    page = of_role("auditor").get(f"{LOG}?action=login_refused", headers=ENGLISH)
    assert lines(page) == [
        ("Login refused", "unknown", ["an unknown user name"], None),
        ("Login refused", "unknown", ["boss"], None),
    ]
    assert told(of_role("auditor", "second").get(f"{LOG}?person=boss", headers=ENGLISH)) == ["Login refused"]


def test_a_page_that_a_role_does_not_include_is_told_once_an_hour():
    support = of_role("support")
    for _time in range(2):
        assert support.get(LOG).status_code == 403
    assert support.post("/console/sweep/release/").status_code == 403
    assert entries() == [
        ("support", "page_refused", LOG, {"method": "GET"}),
        ("support", "page_refused", "/console/sweep/release/", {"method": "POST"}),
    ]


def test_who_crawls_fills_no_log():
    support = of_role("support")
    for number in range(25):
        assert support.get(f"{LOG}log.csv", {"x": number}).status_code == 403
        support.get(f"/admin/auth/user/{number}/change/")
    assert len(entries(action="page_refused")) == 20


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
    said = ["calls at the same time at most: 3 → 2", "in use: yes → no", "secrets: — → ***"]
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
