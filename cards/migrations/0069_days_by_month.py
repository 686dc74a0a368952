"""A card and a day are the key of its usage, and on PostgreSQL the table is one of months.

The table of before becomes the first part of the new one, as it is: none of its rows is written or read while others
wait. For a version it keeps its column `id` with its index, and new rows are numbered on: the code of before looks by
it for the newest row, and deletes by it what is old. Where there are no rows yet, nobody looks, and none is numbered.
On SQLite nothing changes but what the portal says of it.
"""

from django.db import migrations, models, transaction

# A partition of before holds all days up to the one that each migration finds, so that no reading comes in between
# that would not fit. Days that the portal knows may lie in the future where somebody moved its clock.
FIRST_DAY_OF_MONTHS = """
    SELECT (date_trunc('month', GREATEST(CURRENT_DATE, MAX(day))) + interval '2 months')::date FROM cards_usageday
"""
IS_BY_MONTH = "SELECT relkind = 'p' FROM pg_class WHERE oid = 'cards_usageday'::regclass"
SAY_WHAT_IT_HOLDS = """
    ALTER TABLE cards_usageday DROP CONSTRAINT IF EXISTS days_before_months,
        ADD CONSTRAINT days_before_months CHECK (day < '{first}') NOT VALID
"""
READ_WHETHER_IT_DOES = "ALTER TABLE cards_usageday VALIDATE CONSTRAINT days_before_months"
MAKE_WAY = """
    ALTER TABLE cards_usageday RENAME TO cards_usageday_before;
    ALTER TABLE cards_usageday_before RENAME CONSTRAINT one_reading_per_card_and_day TO usage_before_key;
    ALTER TABLE cards_usageday_before ALTER id DROP IDENTITY IF EXISTS;
"""
FORGET_NUMBERS = "ALTER TABLE cards_usageday_before DROP CONSTRAINT cards_usageday_pkey, ALTER id DROP NOT NULL"
BECOME_A_PART = """
    CREATE TABLE cards_usageday (
        LIKE cards_usageday_before,
        CONSTRAINT one_reading_per_card_and_day UNIQUE (card_id, day),
        CONSTRAINT usage_is_not_negative CHECK (bytes >= 0)
    ) PARTITION BY RANGE (day);
    ALTER TABLE cards_usageday
        ATTACH PARTITION cards_usageday_before FOR VALUES FROM (MINVALUE) TO ('{first}');
    ALTER TABLE cards_usageday_before DROP CONSTRAINT days_before_months;
    CREATE TABLE cards_usageday_outside PARTITION OF cards_usageday DEFAULT;
"""
NUMBER_ON = """
    CREATE SEQUENCE cards_usageday_id_seq OWNED BY cards_usageday.id;
    SELECT setval('cards_usageday_id_seq', MAX(id)) FROM cards_usageday_before;
    ALTER TABLE cards_usageday ALTER id SET DEFAULT nextval('cards_usageday_id_seq');
"""
# Whoever might read or write the table may do so afterwards.
SAME_RIGHTS = """
    DO $do$ DECLARE given record; BEGIN
        FOR given IN
            SELECT privilege_type, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS whom
            FROM pg_class, aclexplode(relacl) WHERE oid = '{table}'::regclass
        LOOP
            EXECUTE format('GRANT %s ON cards_usageday TO %s', given.privilege_type, given.whom);
            IF given.privilege_type = 'INSERT' AND to_regclass('cards_usageday_id_seq') IS NOT NULL THEN
                EXECUTE format('GRANT USAGE ON SEQUENCE cards_usageday_id_seq TO %s', given.whom);
            END IF;
        END LOOP;
    END $do$
"""
# Only who owns the table makes a part of it: whoever does not may ask for the months up to the third ahead. What fell
# outside meanwhile moves in. Where somebody is at work outside, it makes none, and says so.
MAKE_MONTHS = """
    DO $do$ BEGIN EXECUTE format($format$
        CREATE FUNCTION cards_make_usage_months(today date) RETURNS integer
        LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = %I, pg_temp SET lock_timeout = '2s' SET datestyle = 'ISO'
        AS $body$
        DECLARE
            month date;
            made integer := 0;
            after_last date;
            last date := date_trunc('month', LEAST(today, CURRENT_DATE + 31)) + interval '3 months';
        BEGIN
            SELECT MAX(substring(pg_get_expr(relpartbound, oid) FROM 'TO \\(''([0-9-]+)''\\)')::date) INTO after_last
            FROM pg_class JOIN pg_inherits ON inhrelid = oid WHERE inhparent = 'cards_usageday'::regclass;
            FOR month IN SELECT generate_series(after_last, last, interval '1 month')::date LOOP
                LOCK TABLE cards_usageday_outside IN ACCESS EXCLUSIVE MODE;
                EXECUTE format(
                    'CREATE TABLE %%1$I (LIKE cards_usageday INCLUDING CONSTRAINTS);
                    WITH moved AS (DELETE FROM cards_usageday_outside WHERE day >= %%2$L AND day < %%3$L RETURNING *)
                    INSERT INTO %%1$I SELECT * FROM moved;
                    ALTER TABLE cards_usageday ATTACH PARTITION %%1$I FOR VALUES FROM (%%2$L) TO (%%3$L)',
                    'cards_usageday_' || to_char(month, 'YYYY_MM'), month, (month + interval '1 month')::date
                );
                made := made + 1;
            END LOOP;
            RETURN made;
        EXCEPTION WHEN lock_not_available THEN
            RETURN 0;
        END
        $body$
    $format$, current_schema()); END $do$;
    REVOKE ALL ON FUNCTION cards_make_usage_months(date) FROM PUBLIC;
"""
ANALYZE = """
    DO $do$ BEGIN EXECUTE format($format$
        CREATE FUNCTION cards_analyze_usage() RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = %I, pg_temp
        AS 'ANALYZE cards_usageday'
    $format$, current_schema()); END $do$;
    REVOKE ALL ON FUNCTION cards_analyze_usage() FROM PUBLIC;
"""
# Backwards all rows are written anew, and everybody waits.
ONE_TABLE_AGAIN = """
    ALTER TABLE cards_usageday RENAME TO cards_usageday_months;
    ALTER TABLE cards_usageday_months RENAME CONSTRAINT one_reading_per_card_and_day TO usage_by_month_key;
    CREATE TABLE cards_usageday (
        id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
        day date NOT NULL,
        bytes bigint NOT NULL CONSTRAINT usage_is_not_negative CHECK (bytes >= 0),
        read_at timestamptz NOT NULL,
        imei varchar(16) NOT NULL,
        card_id bigint NOT NULL
    );
    INSERT INTO cards_usageday (card_id, day, bytes, read_at, imei)
        SELECT card_id, day, bytes, read_at, imei FROM cards_usageday_months ORDER BY read_at, card_id, day;
    ALTER TABLE cards_usageday ADD CONSTRAINT one_reading_per_card_and_day UNIQUE (card_id, day);
"""


def divide(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(IS_BY_MONTH)
        if cursor.fetchone()[0]:
            return
        cursor.execute(FIRST_DAY_OF_MONTHS)
        first = cursor.fetchone()[0]
        cursor.execute(SAY_WHAT_IT_HOLDS.format(first=first))
        cursor.execute(READ_WHETHER_IT_DOES)
        with transaction.atomic(using=connection.alias):
            cursor.execute(MAKE_WAY)
            cursor.execute("SELECT EXISTS (SELECT 1 FROM cards_usageday_before)")
            has_rows = cursor.fetchone()[0]
            for statement in (BECOME_A_PART, NUMBER_ON) if has_rows else (FORGET_NUMBERS, BECOME_A_PART):
                cursor.execute(statement.format(first=first))
            cursor.execute(SAME_RIGHTS.format(table="cards_usageday_before"))
            cursor.execute(MAKE_MONTHS)
            cursor.execute(ANALYZE)
        cursor.execute("SELECT cards_make_usage_months(CURRENT_DATE)")


def unite(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor == "postgresql":
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(ONE_TABLE_AGAIN)
            cursor.execute(SAME_RIGHTS.format(table="cards_usageday_months"))
            cursor.execute("DROP FUNCTION cards_make_usage_months(date), cards_analyze_usage()")
            cursor.execute("DROP TABLE cards_usageday_months")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("cards", "0068_programs_are_members")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunPython(divide, unite)],
            [
                migrations.RemoveConstraint(model_name="usageday", name="one_reading_per_card_and_day"),
                migrations.RemoveField(model_name="usageday", name="id"),
                migrations.AddField(
                    model_name="usageday",
                    name="pk",
                    field=models.CompositePrimaryKey(
                        "card", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
            ],
        )
    ]
