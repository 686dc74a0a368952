from celery import shared_task

from simportal.api import mail
from simportal.api.actions.deliveries import send_due
from simportal.api.actions.telling import tell_news

TELLING_SECONDS, SENDING_SECONDS = 30, 30


@shared_task(name="api.tell")
def tell_programs():
    """Make the events of what is new, with their deliveries, and tell owners of webhooks that were switched off."""
    tell_news(TELLING_SECONDS)
    mail.tell_owners()


@shared_task(name="api.send")
def send_webhooks():
    """Send the deliveries that are due; on most ticks that is a look."""
    send_due(SENDING_SECONDS)
