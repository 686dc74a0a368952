"""The queue of differences: read by kind, and decided with a look at what follows."""

import json
import re

import pytest
from django.utils import timezone

from cards.carriers.choices import DriftKind, DriftState
from cards.carriers.models import Drift, Reconciliation
from cards.choices import Hold
from tests.build import card_in_use, fresh, use
from tests.carriers.rows import a_difference, an_account, on_account
from tests.console.pages import of_role, text

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}
QUEUE = "/console/carriers/drift/"
ANOMALY = json.dumps(["place_hold", {"kind": "anomaly"}])


def plain(answer):
    return " ".join(re.sub("<[^>]*>", " ", text(answer)).split())


@pytest.fixture
def lines():
    account = an_account()
    return [on_account(card_in_use(customer="Acme"), account, seen_service="stopped") for _ in range(3)]


def post(client, step, **data):
    return client.post(f"{QUEUE}{step}/", {"kind": "stopped", **data}, headers=ENGLISH)


def said(client):
    return re.findall(r'<li class="(?:success|error)">([^<]*)', text(client.get(QUEUE, headers=ENGLISH)))


def test_the_queue_is_read_by_kind(lines):
    a_difference(lines[0])
    a_difference(lines[1], DriftKind.LEAK, proposal="", params={}, seen="active", portal="stopped")
    use(lines[1].card, timezone.localdate(), 3)
    client = of_role("support")
    first = plain(client.get(QUEUE, headers=ENGLISH))
    assert "Active there, stopped or ended here 1 Stopped by the carrier 1" in first
    assert (lines[1].card.iccid in first, lines[0].card.iccid in first) == (True, False)
    assert "3.0 MB used since By hand" in first
    stopped = plain(client.get(f"{QUEUE}?kind=stopped", headers={"accept-language": "zh-hans"}))
    assert (lines[0].card.iccid in stopped, "机卡分离停机" in stopped, "添加停用原因（异常停用）" in stopped) == (
        True,
    ) * 3
    assert client.get(f"{QUEUE}?kind=nonsense").status_code == 404


def test_where_nothing_differs_the_queue_says_so():
    assert "Portal and carriers agree." in plain(of_role("finance").get(QUEUE, headers=ENGLISH))


def test_approving_is_confirmed_with_what_follows_before_it_is_done(lines):
    drifts = [a_difference(line) for line in lines]
    client = of_role("carrier_desk")
    asked = post(client, "approve", ids=[drifts[0].pk, drifts[1].pk])
    page = plain(asked)
    assert "Place hold (Carrier block): 2 cards" in page
    assert "The cards are suspended here too, until someone lifts the hold." in page
    assert {fresh(line.card).holds for line in lines} == {""}
    done = post(client, "approve", ids=[drifts[0].pk, drifts[1].pk], confirmed="1", reason="told by phone")
    assert re.fullmatch(r"/console/jobs/\d+/", done["Location"])
    assert client.get(done["Location"]).status_code == 200
    assert [fresh(line.card).holds for line in lines] == [Hold.ANOMALY, Hold.ANOMALY, ""]
    assert [drift.state for drift in Drift.objects.order_by("pk")] == [
        DriftState.APPROVED,
        DriftState.APPROVED,
        DriftState.OPEN,
    ]


def test_all_for_which_the_same_is_proposed_are_approved_together(lines):
    for line in lines:
        a_difference(line)
    client = of_role("carrier_desk")
    page = client.get(QUEUE, headers=ENGLISH)
    assert "Place hold (Carrier block): approve all 3…" in plain(page)
    assert "Place hold (Carrier block): 3 cards" in plain(post(client, "approve", group=ANOMALY))
    post(client, "approve", group=ANOMALY, confirmed="1")
    assert {fresh(line.card).holds for line in lines} == {Hold.ANOMALY}


def test_what_is_not_the_same_is_not_approved_together(lines):
    ids = [a_difference(lines[0]).pk, a_difference(lines[1], proposal="cancel", params={}).pk]
    client = of_role("carrier_desk")
    assert "Not the same is proposed for these cards." in plain(post(client, "approve", ids=ids))
    post(client, "approve", ids=ids, confirmed="1")
    assert said(client) == ["Approve together what the same is proposed for."]
    assert {drift.state for drift in Drift.objects.all()} == {DriftState.OPEN}


@pytest.mark.parametrize("data", [{}, {"ids": "x"}, {"ids": "0"}, {"group": "{"}, {"group": "[1, 2]"}, {"group": "3"}])
def test_what_chooses_nothing_does_nothing(lines, data):
    drift = a_difference(lines[0])
    client = of_role("operations")
    assert "Nothing is proposed for these cards, or none was selected." in plain(post(client, "approve", **data))
    assert post(client, "reject", **data).status_code == 302
    assert Drift.objects.get(pk=drift.pk).state == DriftState.OPEN


def test_what_is_left_as_it_is_leaves_the_queue(lines):
    drift = a_difference(lines[0])
    client = of_role("operations")
    post(client, "reject", ids=[drift.pk])
    assert said(client) == ["1 difference is left as it is."]
    assert Drift.objects.get().decided_by.username == "operations"


def test_what_is_wanted_is_ordered_once_more(lines):
    line = lines[0]
    drift = a_difference(line, DriftKind.REFUSED, proposal="", params={})
    client = of_role("carrier_desk")
    answer = client.post(f"{QUEUE}again/", {"kind": "refused", "ids": [drift.pk]}, headers=ENGLISH)
    assert (answer.status_code, said(client)) == (302, ["1 order is sent once more."])


def test_what_no_order_settles_is_not_ordered_once_more(lines):
    drift = a_difference(lines[0])
    client = of_role("carrier_desk")
    assert "Order once more" not in plain(client.get(QUEUE, headers=ENGLISH))
    post(client, "again", ids=[drift.pk])
    assert said(client) == ["Nothing was selected for which this can be done."]
    a_difference(lines[1], DriftKind.REFUSED, proposal="", params={})
    assert "Order once more" in plain(client.get(f"{QUEUE}?kind=refused", headers=ENGLISH))


def test_what_a_role_does_not_allow_is_said_and_not_offered(lines):
    drift = a_difference(lines[0])
    client = of_role("operations")
    page = plain(client.get(QUEUE, headers=ENGLISH))
    assert "Place hold (Carrier block), proposed for 1: your role does not allow it." in page
    assert ("approve all" in page, "Approve the selected…" in page, "Leave as it is" in page) == (False, False, True)
    assert post(client, "approve", ids=[drift.pk])["Location"] == f"{QUEUE}?kind=stopped"
    assert len(said(client)) == 1


def test_there_is_no_other_decision(lines):
    assert post(of_role("operations"), "burn").status_code == 404


def test_whoever_may_not_decide_reads_and_has_no_button(lines):
    drift = a_difference(lines[0])
    client = of_role("finance")
    page = text(client.get(QUEUE, headers=ENGLISH))
    assert ("The carrier desk and operations decide differences." in page, 'name="ids"' in page) == (True, False)
    assert [post(client, step, ids=[drift.pk]).status_code for step in ("approve", "reject", "again")] == [403] * 3


def test_the_queue_costs_the_same_however_long(lines, django_assert_max_num_queries):
    for line in lines:
        a_difference(line)
    client = of_role("carrier_desk")
    client.get("/console/")
    with django_assert_max_num_queries(12):
        client.get(QUEUE)


def test_a_comparison_that_the_brake_holds_is_released_once(lines):
    now = timezone.now()
    told = {
        "began_at": now,
        "ended_at": now,
        "held_above": 100,
        "found": {"leak": 130, "corrected": 120},
        "examples": ["89860000000000000001"],
    }
    run = Reconciliation.objects.create(account=lines[0].account, **told)
    client = of_role("carrier_desk")
    page = plain(client.get("/console/carriers/", headers=ENGLISH))
    assert (
        "120 cards would be corrected, more than 100: nothing is corrected. 89860000000000000001 Release: correct them"
        in page
    )
    path = f"/console/carriers/comparisons/{run.pk}/release/"
    assert [client.post(path).status_code for _ in range(2)] == [302, 404]
    assert "Released by carrier_desk" in plain(client.get("/console/carriers/", headers=ENGLISH))
    assert of_role("support").post(path).status_code == 403
