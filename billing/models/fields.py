from django.db import models


class MoneyField(models.DecimalField):
    """An amount of CNY, in cents exactly."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs | {"max_digits": 12, "decimal_places": 2})

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, args, kwargs


class RateField(models.DecimalField):
    """A rate in per cent, such as a tax."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs | {"max_digits": 4, "decimal_places": 2})

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, args, kwargs
