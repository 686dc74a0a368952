from django.db import models


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
