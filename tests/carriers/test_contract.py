"""What must hold for each protocol: the rows of the carriers' design, each against a carrier of our own.

Rows 8 (four workers), 22 and 23 need processes: `test_crashes.py`, `test_two_workers.py`.
"""

import itertools
import math
import re
import time
from datetime import timedelta

import pytest
from django.urls import reverse

from cards.carriers.actions.circuit import probe_every
from cards.carriers.models import Attempt, CarrierAccount
from cards.models import UsageDay
from tests.build import on_day
from tests.carriers.conftest import started, taken_back, tells_no_secret
from tests.carriers.fakes import FAKES
from tests.carriers.fakes.base import MB
from tests.carriers.trial import Trial, make_account
from tests.console.pages import logged_in

# Rows that a protocol cannot have, and why.
NOT_THERE = {
    (8, "unicom"): "each call is signed, there is no token",
    (8, "jasper"): "each call has the password, there is no token",
    (8, "ctwing"): "each call is signed, there is no token",
    (8, "m2m"): "each call is signed, there is no token",
    (17, "unicom"): "no status of an order is public",
    (17, "jasper"): "there are no orders, the state changes at once",
    (17, "ctwing"): "no status of an order is public",
    (17, "m2m"): "no status of an order is public",
    (18, "onelink5"): "no notifications are public",
    (18, "unicom"): "no notifications are public",
    (18, "jasper"): "what is public of its notifications is one client's guess",
}


def of_row(number):
    """The protocols that can have this row."""
    names = [name for name in FAKES if (number, name) not in NOT_THERE]
    return pytest.mark.parametrize("world", names, indirect=True)


@pytest.fixture(scope="module", params=FAKES)
def world(request, django_db_setup, django_db_blocker, tmp_path_factory):
    """A portal with one card and an account at a carrier of this protocol, for each row to begin with."""
    with django_db_blocker.unblock(), taken_back(), started(request.param) as fake:
        begun = Trial(fake, tmp_path_factory.mktemp("world"))
        begun.begin()
        yield begun


@pytest.fixture
def fake(world):
    with started(world.fake.NAME) as fake:
        yield fake


@pytest.fixture
def trial(world, fake, db, tmp_path, caplog):
    begun = GoesOn(world, fake, tmp_path)
    yield begun
    tells_no_secret(begun, caplog)


class GoesOn(Trial):
    """The portal of `world` beside another carrier: it has the first card, and the account becomes that there."""

    def __init__(self, world, fake, folder):
        super().__init__(fake, folder)
        (first,) = world.fake.sims.values()
        fake.add(first.iccid, msisdn=first.msisdn, imsi=first.imsi, style=first.style)
        self.first, self.said = first.iccid, list(world.said)

    def begin(self, number=1, **settings):
        """The account with this number of cards in use on both sides, looked at and in step; their numbers."""
        more = self.take_into_use(number - 1) if number > 1 else []
        self.make_account(**settings)
        assert self.run("carriers", "test", "A", self.first).code == 0
        return self.in_step([self.first, *more])


def test_what_a_protocol_cannot_have_is_said_by_its_carrier():
    without = {8: "HAS_TOKEN", 17: "HAS_ORDERS", 18: "HAS_PUSH"}
    assert {(row, name) for row, has in without.items() for name in FAKES if not getattr(FAKES[name], has)} == {
        *NOT_THERE
    }


def at_the_carrier(user, iccid):
    """The words of the console's page of the card, from the carrier on."""
    page = logged_in(user).get(reverse("console:card", args=[iccid]), headers={"accept-language": "en"})
    assert page.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)).partition("At the carrier")[2]


def test_row_01_a_card_is_suspended(trial):
    (card,) = trial.begin()
    assert trial.end_of(card) == ("active", "in_step", [], [])
    trial.act("suspend", card)
    trial.settle(card)
    assert trial.end_of(card) == ("stopped", "in_step", ["confirmed"], ["stopped"])
    kinds = [call.kind for call in trial.fake.calls if call.kind in ("change", "ask")]
    assert (kinds.count("change"), kinds[-1]) == (1, "ask")
    assert trial.card(card)["commands"][0] | {"code": "", "text": ""} == {
        "aspect": "service", "goal": "stopped", "state": "confirmed", "attempts": 1, "code": "", "text": "",
    }  # fmt: skip


def test_row_01_and_resumed(trial):
    (card,) = trial.begin()
    trial.act("suspend", card)
    trial.settle(card)
    trial.act("resume", card)
    trial.settle(card)
    assert trial.end_of(card) == ("active", "in_step", ["confirmed"] * 2, ["stopped", "active"])


def test_row_02_it_takes_a_minute(trial, admin_user):
    (card,) = trial.begin(repeat_s=900)
    trial.fake.lag = 60
    trial.act("suspend", card)
    for _ in range(3):
        trial.pass_once()
        time.sleep(0.03)
    told = trial.card(card)
    assert (told["step"], told["seen"]["service"], trial.state_of(card)) == ("waiting", "active", "suspended")
    assert [command["state"] for command in trial.orders(told)] == ["accepted"]
    assert "Accepted, not yet confirmed" in at_the_carrier(admin_user, card)
    trial.fake.advance(61)
    trial.settle(card)
    assert trial.end_of(card) == ("stopped", "in_step", ["confirmed"], ["stopped"])


def test_row_03_the_connection_breaks_after_the_effect(trial):
    (card,) = trial.begin()
    trial.fake.spoil("drop_after")
    trial.act("suspend", card)
    trial.settle(card)
    assert trial.end_of(card) == ("stopped", "in_step", ["confirmed"], ["stopped"])
    assert len(trial.changes()) == 1


def test_row_04_the_connection_breaks_before_the_effect(trial):
    (card,) = trial.begin()
    trial.fake.spoil("drop_before")
    trial.act("suspend", card)
    trial.settle(card)
    assert trial.end_of(card) == ("stopped", "in_step", ["confirmed"], ["stopped"])
    assert (len(trial.changes()), trial.card(card)["commands"][0]["attempts"]) == (2, 2)
    assert [call.kind for call in trial.fake.calls if call.kind in ("change", "ask")][:3] == ["change", "ask", "change"]


@pytest.mark.parametrize("lie", ["lie_failed", "lie_ok"])
def test_row_05_the_answer_lies(trial, lie):
    (card,) = trial.begin(repeat_s=0.2)
    trial.fake.spoil(lie)
    trial.act("suspend", card)
    trial.settle(card)
    assert trial.end_of(card) == ("stopped", "in_step", ["confirmed"], ["stopped"])


MISHAPS = (["500"] * 3, ["html"], ["503"], ["garbage"], ["empty"], ["truncated"], ["broken_off"])


@pytest.mark.parametrize("kinds", MISHAPS, ids="-".join)
def test_row_06_the_answer_is_no_answer(trial, kinds):
    (card,) = trial.begin(retry_s=0.05)
    for kind in kinds:
        trial.fake.spoil(kind)
    trial.act("suspend", card)
    trial.settle(card)
    assert trial.end_of(card) == ("stopped", "in_step", ["confirmed"], ["stopped"])
    calls = Attempt.objects.filter(kind="change").order_by("pk")
    assert len(calls) == len(trial.changes())
    if kinds[0] in ("500", "503", "html"):
        words = {"500": "Internal Server Error", "503": "503 Service Unavailable", "html": "系统维护中"}
        assert words[kinds[0]] in calls[0].text
    waits = [later.at - earlier.at for earlier, later in itertools.pairwise(calls)]
    assert waits == [] or waits[-1] == max(waits)


@pytest.mark.parametrize("kind", ["500", "html", "garbage", "empty", "truncated", "broken_off", "drop_before"])
def test_row_06_and_so_when_it_is_asked(trial, kind):
    (card,) = trial.begin()
    trial.fake.spoil(kind, times=2, calls="ask")
    trial.act("suspend", card)
    trial.settle(card)
    assert trial.end_of(card) == ("stopped", "in_step", ["confirmed"], ["stopped"])


@of_row(8)
def test_row_08_all_tokens_expire(trial):
    one, two = trial.begin(2)
    before = trial.fake.logins
    trial.act("suspend", one)
    trial.settle(one)
    trial.fake.expire_tokens()
    trial.act("suspend", two)
    trial.settle(two)
    assert [trial.end_of(card)[2:] for card in (one, two)] == [(["confirmed"], ["stopped"])] * 2
    assert trial.fake.logins - before == 1


def test_row_09_the_last_wish_wins_and_nothing_is_sent_within_the_guard(trial):
    (card,) = trial.begin(guard_s=0.6)
    trial.fake.guard_s = 0.55
    for action in ("suspend", "resume", "suspend"):
        trial.act(action, card)
        trial.pass_once()
    trial.settle(card)
    service, step, states, effects = trial.end_of(card)
    assert (service, step, effects[-1]) == ("stopped", "in_step", "stopped")
    assert effects in (["stopped"], ["stopped", "active", "stopped"])
    assert set(states) <= {"confirmed", "superseded"}


def test_row_09_wishes_at_once_become_one_order(trial):
    (card,) = trial.begin()
    for action in ("suspend", "resume", "suspend"):
        trial.act(action, card)
    trial.settle(card)
    assert trial.end_of(card) == ("stopped", "in_step", ["confirmed"], ["stopped"])


def test_row_10_one_of_many_is_guarded(trial):
    number = 40 if trial.fake.CHANGES_AT_ONCE > 1 else 10
    cards = trial.begin(number, patience_s=600)
    guarded = trial.fake.sims[cards[number // 2]]
    others = [card for card in cards if card != guarded.iccid]
    guarded.guarded_until = math.inf
    trial.act("suspend", *cards)
    trial.settle(*others)
    assert [trial.fake.done(card) for card in others] == [["stopped"]] * (number - 1)
    assert (guarded.done, trial.state_of(guarded.iccid)) == ([], "suspended")
    guarded.guarded_until = -math.inf
    trial.settle(*cards)
    told = trial.cards(cards)
    assert [[command["state"] for command in trial.orders(card)] for card in told] == [["confirmed"]] * number
    assert guarded.done == ["stopped"]
    assert len(trial.changes()) <= (30 if trial.fake.CHANGES_AT_ONCE > 1 else number + 10)


def test_row_11_never_over_the_rate(trial):
    rate = 30
    cards = trial.begin(40)
    trial.fake.rate = rate
    ended = make_account(trial.fake, qps=rate)
    assert ended.code == 0
    time.sleep(1)  # what was called before the rate held is long ago
    trial.act("suspend", *cards)
    trial.settle(*cards)
    assert [trial.fake.done(card) for card in cards] == [["stopped"]] * 40


def test_row_12_a_managed_stop_stands(trial):
    (card,) = trial.begin()
    sim = trial.fake.sims[card]
    sim.state, sim.reasons = "stopped", {"managed"}
    trial.reconcile()
    trial.settle(card)
    assert (trial.changes(), trial.end_of(card)) == ([], ("stopped", "drift", [], []))
    assert trial.drift(card) == [("stopped", "place_hold anomaly")]


def test_row_13_active_while_the_portal_holds_it(trial):
    (card,) = trial.begin()
    trial.use_up(card)
    trial.settle(card)
    assert trial.state_of(card) == "suspended"
    sim = trial.fake.sims[card]
    sim.state, sim.reasons = "active", set()
    trial.reconcile()
    trial.settle(card)
    trial.work(lambda: not trial.drift(card))
    assert trial.end_of(card) == ("stopped", "in_step", ["confirmed"] * 2, ["stopped"] * 2)


@pytest.mark.parametrize("state", ["cancelled", "pre_cancelled"])
def test_row_14_cancelled(trial, state, admin_user):
    (card,) = trial.begin()
    sim = trial.fake.sims[card]
    sim.state = state
    trial.reconcile()
    trial.act("suspend", card)
    trial.act("resume", card)
    trial.settle(card)
    told = trial.card(card)
    assert (trial.changes(), told["seen"]["service"], told["step"]) == ([], "cancelled", "gone")
    assert [kind for kind, _ in trial.drift(card)] == ["cancelled"]


def test_row_15_a_state_that_nobody_knows(trial):
    (card,) = trial.begin()
    trial.fake.sims[card].state = "strange"
    trial.reconcile()
    trial.settle(card)
    told = trial.card(card)
    codes = {"onelink5": "5", "unicom": "77", "jasper": "HIBERNATED", "ctwing": "88", "m2m": "88"}
    assert (told["seen"]["service"], told["seen"]["code"]) == ("", codes[trial.fake.NAME])
    assert (trial.changes(), told["step"]) == ([], "drift")
    assert trial.drift(card) == [("unreadable", "by_hand")]


def test_row_16_accepted_and_never_done(trial, admin_user):
    (card,) = trial.begin(patience_s=1, repeat_s=0.2)
    trial.fake.spoil("lie_ok", times=99)
    trial.act("suspend", card)
    trial.settle(card)
    assert trial.end_of(card) == ("active", "unknown", ["unknown"], [])
    assert [kind for kind, _ in trial.drift(card)] == ["unconfirmed"]
    assert (trial.state_of(card), 2 <= len(trial.changes()) <= 4) == ("suspended", True)
    assert "Outcome unknown found 2" in at_the_carrier(admin_user, card)


@of_row(17)
def test_row_17_accepted_and_failed(trial):
    (card,) = trial.begin()
    trial.fake.spoil("fail", times=99)
    trial.act("suspend", card)
    trial.settle(card)
    assert trial.end_of(card) == ("active", "refused", ["refused"], [])
    assert "施工失败" in trial.card(card)["commands"][0]["text"]
    assert [kind for kind, _ in trial.drift(card)] == ["refused"]
    assert trial.state_of(card) == "suspended"


def test_row_17_refused_again_and_again(trial):
    (card,) = trial.begin(patience_s=1)
    trial.fake.spoil("refuse", times=99)
    trial.act("suspend", card)
    trial.settle(card)
    assert trial.end_of(card) == ("active", "refused", ["refused"], [])
    assert trial.card(card)["commands"][0]["code"] == trial.fake.codes["refused"]
    assert trial.state_of(card) == "suspended"


@of_row(18)
@pytest.mark.parametrize("pushed", ["once", "twice", "reversed", "wrong", "never"])
def test_row_18_notifications_prove_nothing(trial, pushed, client):
    (card,) = trial.begin(settle_s=0.3)
    door = f"/carriers/{CarrierAccount.objects.get().push_key}/"
    sim = trial.fake.sims[card]
    words = {"once": ["stopped"], "twice": ["stopped"] * 2, "reversed": ["active", "stopped"], "wrong": ["stopped"]}
    trial.act("suspend", card)
    trial.pass_once()
    for word in words.get(pushed, []):
        body = trial.fake.push_body(sim, word, is_good=pushed != "wrong")
        answer = client.post(door, body, content_type="text/xml")
        assert (answer.status_code, "<SUCCESS>true</SUCCESS>" in answer.text) == (200, True)
    trial.settle(card)
    assert trial.end_of(card) == ("stopped", "in_step", ["confirmed"], ["stopped"])


@of_row(18)
def test_row_18_a_forged_notification_changes_nothing(trial, client):
    (card,) = trial.begin()
    key = CarrierAccount.objects.get().push_key
    body = trial.fake.push_body(trial.fake.sims[card], "stopped")
    assert client.post(f"/carriers/{key[:-1]}x/", body, content_type="text/xml").status_code == 404
    client.post(f"/carriers/{key}/", body, content_type="text/xml")
    trial.pass_once()
    assert (trial.end_of(card), trial.changes()) == (("active", "in_step", [], []), [])


def test_row_19_stopped_already(trial):
    (card,) = trial.begin()
    sim = trial.fake.sims[card]
    sim.state, sim.reasons = "stopped", {"own"}  # behind our back, after it was last looked at
    trial.act("suspend", card)
    trial.settle(card)
    assert trial.end_of(card) == ("stopped", "in_step", ["confirmed"], [])


def usage_of(iccid, day):
    """Bytes of a day in the portal's books; None where nobody said."""
    return UsageDay.objects.filter(card__iccid=iccid, day=day).values_list("bytes", flat=True).first()


def pull(trial, day):
    ended = trial.run("carriers", "pull", "A", "--day", day)
    assert ended.code in (0, 1), ended  # of a card nothing may have been told


def test_row_20_usage_is_corrected_not_doubled(trial):
    cards = trial.begin(3)
    day = trial.fake.today() - timedelta(days=1) if trial.fake.DAYS else trial.fake.today()
    trial.fake.use(cards[2], day, None)
    for amount in (3 * MB, 5 * MB, 4 * MB):
        trial.fake.use(cards[0], day, amount)
        pull(trial, day)
        assert [usage_of(card, day) or 0 for card in cards] == [amount, 0, 0]
    assert usage_of(cards[2], day) is None


@pytest.mark.parametrize("world", [name for name, kind in FAKES.items() if not kind.DAYS], indirect=True)
def test_row_20_over_the_27th(trial):
    """Totals of a cycle: each day is what has come since the one before, and a correction takes nothing below zero."""
    (card,) = trial.begin()
    first = (trial.fake.today().replace(day=1) + timedelta(days=32)).replace(day=25)
    days = [first + timedelta(days=number) for number in range(3)]
    told = ((0, 2 * MB), (1, 3 * MB), (1, 1 * MB), (2, 3 * MB))
    for number, amount in told:
        trial.fake.days_ahead += (days[number] - trial.fake.today()).days
        trial.fake.use(card, days[number], amount)
        with on_day(days[number]):
            pull(trial, days[number])
        assert usage_of(card, days[number]) == amount
    assert [usage_of(card, day) for day in days] == [2 * MB, 1 * MB, 3 * MB]


def test_row_21_the_address_is_not_on_the_list(trial):
    cards = trial.begin(5)
    trial.fake.is_address_refused = True
    trial.act("suspend", *cards)
    began = time.monotonic()
    for _ in range(10):
        trial.pass_once()
        time.sleep(0.01)
    probes = (time.monotonic() - began) / probe_every(CarrierAccount.objects.get(name="A")).total_seconds()
    assert len(trial.fake.calls) <= max(8, len(cards) + probes)  # ten passes take a slow machine long
    told = trial.document("carrier_account", "A")
    assert (bool(told["broken_since"]), bool(told["broken_why"])) == (True, True)
    assert {command["state"] for card in trial.cards(cards) for command in trial.orders(card)} <= {"queued", "asking"}
    trial.fake.is_address_refused = False
    trial.settle(*cards)
    assert [trial.end_of(card)[2:] for card in cards] == [(["confirmed"], ["stopped"])] * 5
    assert trial.document("carrier_account", "A")["broken_since"] is None


def taken_away(fake, iccid):
    """The carrier moves the card to another customer's account."""
    sim = fake.sims[iccid]
    for number in (sim.iccid, sim.iccid[:19], sim.msisdn, sim.imsi):
        del fake.by_number[number]


def test_row_24_a_card_that_is_not_on_this_account(trial):
    cards = trial.begin(24 if trial.fake.CHANGES_AT_ONCE > 1 else 3, patience_s=8)
    gone, *others = cards
    taken_away(trial.fake, gone)
    trial.act("suspend", *cards)
    trial.settle(*cards)
    assert [trial.end_of(card)[2:] for card in others] == [(["confirmed"], ["stopped"])] * len(others)
    told = trial.card(gone)
    assert ([command["state"] for command in trial.orders(told)], len(told["drift"])) == (["refused"], 1)
    assert trial.state_of(gone) == "suspended"


def test_row_25_no_secret_is_told(trial, admin_user):
    (card,) = trial.begin()
    kinds = {"500": "suspend", "html": "resume", "drop_before": "suspend", "refuse": "resume"}
    for kind, action in kinds.items():
        trial.fake.spoil(kind)
        trial.act(action, card)
        trial.settle(card)
    assert [call.fault.kind for call in trial.changes() if call.fault] == [*kinds]
    account = CarrierAccount.objects.get()
    told = [f"{call.text}{call.code}{call.request_id}" for call in Attempt.objects.all()]
    told += [str(trial.document("carrier_account", "A")), str(CarrierAccount.objects.values())]
    client = logged_in(admin_user)
    for address in (
        reverse("console:card", args=[card]),
        reverse("carriers:card-orders", args=[card]),
        reverse("carriers:account", args=[account.pk]),
    ):
        page = client.get(address)
        assert page.status_code == 200
        told.append(page.text)
    secrets = [*trial.fake.secrets.values(), *trial.fake.ever_given]
    assert [secret for secret in secrets if any(secret in text for text in told)] == []
