"""One transfer, one receipt, however its reference is written. Where two receipts of before have the same reference but
for case and signs, both stay: the later one is marked as a repetition and not asked to be unique, and people look."""

from django.conf import settings
from django.db import migrations, models

import cards.models.fields
from billing.references import reference_key


def fill(apps, schema_editor):
    receipts = apps.get_model("billing", "Receipt").objects.using(schema_editor.connection.alias)
    standing, batch = set(), []
    for receipt in receipts.filter(reference_key="").order_by("pk").iterator(2_000):
        key = receipt.reference_key = reference_key(receipt.reference)
        if key and receipt.reversed_at is None:
            receipt.repeats = key in standing
            standing.add(key)
        batch.append(receipt)
        if len(batch) == 2_000:
            receipts.bulk_update(batch, ["reference_key", "repeats"])
            batch = []
    receipts.bulk_update(batch, ["reference_key", "repeats"])


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0013_renewals_missed_and_announced"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="receipt",
            name="day_confirmed_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="date confirmed by",
            ),
        ),
        migrations.AddField(
            model_name="receipt",
            name="reference_key",
            field=cards.models.fields.CodeField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                max_length=255,
                verbose_name="reference without case and signs",
            ),
        ),
        migrations.AddField(
            model_name="receipt",
            name="repeats",
            field=models.BooleanField(
                db_default=False, default=False, editable=False, verbose_name="repeats an earlier reference"
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="receipt", index=models.Index(fields=["reference_key"], name="receipt_reference")
        ),
        migrations.AddConstraint(
            model_name="receipt",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("repeats", False), ("reversed_at", None), models.Q(("reference_key", ""), _negated=True)
                ),
                fields=("reference_key",),
                name="a_transfer_is_recorded_once_however_written",
            ),
        ),
    ]
