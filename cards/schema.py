"""Changes of the layout of tables, beside a portal at work: docs/upgrades.md says what each holds, and how long."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any

from django.db import IntegrityError, NotSupportedError, migrations, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AddIndex, AlterField, RemoveIndex
from django.db.models import Index, QuerySet

from cards.phrases import on_one_line

# One that was interrupted stays as an index that nobody uses.
IS_USED = """
SELECT indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE relname = %s AND pg_table_is_visible(pg_class.oid)
"""


class AddIndexBeside(AddIndex):
    """An index of a large table, built while others write. Its migration says `atomic = False` and does nothing else.

    It may be done again: what an interruption left is dropped first, and a whole index of this name stays as it is.
    """

    atomic = False

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        _build(schema_editor, to_state.apps.get_model(app_label, self.model_name), self.index)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        _drop(schema_editor, from_state.apps.get_model(app_label, self.model_name), self.index)


class RemoveIndexBeside(RemoveIndex):
    """An index of a large table, dropped while others read and write; backwards, it is built beside them again."""

    atomic = False

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        _drop(schema_editor, *self._standing(app_label, from_state))

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        _build(schema_editor, *self._standing(app_label, to_state))

    def _standing(self, app_label: str, state: Any) -> tuple[Any, Index]:
        named = state.models[app_label, self.model_name_lower].get_index_by_name(self.name)
        return state.apps.get_model(app_label, self.model_name), named


class RemoveKeyIndexBeside(AlterField):
    """A foreign key of a large table that loses the index which Django made for it (`db_index=False`), and no more."""

    atomic = False

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        _drop(schema_editor, *self._standing(app_label, schema_editor, from_state))

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: Any, to_state: Any
    ) -> None:
        _build(schema_editor, *self._standing(app_label, schema_editor, to_state))

    def _standing(self, app_label: str, schema_editor: Any, state: Any) -> tuple[Any, Index]:
        model = state.apps.get_model(app_label, self.model_name)
        column = model._meta.get_field(self.name).column
        name = schema_editor._create_index_name(model._meta.db_table, [column])
        return model, Index(fields=[self.name], name=name)


def _build(schema_editor: BaseDatabaseSchemaEditor, model: Any, index: Index) -> None:
    with _beside(schema_editor) as how:
        is_used = _is_used(schema_editor.connection, model, index.name)
        if is_used is False:
            schema_editor.remove_index(model, index, **how)
        if not is_used:
            schema_editor.add_index(model, index, **how)


def _drop(schema_editor: BaseDatabaseSchemaEditor, model: Any, index: Index) -> None:
    with _beside(schema_editor) as how:
        if _is_used(schema_editor.connection, model, index.name) is not None:
            schema_editor.remove_index(model, index, **how)


@contextmanager
def _beside(schema_editor: BaseDatabaseSchemaEditor) -> Iterator[dict[str, bool]]:
    """How Django's editor is asked for it. Nobody waits for what waits here, so it waits for all who are at work."""
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        yield {}
        return
    if connection.in_atomic_block:
        raise NotSupportedError("An index is built or dropped beside others in a migration that says atomic = False.")
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        (limit,) = cursor.fetchone()
        cursor.execute("SET lock_timeout = 0")
        yield {"concurrently": True}
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [limit])


def _is_used(connection: BaseDatabaseWrapper, model: Any, name: str) -> bool | None:
    """Whether there is a whole index of this name; None where there is nothing of the name."""
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            standing = connection.introspection.get_constraints(cursor, model._meta.db_table)
            return True if name in standing else None
        cursor.execute(IS_USED, [name])
        found = cursor.fetchone()
        return bool(found[0]) if found else None


def on_one_line_each(label: str, *names: str) -> migrations.RunPython:
    """Takes the breaks out of what stands in these columns of a small table, row by row: `atomic = False`.

    Where two texts that must differ are the same then, the second gets a number.
    """

    def even_out(apps: Any, schema_editor: Any) -> None:
        rows = apps.get_model(label)._base_manager.using(schema_editor.connection.alias)
        for row in rows.only("pk", *names).iterator(2_000):
            texts = {name: on_one_line(getattr(row, name)) for name in names}
            if changed := {name: text for name, text in texts.items() if text != getattr(row, name)}:
                _keep_apart(rows.filter(pk=row.pk), changed)

    return migrations.RunPython(even_out, migrations.RunPython.noop)


def _keep_apart(row: QuerySet[Any], texts: Mapping[str, str]) -> None:
    for number in count(1):
        numbered = {name: f"{text} ({number})" if number > 1 else text for name, text in texts.items()}
        try:
            with transaction.atomic(using=row.db):
                row.update(**numbered)
        except IntegrityError:
            continue
        return
