from datetime import date

from django.db import migrations

FIRST_DAY = date(2000, 1, 1)

PLANS = [
    {"code": "M1-100", "kind": "plan", "months": 1, "alignment": "calendar", "quota_mb": 100},
    {"code": "Y1-30", "kind": "plan", "months": 12, "alignment": "calendar", "quota_mb": 30},
    {"code": "Y1-1024", "kind": "plan", "months": 12, "alignment": "anniversary", "quota_mb": 1024},
    {"code": "PACK-100", "kind": "pack", "quota_mb": 100},
]


def seed(apps, schema_editor):
    policies = apps.get_model("cards", "CarrierPolicy").objects
    for carrier in ("cmcc", "cucc", "ctcc", "cbn"):
        policies.get_or_create(carrier=carrier, valid_from=FIRST_DAY)
    plans = apps.get_model("cards", "Plan").objects
    for plan in PLANS:
        plans.get_or_create(code=plan["code"], defaults=plan)


class Migration(migrations.Migration):
    dependencies = [("cards", "0001_initial")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
