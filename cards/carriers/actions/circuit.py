"""An account's circuit: while the carrier does not accept it, nothing is sent but one harmless question now and then.

It opens when an answer is about the account itself, or after five calls in a row to which no answer came. Orders wait
meanwhile, and their patience with them. One worker asks at a time; the first good answer closes it.
"""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import F

from cards.carriers.models import CarrierAccount
from cards.carriers.protocols import setting_of
from cards.carriers.results import LONGEST_WORDS

logger = logging.getLogger(__name__)

_MOST_FAULTS = 5
_LONGEST_PROBE_S = 60


def probe_every(account):
    return timedelta(seconds=max(0.1, min(_LONGEST_PROBE_S, 2 * float(setting_of(account, "retry_s")))))


def break_circuit(account, why, now):
    """The account is not accepted, for this reason: from now on only probes go out."""
    rows = CarrierAccount.objects.filter(pk=account.pk)
    probe_at = now + probe_every(account)
    why = why[:LONGEST_WORDS]
    told = {"broken_why": why, "probe_at": probe_at, "faults": 0}
    if rows.filter(broken_since=None).update(broken_since=now, **told):
        logger.error("The carrier does not accept the account %s: %s", account.name, why)
    else:
        rows.update(**told)


def count_fault(account, why, now):
    """A call got no answer; the fifth in a row breaks the circuit."""
    CarrierAccount.objects.filter(pk=account.pk).update(faults=F("faults") + 1)
    faults = CarrierAccount.objects.values_list("faults", flat=True).get(pk=account.pk)
    if faults >= _MOST_FAULTS:
        break_circuit(account, why, now)


@transaction.atomic
def heard_well(account, now):
    """The carrier answered as it should: whatever was wrong with the account is over."""
    if not (account.faults or account.broken_since):
        return
    row = CarrierAccount.objects.select_for_update().get(pk=account.pk)
    broken_s = row.broken_s
    if row.broken_since:
        broken_s += max(0, round((now - row.broken_since).total_seconds()))
        logger.info("The carrier accepts the account %s again.", account.name)
    row.broken_since, row.probe_at, row.broken_why, row.faults, row.broken_s = None, None, "", 0, broken_s
    row.save(update_fields=["broken_since", "probe_at", "broken_why", "faults", "broken_s"])


def may_probe(account, now):
    """Whether this worker is the one to ask; from then on nobody else is, for a while."""
    due = CarrierAccount.objects.filter(pk=account.pk, broken_since__isnull=False, probe_at__lte=now)
    return bool(due.update(probe_at=now + probe_every(account)))
