from cards.carriers.models.account import AccountRule, CarrierAccount, Slot
from cards.carriers.models.command import Attempt, Command
from cards.carriers.models.drift import Drift, Reconciliation
from cards.carriers.models.line import Line
from cards.carriers.models.pull import CycleBase, CycleReading, Pull
from cards.carriers.models.simulated import SimulatedSim

__all__ = [
    "AccountRule",
    "Attempt",
    "CarrierAccount",
    "Command",
    "CycleBase",
    "CycleReading",
    "Drift",
    "Line",
    "Pull",
    "Reconciliation",
    "SimulatedSim",
    "Slot",
]
