"""The tags that cards have got or lost, as rows by which a list is filtered."""

from cards.models import CardTag, Tag


def mirror(written):
    changed = [entry for entry in written if entry.differs("tags")]
    if not changed:
        return
    names = set().union(*(entry.card.tag_list for entry in changed))
    Tag.objects.bulk_create([Tag(name=name) for name in names], ignore_conflicts=True)
    known = dict(Tag.objects.filter(name__in=names).values_list("name", "pk"))
    CardTag.objects.filter(card__among=[key for entry in changed for key in entry.keys]).delete()
    CardTag.objects.bulk_create(
        CardTag(card_id=key, tag_id=known[name])
        for entry in changed
        for key in entry.keys
        for name in entry.card.tag_list
    )
