import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import cards.calendar


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0002_seed"),
        ("cards", "0007_unrenew"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    # Nothing has written such rows before: the defaults for those that are there are never used.
    operations = [
        migrations.AddField(
            model_name="cardrenewal",
            name="customer",
            field=models.ForeignKey(
                default=0,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="cards.customer",
                verbose_name="customer",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="cardrenewal",
            name="said_by",
            field=models.ForeignKey(
                default=0,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="said by",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="cardrenewal",
            name="said_at",
            field=models.DateTimeField(default=cards.calendar.this_moment, verbose_name="said at"),
        ),
        migrations.AddField(
            model_name="renewalrun",
            name="key",
            field=models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="key"),
        ),
    ]
