"""Endpoints of customers: made, changed, switched off and on again, with new secrets, tested, and sent to once more."""

import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cards.actions import audit
from cards.choices import AuditAction
from cards.ciphers import deciphered, enciphered
from cards.errors import BadInput
from cards.models import Customer
from cards.permissions import SYSTEM
from cards.phrases import listed
from simportal.api.actions.merging_storms import merge_storms
from simportal.api.actions.public_addresses import read_url
from simportal.api.actions.signing import new_signing_secret
from simportal.api.actions.telling import deliver_to, make_events, one_at_a_time
from simportal.api.choices import EVENTS_TO_CHOOSE, DeliveryOutcome, EventType
from simportal.api.errors import HookRefused
from simportal.api.models import ApiEvent, Delivery, Endpoint

MOST_ENDPOINTS = 10  # of a customer
EVENTS_KEPT_FOR = timedelta(days=90)
FORMER_SIGNS_FOR = timedelta(hours=24)
_MISSED_AT_ONCE = 2_000
_KIND = "api.endpoint"


def add_endpoint(customer, url, types=(), *, with_card=False, by):
    """A new endpoint with a secret of its own, from now on told what it wants.

    Raises `BadInput` for a URL or types that cannot be, or where secrets cannot be kept, and `Refused` for a customer
    who was merged or has ten.
    """
    values = {"url": read_url(url), "types": _known(types), "with_card": with_card}
    kept = enciphered({"secret": new_signing_secret()})
    with one_at_a_time():
        customer = Customer.objects.select_for_update().get(pk=customer.pk)
        if customer.merged_into_id:
            raise HookRefused("customer_merged_away", customer=customer.name)
        if Endpoint.objects.filter(customer=customer).count() >= MOST_ENDPOINTS:
            raise HookRefused("too_many_webhooks", most=MOST_ENDPOINTS)
        endpoint = Endpoint.objects.create(customer=customer, secrets=kept, **values)
        _record(AuditAction.ADDED, endpoint, by, after=values)
    return endpoint


def change_endpoint(endpoint, *, by, **values):
    """Give it another `url`, other `types` or another `with_card`. Another URL has not failed yet."""
    if "url" in values:
        values["url"] = read_url(values["url"])
    if "types" in values:
        values["types"] = _known(values["types"])
    with transaction.atomic():
        endpoint = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        before = {name: getattr(endpoint, name) for name, value in values.items() if getattr(endpoint, name) != value}
        after = {name: values[name] for name in before}
        if after:
            afresh = {"failing_since": None} if "url" in after and endpoint.is_on else {}
            Endpoint.objects.filter(pk=endpoint.pk).update(**after, **afresh)
            _record(AuditAction.CHANGED, endpoint, by, before=before, after=after)
    return Endpoint.objects.get(pk=endpoint.pk)


def remove_endpoint(endpoint, *, by):
    """It is told nothing any more, and what was sent to it is forgotten."""
    with transaction.atomic():
        _record(AuditAction.DELETED, endpoint, by, before={"url": endpoint.url})
        Delivery.objects.filter(endpoint=endpoint).delete()
        Endpoint.objects.filter(pk=endpoint.pk).delete()


def switch_off(endpoint, *, by=SYSTEM, reason=""):
    """Send it nothing until it is switched on again; for a `reason` of the portal's own its owners get a mail."""
    with one_at_a_time():
        newest = ApiEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        values = {"is_on": False, "off_reason": reason, "stopped_after": newest, "mails_owners": bool(reason)}
        if Endpoint.objects.filter(pk=endpoint.pk, is_on=True).update(**values):
            said = {"reason": reason} if reason else {}
            _record(AuditAction.CHANGED, endpoint, by, before={"is_on": True}, after={"is_on": False}, **said)


def switch_on(endpoint, *, by, sends_missed):
    """Send to it again, and with `sends_missed` what it was not told meanwhile, as far as events are kept.

    That is what waited, what failed for good while it failed, and what happened since it was switched off.
    """
    with one_at_a_time():
        endpoint = Endpoint.objects.select_for_update().select_related("customer").get(pk=endpoint.pk)
        if endpoint.is_on:
            return
        on = {"is_on": True, "off_reason": "", "stopped_after": None, "failing_since": None, "mails_owners": False}
        Endpoint.objects.filter(pk=endpoint.pk).update(**on)
        _record(AuditAction.CHANGED, endpoint, by, before={"is_on": False}, after={"is_on": True})
        waiting = Delivery.objects.filter(endpoint=endpoint, due_at__isnull=False)
        if not sends_missed:
            waiting.update(due_at=None, outcome=DeliveryOutcome.DROPPED)
            return
        afresh = {"due_at": timezone.now(), "outcome": "", "tries": 0}
        waiting.update(**afresh)
        if endpoint.failing_since:
            failed = Delivery.objects.filter(endpoint=endpoint, outcome=DeliveryOutcome.FAILED)
            failed.filter(tried_at__gte=endpoint.failing_since).update(**afresh)
        for events in _missed(endpoint):
            deliver_to([endpoint], events)
        merge_storms([endpoint.pk])


def rotate_secret(endpoint, *, by):
    """A new secret; for a day what is sent is signed with the former one too."""
    with transaction.atomic():
        endpoint = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        try:
            former = {"former": deciphered(endpoint.secrets)["secret"]}
        except BadInput:  # no key opens it any more
            former = {}
        endpoint.secrets = enciphered({"secret": new_signing_secret(), **former})
        endpoint.former_until = timezone.now() + FORMER_SIGNS_FOR if former else None
        endpoint.save(update_fields=["secrets", "former_until"])
        _record(AuditAction.CHANGED, endpoint, by, secret="rotated")
    return endpoint


def secret_of(endpoint):
    """What verifies its signatures. Raises `BadInput` where no key opens it."""
    return deciphered(endpoint.secrets)["secret"]


def send_test(endpoint):
    """An event that says nothing, for this endpoint alone: its delivery. Raises `Refused` for one that is off."""
    _check_on(endpoint)
    with one_at_a_time():
        values = {"customer_id": endpoint.customer_id, "at": timezone.now(), "key": f"test:{uuid.uuid4()}"}
        event = ApiEvent(type=EventType.TEST, data={"webhook": endpoint.number}, **values)
        make_events([event], only_to=endpoint)
    return Delivery.objects.select_related("event").get(endpoint=endpoint, event=event)


def send_anew(delivery):
    """Send it anew, whatever became of it: with the same `webhook-id`. Raises `Refused` where its endpoint is off."""
    _check_on(delivery.endpoint)
    afresh = {"due_at": timezone.now(), "outcome": "", "tries": 0, "deaths": 0}
    Delivery.objects.filter(pk=delivery.pk).update(**afresh)
    return Delivery.objects.select_related("event", "endpoint").get(pk=delivery.pk)


def take_mail(rows):
    """Whether these rows of one endpoint ask for a mail to its owners, which they do no more from now on."""
    return rows.filter(mails_owners=True).update(mails_owners=False)


def give_mail_back(endpoint):
    """The mail could not be sent: it is still to be, unless the endpoint is on again."""
    Endpoint.objects.filter(pk=endpoint.pk, is_on=False).update(mails_owners=True)


def _missed(endpoint):
    """The events since it was switched off, some at a time."""
    since, after = timezone.now() - EVENTS_KEPT_FOR, endpoint.stopped_after or 0
    events = ApiEvent.objects.filter(customer=endpoint.customer_id, created_at__gte=since)
    while some := list(events.filter(pk__gt=after).exclude(type=EventType.TEST).order_by("pk")[:_MISSED_AT_ONCE]):
        yield some
        after = some[-1].pk


def _check_on(endpoint):
    if not endpoint.is_on:
        raise HookRefused("webhook_off")


def _known(types):
    unknown = [kind for kind in types if kind not in EVENTS_TO_CHOOSE]
    if unknown:
        message = _("{unknown}: there is no such event. There are: {known}.")
        raise BadInput("types", message.format(unknown=listed(unknown), known=listed(EVENTS_TO_CHOOSE)))
    return [kind.value for kind in EVENTS_TO_CHOOSE if kind in types]


def _record(action, endpoint, by, **facts):
    about = {"about": endpoint.url, "customer": endpoint.customer}
    audit.record(action, by=by, kind=_KIND, key=endpoint.pk, **about, **facts)
