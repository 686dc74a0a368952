from django.db import models
from django_fsm import FSMField, FSMFieldDescriptor


class CodeField(models.CharField):
    """Text that is compared byte by byte: identifiers and codes, for which no language's order is asked.

    On PostgreSQL the "C" collation lets one B-tree serve equality and prefix; SQLite compares bytes anyway.
    """

    def __init__(self, *args, **kwargs):
        kwargs["db_collation"] = "C"
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        del kwargs["db_collation"]
        return name, path, args, kwargs

    def check(self, **kwargs):
        return models.Field.check(self, **kwargs)

    def db_parameters(self, connection):
        parameters = super().db_parameters(connection)
        if connection.vendor != "postgresql":
            parameters["collation"] = None
        return parameters


class StateDescriptor(FSMFieldDescriptor):
    def __get__(self, instance, owner=None):
        # The rules read a card's state a dozen times a change; the way through a deferred attribute costs as much as
        # all of them together, and a card's state is never deferred.
        return self if instance is None else instance.__dict__[self.field.name]


class StateField(FSMField):
    """A state that django-fsm guards, kept as the plain code that the database holds."""

    descriptor_class = StateDescriptor

    def set_state(self, instance, state):
        instance.__dict__[self.name] = state and str(state)
