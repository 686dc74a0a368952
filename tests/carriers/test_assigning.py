"""Which account a card is on: the only one, a rule's, a file's, or as somebody says."""

from datetime import timedelta

import pytest

from cards.carriers.actions import working
from cards.carriers.models import AccountRule, CarrierAccount, Command, Drift, Line
from tests.build import OPENED_ON, card_in_use, do, open_card
from tests.carriers.fakes.onelink5 import OneLinkFake
from tests.carriers.test_accounts import account
from tests.commands.calls import card_row, csv_file, iccid, result, run

pytestmark = pytest.mark.django_db

AT_ONCE = {"guard_s": 0, "settle_s": 0, "retry_s": 0.1, "window": "off", "qps": 100}


@pytest.fixture
def onelink():
    with OneLinkFake(seed=7) as fake:
        yield fake


def connected(fake, name="main"):
    """The account at a fake."""
    told = [f"{key}={value}" for key, value in {**fake.fields, **AT_ONCE}.items()]
    secrets = [f"{key}={value}" for key, value in fake.secrets.items()]
    made = ("--carrier", "cmcc", "--protocol", "onelink5", "--base-url", fake.base_url)
    return result("carrier_account", name, *made, "--set", *told, "--secret", *secrets)


def shown(number=1):
    return result("carriers", "card", iccid(number))


def accounts_of_cards():
    return dict(Line.objects.order_by("card").values_list("card__iccid", "account__name"))


def test_what_is_wanted_is_told_before_a_worker_has_heard_of_it(onelink):
    card = card_in_use()
    onelink.add(card.iccid, msisdn="1490000000001")
    connected(onelink)
    result("carriers", "work", "--until-settled")
    before = shown()
    assert (before["wanted"], before["step"]) == ({"service": "active"}, "in_step")
    do("suspend", card, OPENED_ON)
    assert (shown()["wanted"], shown()["step"]) == ({"service": "stopped"}, "waiting")
    result("carriers", "work", "--until-settled")
    after = shown()
    assert (after["wanted"], after["seen"]["service"], after["step"]) == ({"service": "stopped"}, "stopped", "in_step")


def test_cards_first_and_the_account_then(onelink):
    card = card_in_use()
    assert shown() == {
        "iccid": iccid(1),
        "account": None,
        "wanted": {"service": "active"},
        "seen": {"service": "", "code": "", "at": None},
        "step": "by_hand",
        "commands": [],
        "drift": [],
    }
    onelink.add(card.iccid, msisdn=card.msisdn or "1490000000001")
    connected(onelink)
    do("suspend", card, OPENED_ON)
    result("carriers", "work", "--until-settled")
    document = shown()
    assert (document["account"], document["wanted"], document["step"]) == ("main", {"service": "stopped"}, "in_step")
    assert document["seen"]["service"] == "stopped"
    (command,) = document["commands"]
    facts = {name: command[name] for name in ("aspect", "goal", "state", "attempts")}
    assert facts == {"aspect": "service", "goal": "stopped", "state": "confirmed", "attempts": 1}
    assert onelink.done(card.iccid) == ["stopped"]


def test_an_account_that_is_off_sends_nothing(onelink):
    card = card_in_use()
    onelink.add(card.iccid)
    connected(onelink)
    result("carrier_account", "main", "--off")
    assert shown()["step"] == "by_hand"
    do("suspend", card, OPENED_ON)
    working.work(until_settled=True)
    assert (onelink.done(card.iccid), shown()["step"]) == ([], "by_hand")
    result("carrier_account", "main", "--on")
    working.work(until_settled=True)
    assert (onelink.done(card.iccid), shown()["step"]) == (["stopped"], "in_step")


def test_cards_go_where_somebody_says_and_those_of_another_carrier_do_not():
    open_card(), open_card(), open_card(carrier="cucc")
    account("a"), account("b")
    assert accounts_of_cards() == {iccid(1): "a", iccid(2): "a"}
    ended = run("carriers", "assign", "b", iccid(1), iccid(3), iccid(9), "--json")
    assert (ended.code, ended.document) == (1, {"account": "b", "moved": 1, "refused": [iccid(3), iccid(9)]})
    assert accounts_of_cards() == {iccid(1): "b", iccid(2): "a"}
    assert result("carriers", "assign", "b", iccid(1))["moved"] == 0


def test_what_was_known_and_ordered_on_another_account_ends():
    card = card_in_use()
    account("a"), account("b")
    here = CarrierAccount.objects.get(name="a")
    Line.objects.update(seen_service="active", seen_at="2026-03-02T00:00Z", last_sent_at="2026-03-02T00:00Z")
    times = dict.fromkeys(("made_at", "rank_at", "due_at"), "2026-03-02T00:00Z")
    Command.objects.create(card=card, account=here, aspect="service", goal="stopped", state="sent", **times)
    Drift.objects.create(card=card, account=here, kind="leak", since="2026-03-02T00:00Z")
    result("carriers", "assign", "b", card.iccid)
    document, line = shown(), Line.objects.get()
    assert (document["account"], document["seen"]["at"], document["drift"]) == ("b", None, [])
    assert (document["commands"][0]["state"], document["step"]) == ("superseded", "waiting")
    assert (line.last_sent_at, line.ask_at is not None) == (None, True)


def test_a_rule_moves_the_cards_that_are_there_and_places_those_that_come():
    open_card(customer="Acme", msisdn="1440000000001"), open_card()
    account("a"), account("b")
    assert result("carriers", "assign", "b", "--customer", "Acme")["moved"] == 1
    assert result("carriers", "assign", "a", "--prefix", "14400")["moved"] == 1
    open_card(customer="Acme"), open_card(customer="Acme", msisdn="1440000000002"), open_card()
    working.hear()
    expected = {iccid(1): "a", iccid(2): "a", iccid(3): "b", iccid(4): "a"}
    assert accounts_of_cards() == expected
    assert result("carriers", "assign", "b", "--carrier", "cmcc")["moved"] == 4
    assert AccountRule.objects.count() == 3


WHICH = "Give ICCIDs, or say which cards: --carrier, --customer, --prefix.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("z", iccid(1)), "There is no account z; there are: main.\n"),
        (("main",), WHICH),
        (
            ("main", iccid(1), "--carrier", "cmcc"),
            "Give ICCIDs, or say which cards: --carrier, --customer, --prefix.\n",
        ),
        (("main", "--carrier", "cucc"), "The account main is of another carrier.\n"),
        (("main", "--customer", "Nobody"), "There is no customer Nobody.\n"),
    ],
)
def test_what_is_no_assignment_is_said(arguments, said):
    account()
    ended = run("carriers", "assign", *arguments)
    assert (ended.code, ended.out, ended.err) == (2, "", said)


# the column of files


def brought(tmp_path, *rows, more=()):
    return run("import_cards", csv_file(tmp_path / "cards.csv", rows), "--json", *more)


def test_a_file_says_which_account_and_corrects_it(tmp_path):
    account("a"), account("b")
    ended = brought(tmp_path, card_row(1, account="a"), card_row(2, account="b"), card_row(3, account=""))
    assert (ended.code, ended.document["created"]) == (0, 3)
    assert accounts_of_cards() == {iccid(1): "a", iccid(2): "b"}
    again = brought(tmp_path, card_row(1, account="b"), card_row(2, account="b"))
    assert [(error["row"], error["field"], error["message"]) for error in again.document["errors"]] == [
        (2, "account", "the card already exists with other data; --update would correct it")
    ]
    corrected = brought(tmp_path, card_row(1, account="b"), card_row(2, account="b"), more=["--update"])
    assert (corrected.code, corrected.document["updated"], corrected.document["unchanged"]) == (0, 1, 1)
    assert accounts_of_cards() == {iccid(1): "b", iccid(2): "b"}


def test_an_account_that_cannot_be_meant_refuses_its_row_alone(tmp_path):
    account("a")
    ended = brought(tmp_path, card_row(1, account="z"), card_row(2, carrier="cucc", account="a"), card_row(3))
    assert (ended.code, ended.document["created"]) == (1, 1)
    assert [(error["field"], error["message"]) for error in ended.document["errors"]] == [
        ("account", "there is no account z; there are: a"),
        ("account", "the account a is of another carrier"),
    ]


def test_a_dry_run_puts_nobody_anywhere(tmp_path):
    account("a"), account("b")
    assert brought(tmp_path, card_row(1, account="b"), more=["--dry-run"]).document["created"] == 1
    assert Line.objects.count() == 0


# the first contact


def test_the_first_contact_changes_nothing(onelink):
    onelink.add(iccid(1), used={onelink.today(): 0})
    connected(onelink)
    ended = run("carriers", "test", "main", iccid(1), "--json")
    labels = [(step["label"], step["ok"]) for step in ended.document]
    assert labels[:2] == [("Login", True), ("State of the card", True)]
    assert labels[-1] == ("The carrier's clock", True)
    assert onelink.sims[iccid(1)].effects == []
    assert "change" not in {call.kind for call in onelink.calls}
    secret = next(iter(onelink.secrets.values()))
    assert not any(text in ended.out for text in (secret, *onelink.tokens))


def test_a_first_contact_that_is_refused_says_why(onelink):
    connected(onelink)
    result("carrier_account", "main", "--secret", "password=wrong")
    ended = run("carriers", "test", "main", iccid(1))
    assert (ended.code, ended.out.startswith("Login: ")) == (1, True)
    unknown = run("carriers", "test", "z", iccid(1))
    assert (unknown.code, unknown.err) == (2, "There is no account z; there are: main.\n")


# comparisons and fetches that are asked for


def test_a_comparison_now_looks_at_every_card(onelink):
    for number in (1, 2):
        onelink.add(card_in_use().iccid, msisdn=f"149000000000{number}")
    connected(onelink)
    document = result("carriers", "reconcile", "main")
    document.pop("began_at")
    assert document == {
        "account": "main",
        "ended": True,
        "looked_at": 2,
        "found": {"corrected": 0},
        "held_why": None,
        "examples": [],
    }


def test_a_days_usage_now(onelink):
    card = card_in_use()
    day = onelink.today() - timedelta(days=1)
    onelink.add(card.iccid, msisdn="1490000000001", used={day: 3 << 20})
    connected(onelink)
    document = result("carriers", "pull", "main", "--day", day)
    facts = {name: document[name] for name in ("account", "day", "total", "told", "missing", "ended")}
    assert facts == {"account": "main", "day": str(day), "total": 1, "told": 1, "missing": 0, "ended": True}


@pytest.mark.parametrize("part", [("reconcile", "main"), ("pull", "main", "--day", "2026-03-01")])
def test_an_account_that_is_off_is_asked_nothing(onelink, part):
    connected(onelink)
    result("carrier_account", "main", "--off")
    ended = run("carriers", *part)
    assert (ended.code, ended.err, onelink.calls) == (2, "The account main is off.\n", [])


def test_the_first_contact_with_a_carrier_of_ones_own():
    card = card_in_use()
    result("carrier_account", "trial", "--carrier", "cmcc", "--protocol", "simulated")
    ended = run("carriers", "test", "trial", card.iccid, "--json")
    assert (ended.document[0]["label"], ended.document[0]["ok"]) == ("State of the card", True)
