from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.money import CENT, ZERO, read_amount
from cards.errors import BadInput
from cards.identifiers import BETWEEN_GROUPS, bare
from cards.models.fields import CharField, Parametrised

_Taken = TypeVar("_Taken")
_Given = TypeVar("_Given")

if TYPE_CHECKING:
    DecimalField = models.DecimalField
else:
    DecimalField = Parametrised(models.DecimalField)


class AmountField(forms.CharField):
    """An amount as people type it, of `least` or more; None where nothing is typed and nothing has to be."""

    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def __init__(self, *, least: Decimal = CENT, **kwargs: Any) -> None:
        super().__init__(empty_value=None, **kwargs)
        self.least = least

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        try:
            return text and read_amount(text, least=self.least)
        except BadInput as bad:
            raise ValidationError(str(bad.sentence)) from None


class MoneyField(DecimalField[_Taken, _Given]):
    """An amount of CNY, in cents exactly. Forms read what is typed as every amount is read, and none below zero."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"max_digits": 12, "decimal_places": 2})

    def formfield(self, **kwargs: Any) -> Any:
        options: dict[str, Any] = {"form_class": AmountField, "least": ZERO} | kwargs
        return models.Field.formfield(self, **options)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, args, kwargs


class TaxNumberEntry(forms.CharField):
    """A taxpayer number as it is typed: in capitals, without the blanks and dashes between its groups."""

    def to_python(self, value: Any) -> str:
        return BETWEEN_GROUPS.sub("", bare(super().to_python(value) or ""))


class TaxNumberField(CharField[_Taken, _Given]):
    """The number by which the tax office knows a company; empty where nobody said it."""

    default_validators = [RegexValidator(r"^[0-9A-Z]{15,20}$", _("A taxpayer number has 15 to 20 letters and digits."))]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"max_length": 40, "blank": True, "default": "", "db_default": ""})

    def formfield(self, **kwargs: Any) -> Any:
        options: dict[str, Any] = {"form_class": TaxNumberEntry, "max_length": None} | kwargs
        return super().formfield(**options)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("max_length", "blank", "default", "db_default"):
            del kwargs[fixed]
        return name, path, args, kwargs


class RateField(DecimalField[_Taken, _Given]):
    """A rate in per cent, such as a tax."""

    default_validators = [MinValueValidator(ZERO)]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"max_digits": 4, "decimal_places": 2})

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, args, kwargs
