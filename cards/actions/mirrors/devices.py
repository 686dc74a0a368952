"""The history of the devices that cards were bound to."""

from cards.models import DeviceBinding


def mirror(written):
    DeviceBinding.objects.bulk_create(
        DeviceBinding(
            card=card,
            imei=card.bound_imei,
            bound_on=card.bound_on,
            is_rebind=(card.rebound_in, card.rebinds) != (before["rebound_in"], before["rebinds"]),
        )
        for card, before, _ in written
        if card.bound_imei and card.bound_imei != before["bound_imei"]
    )
