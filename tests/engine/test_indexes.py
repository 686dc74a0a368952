"""Which indexes are written when a card changes: on PostgreSQL all that hold it, whatever the change touches."""

from datetime import date

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.postgres.indexes import BrinIndex

from cards.actions.jobs import control
from cards.actions.jobs.worker import work_off
from cards.actions.selections import freeze_ids
from cards.models import Card, CardEvent
from cards.search import look_up
from tests.build import card_in_use, do, on_day, open_card, swept, use
from tests.test_upgrades import LARGE

DAY = date(2026, 1, 20)
OF_EVERY_CARD = {
    *(
        "card_state",
        "card_state_due",
        "card_state_until",
        "card_due",
        "card_service_until",
        "card_customer",
        "card_carrier",
        "card_plan",
    ),
    "card_iccid_reversed",
}
BY_NUMBER = {"card_msisdn", "card_msisdn_reversed", "card_imsi"}
BY_DEVICE = ("card_bound_elsewhere", "card_seen_imei")
HERE, ELSEWHERE = "868600000000001", "868600000000019"


def holding(card):
    """The indexes that hold this card, besides those of its key and its ICCID.

    A summary of stretches of the table (BRIN) holds none: where its days stay, nothing of it is written.
    """
    itself = Card.objects.filter(pk=card.pk)
    return {
        index.name
        for index in Card._meta.indexes
        if not isinstance(index, BrinIndex) and (not index.condition or itself.filter(index.condition).exists())
    }


@pytest.mark.django_db
def test_a_change_of_a_card_writes_the_indexes_by_which_it_may_be_found_and_no_others():
    card = card_in_use(msisdn="14400000157", imsi="460040000000157")
    assert holding(card) == OF_EVERY_CARD | BY_NUMBER
    stopped = do("suspend", card, DAY)
    assert holding(stopped) == OF_EVERY_CARD | BY_NUMBER | {"card_first_hold", "card_customer_held"}
    assert holding(open_card(certification="individual")) == OF_EVERY_CARD | {
        *("card_individual", "card_forced", "card_state_forced")
    }


@pytest.mark.django_db
def test_a_card_in_the_device_to_which_it_is_bound_is_held_once_and_found_all_the_same():
    bound = card_in_use(binding="fixed", imei=HERE)
    held = {"bound": holding(bound) & {*BY_DEVICE}}
    seen = use(bound, DAY, 1, imei=HERE)
    held["in its device"] = holding(seen) & {*BY_DEVICE}
    assert look_up([HERE, ELSEWHERE]) == {HERE: {bound.pk}, ELSEWHERE: set()}
    moved = use(seen, DAY.replace(day=21), 1, imei=ELSEWHERE)
    held["in another"] = holding(moved) & {*BY_DEVICE}
    assert look_up([HERE, ELSEWHERE]) == {HERE: {bound.pk}, ELSEWHERE: {bound.pk}}
    assert held == {
        "bound": {"card_bound_elsewhere"},
        "in its device": {"card_seen_imei"},
        "in another": {"card_bound_elsewhere", "card_seen_imei"},
    }


def holding_record(event):
    """The indexes that hold this record, besides those of its key and its number."""
    itself = CardEvent.objects.filter(pk=event.pk)
    return {index.name for index in CardEvent._meta.indexes if itself.filter(index.condition).exists()}


@on_day(date(2026, 2, 2))
@pytest.mark.django_db
def test_a_record_of_a_rule_or_a_job_writes_no_index_for_the_log():
    """The log finds them by the night and the job: no sweep, bulk action or order pays for it."""
    card = card_in_use(plan="M1-100", since=date(2026, 1, 1))
    swept(card, date(2026, 2, 1))
    user = User.objects.create_superuser("boss")
    selection = freeze_ids([card.pk], owner=user, asked={"from": "page"})
    job = control.draft(selection, "tag", user=user, params={"tag": "Depot"})
    work_off(control.start(job, user=user, params={"tag": "Depot"}))
    records = card.events.order_by("seq")
    assert [(record.action, bool(record.rule), bool(record.job_id), holding_record(record)) for record in records] == [
        ("open", False, False, {"event_by_hand"}),
        ("activate", False, False, {"event_by_hand"}),
        ("expire", True, False, set()),
        ("tag", False, True, set()),
    ]


def begun_by_others(model):
    """The indexes of all rows of a table whose columns are the first ones of another such index of it."""
    options = model._meta
    unique = [constraint.fields for constraint in options.total_unique_constraints]
    unique += [(field.name,) for field in options.concrete_fields if field.unique]
    others = [tuple(index.fields) for index in options.indexes if index.fields and not index.condition]
    others += [(field.name,) for field in options.concrete_fields if field.db_index and not field.unique]
    return [one for one in others if any(more[: len(one)] == one for more in (*unique, *others) if more != one)]


def test_no_large_table_has_an_index_that_another_one_begins_with():
    """Each is written with every row, and serves no question that the longer one does not serve."""
    begun = {table: begun_by_others(apps.get_model(table)) for table in LARGE}
    assert {table: columns for table, columns in begun.items() if columns} == {}
