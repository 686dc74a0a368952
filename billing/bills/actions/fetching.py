"""Bills are fetched from their providers, or uploaded, and kept as they came until they are read."""

import zlib
from datetime import timedelta
from hashlib import sha256

from django.db import transaction
from django.utils.translation import gettext as _

from billing.actions.providers import reach
from billing.bills.actions.wanting import provider_of
from billing.bills.choices import BillFault, BillState
from billing.bills.models import Bill, BillDocument
from billing.bills.permissions import may_settle
from billing.money import LARGEST
from billing.payments.port import Garbled, ProviderRefused
from billing.permissions import require
from cards.calendar import civil_today, this_moment
from cards.errors import BadInput, NothingHeard
from cards.leases import Lost, acquire

BILL_HELD_FOR = timedelta(minutes=10)  # so long a bill is one worker's
_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30))
LONGEST_WAIT = timedelta(hours=1)
YEARS = range(2000, 3000)  # of what is no mistake, and no instant that there is nowhere
GIVEN_UP_AFTER = timedelta(days=7)


def fetch_next():
    """Fetch the bill whose turn it is, if there is one; it calls the provider, so never within a transaction."""
    now = this_moment()
    bill = acquire(Bill.objects.to_fetch().filter(next_at__lte=now).order_by("next_at"), next_at=now + BILL_HELD_FOR)
    if bill:
        fetch_bill(bill)
    return bill


def fetch_bill(bill):
    """Ask the provider for a bill, also for one that was read before; the `Bill` as it is then.

    What fails is tried again, at growing intervals; a bill that was read stays so.
    """
    try:
        reached = reach(bill.account)
        document = reached.provider.bill(reached.call, reached.merchant, bill.kind, bill.day)
    except ProviderRefused as refused:
        return _fail(bill, str(refused))
    except NothingHeard:
        return _fail(bill, BillFault.SILENT)
    except Garbled:
        return _fail(bill, BillFault.GARBLED)
    except LookupError:
        return _fail(bill, BillFault.NO_ACCOUNT)
    except BadInput:
        return _fail(bill, BillFault.NO_SECRETS)
    return keep_document(bill, document)


def fetch_soon(bill, *, user):
    """Have a bill fetched at the next turn that has not come yet, or was given up."""
    require(may_settle, user)
    now = this_moment()
    not_come = Bill.objects.not_read().exclude(state=BillState.FETCHED).filter(pk=bill.pk)
    not_come.update(state=BillState.WANTED, next_at=now, wanted_at=now, tries=0)


def bring_bill(account, day, kind, document, *, user=None):
    """Keep a bill that somebody uploaded; the `Bill`. Raises `BadInput` for what is none, with the line, or of a day
    that is not over."""
    require(may_settle, user)
    bill = bill_of(account, day, kind)
    for _row in rows_of_bill(provider_of(account), kind, document):
        pass  # to its end, before anything is kept of it
    return keep_document(bill, document, by=user)


def rows_of_bill(provider, kind, document):
    """The lines of a document (`BillRow`), as they can be kept. Raises `BadInput` for what is none, with the line."""
    for number, row in enumerate(provider.read_bill(kind, document) if document else (), 1):
        is_too_much = max(abs(row.amount), abs(row.fee)) > LARGEST
        if is_too_much or row.at.year not in YEARS or "\x00" in f"{row.reference}{row.key_text}":
            raise BadInput("", _("Line {number} of the bill cannot be read.").format(number=number))
        yield row


def bill_of(account, day, kind):
    """The bill of an account's day by its provider's name for it, known before or not. Raises `BadInput`."""
    provider = provider_of(account)
    if provider is None or not provider.bill_kinds:
        raise BadInput("account", _("There is no payment account {name} with bills.").format(name=account))
    if kind not in provider.bill_kinds:
        raise BadInput("kind", _("{account} has no bill called {kind}.").format(account=account, kind=kind))
    if day >= civil_today():
        raise BadInput("day", _("The day is not over yet: choose an earlier one."))
    return Bill.objects.get_or_create(account=account, day=day, kind=kind, defaults={"next_at": None})[0]


def keep_document(bill, document, *, by=None):
    """Keep a bill as it came, to be read; the `Bill`. The same document again changes nothing."""
    digest = sha256(document).hexdigest()
    with transaction.atomic():
        bill = Bill.objects.select_for_update().get(pk=bill.pk)
        if bill.digest == digest and not bill.has_failed:
            return bill
        bill.edition += bill.digest != digest
        bill.digest, bill.state, bill.words, bill.read_through = digest, BillState.FETCHED, "", 0
        bill.came_at = bill.next_at = this_moment()
        bill.brought_by, bill.tries, bill.compared_through = by, 0, None
        bill.save()
        BillDocument.objects.update_or_create(bill=bill, defaults={"content": zlib.compress(document)})
    return bill


def kept_document(bill):
    """What was kept of a bill that is still to be read; `Lost` where somebody else has read it."""
    kept = BillDocument.objects.filter(bill=bill).first()
    if kept is None:
        raise Lost
    return zlib.decompress(kept.content)


def give_bill_up(bill, words):
    """No more is done about a bill unless somebody fetches or uploads it."""
    Bill.objects.under_way().filter(pk=bill.pk).update(state=BillState.FAILED, next_at=None, words=words[:200])
    BillDocument.objects.filter(bill=bill).delete()


def _fail(bill, words):
    now = this_moment()
    if now - bill.wanted_at >= GIVEN_UP_AFTER:
        give_bill_up(bill, words)
    else:
        wait = _WAITS[bill.tries - 1] if 0 < bill.tries <= len(_WAITS) else LONGEST_WAIT
        Bill.objects.to_fetch().filter(pk=bill.pk).update(next_at=now + wait, words=words[:200])
    return Bill.objects.get(pk=bill.pk)
