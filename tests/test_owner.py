"""Whose a card is: a card with a past comes to another customer through every door there is, and none of it shows.

Each door is gone through by somebody who may and by somebody who may not, and leads nowhere for a cancelled card.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import override_settings
from django.utils.translation import override

from billing import proof
from billing.actions import orders
from billing.actions.auto_renew import forget_what_was_said, switch
from billing.choices import OrderKind
from billing.models import CardRenewal, Order
from cards.actions.claim_codes import codes_of
from cards.actions.jobs import control, worker
from cards.actions.requests import open_request
from cards.actions.selections import freeze_ids
from cards.choices import Action
from cards.models import Card, CardEvent, CardRequest, Job
from cards.models.claim import code_of
from cards.permissions import Actor
from cards.proof import Proof
from tests.billing import build as b
from tests.build import do, fresh, member, on_day, open_card, staff, use
from tests.commands.calls import csv_file, run
from tests.console.pages import logged_in, of_role, text
from tests.processes import wait_until

pytestmark = pytest.mark.django_db

BEFORE, DAY = date(2026, 3, 2), date(2026, 3, 10)
PERSON = "110101199003071233"
# What stands somewhere in the past of the card, and may not be read by whoever has it next.
PAST = ("bob", "Globex", "nora", "Northwind", "李*", "1101************33", "IT-BLINKS", "OWES-US")
HISTORY = [
    "An add-on pack was added.",
    "The card was resumed.",
    "The card was suspended manually.",
    "The usage limit was set to 20 MB.",
    "It was used for the first time, and its term started.",
    "The ID verification was approved.",
    "ID verification was submitted.",
    "The card was opened.",
]
PAGES = (
    *("/my/", "/my/cards/", "/my/cards/export/?format=csv", "/my/requests/", "/my/jobs/", "/my/orders/", "/my/wallet/"),
    *("/my/cards/{}/", "/my/cards/{}/help/", "/my/cards/{}/suspend/", "/my/cards/{}/buy/"),
)


@pytest.fixture(scope="module", autouse=True)
def _portal(django_db_setup, django_db_blocker, tmp_path_factory):
    """A transaction around all doors: what is made once is there before each, and what goes through one is undone."""
    here = override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("files"))
    with django_db_blocker.unblock(), here, on_day(DAY), override("en"), transaction.atomic():
        of_role("operations", "ops"), of_role("support", "support"), staff("import", username="importer")
        User.objects.create_user("zhang"), User.objects.create_user("li"), of_role("finance", "finance")
        for name in ("Acme", "Northwind", "Globex"):
            b.customer(name)
        b.price(None, "8.00"), b.price("PACK-100", "9.90")
        b.fund("100", name="Globex"), b.fund("100", name="Acme")
        yield
        transaction.set_rollback(True)


def person(username):
    return User.objects.get(username=username)


def client_of(username):
    client = logged_in(person(username))
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def label_of(card):
    return codes_of([card])[card.pk].printed(card.iccid)


# the past


@pytest.fixture(scope="module")
def globexs_card():
    """Globex's card, of which bob has made much use: whatever a member can leave behind on a card is there."""
    bob = member("Globex", "bob")
    card = open_card(customer="Globex", certification="individual", msisdn="1440000000001")
    card = do("submit_real_name", card, BEFORE, actor=Actor.of(bob), name="李四", id_number=PERSON)
    card = use(do("approve_real_name", card, BEFORE), date(2026, 3, 3), 5)
    card = do("set_limit", card, date(2026, 3, 4), actor=Actor.of(bob), limit_mb="20")
    card = do("remark", card, date(2026, 3, 4), remark="OWES-US")
    stopping = control.draft(selected(card, bob), Action.SUSPEND, user=bob)
    worker.work_off(control.start(stopping, user=bob))
    do("resume", card, DAY, actor=Actor.of(bob))
    b.paid(OrderKind.PACK, [card], user=bob, plan="PACK-100", name="Globex")
    return left_behind(card, bob, date(2026, 3, 6))


@pytest.fixture
def card(globexs_card):
    return fresh(globexs_card)


def left_behind(card, user, day):
    """What leaves no record with the card: usage, a request to the dealer, and a switch of automatic renewal."""
    card = use(card, day, 3)
    open_request(card, by=user, text="IT-BLINKS", evidence={}, key=uuid.uuid4())
    switch([card], True, user=user)
    return card


def selected(card, user):
    return freeze_ids([card.pk], owner=user, asked={"from": "page"})


def test_the_past_is_rich(card):
    """What the doors are to hide does stand on bob's pages."""
    bob = client_of("bob")
    page = bob.get(f"/my/cards/{card.iccid}/").context
    assert [entry.sentence for entry in page["entries"]] == HISTORY
    assert (len(page["by_day"].used), page["check"].masked_name) == (2, "李*")
    assert "IT-BLINKS" in text(bob.get("/my/requests/"))
    assert bob.get(f"/my/cards/{card.iccid}/buy/").context["renews"]
    assert len(bob.get("/my/jobs/").context["entries"]) == len(bob.get("/my/orders/").context["entries"]) == 1


# the doors


@dataclass(frozen=True)
class Door:
    """A way by which a card comes to another customer, or to stock: `go(card, user)`, after what has to be so before.

    `may` and `may_not` are the names of who goes it with and without success; None where a shell is all it takes.
    `signer` is how its record is signed, `has_job` whether it names a job.
    """

    go: Callable
    may: str | None = "ops"
    may_not: str | None = "support"
    signer: tuple = ("staff", "ops")
    has_job: bool = False
    before: Callable = lambda card: card
    undoes: bool = False


def asked_for(to):
    """The action that brings a card there, and what it is told."""
    return (Action.ASSIGN, {"customer": to}) if to else (Action.UNASSIGN, {})


def by_act(card, user, to="Acme"):
    action, params = asked_for(to)
    sets = [word for name, value in params.items() for word in ("--set", f"{name}={value}")]
    run("act", action, card.iccid, "--actor", user.username, *sets)


def by_form(card, user, to="Acme"):
    action, params = asked_for(to)
    address = f"/console/cards/{card.iccid}/{action}/"
    client_of(user.username).post(address, {"version": fresh(card).version, **params})


def by_bulk_job(card, user, to="Acme"):
    action, params = asked_for(to)
    started(control.draft(selected(card, user), action, user=user), user, **params)


def by_undo(card, user):
    """Where the card goes is where it was before."""
    job = Job.objects.get(action="assign", kind="action")
    response = client_of(user.username).post(f"/console/jobs/{job.pk}/again/undo/", {"key": uuid.uuid4()})
    if response.status_code == 302:
        started(Job.objects.get(of=job), user)


def by_command(card, user):
    run("import_cards", file_of(card), "--update")


def by_import_job(card, user):
    form = {"key": uuid.uuid4(), "what": "cards", "update": "on"}
    form["file"] = SimpleUploadedFile("fleet.csv", file_of(card).read_bytes())
    response = client_of(user.username).post("/console/imports/", form)
    started(worker.work_off(Job.objects.get(pk=response.url.split("/")[-2])), user)


def by_sale(card, user):
    form = {"key": uuid.uuid4(), "numbers": card.iccid, "kind": "sale", "plan": "", "customer": "Acme"}
    response = client_of(user.username).post("/console/orders/new/", form)
    order = Order.objects.filter(kind="sale").first()
    if response.status_code == 302 and order.job.chunks.get().check_result["counts"]["can"]:
        orders.pay_and_fulfil(orders.place(order, user=user), user=person("finance"))


def by_refund(card, user):
    """The card goes back to stock by a refund of the order that sold it: requested here, approved by finance."""
    order, client = Order.objects.get(kind="sale"), client_of(user.username)
    client.post(f"/console/orders/{order.pk}/refund/", {"key": uuid.uuid4(), "reason": "broken", "all": "1"})
    for refund in order.refunds.all():
        client_of("finance").post(f"/console/refunds/{refund.pk}/let-go/")


def by_claim(card, user):
    """The card goes to the person who knows the code: zhang reads it off the label, li does not."""
    code = label_of(card) if user.username == "zhang" else "AAAA-AAAA-AAAA"
    client_of(user.username).post("/my/claim/", {"iccid": card.iccid, "code": code})


def started(job, user, **form):
    client_of(user.username).post(f"/console/jobs/{job.pk}/start/", form)
    worker.work_off(job)


def file_of(card):
    columns = ("iccid", "msisdn", "carrier", "certification", "opened_on")
    row = {name: str(getattr(card, name)) for name in columns} | {"plan": card.plan.code, "customer": "Acme"}
    return csv_file(settings.MEDIA_ROOT / "cards.csv", [row])


def in_stock(card):
    return do("unassign", card, DAY)


def sold(_card):
    """Another card, sold out of stock to Globex, where bob has it and never used it: only such a one goes back."""
    card, bob = open_card(certification="individual"), person("bob")
    order = b.placed(OrderKind.SALE, [card], user=person("ops"), plan=None, name="Globex")
    orders.pay_and_fulfil(order, user=person("finance"))
    card = do("submit_real_name", card, DAY, actor=Actor.of(bob), name="李四", id_number=PERSON)
    return left_behind(do("set_limit", card, DAY, actor=Actor.of(bob), limit_mb="20"), bob, date(2026, 3, 9))


def sold_and_refunded(card):
    card = sold(card)
    by_refund(card, person("ops"))
    return fresh(card)


def assigned_by_mistake(card):
    """By a job Northwind's, where nora has it."""
    ops = person("ops")
    job = control.draft(selected(card, ops), Action.ASSIGN, user=ops)
    worker.work_off(control.start(job, user=ops, params={"customer": "Northwind"}))
    return left_behind(fresh(card), member("Northwind", "nora"), date(2026, 3, 9))


def assigned_by_mistake_after_acme(card):
    return assigned_by_mistake(do("assign", card, DAY, customer="Acme"))


def assigned_by_mistake_out_of_stock(card):
    return assigned_by_mistake(in_stock(card))


TO_ANOTHER = {
    "act": Door(by_act),
    "the form in the console": Door(by_form),
    "a bulk job": Door(by_bulk_job, has_job=True),
    "undoing an assignment": Door(by_undo, has_job=True, before=assigned_by_mistake_after_acme, undoes=True),
    "a correcting file": Door(by_command, may=None, may_not=None, signer=("command", "manage.py")),
    "a correcting import": Door(by_import_job, may_not="importer", has_job=True),
    "a sale out of stock": Door(by_sale, has_job=True, before=in_stock),
    "a correcting import out of stock": Door(by_import_job, may_not="importer", has_job=True, before=in_stock),
    "assigning what was refunded": Door(by_act, before=sold_and_refunded),
    "claiming": Door(by_claim, may="zhang", may_not="li", signer=("customer", "zhang"), before=in_stock),
}
TO_STOCK = {
    "act": Door(partial(by_act, to="")),
    "the form in the console": Door(partial(by_form, to="")),
    "a bulk job": Door(partial(by_bulk_job, to=""), has_job=True),
    "undoing an assignment": Door(by_undo, has_job=True, before=assigned_by_mistake_out_of_stock, undoes=True),
    "the refund of a sale": Door(by_refund, may_not="finance", has_job=True, before=sold),
}
ALL = {f"to another customer: {name}": door for name, door in TO_ANOTHER.items()}
ALL |= {f"to stock: {name}": door for name, door in TO_STOCK.items()}
GUARDED = {name: door for name, door in ALL.items() if door.may_not}


def through(doors):
    return pytest.mark.parametrize("door", doors.values(), ids=doors)


@through(TO_ANOTHER)
def test_the_card_is_assigned_and_nothing_of_before_shows(card, door):
    before = door.before(card)
    bobs = things_of("bob")
    door.go(before, door.may and person(door.may))
    card = Card.objects.select_related("customer").get(pk=before.pk)
    assert card.customer.name == ("zhang @zhang" if door.may == "zhang" else "Acme")
    evidence = {"customer": card.customer.name, "customer_id": card.customer_id, "was_customer_id": before.customer_id}
    assert record_of(card, before, door) == ("assign", evidence)
    everything_has_ended(card)
    owner = "zhang" if door.may == "zhang" else member("Acme", "alice").username
    nothing_of_before_shows(card, client_of(owner), bobs)


@through(TO_STOCK)
def test_the_card_is_put_back_in_stock_and_is_nobodys(card, door):
    before = door.before(card)
    door.go(before, person(door.may))
    card = fresh(before)
    assert (card.customer, before.customer_id is None) == (None, False)
    assert record_of(card, before, door) == ("unassign", {"customer_id": None, "was_customer_id": before.customer_id})
    everything_has_ended(card)
    assert client_of("bob").get(f"/my/cards/{card.iccid}/").status_code == 404


def record_of(card, before, door):
    """What the record that moved the card says: (action, evidence). It is today's, signed, and the one that counts."""
    event = CardEvent.objects.get(card=card, seq=card.owned_from_seq)
    signed = (event.actor_kind, event.actor_name, event.job is not None, event.effective_on, event.seq)
    assert signed == (*door.signer, door.has_job, DAY, before.version + 1)
    assert event.evidence.pop("undoes", None) == (before.version if door.undoes else None)
    return event.action, event.evidence


def everything_has_ended(card):
    """What belonged to the former customer is gone: the label and the switch; and the records prove true."""
    assert label_of(card) != code_of(card.iccid, 1)
    switches = CardRenewal.objects.filter(card=card)
    wait_until(lambda: not forget_what_was_said() and not switches.exists())
    assert (list(Proof().problems()), list(proof.problems())) == ([], [])


def things_of(username):
    """The addresses of what somebody did with their cards."""
    user = person(username)
    requests = [f"/my/requests/{pk}/" for pk in CardRequest.objects.filter(by=user).values_list("pk", flat=True)]
    jobs = [f"/my/jobs/{pk}/" for pk in Job.objects.filter(owner=user, kind="action").values_list("pk", flat=True)]
    ordered = Order.objects.filter(created_by=user).values_list("pk", flat=True)
    return requests + jobs + [f"/my/orders/{pk}/{file}" for pk in ordered for file in ("", "lines.csv")]


def nothing_of_before_shows(card, client, things):
    page = client.get(f"/my/cards/{card.iccid}/").context
    assert [entry.sentence for entry in page["entries"]] == ["The card was assigned to you."]
    assert (page["by_day"].used, page["check"], page["verdict"]) == ([], None, "")
    helped = client.get(f"/my/cards/{card.iccid}/help/").context
    assert (helped["waiting"], client.get(f"/my/cards/{card.iccid}/buy/").context["renews"]) == (None, False)
    for address in PAGES:
        response = client.get(address.format(card.iccid))
        shown = b"".join(response.streaming_content).decode() if response.streaming else text(response)
        assert response.status_code == 200, address
        assert [word for word in PAST if word in shown] == [], address
    assert [client.get(thing).status_code for thing in things] == [404] * len(things) != []


@through(GUARDED)
def test_who_may_not_moves_nothing(card, door):
    card = door.before(card)
    door.go(card, person(door.may_not))
    assert whose(card) == (card.customer_id, card.owned_from_seq, card.version)
    assert list(Proof().problems()) == []


@through(ALL)
def test_a_cancelled_card_goes_through_no_door(card, door):
    card = do("cancel", door.before(card), DAY)
    door.go(card, door.may and person(door.may))
    assert whose(card) == (card.customer_id, card.owned_from_seq, card.version)


def whose(card):
    return Card.objects.values_list("customer", "owned_from_seq", "version").get(pk=card.pk)
