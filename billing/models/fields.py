from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models

from cards.models.fields import Parametrised

_Taken = TypeVar("_Taken")
_Given = TypeVar("_Given")

if TYPE_CHECKING:
    DecimalField = models.DecimalField
else:
    DecimalField = Parametrised(models.DecimalField)


class MoneyField(DecimalField[_Taken, _Given]):
    """An amount of CNY, in cents exactly."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"max_digits": 12, "decimal_places": 2})

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, args, kwargs


class RateField(DecimalField[_Taken, _Given]):
    """A rate in per cent, such as a tax."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"max_digits": 4, "decimal_places": 2})

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, args, kwargs
