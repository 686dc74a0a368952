from django.db import migrations

from cards.schema import on_one_line_each


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("cards", "0045_personal_data")]

    operations = [
        on_one_line_each("cards.Customer", "name", "contact", "phone"),
        on_one_line_each("cards.Plan", "name"),
        on_one_line_each("cards.SavedView", "name"),
        on_one_line_each("cards.Selection", "name"),
    ]
