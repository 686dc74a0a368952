"""People who look at pages and send forms all the while, and an account of every answer: for restarts and upgrades."""

import threading

from tests.faults.browser import Browser
from tests.processes import wait_until

PAUSE = 0.1  # of each of them, between an answer and the next question
STAFF_AND_CARD = """
from django.contrib.auth.models import User
from cards.calendar import civil_today
from tests.build import open_card
from tests.console.pages import logged_in
client = logged_in(User.objects.create_superuser("visitor"))
card = open_card(iccid="89860000000000777777", opened_on=civil_today())
print(client.cookies["sessionid"].value, card.iccid, card.version)
"""
REMARKS = """
from cards.models import CardEvent
print(CardEvent.objects.filter(action="remark").count())
"""


class Visitors:
    """Three look at a page each, and one writes remarks upon a card, each as the card stands after the one before.

    `told` is what `STAFF_AND_CARD` printed; `trust` is as of a `Browser`.
    """

    def __init__(self, address, told, **trust):
        session, iccid, version = told.split()
        card = f"/console/cards/{iccid}/"
        self.remarks, self.version, self.over = f"{card}remark/", int(version), threading.Event()
        self.browsers = {"/admin/login/": Browser(address, "", **trust)}  # who has logged in is led on from there
        self.browsers |= {path: Browser(address, session, **trust) for path in ("/console/cards/", card, self.remarks)}
        self.threads = [threading.Thread(target=self._ask, args=(path,), daemon=True) for path in self.browsers]

    def begin(self):
        for thread in self.threads:
            thread.start()

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def answered(self, times=5):
        """Waits until each of them has so many more answers."""
        enough = [(browser, len(browser.seconds) + times) for browser in self.browsers.values()]
        wait_until(lambda: all(len(browser.seconds) >= many for browser, many in enough), seconds=120)

    @property
    def statuses(self):
        """Of each page: how often each was answered. `NO_ANSWER` is one, too."""
        return {path: dict(browser.statuses) for path, browser in self.browsers.items()}

    @property
    def written(self):
        """How many remarks were taken."""
        return self.browsers[self.remarks].statuses[302]

    @property
    def refused(self):
        """What anybody got who did not get what they asked for."""
        return {
            path: told for path, told in self.statuses.items() if set(told) != {302 if path == self.remarks else 200}
        }

    @property
    def seconds(self):
        """How long each answer took, the longest last."""
        return sorted(second for browser in self.browsers.values() for second in browser.seconds)

    def _ask(self, path):
        while not self.over.wait(PAUSE):
            if path != self.remarks:
                self.browsers[path].ask(path)
            elif self.browsers[path].ask(path, {"version": self.version, "remark": f"remark {self.version}"}) == 302:
                self.version += 1
