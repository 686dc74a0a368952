"""What a card's page says about its carrier: to staff with each instant and code, to its owner in plain words."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from cards.carriers.choices import CommandState, DriftKind, LineStep, ServiceState
from cards.carriers.models import Line
from tests.build import SHELL, card_in_use, do, member, use
from tests.carriers.rows import a_difference, an_account, an_order, on_account
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 4, 3, tzinfo=UTC)  # 12:03 in Shanghai
PANEL = re.compile(r'aria-labelledby="at-the-carrier">(.*?)</section>', re.DOTALL)


def panel(client, card, language="en", door="console"):
    """The words of the panel on the card's page; none where it has no panel."""
    page = text(client.get(f"/{door}/cards/{card.iccid}/", headers={"accept-language": language}))
    found = PANEL.search(page)
    return " ".join(re.sub("<[^>]*>", " ", found.group(1)).split()) if found else ""


def suspended(**line):
    card = do("suspend", card_in_use(customer="Acme"), timezone.localdate())
    return card, on_account(card, an_account(), **{"wanted_service": ServiceState.STOPPED} | line)


def test_portal_carrier_and_order_stand_below_each_other_with_their_instants():
    card, line = suspended(step=LineStep.WAITING, seen_at=AT, ask_at=AT + timedelta(minutes=5))
    an_order(line, sent_at=AT - timedelta(minutes=2))
    said = panel(of_role("support"), card)
    assert re.sub("since [^C]*", "since … ", said) == (
        "At the carrier Waiting for the carrier "
        "Portal Suspended manually since … "
        "Carrier Active as of 2026-03-02 12:03 · code 2 "
        "Order Stop Accepted, not yet confirmed sent 2026-03-02 12:01 · no. 20261129001 · next look 2026-03-02 12:08 "
        "Account onelink-sh. It cannot change: usage cap, cancellation. Look now Pause orders Orders of this card"
    )


def test_a_card_without_an_account_is_worked_by_hand():
    card = card_in_use()
    assert panel(of_role("support"), card).startswith("At the carrier By hand: no carrier account.")
    on_account(card, None, step=LineStep.BY_HAND)
    assert panel(of_role("finance"), card).startswith("At the carrier By hand: no carrier account.")


def test_a_change_that_has_not_reached_the_line_is_being_handed_over():
    card, _line = suspended(seq=1)
    said = panel(of_role("support"), card)
    assert said.startswith("At the carrier Waiting for the carrier The last change is being handed over to the")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"seen_at": None, "seen_service": ""}, "Carrier Not looked at yet."),
        ({"missing_at": AT}, "Carrier Not on this account as of 2026-03-02 12:03"),
        ({"step": LineStep.GONE, "seen_service": ServiceState.CANCELLED}, "At the carrier Cancelled by the carrier"),
        ({"seen_service": "", "seen_code": "99", "seen_at": AT}, "Carrier Unknown as of 2026-03-02 12:03 · code 99"),
        ({"seen_reasons": "device,managed", "seen_reason_text": "管理停"}, "Reason: another device, stopped by"),
        ({"paused": True}, "Orders for this card are paused"),
    ],
)
def test_what_was_seen_is_said(line, said):
    card, _line = suspended(**line)
    assert said in panel(of_role("auditor"), card)


def test_a_refusal_is_said_in_the_carriers_words_and_with_its_difference():
    card, line = suspended(step=LineStep.REFUSED)
    refused = {"state": CommandState.REFUSED, "ended_at": AT, "code": "12036", "text": "该号码不允许停机"}
    an_order(line, **refused)
    a_difference(line, DriftKind.REFUSED, proposal="", params={})
    said = panel(of_role("support"), card)
    assert "Order Stop Refused by the carrier" in said
    assert "The carrier says: “12036 该号码不允许停机”" in said
    assert "Order refused found" in said
    assert "A person has to settle it. Show in the differences" in said


def test_a_difference_says_what_is_proposed():
    card, line = suspended(step=LineStep.DRIFT)
    a_difference(line)
    said = panel(of_role("support"), card, "zh-hans")
    assert "运营商停机" in said
    assert "建议：" in said


def test_an_account_that_does_not_work_is_said_once():
    card, line = suspended()
    line.account.broken_since = AT
    line.account.save()
    assert "The account has not worked since 2026-03-02 12:03: orders wait." in panel(of_role("support"), card)


@pytest.mark.parametrize(("paused", "is_told"), [(False, True), (True, False)])
def test_an_order_that_is_held_back_is_due_at_no_instant(paused, is_told):
    card, line = suspended(step=LineStep.WAITING, paused=paused)
    an_order(line, state=CommandState.QUEUED, due_at=AT)
    assert ("due 2026-03-02 12:03" in panel(of_role("support"), card)) is is_told


def owner_reads(card, language="en"):
    return panel(logged_in(member("Acme", f"alice{card.pk}{language}")), card, language, "my")


@pytest.mark.parametrize(
    ("state", "ended", "said"),
    [
        (CommandState.QUEUED, None, "Stop: about to be sent to the carrier."),
        (CommandState.SENT, None, "Stop: sent to the carrier at 2026-03-02 12:03, not yet confirmed."),
        (CommandState.ACCEPTED, None, "Stop: sent to the carrier at 2026-03-02 12:03, not yet confirmed."),
        (CommandState.REFUSED, AT, "Stop: the carrier has not done it yet. We are looking into it."),
        (CommandState.UNKNOWN, AT, "Stop: the carrier has not confirmed it. We are looking into it."),
    ],
)
def test_its_owner_reads_how_far_the_last_order_is(state, ended, said):
    card, line = suspended()
    ended_at = ended and timezone.now()
    an_order(line, state=state, sent_at=AT, ended_at=ended_at, code="12036", text="不允许")
    assert owner_reads(card) == f"At the carrier {said}"


def test_its_owner_reads_of_a_confirmed_order_for_a_day_and_else_nothing():
    card, line = suspended()
    assert owner_reads(card) == ""
    order = an_order(line, state=CommandState.CONFIRMED, ended_at=timezone.now())
    at = timezone.localtime(order.ended_at).strftime("%Y-%m-%d %H:%M")
    assert owner_reads(card, "zh-hans") == f"运营商侧 停机：运营商已于 {at} 确认。"
    type(order).objects.update(ended_at=AT)
    assert panel(logged_in(member("Acme", "bob")), card, door="my") == ""


@pytest.mark.parametrize(
    ("kind", "works", "is_renewed"),
    [(DriftKind.USAGE, True, True), (DriftKind.STOPPED, False, True), (DriftKind.CANCELLED, False, False)],
)
def test_its_owner_is_not_told_that_a_card_works_which_its_carrier_has_cut(kind, works, is_renewed):
    card = use(card_in_use(customer="Acme", since=timezone.localdate()), timezone.localdate(), 1)
    a_difference(on_account(card, an_account()), kind)
    client = logged_in(member("Acme", "alice"))
    page = text(client.get(f"/my/cards/{card.iccid}/", headers={"accept-language": "en"}))
    assert ("The card works." in page, "see the prices" in page) == (works, is_renewed)
    helped = text(client.get(f"/my/cards/{card.iccid}/help/", headers={"accept-language": "en"}))
    assert ("The card looks fine from here." in helped, "At the carrier" in helped) == (works, not works)


def test_a_new_owner_reads_nothing_of_the_orders_before():
    card, line = suspended()
    an_order(line)
    card = do(
        "assign",
        do("unassign", do("resume", card, timezone.localdate()), timezone.localdate()),
        timezone.localdate(),
        SHELL,
        customer="Acme",
    )
    assert card.owned_from_seq > line.seq
    Line.objects.update(seq=card.version)
    assert owner_reads(card) == ""


def test_its_owner_reads_no_account_no_code_and_no_words_of_the_carrier():
    card, line = suspended(seen_reason_text="管理停", step=LineStep.DRIFT)
    an_order(line, state=CommandState.REFUSED, ended_at=timezone.now(), code="12036", text="管理停")
    a_difference(line, evidence={"reason": "管理停"})
    page = text(logged_in(member("Acme", "alice")).get(f"/my/cards/{card.iccid}/"))
    assert [word for word in ("onelink", "12036", "管理停", "20261129001") if word in page] == []
    assert owner_reads(card) == "At the carrier The carrier has stopped this card. We are looking into it."
