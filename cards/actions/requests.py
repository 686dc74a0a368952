"""Requests of customers to the dealer: asked, answered, closed. Each step is one conditional statement."""

from django.utils import timezone
from django.utils.translation import gettext as _

from cards.actions.merged import whose_now
from cards.actions.once import once
from cards.choices import RequestStatus
from cards.errors import BadInput
from cards.models import CardRequest

LONGEST_TEXT = CardRequest._meta.get_field("text").max_length
LONGEST_ANSWER = CardRequest._meta.get_field("answer").max_length


def open_request(card, *, by, text, evidence, key):
    """A request about a card of a customer's; while one about it waits for its answer, that one."""
    text = " ".join(text.split())
    if len(text) > LONGEST_TEXT:
        raise BadInput("text", _("At most {most} characters.").format(most=LONGEST_TEXT))
    whose = {"customer": card.customer_id}

    def make(key):
        customer_id = whose_now(card.customer_id)
        waiting = CardRequest.objects.filter(card=card, status=RequestStatus.OPEN, customer=customer_id).first()
        values = {"customer_id": customer_id, "card": card, "by": by, "text": text, "evidence": evidence}
        return waiting or CardRequest.objects.create(key=key, **values)

    return once(CardRequest, key, make, **whose)


def answer(request, *, by, text):
    """Answer an open request, once; False if somebody else was faster, or it is closed."""
    text = text.strip()
    if not text:
        raise BadInput("answer", _("Write an answer."))
    if len(text) > LONGEST_ANSWER:
        raise BadInput("answer", _("At most {most} characters.").format(most=LONGEST_ANSWER))
    answered = {"answer": text, "answered_by": by, "answered_at": timezone.now()}
    return _move(request, [RequestStatus.OPEN], RequestStatus.ANSWERED, **answered)


def close(request):
    """Nothing more is to be done; closing twice is closing once."""
    return _move(request, [RequestStatus.OPEN, RequestStatus.ANSWERED], RequestStatus.CLOSED, closed_at=timezone.now())


def _move(request, sources, target, **values):
    rows = CardRequest.objects.filter(pk=request.pk, status__in=sources)
    return bool(rows.update(status=target, **values))
