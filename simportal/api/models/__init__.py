from simportal.api.models.answer import KeptAnswer
from simportal.api.models.key import ApiKey
from simportal.api.models.reference import OrderReference

__all__ = ["ApiKey", "KeptAnswer", "OrderReference"]
