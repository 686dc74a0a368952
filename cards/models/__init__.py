from cards.models.audit import AuditEntry
from cards.models.cancelling import CancellingRules
from cards.models.card import Card, QueuedTerm
from cards.models.claim import ClaimCode
from cards.models.customer import Customer, Membership
from cards.models.device import DeviceBinding
from cards.models.event import CardEvent, EventCursor
from cards.models.invitation import Invitation, StaffInvitation
from cards.models.job import Job, JobChunk, JobStep, Selection, SelectionPart
from cards.models.mapping import ColumnMapping
from cards.models.owner import KnownOwner
from cards.models.person import Person, RecoveryCode
from cards.models.plan import Plan, PlanBook
from cards.models.policy import CarrierPolicy, PolicyBook
from cards.models.real_name import RealNameCheck
from cards.models.request import CardRequest
from cards.models.seal import Seal
from cards.models.staging import RefusedRow, StagedFile, StagedReading
from cards.models.sweep import DaysAtWork, StepOfDay, SweptDay
from cards.models.tag import CardTag, Tag
from cards.models.tally import CustomerFigures, CustomerTally, DayTally, FleetFigures, NotRead, StateTally, UsageTally
from cards.models.term import OrderedTerm, ServiceTerm
from cards.models.tries import GuessedAt, Tries
from cards.models.usage import DeletedUsage, PastCycle, QuarantinedReading, UsageDay
from cards.models.view import SavedView

__all__ = [
    "AuditEntry",
    "CancellingRules",
    "Card",
    "CardEvent",
    "CardRequest",
    "CardTag",
    "CarrierPolicy",
    "ClaimCode",
    "ColumnMapping",
    "Customer",
    "CustomerFigures",
    "CustomerTally",
    "DayTally",
    "DaysAtWork",
    "DeletedUsage",
    "DeviceBinding",
    "EventCursor",
    "FleetFigures",
    "GuessedAt",
    "Invitation",
    "Job",
    "JobChunk",
    "JobStep",
    "KnownOwner",
    "Membership",
    "NotRead",
    "OrderedTerm",
    "PastCycle",
    "Person",
    "Plan",
    "PlanBook",
    "PolicyBook",
    "QuarantinedReading",
    "QueuedTerm",
    "RealNameCheck",
    "RecoveryCode",
    "RefusedRow",
    "SavedView",
    "Seal",
    "Selection",
    "SelectionPart",
    "ServiceTerm",
    "StaffInvitation",
    "StagedFile",
    "StagedReading",
    "StateTally",
    "StepOfDay",
    "SweptDay",
    "Tag",
    "Tries",
    "UsageDay",
    "UsageTally",
]
