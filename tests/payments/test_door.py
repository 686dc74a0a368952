"""What the door of notifications answers to what is about no payment, and where an account cannot be read."""

import pytest
from cryptography.fernet import Fernet
from django.test import Client
from django.utils import timezone

from billing.models import Entry, Notification, ProviderAccount
from cards.ciphers import enciphered
from tests.payments.test_wechat import APIV3_KEY, REFUND_KEY, merchant, notification

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return ProviderAccount.objects.create(
        name="pay1", protocol="wechat", fields=merchant().fields, secrets=enciphered(merchant().secrets)
    )


def told(event, **content):
    """The status of what is answered to a notification that is signed just now."""
    body, headers = notification(event, APIV3_KEY, {"at": timezone.now()}, **content)
    client = Client(enforce_csrf_checks=True)
    return client.generic(
        "POST", "/pay/pay1/notify/", body, content_type="application/json", headers=headers
    ).status_code


def test_what_is_said_of_a_refund_is_taken_and_nothing_written(account):
    of_refund = {"out_refund_no": REFUND_KEY.hex, "refund_status": "SUCCESS", "trade_state": None}
    assert [told("REFUND.SUCCESS", **of_refund), told("REFUND.SUCCESS", mchid="1900000002", **of_refund)] == [204, 401]
    assert (Notification.objects.count(), Entry.objects.count()) == (0, 0)


def test_where_the_account_cannot_be_read_it_is_told_again_later(account, settings):
    settings.CARRIER_KEY = [Fernet.generate_key().decode()]
    assert (told("TRANSACTION.SUCCESS"), Notification.objects.count()) == (503, 0)
