"""Rows that a change brings along: a term that was bought, a check that was submitted."""

from collections import defaultdict

from cards.actions.bulk import insert_classes


def mirror(written):
    by_model = defaultdict(list)
    for entry in written:
        for row in entry.done.change.rows if entry.done else ():
            by_model[type(row)].append(([(key,) for key in entry.keys], row))
    for model, classes in by_model.items():
        columns = [field for field in model._meta.concrete_fields if field.attname not in ("id", "card_id")]
        valued = [(keys, [field.pre_save(row, True) for field in columns]) for keys, row in classes]
        insert_classes(model, ("card_id",), [field.attname for field in columns], valued)
