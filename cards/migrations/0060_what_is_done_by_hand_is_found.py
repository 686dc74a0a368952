from django.db import migrations, models

from cards.schema import AddIndexBeside, RemoveIndexBeside


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("cards", "0059_previews_are_put_away"),
    ]

    operations = [
        AddIndexBeside(
            model_name="cardevent",
            index=models.Index(
                condition=models.Q(("job", None), ("rule", "")),
                fields=["id", "action", "actor_kind", "actor_name"],
                name="event_by_hand",
            ),
        ),
        AddIndexBeside(
            model_name="auditentry",
            index=models.Index(fields=["action", "id"], name="audit_by_action"),
        ),
        AddIndexBeside(
            model_name="auditentry",
            index=models.Index(condition=models.Q(("by", None)), fields=["actor_name", "id"], name="audit_by_nobody"),
        ),
        RemoveIndexBeside(model_name="auditentry", name="audit_by_instant"),  # days are found by the keys
    ]
