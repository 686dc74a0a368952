"""A portal of its own, with workers that are processes and may be killed, beside carriers of ours."""

import contextlib
import os
import signal

from tests.carriers.trial import card_rows, make_account
from tests.commands.calls import csv_file
from tests.own_portal import python, row, running
from tests.processes import wait_until

RUN = "from django.core.management import call_command\nfor words in {}: call_command(*words)"


class Fleet:
    """Each carrier's account is called as its protocol."""

    def __init__(self, portal, folder, *fakes):
        self.portal, self.folder, self.fakes = portal, folder, fakes

    def begin(self, number, **settings):
        """Accounts with so many cards each, in use on both sides and in step: the cards of each carrier."""
        commands, cards = [], []
        for index, fake in enumerate(self.fakes):
            cards.append([fake.add(f"8986{index:04d}{each:012d}").iccid for each in range(number)])
            file = csv_file(self.folder / f"{fake.NAME}.csv", card_rows(fake))
            commands.append(["import_cards", str(file)])
            commands.append(["act", "activate", *cards[-1], "--reason", "first use"])
            make_account(fake, fake.NAME, command=lambda *words: commands.append([*map(str, words)]), **settings)
            commands.append(["carriers", "assign", fake.NAME, *cards[-1]])
        commands.append(["carriers", "work", "--until-settled"])
        python(self.portal, RUN.format(commands))
        return cards

    def act(self, action, *iccids):
        self.portal.manage("act", action, *iccids, "--reason", "because")

    @contextlib.contextmanager
    def workers(self, number=1):
        """So many workers that work until the block ends."""
        started = [running(self.portal, "carriers", "work", "--seconds", "300") for _ in range(number)]
        try:
            yield started
        finally:
            for worker in started:
                kill(worker)

    def state_of(self, iccid):
        """How far the card's last order has come; blank where there is none."""
        of_card = f"card_id = (SELECT id FROM cards_card WHERE iccid = '{iccid}')"
        found = row(self.portal, f"SELECT state FROM carriers_command WHERE {of_card} ORDER BY id DESC LIMIT 1")
        return found[0] if found else ""

    def number_of(self, state):
        """How many orders of service there are in this state."""
        told = f"FROM carriers_command WHERE aspect = 'service' AND state = '{state}'"
        return row(self.portal, f"SELECT COUNT(*) {told}")[0]

    def settle(self, *iccids, seconds=60):
        """Somebody else goes on, until the last orders of these cards are confirmed."""
        with self.workers():
            wait_until(lambda: all(self.state_of(iccid) == "confirmed" for iccid in iccids), seconds)


def kill(worker):
    if not worker.has_ended():
        os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
