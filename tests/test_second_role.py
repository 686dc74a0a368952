"""On PostgreSQL the portal lives as a role that owns nothing, made by docs/production/roles.sql."""

import re
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, transaction

from billing.models import Entry
from cards import tasks
from cards.actions.jobs.export import order_export
from cards.actions.jobs.worker import work_off
from cards.choices import JobStatus
from cards.models import StagedReading, UsageDay
from simportal.nightly_proof import prove_for
from simportal.retention import apply_retention
from tests.billing import build as b
from tests.build import card_in_use, on_day, open_card, staff, swept
from tests.commands.calls import result

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no roles"),
]

TODAY = date(2026, 3, 2)


@pytest.fixture
def as_app(tmp_path, settings):
    """The test's connection acts as the second role."""
    settings.MEDIA_ROOT = tmp_path
    with on_day(TODAY), connection.cursor() as cursor:
        cursor.execute(recipe())
        cursor.execute("SET ROLE simportal_app")
        yield
        cursor.execute("RESET ROLE")


def recipe():
    """The SQL of the file, in the database that is there."""
    said = (settings.BASE_DIR / "docs" / "production" / "roles.sql").read_text()
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    said = re.sub(r"^(CREATE DATABASE |\\connect ).*\n", "", said, flags=re.MULTILINE)
    return said.replace("DATABASE simportal ", f"DATABASE {name} ")


@pytest.mark.usefixtures("as_app")
def test_a_small_life(tmp_path):
    user = b.financier(username="chief")
    card, other = card_in_use(TODAY, customer="Acme"), open_card()
    file = tmp_path / "usage.csv"
    file.write_text(f"iccid,day,bytes\n{card.iccid},2026-03-02,1000\n{other.iccid},2026-03-02,5\n")
    assert result("import_usage", file)["created"] == 2
    assert (StagedReading.objects.count(), UsageDay.objects.count()) == (0, 2)
    b.price("Y1-30", "30.00")
    b.fund("100")
    b.paid(cards=[card], user=user)
    assert Entry.objects.count() == 3
    swept(card, TODAY + timedelta(days=1))
    assert work_off(order_export(staff(), "codes", "cards.csv")).status == JobStatus.DONE
    tasks.housekeeping(), apply_retention()
    prove_for(TODAY, 60)
    assert result("verify")["problem_count"] == 0


@pytest.mark.usefixtures("as_app")
def test_no_portal_is_moved_in_by_a_role_that_owns_nothing(tmp_path):
    with pytest.raises(CommandError, match="DATABASE_URL names a role that does not own the tables"):
        call_command("copy_from_sqlite", tmp_path)


REFUSED = (
    "ALTER TABLE cards_cardevent DISABLE TRIGGER ALL",
    "DROP TRIGGER card_event_is_not_changed ON cards_cardevent",
    "CREATE OR REPLACE FUNCTION cards_card_event_is_not_changed() RETURNS trigger LANGUAGE plpgsql AS"
    " 'BEGIN RETURN NEW; END'",
    "DROP FUNCTION cards_card_event_is_not_changed() CASCADE",
    "SET session_replication_role = replica",
    "TRUNCATE cards_seal",
    "TRUNCATE cards_stagedreading",
    "DROP TABLE cards_seal",
    "ALTER TABLE cards_card ADD COLUMN more integer",
    "CREATE TABLE another (id integer)",
    "CREATE FUNCTION another() RETURNS void LANGUAGE sql AS ''",
)


@pytest.mark.usefixtures("as_app")
@pytest.mark.parametrize("statement", REFUSED)
def test_what_guards_the_rows_is_not_its_to_undo(statement):
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(statement)
