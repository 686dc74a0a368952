from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0004_receipts_recorded_anew"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="digest", name="digest_unsent"),
        migrations.RenameField(model_name="digest", old_name="claimed_until", new_name="due_at"),
        migrations.AlterField(
            model_name="digest",
            name="due_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="due at"),
        ),
        migrations.AddIndex(
            model_name="digest",
            index=models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="digest_due"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["kind", "id"], name="notice_kind"),
        ),
    ]
