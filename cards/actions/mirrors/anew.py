"""What a card had from a row that was wrong goes when the card is taken in anew; the right comes with the record."""

from cards.models import DeviceBinding, RealNameCheck, ServiceTerm


def mirror(written):
    anew = [(card, before) for card, before, done in written if done and "anew" in done.change.evidence]
    if not anew:
        return
    cards = [card.pk for card, _before in anew]
    for model in (ServiceTerm, RealNameCheck):
        model.objects.filter(card__among=cards).delete()
    bound_otherwise = [card.pk for card, before in anew if card.bound_imei != before["bound_imei"]]
    DeviceBinding.objects.filter(card__among=bound_otherwise).delete()
