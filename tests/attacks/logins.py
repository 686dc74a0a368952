"""Getting in: guessing behind proxies and at the same moment, shutting somebody out, going round the second step."""

import time
from datetime import timedelta
from itertools import product

import pyotp
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.http import SimpleCookie
from django.test import Client, override_settings
from django.utils import timezone

from cards.actions import throttle
from cards.people import second_factor
from cards.visitors import visitor_address
from tests.attacks.asking import Caller, Request
from tests.attacks.attack import Attack, Tally
from tests.attacks.foreign import HEADERS, METHODS
from tests.build import member, staff
from tests.my import test_every_url as walk
from tests.own_portal import ended, running_python

FROM_AN_ADDRESS = throttle.PASSWORDS_OF_ADDRESS.most
# What a visitor sends, and the proxy puts the address behind it that it sees, in whatever way it writes addresses.
SPOOFED = ("10.{0}.{1}.1", "{0}.{1}.6.6, 8.8.{1}.8", "2001:db8:{0}:{1}::1", "unknown", "", "127.0.0.1", "é, \t,,,")
SEEN_AS = ("203.0.113.7", "203.0.113.7:4{0:02}{1:02}", "::ffff:203.0.113.7", "[::ffff:203.0.113.7]:4{0:02}{1:02}")
HOUSEHOLD = ("2001:db8:7::{0}:{1}", "[2001:db8:7::{0}:{1}]:443")
ASKED_IN_SHORT = 200


def log_in(client, name, password, forwarded=None, address="198.51.100.1"):
    """Whether this person is logged in afterwards."""
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    data = {"username": name, "password": password}
    client.post("/admin/login/", data, headers=headers, REMOTE_ADDR=address)
    return get_user(client).get_username() == name


def guessing_behind_a_proxy(stage):
    """Whoever has used up the passwords of an address has none left, however the address is dressed."""
    tally = Tally()
    for number, seen_as in enumerate((SEEN_AS, HOUSEHOLD)):
        victim = member(f"Firm {number}", f"victim-{number}")
        dressed = [", ".join(each) for each in product(SPOOFED, seen_as)]
        with override_settings(PROXIES=1):
            for guess in range(FROM_AN_ADDRESS):
                throttle.hit(throttle.PASSWORDS_OF_ADDRESS, seen_from(spread(dressed, guess)))
            for guess, forwarded in enumerate(stage.chance.sample(dressed, 8) if stage.is_short else dressed):
                with tally.one_try():
                    if log_in(Client(), victim.get_username(), "demo", forwarded.format(guess, number)):
                        tally.got_through("a password more from an address, as", forwarded)
            if not log_in(Client(), victim.get_username(), "demo", "198.51.100.9"):
                tally.got_through("another address was shut out too")
    return tally


def seen_from(forwarded):
    return visitor_address({"REMOTE_ADDR": "198.51.100.1", "HTTP_X_FORWARDED_FOR": forwarded})


def spread(dressed, number):
    return dressed[number % len(dressed)].format(number % 100, number // 100)


AT_ONCE = """
from cards.actions.throttle import PASSWORD, hit
print(sum(hit(PASSWORD, "victim") for _ in range({tries})))
"""


def guessing_at_once(stage):
    """Several processes guess at the same moment: they have the tries of one."""
    processes, tries = (2, 40) if stage.is_short else (8, 200)
    tally = Tally(tries=processes * tries)
    with stage.portal() as portal:
        start = time.monotonic()
        allowed = sum(map(int, ended(*(running_python(portal, AT_ONCE.format(tries=tries)) for _ in range(processes)))))
        passed = time.monotonic() - start
    most = throttle.PASSWORD.free + sum(wait.total_seconds() < passed for wait in waited_for())
    if allowed > most:
        tally.got_through(f"{allowed} tries at once, where {most} are free")
    return tally


def waited_for():
    """After how long in all the first tries after the free ones come."""
    waits = throttle.PASSWORD.waits
    return [sum(waits[: number + 1], timedelta()) for number in range(len(waits))]


def shutting_somebody_out(stage):
    """Strangers guess without end; the owner logs in on a device that is known, as often as they like."""
    tally, guesses = Tally(), 12 if stage.is_short else 2_000
    for owner in (member(username="owner"), staff(username="colleague")):
        name, device = owner.get_username(), Client()
        log_in(device, name, "demo")
        for guess in range(guesses):
            log_in(Client(), name, "wrong", address=f"203.0.{guess // 250}.{guess % 250}")
            if guess % (guesses // 6) == 0:
                device.post("/logout/")
                with tally.one_try():
                    if not log_in(device, name, "demo"):
                        tally.got_through(f"{name} was shut out after {guess + 1} guesses")
        if log_in(Client(), name, "demo"):
            tally.got_through(f"a stranger is not slowed down at {name}")
    return tally


def round_the_second_step(stage):
    """Whoever has given the password and not the second step gets what a stranger gets, whatever they ask for."""
    with walk.on_day(walk.DAY), override_settings(STAFF_TOTP="required"):
        people = walk.everybody()
        world = walk.everything(people)
        tally, stranger = Tally(), Caller()
        callers = [
            ("without a second step", waiting(boss("overseer"))),
            ("before the code", waiting(with_app("chief"))),
        ]
        for (who, caller), request in chosen(stage, product(callers, asked(world))):
            with tally.one_try():
                answer = caller.ask(request)
            expected = stranger.ask(request)
            if (answer.status, seen(answer)) != (expected.status, seen(expected)):
                tally.got_through(who, request, answer.status, "for a stranger", expected.status)
        return tally


def chosen(stage, asked):
    asked = list(asked)
    return stage.chance.sample(asked, ASKED_IN_SHORT) if stage.is_short else asked


def asked(world):
    """Everything but the pages of the login itself, and the languages."""
    for name, route in walk.urls():
        if name not in LOGIN_ITSELF:
            path, data = walk.path_of(name, route, world), walk.TABLE[name].data
            yield from (Request(method, path, data, headers) for method, headers in product(METHODS, HEADERS))


LOGIN_ITSELF = {"admin:login", "account:code", "account:set-up", "logout", "set_language"}


def seen(answer):
    """Where an answer leads to, and whether it knows anybody: pages for everybody differ in their tokens alone."""
    location = [line for line in answer.text.splitlines() if "Location" in line]
    return [part.partition("'Location': ")[2].partition(",")[0] for part in location], "overseer" in answer.text


def boss(name):
    return User.objects.create_superuser(name, password="demo")


def with_app(name):
    user, secret = boss(name), second_factor.new_secret()
    second_factor.turn_on(user, secret, pyotp.TOTP(secret).at(timezone.now()))
    return user


def waiting(user):
    """Somebody's browser between the password and the second step."""
    caller = Caller()
    caller.client.post("/admin/login/", {"username": user.get_username(), "password": "demo"})
    caller.cookies = caller.client.cookies.output().replace("Set-Cookie: ", "")
    assert "sessionid" in SimpleCookie(caller.cookies)
    return caller


ATTACKS = {
    "proxies": Attack(
        "more passwords from an address than it has",
        "behind a proxy: made-up entries before its own in `X-Forwarded-For`, changing ports, IPv4 as IPv6, other "
        "addresses of an IPv6 household, empty and broken entries",
        guessing_behind_a_proxy,
    ),
    "simultaneous": Attack(
        "more tries at a password by guessing at the same moment",
        "several processes, each as quick as it can",
        guessing_at_once,
        asks_the_database=True,
        has_processes=True,
    ),
    "lockout": Attack(
        "the owner of an account shut out by guessing at it",
        "wrong passwords without end, from ever new addresses, while the owner logs in on a device that is known",
        shutting_somebody_out,
    ),
    "two_step": Attack(
        "anything at all with the password and without the second step",
        "staff who must set it up, and staff who have not given the code: every URL, method and header, compared with "
        "what a stranger gets",
        round_the_second_step,
    ),
}
