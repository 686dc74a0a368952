from django.db import migrations

from cards.schema import on_one_line_each


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("billing", "0021_whose_day_it_is")]

    operations = [
        on_one_line_each("billing.CustomerAccount", "tax_details"),
        on_one_line_each("billing.MoneyRules", "bank", "bank_account_name", "seller_name", "seller_address"),
        on_one_line_each("billing.PriceTier", "name"),
    ]
