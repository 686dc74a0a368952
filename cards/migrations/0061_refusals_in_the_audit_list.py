from django.db import migrations, models

import cards.calendar


class Migration(migrations.Migration):
    dependencies = [
        ("cards", "0060_what_is_done_by_hand_is_found"),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditentry",
            name="action",
            field=models.CharField(
                choices=[
                    ("login", "Logged in"),
                    ("login_refused", "Login refused"),
                    ("page_refused", "Page refused"),
                    ("code_wrong", "Wrong two-step code"),
                    ("two_step_on", "Two-step login turned on"),
                    ("two_step_off", "Two-step login turned off"),
                    ("recovery_codes", "New recovery codes"),
                    ("password_changed", "Password changed"),
                    ("password_reset", "Password set by a mailed link"),
                    ("sessions_ended", "Other sessions ended"),
                    ("account_made", "Account created"),
                    ("account_changed", "Account details changed"),
                    ("rights_changed", "Permissions changed"),
                    ("shut_out", "Shut out"),
                    ("let_in", "Let in again"),
                    ("reset_sent", "Password link sent"),
                    ("invited", "Invitation created"),
                    ("invitation_revoked", "Invitation revoked"),
                    ("joined", "Invitation accepted"),
                    ("member_added", "Member added"),
                    ("member_changed", "Member's role changed"),
                    ("member_removed", "Member removed"),
                    ("added", "Added"),
                    ("changed", "Changed"),
                    ("deleted", "Deleted"),
                    ("exported", "Exported"),
                    ("labels_printed", "Labels printed"),
                    ("code_replaced", "Claim code replaced"),
                    ("job_started", "Job started"),
                    ("person_exported", "Personal data exported"),
                    ("person_deleted", "Personal data deleted"),
                ],
                max_length=24,
                verbose_name="action",
            ),
        ),
        migrations.AlterField(
            model_name="jobstep",
            name="at",
            field=models.DateTimeField(default=cards.calendar.this_moment, editable=False, verbose_name="at"),
        ),
    ]
