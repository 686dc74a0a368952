"""What a card had from a row that was wrong goes when the card is taken in anew; the right comes with the record."""

from cards.models import DeviceBinding, RealNameCheck, ServiceTerm


def mirror(written):
    anew = [entry for entry in written if entry.done and "anew" in entry.done.change.evidence]
    if not anew:
        return
    cards = [key for entry in anew for key in entry.keys]
    for model in (ServiceTerm, RealNameCheck):
        model.objects.filter(card__among=cards).delete()
    bound_otherwise = [entry.card.pk for entry in anew if entry.differs("bound_imei")]
    DeviceBinding.objects.filter(card__among=bound_otherwise).delete()
