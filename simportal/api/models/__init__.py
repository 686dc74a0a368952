from simportal.api.models.answer import KeptAnswer
from simportal.api.models.delivery import Delivery
from simportal.api.models.endpoint import Endpoint
from simportal.api.models.event import ApiEvent, OpenOperation, TellingPlace
from simportal.api.models.key import ApiKey
from simportal.api.models.reference import OrderReference

__all__ = [
    "ApiEvent",
    "ApiKey",
    "Delivery",
    "Endpoint",
    "KeptAnswer",
    "OpenOperation",
    "OrderReference",
    "TellingPlace",
]
