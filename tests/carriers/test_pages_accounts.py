"""The accounts in the console: their figures, how they are made and changed, tried out, and the list for by hand."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from cards.actions.jobs import control, worker
from cards.actions.selections import freeze_ids
from cards.carriers.choices import Aspect, CommandState, DriftKind, PullKind
from cards.carriers.models import AccountRule, CarrierAccount, Pull, Reconciliation
from tests.build import card_in_use, member, staff
from tests.carriers.fakes.onelink5 import OneLinkFake
from tests.carriers.rows import a_difference, an_account, an_order, on_account
from tests.console.pages import logged_in, of_role, superuser, text

pytestmark = pytest.mark.django_db
ENGLISH, CHINESE = {"accept-language": "en"}, {"accept-language": "zh-hans"}
ACCOUNTS = "/console/carriers/"
SECRET = "onelink-password-4711"


def plain(answer):
    return " ".join(re.sub("<[^>]*>", " ", text(answer)).split())


def filled(**told):
    return {"protocol": "onelink5", "name": "sh", "base_url": "https://api.example.cn", "is_on": "on"} | told


def make(client, **told):
    return client.post(f"{ACCOUNTS}new/", filled(**told), headers=ENGLISH)


def test_the_figures_of_each_account_stand_on_one_page():
    account, now = an_account(), timezone.now()
    lines = [on_account(card_in_use(), account) for _ in range(3)]
    an_order(lines[0])
    an_order(lines[1], state=CommandState.CONFIRMED, made_at=now - timedelta(seconds=42), ended_at=now)
    an_order(lines[2], state=CommandState.REFUSED, ended_at=now)
    a_difference(lines[2], DriftKind.REFUSED)
    day = timezone.localdate() - timedelta(days=1)
    counts = {"total": 100_000, "told": 99_200, "missing": 800, "ended_at": now}
    Pull.objects.create(account=account, kind=PullKind.USAGE_DAY, day=day, **counts)
    Reconciliation.objects.create(account=account, began_at=now, ended_at=now, looked_at=3, found={"refused": 1})
    page = plain(of_role("finance").get(ACCOUNTS, headers=ENGLISH))
    assert "onelink-sh Works China Mobile" in page
    assert re.search(
        r"Orders on their way 1 the oldest since \S+ \S+ Confirmed, today 1 Refused by the carrier, today 1", page
    )
    assert "Time to confirmation 42.0 s" in page
    assert "Readings of yesterday 99.2 % 800 cards missing Open differences Order refused: 1" in page
    assert "3 cards looked at. Order refused 1" in page


def test_the_page_costs_the_same_however_many_accounts(django_assert_max_num_queries):
    for number in range(4):
        line = on_account(card_in_use(), an_account(f"a{number}"))
        an_order(line)
    client = of_role("support")
    client.get("/console/")
    with django_assert_max_num_queries(14):
        client.get(ACCOUNTS)


def test_without_an_account_the_page_says_that_all_is_done_by_hand():
    client = of_role("support")
    page = plain(client.get(ACCOUNTS, headers=ENGLISH))
    assert "every card is worked by hand at its carrier" in page
    assert "New carrier account" not in page
    assert "新建运营商账号" in plain(superuser().get(ACCOUNTS, headers=CHINESE))


def test_an_account_is_made_by_the_form_of_its_protocol():
    client = superuser()
    assert "China Mobile OneLink v5" in plain(client.get(f"{ACCOUNTS}new/", headers=ENGLISH))
    assert client.get(f"{ACCOUNTS}new/?protocol=onelink5").status_code == 200
    assert client.get(f"{ACCOUNTS}new/?protocol=telnet").status_code == 404
    made = make(client, appid="200111", password=SECRET, qps="3")
    account = CarrierAccount.objects.get()
    assert made["Location"] == f"{ACCOUNTS}accounts/{account.pk}/"
    assert (account.name, account.carrier, account.is_on, account.fields, account.settings) == (
        "sh",
        "cmcc",
        True,
        {"appid": "200111"},
        {"qps": 3},
    )
    page = text(client.get(made["Location"], headers=ENGLISH))
    assert (SECRET in page, account.secrets in page, f"/carriers/{account.push_key}/" in page) == (False, False, True)
    assert re.search(
        r"calls a second at most qps\s*3", plain(client.get(made["Location"], headers=ENGLISH)), re.IGNORECASE
    )


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_made():
    client = superuser()
    answer = make(client, base_url="https://api.example.cn/path?x", appid="1", password=SECRET)
    assert (answer.status_code, "An address is a scheme, a host" in plain(answer), SECRET in text(answer)) == (
        422,
        True,
        False,
    )
    assert "qps is a number from" in plain(make(client, appid="1", password=SECRET, qps="many"))
    assert CarrierAccount.objects.count() == 0
    make(client, appid="1", password=SECRET)
    assert "There is an account of this name already." in plain(make(client, appid="2", password=SECRET))
    assert CarrierAccount.objects.get().fields == {"appid": "1"}


def test_a_secret_that_is_not_typed_stays_and_one_that_is_replaces():
    client = superuser()
    make(client, appid="1", password=SECRET)
    account = CarrierAccount.objects.get()
    path = f"{ACCOUNTS}accounts/{account.pk}/edit/"
    form = text(client.get(path, headers=ENGLISH))
    assert (SECRET in form, "Set. Leave it empty to keep it." in form) == (False, True)
    client.post(path, {"base_url": "https://api.example.cn", "appid": "2", "password": ""})
    changed = CarrierAccount.objects.get()
    assert (changed.secrets, changed.fields, changed.is_on) == (account.secrets, {"appid": "2"}, False)
    client.post(path, {"base_url": "https://api.example.cn", "appid": "2", "password": "another"})
    assert CarrierAccount.objects.get().secrets != account.secrets


def test_only_superusers_make_accounts_and_see_where_their_carrier_knocks():
    account = an_account(push_key="unguessable")
    AccountRule.objects.create(account=account, prefix="898600")
    for role in ("operations", "carrier_desk"):
        client = of_role(role)
        paths = [f"{ACCOUNTS}new/", f"{ACCOUNTS}accounts/{account.pk}/edit/"]
        assert [client.get(path).status_code for path in paths] == [403, 403]
        assert make(client).status_code == 403
        assert "unguessable" not in text(client.get(f"{ACCOUNTS}accounts/{account.pk}/"))


def test_an_account_is_tried_with_one_card_and_nothing_is_changed():
    card = card_in_use()
    with OneLinkFake(seed=7) as fake:
        fake.add(card.iccid, msisdn="1490000000001")
        client = superuser()
        secrets = {name: str(value) for name, value in fake.secrets.items()}
        make(client, base_url=fake.base_url, **fake.fields, **secrets, settle_s="0", guard_s="0", window="off")
        path = f"{ACCOUNTS}accounts/{CarrierAccount.objects.get().pk}/try/"
        page = plain(client.post(path, {"iccid": card.iccid}, headers=ENGLISH))
        done = fake.done(card.iccid)
    assert "State of the card understood" in page
    assert done == []
    assert [secret for secret in secrets.values() if secret in page] == []


def test_to_try_an_account_a_card_is_needed():
    client = of_role("support")
    path = f"{ACCOUNTS}accounts/{an_account().pk}/try/"
    assert client.get(path).status_code == 200
    answer = client.post(path, {"iccid": " "}, headers=ENGLISH)
    assert (answer.status_code, "Say the ICCID of a card" in plain(answer)) == (422, True)
    assert of_role("finance").get(path).status_code == 403


def test_what_is_done_by_hand_is_a_list_for_the_carriers_manager():
    account = an_account()
    card = card_in_use(customer="Acme")
    by_hand = {"goal": "", "aspect": Aspect.CANCEL, "state": CommandState.BY_HAND}
    an_order(on_account(card, account), **by_hand)
    an_order(on_account(card_in_use(), account))
    client = of_role("carrier_desk")
    page = plain(client.get(f"{ACCOUNTS}accounts/{account.pk}/", headers=ENGLISH))
    assert "1 order has to be done by hand at the carrier." in page
    answer = client.get(f"{ACCOUNTS}accounts/{account.pk}/by-hand.csv", headers=ENGLISH)
    rows = b"".join(answer).decode("utf-8-sig").splitlines()
    assert len(rows) == 2
    assert rows[0] == "ICCID,MSISDN,IMSI,Order,Customer,Ordered on"
    assert re.fullmatch(rf'"=""{card.iccid}""",,,Cancel,Acme,\d{{4}}-\d\d-\d\d', rows[1])


def finished_job(owner, card):
    job = control.draft(freeze_ids([card.pk], owner=owner, asked={"from": "page"}), "suspend", user=owner)
    return worker.work_off(control.start(worker.work_off(job), user=owner, reason="x"))


def test_a_jobs_page_says_what_became_of_its_orders():
    owner = staff("suspend")
    card = card_in_use(customer="Acme")
    job = finished_job(owner, card)
    client = logged_in(owner)
    assert "At the carriers" not in plain(client.get(f"/console/jobs/{job.pk}/", headers=ENGLISH))
    an_order(on_account(card, an_account()), job=job)
    page = plain(client.get(f"/console/jobs/{job.pk}/", headers=ENGLISH))
    assert "At the carriers Accepted, not yet confirmed 1 The job ends with the portal's part" in page
    assert "Cards of this job that wait for their carrier" in page


def test_a_job_leads_to_the_cards_of_it_that_wait():
    owner = staff("suspend")
    waiting, refused, other = (card_in_use(customer="Acme") for _ in range(3))
    job, account = finished_job(owner, waiting), an_account()
    an_order(on_account(waiting, account), job=job)
    an_order(on_account(refused, account), job=job, state=CommandState.REFUSED, code="12036", text="不允许")
    an_order(on_account(other, account))
    client, path = of_role("auditor"), f"/console/carriers/jobs/{job.pk}/"
    page = plain(client.get(path, headers=ENGLISH))
    assert "On their way 1 Refused by the carrier 1" in page
    assert f"{waiting.iccid} Stop Accepted, not yet confirmed onelink-sh" in page
    assert [card.iccid in page for card in (waiting, refused, other)] == [True, False, False]
    page = plain(client.get(f"{path}?state=refused", headers=CHINESE))
    assert [card.iccid in page for card in (waiting, refused, other)] == [False, True, False]
    assert "12036 不允许" in page
    assert [client.get(f"{path}{asked}").status_code for asked in ("?state=lost", "?after=x")] == [200, 200]


def test_a_job_without_orders_says_so():
    job = finished_job(staff("suspend"), card_in_use(customer="Acme"))
    client = of_role("support")
    said = "No orders to a carrier came of this job."
    assert said in plain(client.get(f"/console/carriers/jobs/{job.pk}/", headers=ENGLISH))
    assert client.get(f"/console/carriers/jobs/{job.pk + 1}/").status_code == 404


def test_a_customers_job_says_so_too():
    owner = member("Acme", "alice")
    card = card_in_use(customer="Acme")
    job = finished_job(owner, card)
    an_order(on_account(card, an_account()), job=job)
    page = plain(logged_in(owner).get(f"/my/jobs/{job.pk}/", headers=CHINESE))
    assert "运营商侧 已受理，待确认 1 任务以我方处理完成为准" in page
    assert "onelink" not in page
