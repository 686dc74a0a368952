from cards.models.card import Card, QueuedTerm
from cards.models.customer import Customer, Membership
from cards.models.device import DeviceBinding
from cards.models.event import CardEvent
from cards.models.plan import Plan
from cards.models.policy import CarrierPolicy, PolicyBook
from cards.models.real_name import RealNameCheck
from cards.models.sweep import SweptDay
from cards.models.term import ServiceTerm
from cards.models.usage import UsageDay

__all__ = [
    "Card",
    "CardEvent",
    "CarrierPolicy",
    "Customer",
    "DeviceBinding",
    "Membership",
    "Plan",
    "PolicyBook",
    "QueuedTerm",
    "RealNameCheck",
    "ServiceTerm",
    "SweptDay",
    "UsageDay",
]
