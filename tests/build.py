"""What tests build over and over: a card in any state, its usage, a day, a person. All of it through the actions."""

import resource
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta

from django.contrib.auth.models import Permission, User
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from billing.triggers import MONEY_TRIGGERS
from cards.actions.action_requests import act
from cards.actions.claim_codes import codes_of
from cards.actions.claims import claim
from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.actions.sweep import sweep
from cards.actions.usage import Reading, apply_readings
from cards.laying import Tally
from cards.models import Card, CardEvent, Customer, Membership
from cards.models.card import MB
from cards.permissions import Actor, codename
from cards.triggers import CARD_TRIGGERS, install_triggers
from simportal.roles import VIEW_PERMISSIONS

OPENED_ON = date(2026, 1, 15)
SHELL = Actor.shell()


def on_day(day):
    """The portal's clock stands on `day` within `with on_day(...)`; outside of a test's body it is also a decorator."""
    return override_settings(SIMPORTAL_TODAY=day)


@contextmanager
def files_end_at(size):
    """The system itself writes no file further than this, as a full disk would not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def open_card(**columns):
    """A card taken in as from a file: enterprise, no test, opened on 2026-01-15 with Y1-30, or as `columns` say."""
    columns.setdefault("iccid", f"8986{Card.objects.count() + 1:016d}")
    texts = {"carrier": "cmcc", "certification": "enterprise", "opened_on": str(OPENED_ON), "plan": "Y1-30"}
    texts |= {name: str(value) for name, value in columns.items()}
    taken = apply_cards([read_card_row(2, texts, date.max)], actor=SHELL)
    assert taken.errors == []
    return Card.objects.get(iccid=texts["iccid"])


def correct(card, actor=SHELL, **columns):
    """What became of a correcting file with a row of this card, which says something else in these columns."""
    texts = {name: str(getattr(card, name)) for name in ("iccid", "carrier", "certification", "opened_on", "binding")}
    rows = [read_card_row(2, texts | {"plan": card.plan.code} | columns, date.max)]
    return apply_cards(rows, actor=actor, update=True)


def card_in_use(since=OPENED_ON, **columns):
    """A card in use since the day it was opened on."""
    card = open_card(opened_on=since, **columns)
    return do("activate", card, since)


def use(card, day, mb, read_at=None, imei="", told_on=None):
    """Take a reading of the card's whole day, known at the end of that day; the card afterwards.

    The portal is told on that very day, wherever the clock stands, unless another day is said.
    """
    read_at = read_at or timezone.make_aware(datetime.combine(day + timedelta(days=1), time(1)))
    apply_readings([Reading(card.pk, day, int(mb * MB), read_at, imei)], told_on=told_on or day)
    return fresh(card)


def do(action, card, day, actor=SHELL, reason="because", **params):
    """Do an action that must succeed; the card afterwards."""
    outcome = attempt(action, card, day, actor, reason, **params)
    assert (outcome.refused, outcome.parked) == (None, "")
    return fresh(card)


def attempt(action, card, day, actor=SHELL, reason="because", **params):
    """Do an action that may be refused; its `Outcome`."""
    (outcome,) = act(action, [card.pk], actor=actor, reason=reason, on=day, **params)
    return outcome


def swept(card, day):
    """Sweep every day through `day`; the card afterwards."""
    sweep(day)
    return fresh(card)


def fresh(card):
    """The card as the database has it now: `refresh_from_db` is forbidden on cards."""
    return Card.objects.get(pk=card.pk)


def story(card):
    """The card's record in short: (action, rule, to, effective_on) of each event."""
    events = CardEvent.objects.filter(card=card).order_by("seq")
    return [(event.action, event.rule, event.to_state, event.effective_on) for event in events]


def staff(*actions, username="ops"):
    """A person of the staff who may do these actions, and look at what all of the staff may."""
    user = User.objects.create_user(username, password="demo", is_staff=True)
    looks = [name.split(".")[1] for name in VIEW_PERMISSIONS]
    may = Permission.objects.filter(codename__in=[*looks, *map(codename, actions)])
    user.user_permissions.set(may)
    return user


def member(customer="Acme", username="alice", role="owner"):
    """A person who acts for a customer, who is created when needed."""
    user = User.objects.create_user(username, password="demo")
    Membership.objects.create(customer=Customer.objects.get_or_create(name=customer)[0], user=user, role=role)
    return user


def registered(name, username):
    """The customer that a stranger makes who registers under this name, with this login, and claims a card."""
    user = User.objects.create_user(username, password="demo", first_name=name)
    card = open_card()
    claim(card.iccid, codes_of([card])[card.pk].printed(card.iccid), user=user)
    return user.customers.get()


def installed_triggers():
    """What each trigger of the database says, by its name."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal")
        else:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return dict(cursor.fetchall())


def unguarded(*tables):
    """From here on the database lets everything happen to these tables, or to all, until the test is over.

    What keeps sums goes on: it refuses nothing.
    """
    triggers = [each for each in (*CARD_TRIGGERS, *MONEY_TRIGGERS) if not isinstance(each, Tally)]
    _drop([guard for guard in triggers if not tables or guard.table in tables])


def without_triggers():
    """From here on nothing is refused, and no sum is kept, until the triggers are laid again."""
    _drop((*CARD_TRIGGERS, *MONEY_TRIGGERS))


def _drop(triggers):
    with transaction.atomic(), connection.cursor() as cursor:
        connection.check_constraints()  # what waits to be checked would stand in the way
        for trigger in triggers:
            of_table = f" ON {trigger.table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}{of_table}")


def spoil(card, **facts):
    """Write these facts of a card, as only a hand in the database does; what it has beside them is as it was."""
    unguarded("cards_card")
    Card.objects.filter(pk=card.pk).update(**facts)
    install_triggers()


@contextmanager
def without_constraint(table, name):
    """The database lets everything into this table that the constraint would refuse."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            connection.check_constraints()  # what waits to be checked would stand in the way
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            yield
        else:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
            yield
            cursor.execute("PRAGMA ignore_check_constraints = OFF")
