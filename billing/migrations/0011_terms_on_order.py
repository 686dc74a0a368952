from django.db import migrations
from django.utils import timezone

LINES_AT_ONCE = 2_000


def order_terms(apps, schema_editor):
    """The renewals that are placed or paid and not served yet are on their way to their cards."""
    OrderedTerm = apps.get_model("cards", "OrderedTerm")
    standing = apps.get_model("billing", "OrderLine").objects.filter(
        order__kind="renewal", order__state__in=("placed", "paid"), state="open"
    )
    terms = []
    for line in standing.select_related("order").order_by("pk").iterator(LINES_AT_ONCE):
        order = line.order
        made_on, placed_on = (timezone.localdate(at) for at in (order.created_at, order.placed_at))
        terms.append(
            OrderedTerm(
                card_id=line.card_id,
                customer_id=order.customer_id,
                order_key=order.pk,
                order_number=f"{made_on:%Y%m%d}-{order.pk}",
                ordered_on=placed_on,
                is_paid=order.state == "paid",
                plan_id=line.plan_id,
                months=line.months,
                alignment=line.alignment,
                quota_mb=line.quota_mb,
            )
        )
    OrderedTerm.objects.bulk_create(terms, batch_size=LINES_AT_ONCE)


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0010_also_renewed"),
        ("cards", "0026_terms_on_order"),
    ]

    operations = [migrations.RunPython(order_terms, migrations.RunPython.noop)]
