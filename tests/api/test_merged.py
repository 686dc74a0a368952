"""A customer with programs is merged into another one: the keys go on working, and nothing is lost on the way."""

import pytest
from django.contrib.auth.models import Permission, User

from billing.actions.approvals import approve_proposal
from billing.actions.merging import ask_merging
from cards.actions.jobs.worker import work_off
from cards.calendar import civil_today
from cards.choices import JobStatus
from cards.models import Customer, Job
from simportal.api.actions.deliveries import send_due
from simportal.api.actions.endpoints import add_endpoint
from simportal.api.actions.telling import tell_news
from simportal.api.models import ApiEvent, ApiKey, Endpoint, KeptAnswer
from tests.api.program import Program
from tests.api.receiver import receiving
from tests.billing import build as b
from tests.build import SHELL, card_in_use, do

pytestmark = pytest.mark.django_db


def test_keys_webhooks_events_and_answers_go_to_the_target(settings):
    settings.WEBHOOK_LOOPBACK = True
    ops, boss = User.objects.create_user("ops", is_staff=True), b.financier(username="boss")
    ops.user_permissions.set(Permission.objects.filter(codename__in=("assign_card", "change_customer")))
    former, target = b.customer("Acme Ltd"), b.customer("Acme")
    program = Program(former)
    card = card_in_use(customer="Acme Ltd")
    suspended = program.post(f"/cards/{card.iccid}/actions", {"action": "suspend"}, idempotency_key="k1")
    with receiving() as receiver:
        add_endpoint(former, receiver.url, ["card.state_changed"], by=SHELL)
        tell_news()
        before = ApiEvent.objects.count()
        approve_proposal(ask_merging(former, target, user=ops), user=boss)
        job = Job.objects.get(kind="merge")
        do("resume", card, civil_today())
        tell_news()  # while it is under way already
        assert work_off(job).status == JobStatus.DONE
        do("suspend", card, civil_today())
        tell_news()
        send_due()
        assert [document["data"]["to"] for document in receiver.documents][-2:] == ["in_use", "suspended"]
        assert "card.assigned" not in ApiEvent.objects.values_list("type", flat=True)[before:]
    for model in (ApiKey, Endpoint, ApiEvent, KeptAnswer):
        assert set(model.objects.values_list("customer", flat=True)) == {target.pk}, model
    assert program.get("/me")[1]["customer"] == "Acme"
    assert len(program.get("/events")[1]["items"]) == ApiEvent.objects.count()
    assert program.post(f"/cards/{card.iccid}/actions", {"action": "suspend"}, idempotency_key="k1") == suspended
    assert Customer.objects.get(pk=former.pk).merged_into == target
