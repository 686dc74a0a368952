"""Customers made by people who registered get names that end in a mark, so that none of them has a firm's name."""

from urllib.parse import urlencode

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.http import QueryDict

from cards.names import name_key, registered_name


def give_names(apps, schema_editor):
    alias = schema_editor.connection.alias
    customers = apps.get_model("cards", "Customer").objects.using(alias)
    for customer in customers.filter(is_registered=True).order_by("pk"):
        person, was = _who_registered(apps, alias, customer), customer.name
        number, login = 1, person.username if person else f"~{customer.pk}"
        while customers.filter(name_key=name_key(registered_name(was, login, number))).exists():
            number += 1
        customer.name = registered_name(was, login, number)
        customer.name_key, customer.registered_by = name_key(customer.name), person
        customer.save(update_fields=["name", "name_key", "registered_by"])
        _follow_in_views(apps, alias, was, customer.name)


def _who_registered(apps, alias, customer):
    """Who claimed a card and owns the customer: the first of them; or else the first owner."""
    owners = apps.get_model("cards", "Membership").objects.using(alias).filter(customer=customer, role="owner")
    claimed = apps.get_model("cards", "ClaimCode").objects.using(alias).exclude(used_by=None).values("used_by")
    first = owners.filter(user__in=claimed).order_by("pk").first() or owners.order_by("pk").first()
    return first and first.user


def _follow_in_views(apps, alias, was, name):
    """Saved views of the customer's cards show them still."""
    for view in apps.get_model("cards", "SavedView").objects.using(alias).filter(query__contains="customer="):
        query = QueryDict(view.query, mutable=True)
        if query.get("customer") == was:
            query["customer"] = name
            view.query = urlencode(list(query.lists()), doseq=True)
            view.save(update_fields=["query"])


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("cards", "0038_days_carried_on_together"),
    ]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="registered_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="registered by",
            ),
        ),
        migrations.RunPython(give_names, migrations.RunPython.noop),
    ]
