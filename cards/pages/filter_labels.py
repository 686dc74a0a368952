"""What the filters of the card list are called, and what is chosen in them."""

from django import forms

from cards.columns.declared import LIST_COLUMNS
from cards.filters import CardFilter
from cards.models import Card
from cards.phrases import listed

# What an address says of how the list is shown, and nothing of which cards.
ONLY_SHOWN = ("after", "before", "sort", "size", "cols", "filters")


def filter_fields(params):
    """The fields of the list's filters, by their names."""
    return CardFilter(params, queryset=Card.objects.none()).form.fields


def filter_labels(fields, params):
    """(label, value) of each filter in the query of a list; a name or a code that is no longer known is itself."""
    return [(_label(fields, name), _chosen(fields, name, value)) for name, value in params.items() if value]


def _label(fields, name):
    return str((name in fields and fields[name].label) or name)


def _chosen(fields, name, value):
    if name == "cols":
        return listed(LIST_COLUMNS[column].label if column in LIST_COLUMNS else column for column in value.split(","))
    if isinstance(fields.get(name), forms.ModelChoiceField):
        return value  # a customer or a tag is typed by its name: there is no need to read them all
    choices = getattr(fields.get(name), "choices", ())
    return next((str(label) for code, label in choices if str(code) == value), value)
