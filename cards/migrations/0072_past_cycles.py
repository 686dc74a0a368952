"""What a card used in a cycle is kept when its days go; a month of days whose cycles are kept is dropped as a whole."""

from datetime import date

from django.db import migrations, models

# Only who owns a table drops a part of it. The part of a month that was not over a year ago stays, whoever asks.
DROP_MONTH = """
    DO $do$ BEGIN EXECUTE format($format$
        CREATE FUNCTION cards_drop_usage_month(month date) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = %I, pg_temp SET lock_timeout = '2s'
        AS $body$
        BEGIN
            IF date_trunc('month', month) + interval '1 month' > CURRENT_DATE - interval '1 year' THEN
                RAISE EXCEPTION 'a month of usage is dropped when it was over a year ago'
                    USING ERRCODE = 'check_violation';
            END IF;
            EXECUTE format('DROP TABLE %%I', 'cards_usageday_' || to_char(month, 'YYYY_MM'));
            RETURN TRUE;
        EXCEPTION WHEN lock_not_available THEN
            RETURN FALSE;
        END
        $body$
    $format$, current_schema()); END $do$;
    REVOKE ALL ON FUNCTION cards_drop_usage_month(date) FROM PUBLIC;
"""


def lay(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP_MONTH, params=None)


def take_away(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION cards_drop_usage_month(date)")


class Migration(migrations.Migration):
    dependencies = [("cards", "0071_cards_counted_by_customer")]

    operations = [
        migrations.AddField(
            model_name="deletedusage",
            name="cycles_since",
            field=models.DateField(
                db_default=date(2000, 1, 1), default=date(2000, 1, 1), verbose_name="keeps cycles since"
            ),
        ),
        migrations.AddField(
            model_name="deletedusage",
            name="drops_from",
            field=models.DateField(null=True, verbose_name="drops the month from"),
        ),
        migrations.CreateModel(
            name="PastCycle",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "card", "cycle_from", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("cycle_from", models.DateField(verbose_name="cycle from")),
                ("cycle_until", models.DateField(verbose_name="cycle until")),
                ("bytes", models.BigIntegerField(verbose_name="bytes")),
                (
                    "card",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=models.deletion.PROTECT,
                        related_name="past_cycles",
                        to="cards.card",
                        verbose_name="card",
                    ),
                ),
            ],
            options={
                "verbose_name": "past cycle",
                "verbose_name_plural": "past cycles",
                "default_permissions": (),
            },
        ),
        migrations.RunPython(lay, take_away),
    ]
