from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0053_fewer_indexes"),
    ]

    operations = [
        migrations.AlterField(
            model_name="job",
            name="status",
            field=models.CharField(
                choices=[
                    ("preparing", "Reading file"),
                    ("asking", "Columns to match"),
                    ("checking", "Checking"),
                    ("ready", "Ready to start"),
                    ("placing", "Placing order"),
                    ("running", "Running"),
                    ("paused", "Paused"),
                    ("stopped", "Stopped"),
                    ("done", "Finished"),
                    ("failed", "Failed"),
                    ("unread", "File not read"),
                ],
                default="preparing",
                max_length=9,
                verbose_name="status",
            ),
        ),
        migrations.AlterField(
            model_name="jobstep",
            name="step",
            field=models.CharField(
                choices=[
                    ("asked", "Approval requested by"),
                    ("placed", "Placing started by"),
                    ("started", "Started by"),
                    ("paused", "Paused by"),
                    ("resumed", "Resumed by"),
                    ("stopped", "Stopped by"),
                    ("discarded", "Discarded by"),
                    ("expired", "Not approved in time"),
                ],
                max_length=9,
                verbose_name="action taken",
            ),
        ),
    ]
