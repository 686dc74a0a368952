from datetime import date

import pytest
from django.contrib.auth.models import Permission, User

from cards.actions.write import attach_queues
from cards.models import Card, CarrierPolicy
from cards.policy_effects import cards_at_stake, effects_on, spread
from tests.build import card_in_use, do, on_day, open_card, spoil, use
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 10)
on_today = on_day(TODAY)

POLICIES = "/admin/cards/carrierpolicy/"
IN_FORCE = {
    "carrier": "cmcc",
    "forced_mode": "months",
    "silent_months": 6,
    "silent_days": 360,
    "cycle_day": 1,
    "renewal_days": 90,
    "rebinds_per_month": 2,
    "most_bytes_a_day": 2**40,
    "cards_per_person": 10,
    "restores_credit": "on",
    "restores_threshold": "on",
    "ends_waiver": "on",
    "ends_packs": "on",
}


def changed_by(valid_from, **numbers):
    """What a new row of China Mobile does: (kind, turn) -> [(ICCID, day it was, day it becomes)], as strings."""
    before = list(CarrierPolicy.objects.all())
    row = CarrierPolicy(carrier="cmcc", valid_from=date.fromisoformat(valid_from), **numbers)
    cards, in_all = spread(cards_at_stake(["cmcc"]))
    found = effects_on(attach_queues(cards), before, [*before, row], in_all)
    return {(e.kind, e.turn): [(i, str(s.was), str(s.becomes)) for i, s in e.examples] for e in found.effects}


# the dates of the domain's table, with a row that begins on the day before, on the day, on the day after


@pytest.mark.parametrize(("valid_from", "becomes"), [("2026-12-31", True), ("2027-01-01", True), ("2027-01-02", False)])
def test_days_to_renew_count_for_cards_whose_service_ends_from_that_day_on(valid_from, becomes):
    card = card_in_use()  # 12 calendar months from 2026-01-15: until 2027-01-01, and 90 days: 2027-04-01
    found = {("cancelled", "earlier"): [(card.iccid, "2027-04-01", "2027-01-31")]}
    assert changed_by(valid_from, renewal_days=30) == (found if becomes else {})


@pytest.mark.parametrize(("valid_from", "becomes"), [("2026-08-14", True), ("2026-08-15", True), ("2026-08-16", False)])
def test_silence_that_begins_later_is_reckoned_anew_and_takes_the_term_and_its_end_along(valid_from, becomes):
    # The test ends on 2026-08-15: silent for 6 months, forced active 2027-03-01; for 3 months, 2026-12-01.
    card = open_card(opened_on="2026-05-15", test_months=3, test_quota_mb=30)
    found = {
        ("forced", "earlier"): [(card.iccid, "2027-03-01", "2026-12-01")],
        ("service_ends", "earlier"): [(card.iccid, "2028-02-29", "2027-11-30")],
        ("cancelled", "earlier"): [(card.iccid, "2028-05-30", "2028-02-29")],
    }
    assert changed_by(valid_from, silent_months=3) == (found if becomes else {})


def test_silence_that_runs_already_keeps_its_day():
    open_card()
    assert changed_by("2026-06-11", silent_months=3) == {}


@pytest.mark.parametrize(("valid_from", "becomes"), [("2026-06-30", True), ("2026-07-01", True), ("2026-07-02", False)])
def test_a_used_up_allowance_stays_stopped_when_the_next_cycle_no_longer_lifts_it(valid_from, becomes):
    card = use(card_in_use(), date(2026, 6, 5), mb=31)
    found = {("credit", "never"): [(card.iccid, "2026-07-01", "None")]}
    assert changed_by(valid_from, restores_credit=False) == (found if becomes else {})


def test_what_a_card_has_open_ends_with_the_cycle_or_goes_on():
    card = card_in_use()
    do("set_limit", card, TODAY, limit_mb=1)
    do("top_up", use(card, TODAY, mb=2), TODAY, plan="PACK-100")
    other = card_in_use()
    do("set_limit", other, TODAY, limit_mb=1)
    do("resume", use(other, TODAY, mb=2), TODAY)
    switches = {"restores_threshold": False, "ends_packs": False, "ends_waiver": False}
    assert changed_by("2026-07-01", **switches) == {
        ("threshold", "never"): [(card.iccid, "2026-07-01", "None")],
        ("waiver", "never"): [(other.iccid, "2026-07-01", "None")],
        ("packs", "never"): [(card.iccid, "2026-07-01", "None")],
    }


@pytest.mark.parametrize(
    ("valid_from", "from_day"), [("2026-06-20", "2026-07-01"), ("2026-08-20", "2026-08-20"), ("2027-01-01", None)]
)
def test_other_cycles_begin_when_the_running_one_has_ended(valid_from, from_day):
    card = card_in_use()  # its term runs until 2027-01-01
    Card.objects.filter(pk=card.pk).update(cycle_from="2026-06-01", cycle_until="2026-07-01")
    found = {("cycles", "newly"): [(card.iccid, "None", from_day)]}
    assert changed_by(valid_from, cycle_day=27) == (found if from_day else {})


def test_a_term_that_starts_later_ends_with_another_cycle():
    card = open_card()  # forced active 2026-08-01; 12 months from 2026-07-27 on: until 2027-07-27
    assert changed_by("2026-08-01", cycle_day=27) == {
        ("service_ends", "earlier"): [(card.iccid, "2027-07-31", "2027-07-26")],
        ("cancelled", "earlier"): [(card.iccid, "2027-10-30", "2027-10-25")],
        ("cycles", "newly"): [(card.iccid, "None", "2026-08-01")],
    }


def test_the_same_numbers_change_nothing():
    use(card_in_use(), date(2026, 6, 5), mb=31)
    open_card()
    assert changed_by("2026-06-11") == {}


def test_cards_of_other_carriers_and_cards_that_are_over_are_not_at_stake():
    card_in_use(carrier="cucc")
    do("cancel", open_card(), TODAY)
    parked = card_in_use()
    spoil(parked, parked="{}")
    assert changed_by("2026-06-11", renewal_days=1) == {}


def test_a_card_that_contradicts_itself_is_counted_and_takes_nothing_down():
    card_in_use()
    Card.objects.filter(pk=card_in_use().pk).update(cycle_until=None)
    before = list(CarrierPolicy.objects.all())
    row = CarrierPolicy(carrier="cmcc", valid_from=date(2026, 7, 1), renewal_days=30)
    cards, in_all = spread(cards_at_stake(["cmcc"]))
    found = effects_on(attach_queues(cards), before, [*before, row], in_all)
    assert (found.looked_at, found.changed, found.contradictory) == (2, 1, 1)


def test_of_many_cards_some_are_looked_at_and_stand_for_all():
    first = card_in_use()
    Card.objects.bulk_create([copy_of(first, number) for number in range(2, 401)])
    before = list(CarrierPolicy.objects.all())
    row = CarrierPolicy(carrier="cmcc", valid_from=date(2026, 7, 1), renewal_days=30)
    cards, in_all = spread(cards_at_stake(["cmcc"]), most=100)
    found = effects_on(attach_queues(cards), before, [*before, row], in_all)
    ((_, months),) = [(effect.kind, effect.months) for effect in found.effects]
    assert (found.is_estimate, in_all, found.changed) == (True, 400, 400)
    assert [month.cards for month in months.values()] == [400]
    assert 80 <= len(cards) <= 120
    assert cards == spread(cards_at_stake(["cmcc"]), most=100)[0]


def copy_of(card, number):
    twin = card.copy()
    twin.pk, twin.iccid = None, f"8986{number:016d}"
    return twin


# the pages


def post(client, url, row, *buttons):
    return client.post(url, row | dict.fromkeys(buttons, "1"), headers={"accept-language": "en"})


def saved():
    return list(
        CarrierPolicy.objects.filter(carrier="cmcc", valid_from__gt=TODAY).values_list("valid_from", "renewal_days")
    )


@on_today
def test_a_policy_is_saved_once_what_it_changes_was_seen():
    card = card_in_use()
    client, row = of_role("operations"), IN_FORCE | {"valid_from": "2026-07-01", "renewal_days": 30}
    page = post(client, f"{POLICIES}add/", row, "_preview")
    assert saved() == []
    for words in ("1 of 1 cards is affected", "Cancelled earlier", card.iccid, "2027-04-01", "2027-01-31"):
        assert words in text(page)
    row["seen"] = page.context["preview"].mark
    response = post(client, f"{POLICIES}add/", row, "_save")
    assert (response.status_code, saved()) == (302, [(date(2026, 7, 1), 30)])


@on_today
def test_a_policy_that_was_altered_after_it_was_seen_is_shown_again():
    client, row = of_role("operations"), IN_FORCE | {"valid_from": "2026-07-01", "renewal_days": 30}
    row["seen"] = post(client, f"{POLICIES}add/", row, "_preview").context["preview"].mark
    page = post(client, f"{POLICIES}add/", row | {"renewal_days": 31}, "_save")
    assert (page.status_code, saved()) == (200, [])
    CarrierPolicy.objects.create(carrier="cmcc", valid_from=date(2026, 8, 1))
    assert post(client, f"{POLICIES}add/", row, "_save").status_code == 200


@on_today
def test_a_row_that_is_not_in_force_yet_is_compared_with_itself_and_stays_one_row():
    CarrierPolicy.objects.create(carrier="cmcc", valid_from=date(2026, 7, 1), renewal_days=30)
    card_in_use()
    policy = CarrierPolicy.objects.get(valid_from="2026-07-01")
    client, url = of_role("operations"), f"{POLICIES}{policy.pk}/change/"
    same = IN_FORCE | {"valid_from": "2026-07-01", "renewal_days": 30}
    assert "No card is affected" in text(post(client, url, same, "_preview"))
    row = same | {"renewal_days": 60}
    page = post(client, url, row, "_preview")
    assert [(str(name), was, becomes) for name, was, becomes in page.context["preview"].new_numbers()] == [
        ("grace days for renewal", 30, 60)
    ]
    assert [effect.turn for effect in page.context["preview"].effects.effects] == ["later"]
    post(client, url, row | {"seen": page.context["preview"].mark}, "_save")
    assert saved() == [(date(2026, 7, 1), 60)]


@on_today
@pytest.mark.parametrize(("day", "shown"), [("2026-06-09", False), ("2026-06-10", False), ("2026-06-11", True)])
def test_what_begins_by_today_is_refused_and_not_even_shown(day, shown):
    page = post(of_role("operations"), f"{POLICIES}add/", IN_FORCE | {"valid_from": day}, "_preview")
    assert ("preview" in page.context, "Choose a date after today" in text(page)) == (shown, not shown)


@on_today
def test_nobody_else_sees_or_saves_a_new_policy():
    row = IN_FORCE | {"valid_from": "2026-07-01"}
    answers = [post(of_role(role), f"{POLICIES}add/", row).status_code for role in ("support", "finance", "auditor")]
    assert (answers, saved()) == ([403] * 3, [])


@on_today
def test_who_may_only_change_rows_sees_what_changes_as_well():
    policy = CarrierPolicy.objects.create(carrier="cmcc", valid_from=date(2026, 7, 1))
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=["view_carrierpolicy", "change_carrierpolicy"]))
    page = post(logged_in(user), f"{POLICIES}{policy.pk}/change/", IN_FORCE | {"valid_from": "2026-07-02"}, "_preview")
    assert (page.status_code, "preview" in page.context) == (200, True)
