"""The tags that cards have got or lost, as rows by which a list is filtered."""

from cards.models import CardTag, Tag


def mirror(written):
    changed = {card.pk: card.tag_list for card, before, _ in written if card.tags != before["tags"]}
    if not changed:
        return
    names = set().union(*changed.values())
    Tag.objects.bulk_create([Tag(name=name) for name in names], ignore_conflicts=True)
    known = dict(Tag.objects.filter(name__in=names).values_list("name", "pk"))
    CardTag.objects.filter(card__among=changed.keys()).delete()
    CardTag.objects.bulk_create(
        CardTag(card_id=card_id, tag_id=known[name]) for card_id, tags in changed.items() for name in tags
    )
