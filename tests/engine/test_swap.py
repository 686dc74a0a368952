"""A card goes on with a new SIM: all that it is and has stays, the old SIM is cancelled; or nothing happens."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import translation
from hypothesis import given, settings

from cards import rules
from cards.actions.action_requests import act
from cards.actions.claim_codes import codes_of
from cards.actions.claims import claim
from cards.actions.imports.usage_staging import open_file, stage
from cards.actions.sweep import sweep
from cards.actions.write import attach_queues
from cards.errors import BadInput, InvariantBroken
from cards.lookup import card_at
from cards.models import Card, CardEvent, PolicyBook, StagedReading, UsageDay
from cards.models.card import MB
from cards.proof import Proof
from tests.build import SHELL, attempt, card_in_use, correct, do, fresh, on_day, open_card, spoil, story, swept, use
from tests.commands.calls import csv_file, result
from tests.engine.test_faults import with_connections_of_their_own
from tests.engine.test_forecast import anyhow, cards, events_of, live, lives, rolled_back
from tests.engine.test_in_classes import somebody_waits
from tests.processes import wait_until

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 2)
NEW = {"iccid": "89860000000000009001", "msisdn": "14400009001", "imsi": "460040000009001", "opened_on": "2026-02-20"}
STAYS_BEHIND = ("id", "_state", "iccid", "imsi", "version", "changed_on", "queue")


def stock(**columns):
    return open_card(**NEW | columns)


def by_iccid(iccid):
    return Card.objects.get(iccid=iccid)


def swap(card, new, day=DAY):
    """Swap; the card with the new SIM, and the old one that is cancelled."""
    old_iccid, new_iccid = card.iccid, new.iccid
    do("swap", card, day, iccid=new.iccid)
    return by_iccid(new_iccid), by_iccid(old_iccid)


def facts(card):
    return {name: value for name, value in attach_queues([card])[0].facts().items() if name not in STAYS_BEHIND}


def rows(*keys):
    """Both cards as the database has them."""
    return list(Card.objects.filter(pk__in=[card.pk for card in keys]).order_by("pk").values())


def said(card):
    """The last record of a card: what a swap says of it."""
    event = CardEvent.objects.filter(card=card).latest("seq")
    return (event.action, event.from_state, event.to_state, event.actor_name, event.reason, event.evidence)


def unused():
    card = open_card(msisdn="14400000001", imsi="460040000000001", customer="Acme", test_months=1, test_quota_mb=5)
    return swept(card, DAY)


def busy():
    """In use, with what a card may have: packs, a limit, a queue, a tag, a remark, a device."""
    card = card_in_use(msisdn="14400000001", imsi="460040000000001", customer="Acme", binding="first_use")
    card = use(card, date(2026, 3, 1), 12, imei="490154203237518")
    for action, params in (
        ("grant", {"plan": "PACK-100"}),
        ("grant", {"plan": "M1-100"}),
        ("set_limit", {"limit_mb": "50"}),
        ("tag", {"tag": "roof"}),
        ("remark", {"remark": "on the roof"}),
    ):
        card = do(action, card, date(2026, 3, 1), **params)
    return card


def stopped():
    return do("suspend", use(busy(), DAY, 60), DAY)


def over():
    card = card_in_use(since=date(2026, 1, 1), plan="M1-100", customer="Acme", msisdn="14400000001")
    sweep(date(2026, 2, 1))
    return fresh(card)


def verified():
    """A person's card: unused since its check was approved."""
    card = open_card(certification="individual", customer="Acme", msisdn="14400000001")
    card = do("submit_real_name", card, DAY, name="张三丰", id_number="110101199003071234")
    return do("approve_real_name", card, DAY)


@pytest.mark.parametrize("a_life", [unused, busy, stopped, over, verified])
def test_the_card_goes_on_as_it_was_and_the_old_sim_is_cancelled(a_life):
    with on_day(DAY):
        card = a_life()
        new = stock(certification=card.certification)
        before, history, old_iccid = facts(card), story(card), card.iccid
        with_new, old = swap(card, new)

        assert (with_new.pk, with_new.imsi, with_new.version) == (card.pk, NEW["imsi"], card.version + 1)
        assert facts(with_new) == before
        assert story(with_new) == [*history, ("swap", "", card.state, DAY)]
        assert said(with_new) == (
            *("swap", card.state, card.state, "manage.py", "because"),
            {
                "iccid": NEW["iccid"],
                "was_iccid": old_iccid,
                "imsi": NEW["imsi"],
                "was_imsi": card.imsi,
                "other_card": new.pk,
            },
        )
        assert (old.pk, old.state, old.msisdn, old.imsi, old.customer_id) == (new.pk, "cancelled", "", card.imsi, None)
        assert said(old) == (
            *("swap", "unused", "cancelled", "manage.py", "because"),
            {
                "iccid": old_iccid,
                "was_iccid": NEW["iccid"],
                "imsi": card.imsi,
                "was_imsi": NEW["imsi"],
                "was_msisdn": NEW["msisdn"],
                "other_card": card.pk,
                "other_seq": with_new.version,
            },
        )
        assert list(Proof().problems()) == []


def test_a_card_without_a_number_gets_that_of_the_new_sim():
    with_new, old = swap(card_in_use(), stock())
    assert (with_new.msisdn, old.msisdn) == (NEW["msisdn"], "")
    assert said(with_new)[-1]["msisdn"] == NEW["msisdn"]


@given(cards, lives)
@settings(anyhow, max_examples=15)
@rolled_back()
def test_whatever_was_ahead_of_a_card_is_ahead_of_it_with_the_new_sim(kind, life):
    test, device = kind.pop("test"), kind.pop("device")
    card = open_card(**kind, **test, **device)
    today, book = live(card, life), PolicyBook.read()
    ahead = today + timedelta(days=400)
    (card,) = attach_queues([fresh(card)])
    list(rules.catch_up(card, today, book))
    forecast = events_of(rules.forecast(card, ahead, book))
    new = open_card(iccid=NEW["iccid"], certification=card.certification, opened_on=today)
    outcome = attempt("swap", card, today, iccid=new.iccid)
    if card.protected or card.has_hold("anomaly") or card.is_final:
        assert outcome.refused.code in ("protected", "blocked_by_carrier", "cancelled")
        assert (fresh(card).iccid, fresh(new).iccid, fresh(new).state) == (card.iccid, new.iccid, "unused")
    else:
        assert outcome.refused is None
        assert events_of(rules.forecast(attach_queues([by_iccid(new.iccid)])[0], ahead, book)) == forecast
    assert list(Proof().problems()) == []


@pytest.mark.once
@pytest.mark.parametrize(
    ("before", "new", "code"),
    [
        ([("protect", {})], {}, "protected"),
        ([("cancel", {})], {}, "cancelled"),
        ([("place_hold", {"kind": "anomaly"})], {}, "blocked_by_carrier"),
        ([], {"carrier": "cucc"}, "new_sim_of_other_carrier"),
        ([], {"certification": "individual"}, "new_sim_certified_otherwise"),
        ([], {"customer": "Other"}, "new_sim_not_in_stock"),
        ([], {"test_months": 3, "test_quota_mb": 30}, "new_sim_not_unused"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_done(before, new, code):
    with on_day(DAY):
        card, other = card_in_use(), stock(**new)
        for action, params in before:
            card = do(action, card, DAY, **params)
        before = rows(card, other)
        assert attempt("swap", card, DAY, iccid=other.iccid).refused.code == code
        assert rows(card, other) == before


@pytest.mark.once
@pytest.mark.parametrize(
    ("actions", "code"),
    [(["protect"], "new_sim_protected"), (["cancel"], "new_sim_not_unused"), (["activate"], "new_sim_not_unused")],
)
def test_a_new_sim_to_which_something_was_done_is_refused(actions, code):
    card, other = card_in_use(), stock()
    for action in actions:
        do(action, other, DAY)
    assert attempt("swap", card, DAY, iccid=other.iccid).refused.code == code
    assert story(card)[-1][0] == "activate"


def test_what_is_due_on_the_new_sim_is_done_first():
    """Its silent period is over: it is in use, and not to be had any more."""
    with on_day(DAY):
        card, other = card_in_use(plan="Y1-30"), stock()
    with on_day(date(2026, 10, 1)):
        assert attempt("swap", card, date(2026, 10, 1), iccid=other.iccid).refused.code == "new_sim_not_unused"
    assert story(other)[-1] == ("force_activate", "force_activate", "in_use", date(2026, 9, 1))


def test_parked_cards_are_refused_on_either_side():
    card, other = card_in_use(), stock()
    spoil(other, parked='["no_cycle", {}]', next_due_on=None)
    assert attempt("swap", card, DAY, iccid=other.iccid).refused.code == "new_sim_parked"
    assert attempt("swap", other, DAY, iccid=card.iccid).refused.code == "parked"


def test_a_card_is_not_swapped_for_itself_nor_for_one_that_nobody_has_taken_in():
    card = card_in_use()
    assert attempt("swap", card, DAY, iccid=card.iccid).refused.code == "swapped_for_itself"
    for iccid, sentence in (
        ("89860000000000009009", "there is no card 89860000000000009009 here; import the new SIM into stock first"),
        ("12", "an ICCID has 19 or 20 characters and starts with 8986"),
    ):
        with translation.override("en"), pytest.raises(BadInput, match=sentence):
            attempt("swap", card, DAY, iccid=iccid)


def test_several_cards_are_not_swapped_for_one():
    pair, new = [card_in_use(), card_in_use()], stock()
    outcomes = act("swap", [card.pk for card in pair], actor=SHELL, reason="lost", on=DAY, iccid=new.iccid)
    assert [outcome.refused.code for outcome in outcomes] == ["one_swap_at_a_time"] * 2
    assert fresh(new).state == "unused"


def test_done_twice_it_is_done_once():
    card, new = card_in_use(), stock()
    swap(card, new)
    again = attempt("swap", card, DAY, iccid=NEW["iccid"])
    assert again.refused.code == "swapped_for_itself"
    assert attempt("swap", new, DAY, iccid=NEW["iccid"]).refused.code == "cancelled"
    assert story(card)[-1][0] == "swap" != story(card)[-2][0]


def test_a_card_is_swapped_again_and_the_sim_in_between_is_cancelled_too():
    card, second, third = card_in_use(), stock(), stock(iccid="89860000000000009002")
    first = card.iccid
    swap(card, second)
    with_third, in_between = swap(fresh(card), third)
    assert (with_third.pk, with_third.iccid) == (card.pk, "89860000000000009002")
    assert (in_between.iccid, in_between.state, by_iccid(first).pk) == (NEW["iccid"], "cancelled", second.pk)
    assert list(Proof().problems()) == []


def test_without_a_reason_or_by_whoever_looked_before_it_changed_it_is_refused():
    card, new = card_in_use(), stock()
    assert attempt("swap", card, DAY, reason=" ", iccid=new.iccid).refused.code == "reason_required"
    seen = {"versions": {card.pk: card.version - 1}}
    assert attempt("swap", card, DAY, iccid=new.iccid, **seen).refused.code == "changed_meanwhile"
    assert fresh(new).state == "unused"


def test_what_breaks_half_way_leaves_both_as_they_were():
    card, new = card_in_use(), stock()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "CREATE TRIGGER broken BEFORE UPDATE ON cards_claimcode BEGIN SELECT RAISE(ABORT, 'broken'); END"
            )
        else:
            connection.check_constraints()  # what waits to be checked would stand in the way
            cursor.execute("ALTER TABLE cards_claimcode ADD CONSTRAINT broken CHECK (generation < 2)")
    before = rows(card, new)
    refused = attempt("swap", card, DAY, iccid=new.iccid).refused
    assert (refused.code, "broken" in refused.sentence) == ("swap_failed", True)
    assert (rows(card, new), story(card)[-1][0]) == (before, "activate")


def test_where_the_old_sim_cannot_be_cancelled_nothing_is_swapped(monkeypatch):
    def contradicts(other, **kwargs):
        raise InvariantBroken("no_cycle")

    card, new = card_in_use(), stock()
    before = rows(card, new)
    monkeypatch.setattr("cards.models.Card.cancel", contradicts)
    assert attempt("swap", card, DAY, iccid=new.iccid).refused.code == "swap_failed"
    assert (rows(card, new), story(card)[-1][0]) == (before, "activate")


def test_of_no_card_nothing_is_swapped_and_cards_may_come_one_after_the_other():
    pair, new = [card_in_use(), card_in_use()], stock()
    how = {"actor": SHELL, "reason": "lost", "on": DAY, "iccid": new.iccid}
    assert act("swap", [], **how) == []
    outcomes = act("swap", (card.pk for card in pair), **how)
    assert [outcome.refused.code for outcome in outcomes] == ["one_swap_at_a_time"] * 2


@pytest.mark.parametrize("iccid", ["89860000000000009999", "swap {}"])
def test_after_a_swap_the_database_lets_no_iccid_be_written(iccid):
    for card in swap(card_in_use(), stock()):
        with pytest.raises(IntegrityError, match="only by a swap"), transaction.atomic():
            Card.objects.filter(pk=card.pk).update(iccid=iccid.format(card.pk))


def test_both_labels_open_nothing_any_more_and_the_next_ones_do(django_user_model):
    card, new = card_in_use(customer="Acme"), stock()
    codes = codes_of([card, new])
    printed = {one: codes[one.pk].printed_token(one.iccid) for one in (card, new)}
    code_of_new = codes[new.pk].printed(new.iccid)
    assert {card_at(token) for token in printed.values()} == {card, new}
    with_new, _old = swap(card, new)
    do("unassign", with_new, DAY)
    assert [card_at(token) for token in printed.values()] == [None, None]
    user = django_user_model.objects.create_user("zhang")
    assert claim(NEW["iccid"], code_of_new, user=user) is None
    following = codes_of([fresh(with_new)])[with_new.pk]
    assert card_at(following.printed_token(NEW["iccid"])) == with_new
    assert claim(NEW["iccid"], following.printed(NEW["iccid"]), user=user) == with_new


def test_usage_of_the_old_sim_after_the_swap_is_seen_in_the_queue_and_that_of_the_new_counts():
    card, new = card_in_use(customer="Acme"), stock()
    used = use(card, date(2026, 3, 1), 3).used_bytes
    with_new, old = swap(card, new)
    after = date(2026, 3, 4)
    assert use(with_new, after, 2).used_bytes - used == 2 * MB
    assert use(old, after, 5).stray_usage_on == after
    assert list(UsageDay.objects.filter(card=with_new).order_by("day").values_list("day", flat=True)) == [
        *(date(2026, 3, 1), after)
    ]
    assert list(Proof().problems()) == []


def test_the_proof_sees_an_iccid_that_no_swap_gave():
    with_new, _old = swap(card_in_use(), stock())
    spoil(with_new, iccid="89860000000000009999")
    with translation.override("en"):
        assert [(problem.code, problem.message) for problem in Proof().problems()] == [
            ("iccid", "the card's last swap gave it the ICCID 89860000000000009001")
        ]


def test_a_file_says_nothing_more_of_the_old_sim_and_goes_on_with_the_new():
    with_new, old = swap(card_in_use(), stock())
    assert correct(old, msisdn="14400000009").errors != []
    assert (correct(with_new, msisdn="14400000009").errors, fresh(with_new).msisdn) == ([], "14400000009")


def test_of_a_file_that_names_sims_yesterday_belongs_to_the_card_that_had_the_sim_then(tmp_path):
    """The night's file comes after the swap, and lists the new SIM, in stock then, with nothing."""
    card, new = card_in_use(msisdn="14400000001", customer="Acme"), stock()
    old_iccid = card.iccid
    use(card, date(2026, 3, 1), 3)
    swap(card, new)
    told = [(old_iccid, "2026-03-01", 9), (NEW["iccid"], "2026-03-01", 0), (NEW["iccid"], "2026-03-02", 4)]
    rows = [{"iccid": iccid, "day": day, "bytes": mb * MB, "read_at": "2026-03-03T06:00"} for iccid, day, mb in told]
    with on_day(date(2026, 3, 3)):
        result("import_usage", csv_file(tmp_path / "usage.csv", rows))
    assert [
        list(UsageDay.objects.filter(card=one).order_by("day").values_list("day", "bytes")) for one in (card, new)
    ] == [
        [(date(2026, 3, 1), 9 * MB), (date(2026, 3, 2), 4 * MB)],
        [(date(2026, 3, 1), 0)],
    ]
    assert (fresh(card).used_bytes, fresh(new).stray_usage_on) == (13 * MB, None)
    assert list(Proof().problems()) == []


def test_a_file_that_was_half_staged_when_a_sim_was_swapped_is_staged_again(tmp_path):
    card, new = card_in_use(), stock()
    row = {"iccid": card.iccid, "day": "2026-03-01", "bytes": 9, "read_at": "2026-03-02T06:00"}
    file, meanwhile = open_file(), [lambda: swap(card, new)]
    with on_day(DAY):
        stage(csv_file(tmp_path / "usage.csv", [row]), file, lambda _rows, _done: meanwhile and meanwhile.pop()())
    assert list(StagedReading.objects.filter(file=file).values_list("card_id", "bytes")) == [(card.pk, 9)]
    assert (fresh(card).iccid, file.rows) == (NEW["iccid"], 1)


@pytest.mark.parametrize("names_sims", [True, False])
def test_the_total_of_a_new_sim_begins_anew_and_that_of_a_number_goes_on(names_sims, tmp_path):
    """That of the old SIM is the whole cycle's, and its card had that already."""
    card, new = card_in_use(msisdn="14400000001"), stock()
    old_iccid = card.iccid
    use(card, date(2026, 3, 1), 5)
    swap(card, new)
    told = [("iccid", old_iccid, 5), ("iccid", NEW["iccid"], 4)] if names_sims else [("msisdn", "14400000001", 9)]
    rows = [
        {name: number, "day": "2026-03-03", "bytes": mb * MB, "read_at": "2026-03-04T06:00"}
        for name, number, mb in told
    ]
    with on_day(date(2026, 3, 4)):
        told = result("import_usage", csv_file(tmp_path / "usage.csv", rows), "--cumulative")
    days = UsageDay.objects.order_by("day").values_list("card_id", "day", "bytes")
    assert list(days) == [(card.pk, date(2026, 3, 1), 5 * MB), (card.pk, date(2026, 3, 3), 4 * MB)]
    assert (told["created"], told["unchanged"], fresh(new).stray_usage_on) == (1, int(names_sims), None)


def test_a_file_that_names_numbers_means_the_card_that_has_the_number(tmp_path):
    card, new = card_in_use(msisdn="14400000001"), stock()
    swap(card, new)
    row = {"msisdn": "14400000001", "day": "2026-03-01", "bytes": MB, "read_at": "2026-03-03T06:00"}
    with on_day(date(2026, 3, 3)):
        result("import_usage", csv_file(tmp_path / "usage.csv", [row]))
    assert UsageDay.objects.get().card_id == card.pk


@with_connections_of_their_own
def test_of_two_cards_that_are_swapped_for_the_same_sim_at_once_one_gets_it():
    first, second, new = card_in_use(), card_in_use(), stock()

    def swap_the_second():
        try:
            return attempt("swap", second, DAY, iccid=NEW["iccid"])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            swap(first, new)
            waiting = threads.submit(swap_the_second)
            wait_until(somebody_waits, what="the second swap's coming to the new SIM")
        assert waiting.result().refused.code == "new_sim_not_unused"
    assert (by_iccid(NEW["iccid"]).pk, fresh(second).iccid, fresh(new).state) == (first.pk, second.iccid, "cancelled")
