"""Rows that a change brings along: a term that was bought, a check that was submitted."""

from collections import defaultdict


def mirror(written):
    by_model = defaultdict(list)
    for _card, _before, done in written:
        for row in done.change.rows if done else ():
            by_model[type(row)].append(row)
    for model, rows in by_model.items():
        model.objects.bulk_create(rows)
