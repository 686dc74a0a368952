"""Whose a card is: a card with a past comes to another customer through every door there is, and none of it shows.

Each door is gone through by somebody who may and by somebody who may not, and leads nowhere for a cancelled card.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import override

from billing import proof
from billing.actions import orders
from billing.actions.auto_renew import forget_what_was_said, switch
from billing.choices import OrderKind
from billing.models import CardRenewal, Order
from cards.actions.claim_codes import codes_of
from cards.actions.jobs import control, worker
from cards.actions.requests import ask_dealer
from cards.actions.selections import freeze_ids
from cards.choices import Action
from cards.models import Card, CardEvent, CardRequest, Job
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
    "The card was stopped on purpose.",
    "The usage limit was set to 20 MB.",
    "It was used for the first time, and its term started.",
    "The real-name check was approved.",
    "The real-name check was sent in.",
    "The card was opened.",
]
PAGES = (
    *("/my/", "/my/cards/", "/my/cards/export/?format=csv", "/my/requests/", "/my/jobs/", "/my/orders/", "/my/wallet/"),
    *("/my/cards/{}/", "/my/cards/{}/help/", "/my/cards/{}/suspend/", "/my/cards/{}/buy/"),
)


@pytest.fixture(autouse=True)
def _portal(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    of_role("operations", "ops"), of_role("support", "support"), staff("import", username="importer")
    User.objects.create_user("zhang"), User.objects.create_user("li")
    for name in ("Acme", "Northwind", "Globex"):
        b.customer(name)
    b.price(None, "8.00"), b.price("PACK-100", "9.90")
    b.fund("100", name="Globex"), b.fund("100", name="Acme")
    with on_day(DAY), override("en"):
        yield


def person(username):
    return User.objects.get(username=username)


def client_of(username):
    client = logged_in(person(username))
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def label_of(card):
    return codes_of([card])[card.pk].printed(card.iccid)


# the past


@pytest.fixture
def card():
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


def left_behind(card, user, day):
    """What leaves no record with the card: usage, a request to the dealer, and a switch of automatic renewal."""
    card = use(card, day, 3)
    ask_dealer(card, by=user, text="IT-BLINKS", evidence={}, key=uuid.uuid4())
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
    """A way by which a card comes to another customer: `go(card, user)`, after what has to be so before it.

    `may` and `may_not` are the names of who goes it with and without success; None where a shell is all it takes.
    `signer` is how its record is signed, `jobs` whether the record names a job.
    """

    go: Callable
    may: str | None = "ops"
    may_not: str | None = "support"
    signer: tuple = ("staff", "ops")
    has_job: bool = False
    before: Callable = lambda card: card
    undoes: bool = False


def by_act(card, user):
    run("act", "assign", card.iccid, "--actor", user.username, "--set", "customer=Acme")


def by_form(card, user):
    asked = {"version": fresh(card).version, "customer": "Acme"}
    client_of(user.username).post(f"/console/cards/{card.iccid}/assign/", asked)


def by_bulk_job(card, user):
    started(control.draft(selected(card, user), Action.ASSIGN, user=user), user, customer="Acme")


def by_undo(card, user):
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
        orders.pay_and_fulfil(orders.place(order), user=b.financier())


def by_claim(card, user):
    """Whose card it becomes is who knows the code: zhang reads it off the label, li does not."""
    code = label_of(card) if user.username == "zhang" else "AAAA-AAAA-AAAA"
    client_of(user.username).post("/my/claim/", {"iccid": card.iccid, "code": code})


def started(job, user, **asked):
    client_of(user.username).post(f"/console/jobs/{job.pk}/start/", asked)
    worker.work_off(job)


def file_of(card):
    columns = ("iccid", "msisdn", "carrier", "certification", "opened_on")
    row = {name: str(getattr(card, name)) for name in columns} | {"plan": card.plan.code, "customer": "Acme"}
    return csv_file(settings.MEDIA_ROOT / "cards.csv", [row])


def back_in_stock(card):
    return do("assign", card, DAY, customer="")


def assigned_by_mistake(card):
    """Acme's for a while, and then by a job Northwind's, where nora has it."""
    card, ops = do("assign", card, DAY, customer="Acme"), person("ops")
    job = control.draft(selected(card, ops), Action.ASSIGN, user=ops)
    worker.work_off(control.start(job, user=ops, params={"customer": "Northwind"}))
    return left_behind(fresh(card), member("Northwind", "nora"), date(2026, 3, 9))


DOORS = {
    "act": Door(by_act),
    "the form in the console": Door(by_form),
    "a bulk job": Door(by_bulk_job, has_job=True),
    "undoing an assignment": Door(by_undo, has_job=True, before=assigned_by_mistake, undoes=True),
    "a correcting file": Door(by_command, may=None, may_not=None, signer=("command", "manage.py")),
    "a correcting import": Door(by_import_job, may_not="importer", has_job=True),
    "a sale out of stock": Door(by_sale, has_job=True, before=back_in_stock),
    "claiming": Door(by_claim, may="zhang", may_not="li", signer=("customer", "zhang"), before=back_in_stock),
}


through_each = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
guarded = {name: door for name, door in DOORS.items() if door.may_not}


@through_each
def test_the_card_is_moved_by_one_action_and_nothing_of_before_shows(card, door):
    label, bobs = label_of(card), things_of("bob")
    before = door.before(card)
    door.go(before, door.may and person(door.may))
    card = Card.objects.select_related("customer").get(pk=card.pk)
    assert card.customer.name == ("zhang" if door.may == "zhang" else "Acme")
    event = CardEvent.objects.get(card=card, seq=card.owned_from_seq)
    evidence = {"customer": card.customer.name, "customer_id": card.customer_id, "was_customer_id": before.customer_id}
    evidence |= {"undoes": before.version} if door.undoes else {}
    assert (event.action, event.effective_on, event.evidence) == ("assign", DAY, evidence)
    signed = (event.actor_kind, event.actor_name, event.job is not None, event.seq)
    assert signed == (*door.signer, door.has_job, before.version + 1)
    assert (list(Proof().problems()), list(proof.problems())) == ([], [])
    assert label_of(card) != label
    wait_until(lambda: not forget_what_was_said() and not CardRenewal.objects.exists())
    owner = "zhang" if door.may == "zhang" else member("Acme", "alice").username
    nothing_of_before_shows(card, client_of(owner), bobs)


def things_of(username):
    """The addresses of what somebody did with their cards."""
    user = person(username)
    asked = [f"/my/requests/{pk}/" for pk in CardRequest.objects.filter(by=user).values_list("pk", flat=True)]
    jobs = [f"/my/jobs/{pk}/" for pk in Job.objects.filter(owner=user, kind="action").values_list("pk", flat=True)]
    ordered = Order.objects.filter(created_by=user).values_list("pk", flat=True)
    return asked + jobs + [f"/my/orders/{pk}/{file}" for pk in ordered for file in ("", "lines.csv")]


def nothing_of_before_shows(card, client, things):
    page = client.get(f"/my/cards/{card.iccid}/").context
    assert [entry.sentence for entry in page["entries"]] == ["The card became yours."]
    assert (page["by_day"].used, page["check"], page["verdict"]) == ([], None, "")
    helped = client.get(f"/my/cards/{card.iccid}/help/").context
    assert (helped["waiting"], client.get(f"/my/cards/{card.iccid}/buy/").context["renews"]) == (None, False)
    for address in PAGES:
        response = client.get(address.format(card.iccid))
        shown = b"".join(response.streaming_content).decode() if response.streaming else text(response)
        assert response.status_code == 200, address
        assert [word for word in PAST if word in shown] == [], address
    assert [client.get(thing).status_code for thing in things] == [404] * len(things) != []


@pytest.mark.parametrize("door", guarded.values(), ids=guarded)
def test_who_may_not_moves_nothing(card, door):
    card = door.before(card)
    door.go(card, person(door.may_not))
    assert whose(card) == (card.customer_id, card.owned_from_seq, card.version)
    assert list(Proof().problems()) == []


@through_each
def test_a_cancelled_card_goes_through_no_door(card, door):
    card = do("cancel", door.before(card), DAY)
    door.go(card, door.may and person(door.may))
    assert whose(card) == (card.customer_id, card.owned_from_seq, card.version)


def whose(card):
    return Card.objects.values_list("customer", "owned_from_seq", "version").get(pk=card.pk)
