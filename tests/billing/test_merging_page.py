"""The pages of merging: the preview with the name typed, the approval, the job, and what is left of who was merged."""

import uuid
from datetime import date

import pytest

from billing.models import Proposal
from cards.actions.jobs.worker import work_off
from cards.models import Customer, Job
from tests.billing import build as b
from tests.build import card_in_use, member, on_day
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
OLD, NEW = "Acme Ltd", "Acme"
ALICE = 'alice <span class="muted">Owner</span>'


@pytest.fixture(autouse=True)
def _clock():
    with on_day(date(2026, 3, 2)):
        yield


@pytest.fixture
def ops():
    return of_role("operations")


def url(name=OLD, step=""):
    return f"/console/customers/{b.customer(name).pk}/{step}"


def get(client, path):
    return client.get(path, headers=ENGLISH)


def ask(client, name=OLD, into=NEW, key="8a3b9c52-6a1f-4b8e-9d7a-111111111111"):
    return client.post(url(step="merge/"), {"into": into, "name": name, "key": key}, headers=ENGLISH)


def test_from_the_preview_to_the_page_of_who_was_merged(ops):
    card_in_use(customer=OLD)
    b.fund("100", OLD)
    b.customer(NEW)
    assert get(ops, url(step="merge/")).context["preview"] is None
    preview = get(ops, url(step="merge/") + f"?into={NEW}").context["preview"]
    assert (preview.cards, preview.balance, preview.members, preview.hindered) == ("1", 100, [], [])
    wrong = ask(ops, name="Acme")
    assert wrong.context["confirm"].errors == {"name": ["This is not the name of the customer to be merged."]}
    addresses = {ask(ops)["location"] for _ in range(2)}
    assert addresses == {f"/console/approvals/{Proposal.objects.get().pk}/"}
    page = addresses.pop()
    finance = of_role("finance")
    shown = get(finance, page)
    assert "it cannot be undone" in text(shown)
    assert [(customer.name, balance) for customer, balance in shown.context["wallets"]] == [(OLD, 100), (NEW, 0)]
    assert [each.about for each in get(finance, "/console/approvals/").context["waiting"]] == [f"→ {NEW}"]
    assert ops.post(f"{page}approve/").status_code == 403
    for _ in range(2):
        assert finance.post(f"{page}approve/")["location"] == page
    job = Job.objects.get(kind="merge")
    shown = get(ops, f"/console/jobs/{job.pk}/")
    assert [step for step, _label in shown.context["steps"]] == ["pause"], "nobody stops it half-way"
    assert ops.post(f"/console/jobs/{job.pk}/stop/").status_code == 302
    assert work_off(job).status == "done"
    assert "Everything has been moved." in text(get(ops, f"/console/jobs/{job.pk}/"))
    assert "Merged into Acme" in text(get(ops, url()))
    assert f"{OLD}</a>" in text(get(ops, url(NEW)))
    listed = [customer.name for customer, *_ in get(ops, "/console/customers/").context["customers"]]
    found = [customer.name for customer, *_ in get(ops, "/console/customers/?q=Acme").context["customers"]]
    assert (listed, found) == ([NEW], [NEW, OLD])
    cards = get(ops, "/console/cards/?customer=Acme+Ltd").context["rows"]
    assert len(cards) == 1, "an address that names the former customer finds what is with the other one"


def test_nothing_is_changed_on_the_page_of_who_was_merged(ops):
    b.customer(NEW)
    Customer.objects.filter(pk=b.customer(OLD).pk).update(
        merged_into=b.customer(NEW), merged_at="2026-03-02T00:00Z", all_moved_at="2026-03-02T00:00Z"
    )
    finance = of_role("finance")
    posted = {"master-data/": ops, "merge/": ops, "agreement/": finance, "adjust/": finance, "withdraw/": finance}
    assert {client.post(url(step=step)).status_code for step, client in posted.items()} == {404}
    assert get(finance, url()).status_code == get(finance, url(step="statement/")).status_code == 200


def test_what_hinders_it_is_said_and_there_is_no_button(ops):
    b.credit("100", OLD)
    b.customer(NEW)
    b.orders.make_adjustment(b.customer(OLD), 30, user=b.financier(), note="router")
    page = get(ops, url(step="merge/") + f"?into={NEW}")
    assert page.context["preview"].hindered == [
        "A debt of ¥30.00 would be taken over, but only ¥0.00 is available in the wallet that takes it. "
        "Raise the credit limit or record a receipt first."
    ]
    assert "Request approval" not in text(page)
    refused = ask(ops)
    assert (refused.status_code, Proposal.objects.count()) == (422, 0)


def test_who_approves_sees_a_debt_as_one_and_who_comes_to_act_for_the_other(ops):
    b.credit("100", OLD)
    b.credit("100", NEW)
    b.orders.make_adjustment(b.customer(OLD), 30, user=b.financier(username="fin"), note="router")
    member(OLD, "alice")
    assert ALICE in text(get(ops, url(step="merge/") + f"?into={NEW}"))
    shown = text(get(of_role("finance"), ask(ops)["location"]))
    for name, balance in ((OLD, "-¥30.00"), (NEW, "¥0.00")):
        assert f"<dt>Balance of {name} now</dt><dd>{balance}</dd>" in shown
    assert ALICE in shown


@pytest.mark.parametrize("into", ["Nobody", ""])
def test_into_nobody_is_said_at_the_field(ops, into):
    b.customer(NEW)
    page = get(ops, url(step="merge/") + f"?into={into}")
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["into"])
    assert ask(ops, into=into, key=str(uuid.uuid4())).status_code == 422


@pytest.mark.parametrize("role", ["support", "finance", "auditor"])
def test_others_cannot_ask_for_it(role):
    client = of_role(role)
    assert (get(client, url(step="merge/")).status_code, ask(client).status_code) == (403, 403)


def test_it_is_no_page_of_customers():
    assert logged_in(member(OLD)).get(url(step="merge/")).status_code == 404
