"""Two customers that become one: everything moves, and just here nobody changes hands.

The one exception to `assign`: labels, switches, the owner's history, requests, tags, orders and ordered terms stay.
"""

import json
import uuid
from datetime import date
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.utils.translation import override

from billing.actions import auto_renew, orders, payments, receipts, refunds
from billing.actions.approvals import approve_proposal, decline_proposal
from billing.actions.auto_renew import switch
from billing.actions.kinds import work_off_order
from billing.actions.ledger import account_of
from billing.actions.merging import ask_merging
from billing.actions.wallets_below import low_wallets
from billing.actions.withdrawals import ask_withdrawal, payee_account, record_transfer
from billing.choices import NoticeKind, PriceKind, WithdrawalWay
from billing.errors import MoneyRefused
from billing.items import served_items
from billing.models import CardRenewal, Digest, Entry, Notice, Order, Posting, Proposal, Receipt
from billing.pages.approval_lines import earlier_context, everything_waiting
from billing.payments import local
from billing.proof import problems
from billing.statements import statement
from cards.actions.claim_codes import codes_of
from cards.actions.jobs import engine
from cards.actions.jobs.worker import tick, work_off
from cards.actions.requests import open_request
from cards.calendar import this_moment
from cards.carriers.models import AccountRule, CarrierAccount
from cards.choices import JobStatus
from cards.errors import BadInput
from cards.faults import fault_of
from cards.lookup import customers_alike, customers_named
from cards.models import AuditEntry, Card, CardEvent, CardRequest, Customer, Invitation, Job, Membership, OrderedTerm
from cards.people.members import accept, add_member, invite_member
from cards.proof import Proof
from tests.api.program import Program
from tests.billing import build as b
from tests.build import attempt, card_in_use, do, fresh, member, on_day, open_card, registered, swept

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 2)
OLD, NEW = "Acme Ltd", "Acme"

# What becomes of each kind of rows that name a customer: a new one has to be decided on.
MOVED = {
    *("cards.Card", "cards.OrderedTerm", "cards.CardRequest", "cards.Membership", "cards.Invitation"),
    *("billing.Order", "billing.Receipt", "billing.Payment", "billing.UnmatchedPayment", "billing.Withdrawal"),
    *("billing.Notice", "billing.CardRenewal", "billing.MissedRenewal", "billing.AnnouncedRenewal"),
    *("carriers.AccountRule", "cards.Customer"),
    *("api.ApiKey", "api.KeptAnswer", "api.ApiEvent", "api.Endpoint", "api.OpenOperation"),
    "api.OrderReference",
}
STAYS_AS_A_FACT = {
    *("cards.AuditEntry", "cards.KnownOwner", "billing.Entry", "billing.Posting", "billing.CustomerAccount"),
    *("billing.TermsRecord", "billing.DoneAlone", "billing.Proposal", "billing.Digest", "billing.RenewalRun"),
    "billing.Price",  # the target's count
    "cards.CustomerTally",  # it follows the cards, and comes to naught
    "cards.CustomerFigures",  # as they were counted last
}


@pytest.fixture(autouse=True)
def _clock():
    b.price("Y1-30", "30.00")
    b.price("PACK-100", "9.90")
    with on_day(TODAY), override("en"):
        yield
        assert [*Proof().problems(), *problems()] == []


@pytest.fixture
def ops():
    user = User.objects.create_user("ops", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=("assign_card", "change_customer")))
    return user


@pytest.fixture
def boss():
    return b.financier(username="boss")


def asked(ops, former=OLD, target=NEW, **how):
    return ask_merging(b.customer(former), b.customer(target), user=ops, **how)


def begun(ops, boss, **who):
    approve_proposal(asked(ops, **who), user=boss)
    return Job.objects.get(kind="merge")


def merged(ops, boss, **who):
    job = work_off(begun(ops, boss, **who))
    assert (job.status, job.message) == (JobStatus.DONE, "")
    return job


def refused(do, *args, **kwargs):
    with pytest.raises(MoneyRefused) as error:
        do(*args, **kwargs)
    return str(error.value)


def rows_of(customer):
    """How many rows of each kind name a customer."""
    counts = {}
    for relation in Customer._meta.get_fields(include_hidden=True):
        if (relation.auto_created and relation.one_to_many) or relation.one_to_one:
            model, field = relation.related_model, relation.field.name
            if count := model._base_manager.filter(**{field: customer.pk}).count():
                counts[model._meta.label] = count
    return counts


def as_json(card):
    """What is the owner's of a card: the label, the switch, what is asked, ordered, tagged and limited."""
    card = fresh(card)
    said = CardRenewal.objects.filter(card=card).first()
    return json.dumps(
        {
            "label": codes_of([card])[card.pk].printed(card.iccid),
            "switch": said and said.is_on,
            "owned_from": card.owned_from_seq,
            "requests": list(CardRequest.objects.filter(card=card).values_list("text", "status")),
            "ordered": list(OrderedTerm.objects.filter(card=card).values_list("order_key", "is_paid")),
            "facts": [card.state, card.tags, card.limit_mb, str(card.service_until), str(card.next_due_on)],
        }
    )


def test_every_row_that_names_a_customer_is_decided_on():
    fields = Customer._meta.get_fields(include_hidden=True)
    relations = {field.related_model._meta.label for field in fields if field.auto_created and field.is_relation}
    assert relations == MOVED | STAYS_AS_A_FACT


def test_everything_moves_and_nobody_changes_hands(ops, boss):
    alice, bob = member(OLD, "alice"), member(NEW, "bob")
    Membership.objects.create(customer=b.customer(NEW), user=alice, role="viewer")
    invite_member(b.customer(OLD), "viewer", by=alice)
    account = CarrierAccount.objects.create(name="a1", carrier="cmcc")
    AccountRule.objects.create(account=account, customer=b.customer(OLD))
    Customer.objects.filter(name=OLD).update(contact="Li", phone="13800010001")
    first, second, third = (card_in_use(customer=OLD) for _ in range(3))
    do("tag", first, TODAY, tag="fleet")
    do("assign", second, TODAY, customer=NEW)
    do("assign", second, TODAY, customer=OLD)
    do("set_limit", second, TODAY, limit_mb="20")
    gone, stock = do("cancel", third, TODAY), open_card()
    switch([fresh(first)], True, user=boss)
    open_request(fresh(first), by=alice, text="No signal", evidence={}, key=uuid.uuid4())
    b.fund("100", OLD)
    b.fund("10", NEW)
    receipts.record(b.customer(OLD), Decimal("50"), "R-1", TODAY, user=boss)
    paid = b.paid(cards=[first], name=OLD)
    placed = b.placed(cards=[second], name=OLD)
    sold = b.price("Y1-30", "28.00", PriceKind.CUSTOMER, customer=b.customer(OLD))
    b.notice(OLD, fresh(first))
    asked_back = ask_withdrawal(
        b.customer(OLD),
        Decimal("20"),
        WithdrawalWay.BANK,
        user=alice,
        account=payee_account("招商银行", "张三", "6225880123456789"),
    )
    record_transfer(approve_proposal(asked_back, user=boss).withdrawal, "B-1", user=boss)
    cards = [fresh(card) for card in (first, second, gone)]
    before, versions = [as_json(card) for card in cards], [card.version for card in cards]
    entries = list(Entry.objects.order_by("pk").values())
    job = merged(ops, boss)
    old, new = Customer.objects.get(name=OLD), Customer.objects.get(name=NEW)
    assert [as_json(card) for card in cards] == before
    assert [(fresh(card).customer, fresh(card).version) for card in cards] == [(new, was + 1) for was in versions]
    record = CardEvent.objects.filter(card=first).latest("seq")
    assert (record.action, record.actor_name, record.job_id, record.evidence) == (
        "assign",
        "ops",
        job.pk,
        {"customer": NEW, "customer_id": new.pk, "was_customer_id": old.pk, "merged": True},
    )
    assert set(rows_of(old)) <= STAYS_AS_A_FACT
    assert {order.customer for order in (b.fresh(paid), b.fresh(placed))} == {new}
    assert list(Membership.objects.order_by("user__username").values_list("customer", "user__username", "role")) == [
        (new.pk, "alice", "owner"),
        (new.pk, "bob", "owner"),
    ]
    assert (Invitation.objects.get().customer, AccountRule.objects.get().customer) == (new, new)
    assert AuditEntry.objects.get(action="invitation_revoked").customer == old
    assert not Invitation.objects.filter(revoked_at=None).exists()
    assert (Receipt.objects.get().customer, Notice.objects.filter(customer=new).exists()) == (new, True)
    assert (new.contact, new.phone, old.contact, old.phone) == ("Li", "13800010001", "Li", "13800010001")
    assert AuditEntry.objects.get(action="changed").details["after"] == {"contact": "L*", "phone": "1**********"}
    assert (account_of(old.pk).balance, account_of(new.pk).balance) == (0, 110)
    assert [entry for entry in Entry.objects.order_by("pk").values() if entry in entries] == entries
    moved = Entry.objects.get(kind="merge")
    assert (moved.actor_name, moved.told) == ("ops", f"{OLD} → {NEW}")
    assert [(posting.customer, posting.amount, posting.balance) for posting in moved.postings.order_by("pk")] == [
        (old, -100, 0),
        (new, 100, 110),
    ]
    for customer, amounts in ((old, [100, 50, -30, -20, -100]), (new, [10, 100])):
        assert [posting.amount for posting in statement(customer.pk, TODAY).postings] == amounts
    assert (sold.customer, stock.customer) == (old, None)
    merged_entry = AuditEntry.objects.get(action="merged")
    assert (merged_entry.customer, merged_entry.details["former"]) == (new, OLD)
    assert bob.customers.get() == new


def test_life_goes_on_as_the_targets(ops, boss):
    first, second = card_in_use(customer=OLD), card_in_use(customer=OLD)
    b.fund("100", OLD)
    received = receipts.record(b.customer(OLD), Decimal("50"), "R-1", TODAY, user=boss)
    placed = b.placed(cards=[first], name=OLD)
    switch([fresh(second)], False, user=boss)
    merged(ops, boss)
    orders.pay_and_fulfil(b.fresh(placed), user=None)
    assert (b.fresh(placed).state, b.balance(NEW), b.balance(OLD)) == ("fulfilled", 120, 0)
    receipts.reverse_receipt(Receipt.objects.get(pk=received.pk), user=boss, reason="wrong")
    assert (b.balance(NEW), b.balance(OLD)) == (70, 0)
    auto_renew.forget_what_was_said()
    assert CardRenewal.objects.get().is_on is False, "the reader of records knows that nobody else has the card"
    do("unassign", first, TODAY)
    swept(fresh(second), date(2027, 4, 1))


def test_the_former_name_means_the_target(ops, boss):
    card = card_in_use(customer=OLD)
    merged(ops, boss)
    new = b.customer(NEW)
    assert customers_named([OLD, "acme  LTD"]) == {OLD: [new], "acme  LTD": [new]}
    assert fresh(open_card(customer=OLD)).customer == new
    taken = open_card()
    assert fresh(do("assign", taken, TODAY, customer=OLD)).customer == new
    assert customers_alike() == []
    assert Card.objects.filter(customer__name=OLD).count() == 0
    assert attempt("assign", card, TODAY, customer=OLD).refused.code == "same_customer"


def test_programs_act_for_the_target_from_then_on(ops, boss):
    card = card_in_use(customer=OLD)
    program = Program(b.customer(OLD))
    path, body = f"/cards/{card.iccid}/actions", {"action": "suspend"}
    answered = program.post(path, body, idempotency_key="k1")
    merged(ops, boss)
    assert program.get("/me")[1]["customer"] == NEW
    assert program.post(path, body, idempotency_key="k1") == answered
    assert program.post(path, {"action": "resume"})[0] == 200
    assert rows_of(b.customer(OLD)).keys() & MOVED == set()


def test_who_was_merged_before_goes_along(ops, boss):
    card_in_use(customer="Acme GmbH")
    merged(ops, boss, former="Acme GmbH", target=OLD)
    Job.objects.filter(kind="merge").update(kind="export")
    merged(ops, boss)
    found = {customer.name: customer.now.name for customer in Customer.objects.all()}
    assert found == {"Acme GmbH": NEW, OLD: NEW, NEW: NEW}


def test_whom_to_call_is_read_again_in_the_end_and_the_targets_stays(ops, boss):
    Customer.objects.filter(pk=b.customer(OLD).pk).update(contact="Li", phone="13800010001")
    job = begun(ops, boss)
    Customer.objects.filter(pk=b.customer(NEW).pk).update(contact="Wu")
    work_off(job)
    people = {customer.name: (customer.contact, customer.phone) for customer in Customer.objects.all()}
    assert people == {OLD: ("Li", "13800010001"), NEW: ("Wu", "13800010001")}


def test_nobody_joins_by_an_invitation_of_before(ops, boss):
    alice, bob = member(OLD, "alice"), User.objects.create_user("bob")
    invitation = invite_member(b.customer(OLD), "owner", by=alice)
    job, former = begun(ops, boss), Customer.objects.get(name=OLD)
    assert accept(invitation, bob) is False
    with pytest.raises(PermissionDenied):
        invite_member(former, "owner", by=alice)
    work_off(job)
    assert (accept(invitation, bob), Invitation.objects.open().count(), bob.customers.count()) == (False, 0, 0)


def test_what_is_written_under_the_former_afterwards_is_the_targets(ops, boss):
    alice, card = member(OLD, "alice"), card_in_use(customer=OLD)
    seen, former = fresh(card), Customer.objects.get(name=OLD)
    assert seen.customer == former
    merged(ops, boss)
    new = b.customer(NEW)
    assert open_request(seen, by=alice, text="No signal", evidence={}, key=uuid.uuid4()).customer == new
    assert orders.draft_order("renewal", former, [card.pk], user=alice).customer == new
    membership = Membership(customer=former, user=User.objects.create_user("bob"), role="viewer")
    add_member(membership, by=User.objects.create_superuser("root"))
    assert set(Membership.objects.values_list("customer", flat=True)) == {new.pk}
    stock = open_card()
    with pytest.raises(DatabaseError) as gone, transaction.atomic():
        do("assign", stock, TODAY, customer=former)
    assert (fault_of(gone.value), fresh(stock).customer, fresh(stock).parked) == ("merged", None, "")


def test_what_one_person_did_alone_for_either_counts_for_both(ops, boss):
    alone = b.financier(username="alone")
    for name, reference in ((OLD, "R-1"), (NEW, "R-2")):
        receipts.record(b.customer(name), Decimal("500"), reference, TODAY, user=alone)
    approve_proposal(asked(ops), user=boss)
    rest = receipts.record(b.customer(NEW), Decimal("0.01"), "R-3", TODAY, user=alone)
    assert isinstance(rest, Proposal), "500 and 500 are as much as one person may do alone"
    assert earlier_context(alone, rest.customer, rest.amount)["whole"] == Decimal("1000.01")
    (waits,) = everything_waiting()
    assert (waits.size, waits.alone) == (Decimal("0.01"), 1000)
    assert isinstance(receipts.record(b.customer(NEW), Decimal("1"), "R-4", TODAY, user=boss), Receipt)
    work_off(Job.objects.get(kind="merge"))
    assert isinstance(receipts.record(b.customer(NEW), Decimal("1"), "R-5", TODAY, user=alone), Proposal)
    assert isinstance(receipts.record(b.customer("Third"), Decimal("1000"), "R-6", TODAY, user=alone), Receipt)


# what is refused


def test_it_takes_two_who_may(ops, boss):
    b.customer(OLD)
    assert refused(asked, boss) == "boss is not allowed to do this. Ask someone whose role allows it."
    proposal = asked(ops, key=uuid.UUID(int=7))
    assert asked(ops, key=uuid.UUID(int=7)) == proposal
    assert refused(approve_proposal, proposal, user=ops).startswith("ops is not allowed to do this.")
    both = User.objects.create_superuser("both")
    declined = ask_merging(b.customer("Third"), b.customer(NEW), user=both)
    assert refused(approve_proposal, declined, user=both).startswith("You cannot approve your own request.")
    decline_proposal(declined, user=boss)
    for _ in range(2):
        approve_proposal(proposal, user=boss)
    assert (Job.objects.filter(kind="merge").count(), Customer.objects.exclude(merged_into=None).count()) == (1, 1)
    work_off(Job.objects.get(kind="merge"))


def test_neither_into_itself_nor_twice_nor_a_person_of_their_own(ops, boss):
    card_in_use(customer=OLD)
    li = registered("Li", "li")
    assert "the same customer" in refused(asked, ops, target=OLD)
    assert "registered here" in refused(asked, ops, target=li.name)
    merged(ops, boss)
    assert f"{OLD} was merged already" in refused(asked, ops)
    assert f"{OLD} was merged already" in refused(asked, ops, former=NEW, target=OLD)


def test_what_is_under_way_is_settled_first(ops, boss):
    b.fund("100", OLD)
    card = card_in_use(customer=OLD)
    order = orders.pay(b.placed(cards=[card], name=OLD), user=None)
    assert "1 paid order is not delivered yet." in refused(asked, ops)
    work_off_order(order.job)
    proposal = asked(ops)
    ask_withdrawal(
        b.customer(OLD),
        Decimal("1"),
        WithdrawalWay.BANK,
        user=boss,
        account=payee_account("B", "N", "6225880123456789"),
    )
    assert "1 request waits for approval." in refused(approve_proposal, proposal, user=boss)
    assert (Job.objects.filter(kind="merge").exists(), b.customer(OLD).merged_into) == (False, None)


def test_a_debt_is_taken_over_only_as_far_as_the_targets_credit_goes(ops, boss):
    b.credit("100", OLD)
    b.placed(cards=[card_in_use(customer=OLD)], name=OLD)
    orders.pay_and_fulfil(Order.objects.get(), user=None)
    assert "A debt of ¥30.00 would be taken over, but only ¥0.00 is available" in refused(asked, ops)
    b.credit("30", NEW)
    merged(ops, boss)
    assert (b.balance(OLD), b.balance(NEW), account_of(b.customer(NEW).pk).credit_limit) == (0, -30, 30)


def test_only_merging_says_merged(ops):
    card = card_in_use(customer=OLD)
    with pytest.raises(BadInput, match="has no such parameter"):
        attempt("assign", card, TODAY, customer=b.customer(NEW), merged="1")
    before = codes_of([fresh(card)])[card.pk].printed(card.iccid)
    do("assign", card, TODAY, customer=b.customer(NEW))
    assert codes_of([fresh(card)])[card.pk].printed(card.iccid) != before, "any other assign changes hands"
    assert fresh(card).owned_from_seq == fresh(card).version


def test_the_database_lets_an_order_go_to_nobody_else(ops, boss):
    order = b.placed(cards=[card_in_use(customer=OLD)], name=OLD)
    with pytest.raises(DatabaseError, match="stays its customer's"), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(customer=b.customer(NEW))
    merged(ops, boss)
    assert b.fresh(order).customer == b.customer(NEW)


# meanwhile


def test_a_worker_that_dies_leaves_whole_chunks_and_what_came_meanwhile_goes_along(ops, boss, monkeypatch):
    monkeypatch.setattr("billing.actions.merging.CHUNK", 1)
    cards = [card_in_use(customer=OLD) for _ in range(3)]
    b.fund("100", OLD)
    placed = b.placed(cards=[cards[2]], name=OLD)
    job = begun(ops, boss)
    engine.pause(job, ops)
    assert engine.stop(job, ops) is False, "nobody stops it half-way"
    engine.resume(job, ops)
    tick(0)
    first = engine.claim_chunk("dead", job)
    assert first.number == 1
    Job.objects.filter(pk=job.pk).update(worker="")
    with pytest.raises(MoneyRefused, match="being merged into Acme"):
        orders.pay(b.fresh(placed), user=None)
    b.fund("5", OLD)  # what comes to the former wallet meanwhile comes to the target's
    assert (b.balance(OLD), b.balance(NEW)) == (100, 5)
    late = card_in_use(customer="Late")
    do("assign", late, TODAY, customer=NEW)
    job.chunks.update(worker="", leased_until=None)
    assert work_off(job).status == JobStatus.DONE
    assert set(Card.objects.values_list("customer__name", flat=True)) == {NEW}
    assert (b.balance(OLD), b.balance(NEW), Posting.objects.filter(entry__kind="merge").count()) == (0, 105, 2)


def test_cards_that_came_to_the_former_after_the_list_was_made_go_along(ops, boss):
    card_in_use(customer=OLD)
    proposal = asked(ops)
    approve_proposal(proposal, user=boss)
    job = Job.objects.get(kind="merge")
    late = open_card()
    Customer.objects.filter(name=OLD).update(merged_into=None)  # as somebody saw it who began before
    do("assign", late, TODAY, customer=OLD)
    Customer.objects.filter(name=OLD).update(merged_into=b.customer(NEW))
    assert work_off(job).status == JobStatus.DONE
    assert fresh(late).customer == b.customer(NEW)


def test_what_fails_in_the_end_is_said_and_tried_again(ops, boss):
    card = card_in_use(customer=OLD)
    b.credit("100", OLD)
    b.placed(cards=[card], name=OLD)
    orders.pay_and_fulfil(Order.objects.get(), user=None)
    b.credit("30", NEW)
    job = begun(ops, boss)
    b.credit("0", NEW)
    failed = work_off(job)
    assert (failed.status, failed.message.startswith("A debt of ¥30.00 would be taken over")) == ("failed", True)
    assert (fresh(card).customer.name, b.balance(OLD), Order.objects.get().customer.name) == (NEW, -30, OLD)
    b.credit("30", NEW)
    engine.reopen(failed, ops)
    assert work_off(failed).status == JobStatus.DONE
    assert (b.balance(OLD), b.balance(NEW), Order.objects.get().customer.name) == (0, -30, NEW)


def test_the_proof_finds_nothing_while_a_merging_waits(ops, boss):
    receipts.record(b.customer("Acme GmbH"), Decimal("50"), "R-1", TODAY, user=boss)
    merged(ops, boss, former="Acme GmbH", target=OLD)
    Job.objects.filter(kind="merge").update(kind="export")
    deposit = payments.start_deposit(b.customer(OLD), Decimal("10"), user=member(OLD, "alice"))
    of_guest = b.placed(cards=[card_in_use(customer=OLD)], name=OLD, is_guest=True)
    job = begun(ops, boss)
    payments.receive(local.NAME, *local.notification(deposit, "paid"))
    payment = payments.start_guest_payment(of_guest)
    payments.receive(local.NAME, *local.notification(payment, "paid"))
    work_off_order(of_guest.job)
    assert (b.balance(OLD), b.balance(NEW), b.fresh(of_guest).state) == (50, 10, "fulfilled")
    assert list(problems()) == []
    work_off(job)
    assert b.balance(NEW) == 60


def test_a_guests_order_is_served_from_a_card_that_was_given_already(ops, boss):
    card = card_in_use(customer=OLD)
    order = b.placed(cards=[card], name=OLD, is_guest=True)
    b.credit("9", OLD)
    b.fund("5", OLD)
    job = begun(ops, boss)
    do("assign", card, TODAY, customer=NEW)
    payments.receive(local.NAME, *local.notification(payments.start_guest_payment(order), "paid"))
    work_off_order(order.job)
    assert b.lines(order)[0][1] == "fulfilled"
    work_off(job)


def test_who_is_being_merged_renews_nothing_and_is_not_low(ops, boss):
    b.price("M1-100", "5.00")
    for name in (OLD, NEW):
        b.agree(name, auto_renews=True, renews_days_ahead=30, low_below=Decimal(100))
    card = card_in_use(TODAY, plan="M1-100", customer=OLD)
    b.fund("100", OLD)
    job = begun(ops, boss)
    assert b.renew_for(TODAY, 60) is None
    assert not Order.objects.exists()
    work_off(job)
    assert b.renew_for(TODAY, 60) is None
    order = Order.objects.get()
    assert (order.customer.name, order.state, b.ids(card)) == (
        NEW,
        "paid",
        list(order.lines.values_list("card", flat=True)),
    )
    assert [account.customer.name for account in low_wallets()] == [NEW]


def test_what_was_not_mailed_yet_goes_into_the_targets_mail(ops, boss):
    day = date(2026, 4, 1)
    b.customer(NEW)
    kept = [b.notice(name, kind=NoticeKind.PAYMENT_KEPT, step=0, on=day) for name in (OLD, OLD, NEW)]
    told = [b.notice(name, kind=NoticeKind.WALLET_LOW, step=0, on=day) for name in (OLD, NEW)]
    digest = Digest.objects.create(customer=b.customer(OLD), day=TODAY, due_at=this_moment())
    Notice.objects.filter(customer__name=OLD).update(digest=digest)
    merged(ops, boss)
    digest.refresh_from_db()
    assert (digest.due_at, digest.problem) == (None, "merged")
    waiting = set(Notice.objects.filter(customer__name=NEW, digest=None).values_list("pk", flat=True))
    assert waiting == {notice.pk for notice in (*kept, told[1])}


def test_each_statement_lists_what_was_served_to_its_customer(ops, boss):
    b.fund("200", OLD)
    cards = [card_in_use(customer=OLD) for _ in range(3)]
    order = b.paid(cards=cards, name=OLD)
    refunds.approve(refunds.request_refund(order, user=boss, reason="x", card_ids=b.ids(cards[0])), user=boss)
    merged(ops, boss)
    refunds.approve(refunds.request_refund(b.fresh(order), user=boss, reason="x", card_ids=b.ids(cards[1])), user=boss)
    served = {}
    for name in (OLD, NEW):
        customer = Customer.objects.get(name=name)
        served[name] = sum(item.amount for item in served_items(customer.pk, date(2026, 3, 1)))
        assert served[name] == statement(customer.pk, TODAY).served
    assert served == {OLD: 60, NEW: -30}
