"""Service that nobody pays for: what it does, how it is recorded whoever asks for it how, and what counts as one."""

from datetime import date

import pytest
from django.utils.translation import override

from cards.actions.jobs import control, worker
from cards.actions.selections import freeze_ids
from cards.models import CardEvent
from cards.models.event import GIVES_A_PACK, GIVES_A_TERM, GRANTED
from cards.permissions import Actor
from cards.sentences.customer_history import history_entries
from tests import build
from tests.billing import build as money
from tests.build import attempt, card_in_use, do, fresh, on_day, staff, unguarded, use

pytestmark = pytest.mark.django_db

DAY = date(2026, 1, 20)
TERM = {"plan": "Y1-30", "term": 2}


def records(card, conditions=None):
    events = CardEvent.objects.filter(card=card, seq__gt=2).order_by("seq")
    return list((events.filter(conditions) if conditions else events).values_list("action", "evidence"))


@pytest.mark.parametrize(
    ("asked", "plan"), [("grant", "Y1-30"), ("renew", "Y1-30"), ("grant", "PACK-100"), ("top_up", "PACK-100")]
)
def test_whatever_it_is_called_it_is_done_as_it_would_be_sold_and_recorded_as_a_grant(asked, plan):
    card = do(asked, use(card_in_use(), DAY, 31), DAY, plan=plan)
    if plan == "Y1-30":
        assert (card.state, card.terms.count(), records(card)[-1]) == ("suspended", 2, ("grant", TERM))
        assert (records(card, GIVES_A_TERM), records(card, GIVES_A_PACK)) == ([("grant", TERM)], [])
    else:
        pack = {"plan": plan, "used_bytes": 31 << 20, "allowance_bytes": 130 << 20, "lifted": ["credit"]}
        given = ("grant", pack | {"still_held": []})
        assert (card.state, card.pack_mb, records(card)[-1]) == ("in_use", 100, given)
        assert (records(card, GIVES_A_TERM), records(card, GIVES_A_PACK)) == ([], [given])
    assert [event.did for event in CardEvent.objects.filter(GRANTED)] == ["renew" if plan == "Y1-30" else "top_up"]


def test_a_reason_is_asked_of_who_grants_and_not_of_scripts_that_know_no_grant():
    card, words = card_in_use(), (("grant", "Y1-30"), ("renew", "Y1-30"), ("top_up", "PACK-100"))
    refusals = [attempt(asked, card, DAY, reason=" ", plan=plan).refused for asked, plan in words]
    assert [refused and refused.code for refused in refusals] == ["reason_required", None, None]


@pytest.mark.parametrize("asked", ["grant", "renew"])
def test_who_may_sell_a_renewal_may_not_give_it_away(asked):
    card = card_in_use()
    seller, giver = (Actor.of(staff(may, username=may)) for may in ("renew", "grant"))
    refused = attempt(asked, card, DAY, actor=seller, plan="Y1-30").refused
    assert (refused.code, refused.facts) == ("not_permitted", {"actor": "renew", "action": "grant"})
    assert attempt(asked, card, DAY, actor=giver, plan="Y1-30").refused is None


def test_what_was_sold_is_no_grant_and_what_people_did_before_grants_had_a_name_is_one():
    with on_day(DAY):
        sold, by_hand = card_in_use(customer="Acme"), card_in_use()
        money.price("Y1-30", "10.00")
        money.fund("100.00")
        money.paid("renewal", [sold], money.financier())
        user = staff("grant", "renew", "top_up")
        for asked, plan in (("renew", "Y1-30"), ("top_up", "PACK-100")):
            selection = freeze_ids([by_hand.pk], owner=user, asked={"from": "page"})
            job = control.draft(selection, asked, user=user)
            worker.work_off(control.start(job, user=user, params={"plan": plan}))
            do(asked, by_hand, DAY, plan=plan)
    assert [action for action, _evidence in records(by_hand)] == ["grant"] * 4
    unguarded("cards_cardevent")
    for event in CardEvent.objects.filter(card=by_hand, action="grant"):
        event.pk, event.seq, event.action = None, event.seq + 10, event.did
        event.save(force_insert=True)
    counts = [CardEvent.objects.filter(condition).count() for condition in (GRANTED, GIVES_A_TERM, GIVES_A_PACK)]
    assert (counts, CardEvent.objects.filter(GRANTED, card=sold).count()) == ([8, 5, 4], 0)


def test_its_owner_reads_that_the_dealer_gave_it():
    card = do("grant", card_in_use(customer="Acme"), DAY, plan="Y1-30", reason="our mistake")
    card = do("grant", card, DAY, plan="PACK-100", reason="our mistake")
    events = CardEvent.objects.filter(card=card, action="grant").order_by("seq")
    told = {}
    for language in ("en", "zh-hans"):
        with override(language):
            told[language] = [entry.sentence for entry in history_entries(events)]
    assert told == {
        "en": ["Your dealer gave the card another term.", "Your dealer gave the card an add-on pack."],
        "zh-hans": ["代理商为该卡赠送了一个服务期。", "代理商为该卡赠送了一个叠加包。"],
    }


@on_day(DAY)
def test_a_bulk_grant_of_a_term_is_undone_and_one_of_a_pack_is_not():
    card, user = card_in_use(), staff("grant", "unrenew")
    before = build.fresh(card).facts()
    codes = []
    for plan in ("Y1-30", "PACK-100"):
        selection = freeze_ids([card.pk], owner=user, asked={"from": "page"})
        job = control.draft(selection, "grant", user=user)
        done = worker.work_off(control.start(job, user=user, params={"plan": plan}, reason="fair"))
        undo = control.undo(done, user=user)
        codes.append(
            [code for reasons in undo.chunks.values_list("check_result__reasons", flat=True) for code in reasons]
        )
        if plan == "Y1-30":
            worker.work_off(control.start(undo, user=user))
            after = fresh(card).facts()
            assert {name for name in before if before[name] != after[name]} <= {"version", "changed_on", "_state"}
    assert (codes, fresh(card).pack_mb) == ([[], ["nothing_to_undo"]], 100)
