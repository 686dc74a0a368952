"""Customers made by people who registered get names that end in a mark, so that none of them has a firm's name."""

from urllib.parse import urlencode

from django.db import migrations, transaction
from django.http import QueryDict

from cards.names import name_key, registered_name


def give_names(apps, schema_editor):
    alias = schema_editor.connection.alias
    for customer in apps.get_model("cards", "Customer").objects.using(alias).filter(is_registered=True).order_by("pk"):
        person = _who_registered(apps, alias, customer)
        login = person.username if person else f"~{customer.pk}"
        if not customer.name.endswith(registered_name("-", login)[1:]):
            with transaction.atomic(using=alias):
                _give_name(apps, alias, customer, person, login)


def _give_name(apps, alias, customer, person, login):
    others, was, number = apps.get_model("cards", "Customer").objects.using(alias), customer.name, 1
    while others.filter(name_key=name_key(registered_name(was, login, number))).exists():
        number += 1
    customer.name, customer.registered_by = registered_name(was, login, number), person
    customer.name_key = name_key(customer.name)
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
    atomic = False
    dependencies = [("cards", "0040_who_registered_a_customer")]

    operations = [migrations.RunPython(give_names, migrations.RunPython.noop)]
