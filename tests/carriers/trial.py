"""The portal beside a carrier of ours, driven as strangers drive it: by its commands alone."""

import time

from django.utils import timezone

from cards.models.card import MB
from tests.commands.calls import csv_file, run

# Everything with time is small: a test waits for what the portal waits for.
QUICK = {
    "qps": 1000,
    "slots": 2,
    "guard_s": 0,
    "settle_s": 0.02,
    "retry_s": 0.02,
    "repeat_s": 0.5,
    "patience_s": 20,
    "window": "off",
}
OPEN = {"queued", "sent", "accepted", "asking", "by_hand"}
OPENED_ON = "2026-11-01"
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.2


def make_account(fake, name="A", *, command=run, **settings):
    """`carrier_account` with what the carrier's manager told us."""
    told = fake.fields | QUICK | {"slots": min(2, fake.AT_ONCE)} | fake.settings | settings
    return command(
        "carrier_account", name, "--carrier", fake.CARRIER, "--protocol", fake.NAME, "--base-url", fake.base_url,
        "--set", *(f"{setting}={value}" for setting, value in told.items()),
        "--secret", *(f"{secret}={value}" for secret, value in fake.secrets.items()),
    )  # fmt: skip


def card_rows(fake, **columns):
    """Rows of a card file for all cards of this carrier."""
    row = {"carrier": fake.CARRIER, "certification": "enterprise", "opened_on": OPENED_ON, "plan": "Y1-30"} | columns
    return [{"iccid": sim.iccid, "msisdn": sim.msisdn, "imsi": sim.imsi} | row for sim in fake.sims.values()]


class Trial:
    def __init__(self, fake, folder):
        self.fake, self.folder = fake, folder
        self.said = []  # whatever the portal printed
        self.before = {}  # how many orders a card had when it began

    def run(self, *arguments):
        ended = run(*arguments)
        self.said += [ended.out, ended.err]
        return ended

    def document(self, *arguments):
        ended = self.run(*arguments, "--json")
        assert (ended.code, ended.err) == (0, ""), ended
        return ended.document

    def begin(self, number=1, states=None, name="A", **settings):
        """An account with cards in use on both sides, looked at and in step; their numbers."""
        iccids = self.take_into_use(number, states)
        self.make_account(name, **settings)
        return self.in_step(iccids)

    def take_into_use(self, number, states=None):
        iccids = self.take_in(number, states)
        assert self.run("act", "activate", *iccids, "--reason", "first use").code == 0
        return iccids

    def make_account(self, name="A", **settings):
        ended = make_account(self.fake, name, command=self.run, **settings)
        assert (ended.code, ended.err) == (0, "")

    def in_step(self, iccids):
        """Once all of them were looked at: what comes from here on is the test's."""
        self.work(lambda: all(card["seen"]["at"] for card in self.cards(iccids)))
        self.before = {card["iccid"]: len(card["commands"]) for card in self.cards(iccids)}
        self.fake.calls.clear()
        return iccids

    def take_in(self, number=1, states=None, **columns):
        """Cards that both sides know, active over there."""
        first = len(self.fake.sims) + 1
        iccids = [f"8986{each:016d}" for each in range(first, first + number)]
        for index, iccid in enumerate(iccids):
            self.fake.add(iccid, **({"state": states[index]} if states and index in states else {}))
        rows = [row for row in card_rows(self.fake, **columns) if row["iccid"] in iccids]
        ended = self.run("import_cards", csv_file(self.folder / f"cards-{first}.csv", rows))
        assert ended.code == 0, ended
        return iccids

    def act(self, action, *iccids, **parameters):
        told = [f"{name}={value}" for name, value in parameters.items()]
        ended = self.run("act", action, *iccids, "--reason", "because", *(["--set", *told] if told else []))
        assert ended.code == 0, ended

    def use_up(self, iccid):
        """The card has used more than its plan allows."""
        now = timezone.localtime()
        row = {"iccid": iccid, "day": now.date(), "bytes": 40 * MB, "read_at": f"{now:%Y-%m-%dT%H:%M:%S}"}
        ended = self.run("import_usage", csv_file(self.folder / "usage.csv", [row]))
        assert ended.code == 0, ended

    def pass_once(self):
        """The workers run until nothing is due at this moment; how many turns at calling that were."""
        return self.document("carriers", "work", "--until-settled")["turns"]

    def work(self, until, seconds=60):
        """The workers run until this is so; where nothing is due, they come again after a while that grows."""
        give_up_at, pause_s = time.monotonic() + seconds, _SHORTEST_PAUSE_S
        while not until():
            assert time.monotonic() < give_up_at, self.story()
            pause_s = _SHORTEST_PAUSE_S if self.pass_once() else min(2 * pause_s, _LONGEST_PAUSE_S)
            time.sleep(pause_s)

    def settle(self, *iccids, seconds=60):
        """The workers run until no command of these cards is open."""
        self.pass_once()
        self.work(lambda: not any(self.is_open(card) for card in self.cards(iccids)), seconds)

    @staticmethod
    def is_open(card):
        return any(command["state"] in OPEN for command in card["commands"])

    def cards(self, iccids):
        told = self.document("carriers", "card", *iccids)
        return told if isinstance(told, list) else [told]

    def card(self, iccid):
        (told,) = self.cards([iccid])
        return told

    def end_of(self, iccid):
        """What it came to: seen there, step, the states of the commands (the newest first), the effects there."""
        told = self.card(iccid)
        states = [command["state"] for command in self.orders(told)]
        return told["seen"]["service"], told["step"], states, self.fake.done(iccid)

    def orders(self, card):
        """Its orders since it began, the newest first."""
        return card["commands"][: len(card["commands"]) - self.before.get(card["iccid"], 0)]

    def state_of(self, iccid):
        """The portal's own state of the card."""
        (told,) = self.cards_of_portal(iccid)
        return told["state"]

    def cards_of_portal(self, iccid):
        told = self.document("card", iccid)
        return told if isinstance(told, list) else [told]

    def drift(self, iccid):
        return [(each["kind"], each["proposal"]) for each in self.card(iccid)["drift"]]

    def reconcile(self, name="A", seconds=60):
        """Look at every card now, and do what follows."""
        self.run("carriers", "reconcile", name)
        self.pass_once()

    def changes(self, iccid=None):
        """The orders that reached the carrier, about one card or all."""
        calls = self.fake.calls_of("change")
        return [call for call in calls if iccid is None or self.fake.is_about(call, iccid)]

    def story(self):
        """What a failure should show."""
        calls = [(round(call.at % 1000, 2), call.kind, call.numbers[:2], call.fault and call.fault.kind) for call in
                 self.fake.calls[-30:]]  # fmt: skip
        cards = self.cards(list(self.fake.sims)[:3])
        return f"seed {self.fake.seed}\n{calls}\n{cards}\n{self.document('carrier_account', 'A')}"
