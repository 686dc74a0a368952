"""A card that nothing has happened to is corrected by a file in everything but its ICCID; an import is taken back."""

import uuid
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import translation

from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.actions.jobs import control, worker
from cards.choices import JobKind
from cards.errors import Refused
from cards.models import Card, CardEvent, Customer, DeviceBinding, Job, RealNameCheck, ServiceTerm
from cards.proof import Proof
from tests import build
from tests.build import SHELL, fresh, on_day, open_card, story
from tests.commands.calls import card_row, csv_file, iccid

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 10)
IMEI, OTHER_IMEI = "490154203237518", "356938035643809"
IN_USE = {"state": "in_use", "activated_on": "2025-06-20", "service_until": "2026-06-01"}


@pytest.fixture(autouse=True)
def _today(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "files"
    with on_day(TODAY), translation.override("en"):
        yield


def row(card, **columns):
    """A row of the card in which nothing else is said than these columns."""
    return read_card_row(2, {"iccid": card.iccid, **columns}, TODAY)


def corrected(card, **columns):
    """The card after a correcting file with such a row, which changes it."""
    found = apply_cards([row(card, **columns)], actor=SHELL, update=True, source="fleet.csv")
    assert (found.errors, found.updated) == ([], [2])
    assert list(Proof().problems()) == []
    again = apply_cards([row(card, **columns)], actor=SHELL, update=True)
    assert (again.unchanged, again.errors) == ([2], [])
    return fresh(card)


def facts(card):
    """Everything the card is, but for what says that it was corrected."""
    apart = ("id", "iccid", "version", "anew_seq", "changed_on", "_state", "owned_from_seq")
    return {name: value for name, value in fresh(card).__dict__.items() if name not in apart}


def terms(card):
    return list(ServiceTerm.objects.filter(card=card).order_by("number").values("number", "plan", "months", "alignment",
        "quota_mb", "bought_on", "starts_on", "service_until"))  # fmt: skip


def devices(card):
    return list(DeviceBinding.objects.filter(card=card).values_list("imei", "bound_on", "is_rebind"))


TEST = {"test_months": "3", "test_quota_mb": "10"}
CORRECTIONS = [
    ({"opened_on": "2026-01-15"}, {"opened_on": "2026-02-01"}),
    ({"opened_on": "2026-02-15"}, {"opened_on": "2026-01-01"}),
    ({}, {"plan": "Y1-1024"}),
    ({}, {"carrier": "cucc"}),
    ({}, {"certification": "individual"}),
    ({}, TEST),
    (TEST, {"test_months": "0"}),
    (TEST, {"test_quota_mb": "20"}),
    ({}, {"binding": "first_use"}),
    ({}, {"binding": "fixed", "imei": IMEI}),
    ({"binding": "fixed", "imei": IMEI}, {"imei": OTHER_IMEI}),
    ({}, IN_USE | {"opened_on": "2025-01-15"}),
    ({"certification": "individual"}, IN_USE | {"opened_on": "2025-01-15", "used_mb": "3"}),
    (IN_USE | {"opened_on": "2025-01-15"}, {"service_until": "2026-05-01", "used_mb": "2"}),
    (IN_USE | {"opened_on": "2025-01-15"}, {"plan": "Y1-1024"}),
    (IN_USE | {"opened_on": "2025-01-15"}, {"state": "unused", "opened_on": "2026-02-15"}),
    (IN_USE | {"opened_on": "2025-01-15"}, {"state": "suspended", "holds": "voluntary,anomaly",
        "activated_on": "2025-06-20", "service_until": "2026-06-01"}),
    (IN_USE | {"opened_on": "2025-01-15", "certification": "individual"}, {"certification": "enterprise"}),
    (IN_USE | {"opened_on": "2025-01-15", "binding": "fixed", "imei": IMEI}, {"bound_imei": OTHER_IMEI}),
]  # fmt: skip


@pytest.mark.parametrize(("opened", "said"), CORRECTIONS)
def test_a_corrected_card_is_as_if_it_had_been_right_from_the_start(opened, said):
    card = corrected(open_card(customer="Acme", **opened), **said)
    another = said.get("state") not in (None, opened.get("state"))
    kept = {name: value for name, value in opened.items() if name not in IN_USE} if another else opened
    right = open_card(customer="Acme", **kept | said)
    assert facts(card) == facts(right)
    assert (terms(card), devices(card)) == (terms(right), devices(right))
    checks = RealNameCheck.objects.filter(card__in=[card, right]).values_list("card", "status")
    assert len({status for _card, status in checks}) <= 1
    assert len(checks) in (0, 2)
    assert [event.action for event in CardEvent.objects.filter(card=card)] == [
        "adopt" if "state" in opened else "open",
        "update",
    ]


def test_the_record_says_what_was_and_what_is():
    card = corrected(open_card(), plan="Y1-1024", test_months="3", test_quota_mb="10")
    assert CardEvent.objects.get(card=card, seq=2).evidence == {
        "test_months": 3,
        "test_quota_mb": 10,
        "plan": "Y1-1024",
        "before": {"test_months": 0, "test_quota_mb": 0, "plan": "Y1-30"},
        "anew": {},
        "source": "fleet.csv",
    }
    assert story(card)[1:] == [("update", "", "testing", date(2026, 1, 15))]


def test_a_wrong_year_is_mended_before_the_sweep():
    card = open_card(opened_on="2016-03-01")
    card = corrected(card, opened_on="2026-03-01")
    assert (card.forced_activation_on, card.changed_on) == (date(2026, 10, 1), date(2026, 3, 1))
    assert story(build.swept(card, TODAY))[1:] == [("update", "", "unused", date(2026, 3, 1))]


HAPPENED = [
    lambda card: build.do("protect", card, TODAY),
    lambda card: build.use(card, date(2026, 3, 1), 0),
    lambda card: build.do("activate", card, TODAY),
    lambda card: build.do("tag", card, TODAY, tag="north"),
]


@pytest.mark.parametrize("happen", HAPPENED)
def test_what_something_has_happened_to_stays(happen):
    card = happen(open_card())
    before = facts(card)
    for columns, field in (({"plan": "Y1-1024"}, "plan"), ({"opened_on": "2026-02-01"}, "opened_on")):
        (error,) = apply_cards([row(card, **columns)], actor=SHELL, update=True).errors
        message = "something has happened to the card since it was taken in, so this stays as it is"
        assert (error["field"], error["message"]) == (field, message)
    assert facts(card) == before


def test_without_update_it_is_a_collision():
    card = open_card()
    (error,) = apply_cards([row(card, plan="Y1-1024")], actor=SHELL).errors
    assert (error["message"], error["differs"]) == (
        "the card already exists with other data",
        [("plan", "Y1-30", "Y1-1024")],
    )


def test_what_makes_no_card_is_refused_with_every_fault():
    card = open_card()
    found = apply_cards([row(card, plan="NO-PLAN", binding="fixed", state="in_use")], actor=SHELL, update=True)
    assert [error["field"] for error in found.errors] == ["imei", "plan", "activated_on", "service_until"]
    assert (found.updated, CardEvent.objects.count()) == ([], 1)


def test_a_new_owner_and_a_new_plan_in_one_row():
    card = open_card(customer="Acme")
    Customer.objects.create(name="Globex")
    card = corrected(card, customer="Globex", plan="Y1-1024", msisdn="13800000001")
    assert (card.customer.name, card.plan.code, card.msisdn, card.owned_from_seq) == (
        "Globex", "Y1-1024", "13800000001", 3,
    )  # fmt: skip
    assert [step[0] for step in story(card)] == ["open", "update", "assign"]


def test_what_the_rules_would_do_is_told_as_at_intake():
    cards = [open_card(), open_card()]
    rows = [row(cards[0], opened_on="2016-03-01"), row(cards[1], opened_on="2025-07-01")]
    found = apply_cards(rows, actor=SHELL, update=True, rehearses=True)
    assert found.at_once.counts() == {"force_activate": 2, "expire": 1, "cancel": 1}


def test_the_database_lets_no_state_through_that_nobody_says_is_anew():
    card = open_card()
    for values in ({"version": 2}, {"version": 2, "anew_seq": 1}, {"anew_seq": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Card.objects.filter(pk=card.pk).update(state="testing", **values)


# an import taken back


def imported(tmp_path, rows, user, **params):
    content = csv_file(tmp_path / "cards.csv", rows).read_bytes()
    file = SimpleUploadedFile("cards.csv", content)
    job = worker.work_off(
        control.upload(JobKind.IMPORT_CARDS, file, user=user, key=uuid.uuid4(), params={"update": True, **params})
    )
    return worker.work_off(control.start(job, user=user))


def test_an_import_is_taken_back_as_far_as_nothing_has_happened_since(tmp_path, admin_user):
    open_card(iccid=iccid(1), customer="Acme", msisdn="13800000001")
    open_card(iccid=iccid(2), customer="Acme")
    open_card(iccid=iccid(3), customer="Acme")
    taken_over = open_card(iccid=iccid(4), opened_on="2025-01-15", **IN_USE)
    stock = open_card(iccid=iccid(5))
    before = {card.iccid: (facts(card), terms(card)) for card in Card.objects.all()}
    job = imported(
        tmp_path,
        [
            card_row(1, customer="Globex", remove="msisdn", imsi="4" * 15),
            card_row(2, plan="Y1-1024", test_months=3, test_quota_mb=10),
            card_row(3, msisdn="13800000003"),
            card_row(4, opened_on="2025-01-15", **IN_USE | {"service_until": "2026-05-01"}),
            card_row(5, customer="Globex"),
            card_row(6),
        ],
        admin_user,
    )
    assert (control.engine.totals(job).counts["updated"], control.engine.totals(job).counts["created"]) == (5, 1)
    build.do("protect", Card.objects.get(iccid=iccid(3)), TODAY)
    undo = control.undo(job, user=admin_user, key=uuid.uuid4())
    assert control.engine.totals(undo).check_counts == {"can": 4, "cannot": 1}
    undo = worker.work_off(control.start(undo, user=admin_user))
    assert control.engine.totals(undo).counts == {"done": 4, "refused": 1, "parked": 0}
    assert list(Proof().problems()) == []
    after = {card.iccid: (facts(card), terms(card)) for card in Card.objects.exclude(iccid=iccid(6))}
    back = [number for number in before if after[number] == before[number]]
    assert back == [iccid(1), iccid(2), iccid(4), iccid(5)]
    assert Card.objects.get(iccid=iccid(3)).msisdn == "13800000003"
    assert [step[0] for step in story(taken_over)] == ["adopt", "update", "update"]
    assert [step[0] for step in story(stock)] == ["open", "assign", "unassign"]
    again = control.undo(job, user=admin_user, key=uuid.uuid4())
    assert control.engine.totals(again).check_counts == {"can": 0, "cannot": 5}


def test_new_cards_stay_and_are_listed(tmp_path, admin_user, admin_client):
    job = imported(tmp_path, [card_row(1), card_row(2), card_row(3, plan="NO-PLAN")], admin_user)
    with pytest.raises(Refused):
        control.undo(job, user=admin_user, key=uuid.uuid4())
    shown = admin_client.get(f"/console/jobs/{job.pk}/", headers={"accept-language": "en"}).content.decode()
    assert "Show these 2 cards" in shown
    assert "Undo corrections" not in shown
    first, second = (admin_client.post(f"/console/jobs/{job.pk}/cards/") for _ in range(2))
    assert (first.status_code, first.url) == (302, second.url)
    page = admin_client.get(first.url, headers={"accept-language": "en"}).content.decode()
    assert iccid(1) in page
    assert iccid(2) in page
    assert "Cards of an import" in page


def test_only_of_an_import_are_cards_shown(admin_client, admin_user):
    job = Job.objects.create(kind=JobKind.ACTION, action="suspend", owner=admin_user, status="done")
    assert admin_client.post(f"/console/jobs/{job.pk}/cards/").status_code == 404
