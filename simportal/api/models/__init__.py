from simportal.api.models.answer import KeptAnswer
from simportal.api.models.key import ApiKey

__all__ = ["ApiKey", "KeptAnswer"]
