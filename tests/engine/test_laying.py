"""Triggers are laid where they differ from what is declared, and nobody waits where they do not."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from billing.triggers import install_money_triggers
from cards import laying
from cards.laying import Trigger, clear
from cards.models import Card
from cards.triggers import CARD_TRIGGERS, install_triggers
from simportal.management.commands import migrate
from tests.build import installed_triggers, without_triggers

pytestmark = pytest.mark.django_db


def raw(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def declared():
    return {trigger.name for trigger in CARD_TRIGGERS if connection.vendor in trigger.vendors}


def test_where_all_stands_nothing_is_laid_and_no_table_is_locked():
    before = installed_triggers()
    with CaptureQueriesContext(connection) as said:
        install_triggers()
        install_money_triggers()
    assert [query["sql"].split()[0] for query in said] == ["SELECT", "SELECT"]
    assert installed_triggers() == before


def test_what_was_taken_away_is_laid_again():
    before = installed_triggers()
    without_triggers()
    assert installed_triggers() == {}
    install_triggers()
    install_money_triggers()
    assert installed_triggers() == before


def test_what_is_not_declared_any_more_is_taken_away_with_its_function():
    if connection.vendor == "postgresql":
        raw("CREATE FUNCTION cards_old() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
        raw("CREATE TRIGGER old BEFORE UPDATE ON cards_card FOR EACH ROW EXECUTE FUNCTION cards_old()")
    else:
        raw("CREATE TRIGGER old BEFORE UPDATE ON cards_card BEGIN SELECT 1; END")
    assert "old" in installed_triggers()
    install_triggers()
    assert {*installed_triggers()} >= declared()
    assert "old" not in installed_triggers()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_proc WHERE proname = 'cards_old'")
            assert cursor.fetchone() == (0,)


def test_an_operators_own_trigger_on_postgresql_stays():
    if connection.vendor == "sqlite":
        pytest.skip("nobody else's triggers are in a file of ours")
    raw("CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    raw("CREATE TRIGGER audited BEFORE UPDATE ON cards_card FOR EACH ROW EXECUTE FUNCTION audit()")
    install_triggers()
    assert "audited" in installed_triggers()


def test_what_was_altered_or_switched_off_is_laid_anew():
    before = installed_triggers()
    if connection.vendor == "postgresql":
        raw("ALTER TABLE cards_card DISABLE TRIGGER card_state_is_guarded")
        body = "BEGIN RETURN NEW; END"
        raw(f"CREATE OR REPLACE FUNCTION cards_card_owner_is_guarded() RETURNS trigger LANGUAGE plpgsql AS '{body}'")
    else:
        raw("DROP TRIGGER card_state_is_guarded")
        raw("CREATE TRIGGER card_state_is_guarded BEFORE UPDATE ON cards_card WHEN 0 BEGIN SELECT 1; END")
    with CaptureQueriesContext(connection) as said:
        install_triggers()
    laid = [query["sql"] for query in said if query["sql"].startswith(("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER"))]
    assert len(laid) == (2 if connection.vendor == "postgresql" else 1)
    assert installed_triggers() == before
    with CaptureQueriesContext(connection) as said:
        install_triggers()
    assert len(said) == 1


def test_a_trigger_waits_for_the_columns_that_it_asks():
    asks_more = Trigger("asks_more", "cards_card", "UPDATE OF state", "no", when="NEW.not_there_yet = 1")
    looks_further = Trigger("looks", "cards_card", "UPDATE", "no", found="EXISTS (SELECT 1 FROM cards_not_there_yet)")
    tables = laying.tables_of(Card._meta.apps)
    fitting = [each.fits(tables, tables) for each in (asks_more, looks_further, *CARD_TRIGGERS[:1])]
    assert fitting == [False, False, True]


def test_and_for_those_of_other_tables():
    todays = laying.tables_of(Card._meta.apps)
    before = todays | {"cards_customer": todays["cards_customer"] - {"all_moved_at"}}
    asking = laying.of_nobody_gone("cards_card", "card")
    assert [(each.fits(before, todays), each.fits(todays, todays)) for each in asking] == [(False, True)] * 4


class Room:
    label = "cards"


def test_before_migrations_sqlite_has_none_in_the_way_and_postgresql_only_backwards():
    stood = {*installed_triggers()}
    clear(Room, "default", plan=[])
    assert {*installed_triggers()} == stood
    clear(Room, "default", plan=[("a migration", False)])
    assert ({*installed_triggers()} == stood) == (connection.vendor == "postgresql")
    clear(Room, "default", plan=[("a migration", True)])
    assert not declared() & {*installed_triggers()}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_where_a_table_is_in_use_nothing_is_laid_and_migrate_tries_again(monkeypatch):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time and waits for it")
    monkeypatch.setattr(migrate, "SECONDS_FOR_A_LOCK", 0.1)
    monkeypatch.setattr(migrate, "PAUSE", 0)
    monkeypatch.setattr(migrate, "TRIES", 2)
    stood = installed_triggers()
    raw("DROP TRIGGER card_state_is_guarded ON cards_card")
    raw("DROP TRIGGER card_key_is_kept ON cards_card")
    somebody = connections.create_connection("default")
    try:
        somebody.set_autocommit(False)
        with somebody.cursor() as cursor:
            cursor.execute("LOCK TABLE cards_card IN ROW EXCLUSIVE MODE")
        with pytest.raises(CommandError, match="run migrate again"):
            call_command("migrate", verbosity=0)
        assert {*stood} - {*installed_triggers()} == {"card_state_is_guarded", "card_key_is_kept"}
    finally:
        somebody.close()
    call_command("migrate", verbosity=0)
    assert installed_triggers() == stood
