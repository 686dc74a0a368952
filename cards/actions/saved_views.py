"""Saved views: each owner's by name, kept, changed and discarded."""

from cards.models import SavedView


def keep(owner, name, contents, *, replaces=False):
    """The owner's view of this name, made with `contents` if there is none.

    One that is there stays as it is, unless the new one `replaces` it.
    """
    write = SavedView.objects.update_or_create if replaces else SavedView.objects.get_or_create
    view, _is_new = write(owner=owner, name=name, defaults=contents)
    return view


def change_view(view):
    """Keep what was changed in a view."""
    view.save()


def discard_view(view):
    view.delete()
