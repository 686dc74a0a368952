"""The history of the devices that cards were bound to."""

from cards.models import DeviceBinding


def mirror(written):
    DeviceBinding.objects.bulk_create(
        DeviceBinding(
            card=entry.card,
            imei=entry.card.bound_imei,
            bound_on=entry.card.bound_on,
            is_rebind=entry.differs("rebound_in") or entry.differs("rebinds"),
        )
        for entry in written
        if entry.differs("bound_imei") and entry.card.bound_imei
    )
