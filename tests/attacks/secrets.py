"""Secrets in addresses: real servers, everybody's links, and what their logs, pages and mail have of them."""

import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

from django.core import mail
from django.test import Client, override_settings

from cards.models import Customer
from cards.people.members import invite_member
from simportal.models import ResetAsked
from simportal.password_reset import send_requested
from tests.attacks.attack import Attack, Tally
from tests.build import member
from tests.own_portal import python, running
from tests.processes import free_port, listens, wait_until

LAY = """
from cards.models import Customer
from cards.people.members import invite_member
from simportal.password_reset import link_to_set_password
from tests.build import member
owner = member("Acme", "alice", "owner")
print(invite_member(Customer.objects.get(name="Acme"), "viewer", by=owner).token)
print(link_to_set_password(owner).partition("#")[2])
"""
OF_SETTINGS = KEY, TOKEN, OF_REDIS, OF_SENTRY = (
    "key-of-this-test",
    "token-of-this-test",
    "redis-of-this-test",
    "5e7e5e7e",
)
PASSWORD, ID_NUMBER = "a lamp in the fog", "330106199001011230"
NEW_PERSON = {"username": "dora", "phone": "", "password": PASSWORD, "password_again": PASSWORD}
NEW_PASSWORD = {"new_password1": PASSWORD, "new_password2": PASSWORD}


class Browser:
    """Follows links as a browser does, and sends no fragment."""

    def __init__(self, portal):
        self.portal = portal
        self.open_page = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar())).open

    def ask(self, path, posted=None):
        data = posted and urllib.parse.urlencode(posted | {"csrfmiddlewaretoken": self.token}).encode()
        request = urllib.request.Request(f"{self.portal}{path}", data, {"Referer": f"{self.portal}{path}"})
        try:
            with self.open_page(request, timeout=20) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                text = refused.read().decode()
        self.token = next(iter(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', text)), "")
        return text


def in_logs(stage):
    """Each link is opened, used, and opened once more when it is over, on a server that logs what it is asked.

    Then the database is gone, as broker and Sentry have been all the while.
    """
    tally, nobody = Tally(), f"127.0.0.1:{free_port()}"
    settings = {"LOG_FORMAT": "json", "SECRET_KEY": KEY, "METRICS_TOKEN": TOKEN}
    settings |= {"REDIS_URL": f"redis://:{OF_REDIS}@{nobody}/0", "SENTRY_DSN": f"http://{OF_SENTRY}@{nobody}/1"}
    with stage.portal(**settings) as portal:
        invitation, reset = python(portal, LAY).split()
        log, port = portal.folder / "log", free_port()
        command = ["-m", "gunicorn", "simportal.wsgi", "--preload", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
        worker = [sys.executable, "-m", "celery", "--quiet", "-A", "simportal", "worker", "--pool", "solo"]
        server = portal.started(sys.executable, *command, "--access-logfile", str(log))
        with portal.started(*worker) as at_work, server as serving:
            wait_until(lambda: listens(port), what="the server's start")
            address = f"http://127.0.0.1:{port}"
            for path, secret, form in (
                ("/my/join/", invitation, NEW_PERSON),
                ("/account/reset/set/", reset, NEW_PASSWORD),
            ):
                use_link(tally, Browser(address), path, secret, form)
            ask_with_token(address, TOKEN)
            typed = ["--set", f"id_number={ID_NUMBER}", "--set", "name=x"]
            refused = running(portal, "act", "submit_real_name", "89860012345678901234", *typed)
            refused.wait()
            log_in_without_database(Browser(address), portal)
            of_worker = next(line for line in at_work.stdout if "celery.worker.consumer" in line)
            for process in (serving, at_work):
                process.terminate()
            written = log.read_text() + refused.printed + refused.complained + of_worker
            written += serving.communicate()[0] + at_work.communicate()[0]
    of_links = [invitation, reset, reset.partition(":")[2], "csrfmiddlewaretoken", "found-by"]
    for secret in (*OF_SETTINGS, *of_links, PASSWORD, ID_NUMBER):
        if secret in written:
            tally.got_through("a log has", secret)
    expected = ("/my/join/", "/account/reset/set/", "A mistake while", "celery.worker.consumer", "89860012345678901234")
    tally.through += [f"no log has {text}" for text in expected if text not in written]
    return tally


def use_link(tally, browser, path, secret, form):
    browser.ask(f"{path}?q=found-by-this")
    for posted in ({"link": f"#{secret}"}, form, {"link": f"#{secret}"}, {"link": f"#{secret[:-1]}"}):
        with tally.one_try():
            text = browser.ask(path, posted)
            if secret in text:
                tally.got_through(path, "shows its secret")
            browser.ask(path)


def log_in_without_database(browser, portal):
    browser.ask("/admin/login/")
    (portal.folder / "portal.sqlite3").write_text("no database any more")
    browser.ask("/admin/login/?q=found-by-this", {"username": "alice", "password": PASSWORD, "id_number": ID_NUMBER})


def ask_with_token(address, token):
    request = urllib.request.Request(f"{address}/readyz?full", headers={"Authorization": f"Bearer {token}"})
    try:
        urllib.request.urlopen(request, timeout=20).close()
    except urllib.error.HTTPError as unready:
        unready.close()


POISONED = (
    {"HTTP_HOST": "evil.example"},
    {"HTTP_HOST": "evil.example:443"},
    {"HTTP_X_FORWARDED_HOST": "evil.example"},
    {"HTTP_FORWARDED": "host=evil.example"},
    {"HTTP_X_HOST": "evil.example", "HTTP_X_FORWARDED_SERVER": "evil.example"},
    {"SERVER_NAME": "evil.example"},
)


def poisoned_hosts(stage):
    """In mail to who has forgotten a password, in invitations, on labels: even where every host is answered to."""
    tally, owner = Tally(), member("Acme", "alice", "owner")
    type(owner).objects.update(email="alice@example.cn")
    invite_member(Customer.objects.get(name="Acme"), "viewer", by=owner)
    with override_settings(ALLOWED_HOSTS=["*"], PORTAL_URL="https://sim.example.cn"):
        for headers in POISONED:
            client = Client(**headers)
            with tally.one_try():
                client.post("/account/reset/", {"email": "alice@example.cn"})
            client.force_login(owner)
            with tally.one_try():
                if "evil.example" in client.get("/my/members/").text:
                    tally.got_through("invitation", headers)
        tally.through += ["nothing was asked for"] * (not ResetAsked.objects.exists())
        send_requested()
        for sent in mail.outbox:
            if "evil.example" in sent.body or "https://sim.example.cn/account/reset/set/#" not in sent.body:
                tally.got_through("mail", sent.body)
    tally.through += ["no mail was sent"] * (not mail.outbox)
    return tally


ATTACKS = {
    "secrets in logs": Attack(
        "secrets in what a server logs",
        "invitations, links for a forgotten password, tokens and queries: used, used again and spoiled, on a server "
        "with its access log; a password and an ID number, in forms and commands; without database, broker and Sentry; "
        "then all that was written is searched for them and for the secrets of the settings",
        in_logs,
        has_processes=True,
    ),
    "poisoned hosts": Attack(
        "links that lead to another's host",
        "`Host`, `X-Forwarded-Host` and their like, where every host is answered to: in mail and invitations",
        poisoned_hosts,
    ),
}
