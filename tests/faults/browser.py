"""Somebody at a browser: looks at a page again and again, or sends a form until it is answered."""

import contextlib
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter

LOGIN = """
from django.contrib.auth.models import User
from tests.console.pages import logged_in
def enter(user): return logged_in(user).cookies["sessionid"].value
"""
WATCHER = f"""{LOGIN}
print(enter(User.objects.create_superuser("watcher")))
"""
TOKEN = "x" * 32
NO_ANSWER = 0


class Browser:
    """Of one person, who has logged in. `statuses` counts the answers, `seconds` says how long each took.

    `context` is whom it trusts where the address is of https, `host` the name by which it asks for it; `added` are the
    headers that a proxy would add.
    """

    def __init__(self, address, session, context=None, host="", added=()):
        self.address, self.opener = address, _opener(context)
        self.asks_for = ({"Host": host, "Referer": f"https://{host}/"} if host else {}) | dict(added)
        self.cookie = f"sessionid={session}; csrftoken={TOKEN}"
        self.statuses, self.seconds = Counter(), []

    def ask(self, path, form=None, timeout=60):
        """The status of the answer; redirects are an answer."""
        request = urllib.request.Request(f"{self.address}{path}", headers=self.asks_for | {"Cookie": self.cookie})
        if form is not None:
            request.data = urllib.parse.urlencode(form | {"csrfmiddlewaretoken": TOKEN}).encode()
        start = time.monotonic()
        status = _answer(self.opener, request, timeout)
        self.seconds.append(time.monotonic() - start)
        self.statuses[status] += 1
        return status

    @contextlib.contextmanager
    def looking_at(self, path):
        """Looks at a page twice a second while the block runs."""
        over = threading.Event()
        looking = threading.Thread(target=self._look, args=(path, over))
        looking.start()
        try:
            yield self
        finally:
            over.set()
            looking.join()

    def _look(self, path, over):
        while not over.wait(0.5):
            self.ask(path)

    def send(self, path, form, over):
        """Sends a form, and again for as long as it is not taken."""
        while self.ask(path, form) not in (200, 302) and not over.wait(0.5):
            pass


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def _opener(context):
    return urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=context))


def _answer(opener, request, timeout):
    try:
        with opener.open(request, timeout=timeout) as response:
            response.read()
            return response.status
    except urllib.error.HTTPError as response:
        with response:
            return response.code
    except OSError:
        return NO_ANSWER
