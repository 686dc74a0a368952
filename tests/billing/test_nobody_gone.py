"""Nothing becomes a customer's who was merged into another one, whoever writes it: the database refuses it.

Each table in raw SQL, the living and who is being merged beside who is gone; and a merging that ends at that moment.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import DatabaseError, connection, transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import override

from billing.triggers import AGREED_WITH_CUSTOMERS, MONEY_OF_CUSTOMERS
from cards.actions.merged import whose_now
from cards.faults import Fault, fault_of
from cards.models import Customer, Membership
from cards.triggers import OF_CUSTOMERS
from simportal.outage import Sessions
from tests.billing import build as b
from tests.billing.test_merging import MOVED
from tests.build import attempt, fresh, open_card
from tests.processes import wait_until

GOES_ALONG = {**OF_CUSTOMERS, **MONEY_OF_CUSTOMERS}
on_postgresql = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")


def someone(name, **merging):
    customer = b.customer(name)
    if merging:
        Customer.objects.filter(pk=customer.pk).update(merged_into=b.customer("Acme"), **merging)
    return customer


def refused_by(do):
    """What the database said to it, or nothing; what was done is taken back."""
    try:
        with transaction.atomic():
            do()
            transaction.set_rollback(True)
    except DatabaseError as error:
        return fault_of(error) or error
    return None


# An entry is looked at once its postings are there.
BALANCED = "INSERT INTO billing_posting (entry_id, account, amount) VALUES ('mine', 'cash', -5), ('mine', 'revenue', 5)"


def make_for(table, customer):
    def insert():
        with connection.cursor() as cursor:
            if table == "billing_entry":
                cursor.execute(BALANCED)
                cursor.execute("INSERT INTO billing_entry (key, customer_id) VALUES ('mine', %s)", [customer.pk])
            else:
                cursor.execute(f"INSERT INTO {table} (customer_id) VALUES (%s)", [customer.pk])

    return insert


@pytest.mark.django_db
@pytest.mark.parametrize("table", [*GOES_ALONG, *AGREED_WITH_CUSTOMERS])
def test_no_row_is_made_for_who_was_merged(table):
    gone = someone("Gone", all_moved_at=timezone.now())
    leaving = someone("Leaving", merged_at=timezone.now())
    told = [refused_by(make_for(table, customer)) for customer in (gone, leaving, someone("Living"))]
    is_refused = [True, table in AGREED_WITH_CUSTOMERS, False]
    assert [each == Fault.MERGED for each in told] == is_refused, "what is made half is refused for that"


@pytest.mark.django_db
def test_no_row_goes_to_who_was_merged_and_one_of_theirs_is_saved_as_ever():
    user = User.objects.create_user("alice")
    theirs, gone = Membership.objects.create(customer=someone("Living"), user=user), someone("Gone")
    kept = Membership.objects.create(customer=gone, user=user)
    someone("Gone", all_moved_at=timezone.now())
    theirs.customer = gone
    assert refused_by(theirs.save) == Fault.MERGED
    theirs.customer = someone("Other")
    assert refused_by(theirs.save) is refused_by(kept.save) is None


def test_each_table_from_which_merging_moves_has_its_triggers():
    tables = {table for table in GOES_ALONG if table not in ("billing_entry", "billing_posting")}
    moved = {label.lower().replace(".", "_") for label in MOVED}
    moved -= {"cards_customer", "carriers_accountrule"}  # the latter is for new cards, of which none comes to them
    moved -= {table for table in moved if table.startswith("api_")}  # programs come by a key, and it goes along
    assert moved <= tables


@pytest.mark.django_db
def test_a_card_for_who_was_merged_is_neither_parked_nor_assigned():
    gone, card = someone("Gone"), open_card()
    Customer.objects.filter(pk=gone.pk).update(merged_into=someone("Acme"), all_moved_at=timezone.now())
    assert whose_now(gone.pk) == b.customer("Acme").pk
    assert refused_by(lambda: attempt("assign", card, card.changed_on, customer=gone)) == Fault.MERGED
    assert (fresh(card).customer, fresh(card).parked, fresh(card).version) == (None, "", card.version)


@pytest.mark.django_db
def test_whoever_does_it_on_a_page_reads_one_sentence(rf):
    gone = someone("Gone", all_moved_at=timezone.now())
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        Membership.objects.create(customer=gone, user=User.objects.create_user("alice"))
    request = rf.post("/my/", HTTP_ACCEPT_LANGUAGE="en")
    request.user, request.htmx = AnonymousUser(), False
    with override("en"):
        answer = Sessions(lambda request: HttpResponse()).process_exception(request, refused.value)
    sentence = "This could not be done just now: the customer was merged into another one meanwhile."
    assert (answer.status_code, sentence in answer.content.decode()) == (503, True)


@on_postgresql
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_who_gives_something_while_the_merging_ends_waits_for_it_and_is_refused():
    alice, gone = User.objects.create_user("alice"), someone("Gone", merged_at=timezone.now())

    def join():
        with closing(connection):
            return refused_by(lambda: Membership.objects.create(customer=gone, user=alice))

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            Customer.objects.select_for_update().get(pk=gone.pk)
            joining = threads.submit(join)
            wait_until(somebody_waits, what="who joins waiting for the merging")
            Customer.objects.filter(pk=gone.pk).update(all_moved_at=timezone.now())
        assert joining.result(10) == Fault.MERGED
    assert not Membership.objects.exists()


@on_postgresql
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_merging_that_ends_waits_for_who_gave_something_and_finds_it():
    alice, gone = User.objects.create_user("alice"), someone("Gone", merged_at=timezone.now())

    def end():
        with closing(connection), transaction.atomic():
            Customer.objects.select_for_update().get(pk=gone.pk)
            return Membership.objects.filter(customer=gone).count()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            Membership.objects.create(customer=gone, user=alice)
            ending = threads.submit(end)
            wait_until(somebody_waits, what="the merging waiting for who joins")
        assert ending.result(10) == 1


def somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0
