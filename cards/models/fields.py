from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import django_fsm
from django.core.checks import CheckMessage
from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.fields.json import KeyTransform
from django.db.models.lookups import Exact
from django.db.models.sql.compiler import SQLCompiler

from cards.phrases import on_one_line
from cards.unreadable import tell_unreadable


class Parametrised:
    """A field of Django's that takes types in brackets, `[set to, read as]`: it does for the type checker alone."""

    def __init__(self, field: type[Any]) -> None:
        self.field = field

    def __getitem__(self, types: Any) -> type[Any]:
        return self.field


_Taken = TypeVar("_Taken")
_Given = TypeVar("_Given")
_Method = TypeVar("_Method", bound=Callable[..., Any])

if TYPE_CHECKING:
    CharField = models.CharField
else:

    class CharField(models.CharField):
        """Text on one line, whoever sends it by whatever door: a break in it becomes a blank as it is written.

        Text of several lines is kept in Django's own.
        """

        def __class_getitem__(cls, types):
            return cls

        def get_prep_value(self, value):
            text = super().get_prep_value(value)
            return on_one_line(text) if isinstance(text, str) else text

        def deconstruct(self):
            name, _path, args, kwargs = super().deconstruct()
            return name, "django.db.models.CharField", args, kwargs


class FactsField(models.JSONField):
    """Facts by their names, as an object of JSON. What else may stand there is none, so that nothing breaks on it."""

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        read = super().from_db_value(value, expression, connection)
        if value is None or isinstance(read, dict) or isinstance(expression, KeyTransform):
            return read
        tell_unreadable(str(read))
        return {}

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


class CountsField(FactsField):
    """How many of each, by their names."""

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        counts = super().from_db_value(value, expression, connection)
        return {name: count for name, count in counts.items() if isinstance(count, int)}


class CodeField(CharField[_Taken, _Given]):
    """Text that is compared byte by byte: identifiers and codes, for which no language's order is asked.

    On PostgreSQL the "C" collation lets one B-tree serve equality and prefix; SQLite compares bytes anyway.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["db_collation"] = "C"
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["db_collation"]
        return name, path, args, kwargs

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        return models.Field.check(self, **kwargs)

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, str | None]:
        parameters = super().db_parameters(connection)
        if connection.vendor != "postgresql":
            parameters["collation"] = None
        return parameters


@models.CharField.register_lookup
class ExactText(Exact):
    """Whether a text is this one. None has a NUL in it, and PostgreSQL refuses to look for one: nothing is found."""

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        if isinstance(self.rhs, str) and "\x00" in self.rhs:
            raise EmptyResultSet
        return super().as_sql(compiler, connection)


class StateDescriptor(django_fsm.FSMFieldDescriptor):
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        # The rules read a card's state a dozen times a change; the way through a deferred attribute costs as much as
        # all of them together, and a card's state is never deferred.
        return self if instance is None else instance.__dict__[self.field.name]


if TYPE_CHECKING:  # django-fsm's own types do not say that its field holds text, nor what a transition takes
    GuardedField = CodeField

    def transition(
        field: CodeField[Any, Any], source: str | Sequence[str], target: str | django_fsm.RETURN_VALUE
    ) -> Callable[[_Method], _Method]: ...
else:
    GuardedField, transition = Parametrised(django_fsm.FSMField), django_fsm.transition


class StateField(GuardedField[_Taken, _Given]):
    """A state that django-fsm guards, kept as the plain code that the database holds."""

    descriptor_class = StateDescriptor

    def set_state(self, instance: Any, state: Any) -> None:
        instance.__dict__[self.name] = state and str(state)
