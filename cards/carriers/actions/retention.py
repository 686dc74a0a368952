"""What this room keeps no longer than it has to: calls and readings by its own rules, orders and differences as set."""

from datetime import timedelta

from django.utils import timezone

from cards.actions.retention import Retention, rows_over
from cards.calendar import civil_today
from cards.carriers.models import Attempt, Command, CycleBase, CycleReading, Drift, Pull, Reconciliation
from cards.kept import last_instant_over

CALLS_KEPT = timedelta(days=90)
CYCLES_KEPT = timedelta(days=62)  # a day's usage is the difference to the figure before it, of the same cycle


def _ended(model):
    return lambda: model.objects.filter(ended_at__lte=last_instant_over("COMMAND_DAYS"))


def _delete(rows):
    rows.delete()


CARRIER_KINDS = (
    Retention("calls", (), rows_over(lambda: Attempt.objects.filter(at__lte=timezone.now() - CALLS_KEPT), _delete)),
    Retention(
        "cycle_readings",
        (),
        rows_over(lambda: CycleReading.objects.filter(day__lte=civil_today() - CYCLES_KEPT), _delete),
    ),
    Retention(
        "cycles_after_swaps",
        (),
        rows_over(lambda: CycleBase.objects.filter(cycle_from__lte=civil_today() - CYCLES_KEPT), _delete),
    ),
    Retention("carrier_orders", ("COMMAND_DAYS",), rows_over(_ended(Command), _delete)),
    Retention("differences", ("COMMAND_DAYS",), rows_over(_ended(Drift), _delete)),
    Retention("fetches", ("COMMAND_DAYS",), rows_over(_ended(Pull), _delete)),
    Retention("comparisons", ("COMMAND_DAYS",), rows_over(_ended(Reconciliation), _delete)),
)
