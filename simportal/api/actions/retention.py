"""What of programs is kept no longer than it has to be."""

from django.utils import timezone

from cards.actions.retention import Retention, rows_over
from simportal.api.actions.endpoints import EVENTS_KEPT_FOR
from simportal.api.actions.kept_answers import KEPT_FOR
from simportal.api.models import ApiEvent, KeptAnswer


def _events_over():
    return ApiEvent.objects.filter(created_at__lte=timezone.now() - EVENTS_KEPT_FOR)


def _answers_over():
    return KeptAnswer.objects.filter(created_at__lte=timezone.now() - KEPT_FOR)


def _delete(rows):
    rows.delete()


API_KINDS = (
    Retention("api_events", (), rows_over(_events_over, _delete)),
    Retention("kept_answers", (), rows_over(_answers_over, _delete)),
)
