"""Usage: which readings count, and what they cause (`domain.md`, "Usage" and rules 2, 3, 6 and 9)."""

from datetime import date, datetime

import pytest
from django.utils import timezone
from django.utils.translation import override

from cards.actions.usage import Reading, apply_readings
from cards.models import CarrierPolicy, DeviceBinding, UsageDay
from cards.models.card import MB
from cards.sentences.customer_history import history_entries
from tests.build import OPENED_ON, attempt, card_in_use, do, fresh, open_card, story, swept, use

pytestmark = pytest.mark.django_db

PHONE, CAMERA, METER = "490154203237518", "356938035643809", "352099001761481"
JAN_20, JAN_21, FEB_1, FEB_2 = date(2026, 1, 20), date(2026, 1, 21), date(2026, 2, 1), date(2026, 2, 2)


def at(day, hour=8):
    return timezone.make_aware(datetime(day.year, day.month, day.day, hour))


def facts(card):
    return card.state, card.holds, card.used_bytes // MB


# which readings count


def test_a_later_reading_replaces_an_earlier_one_and_the_counter_moves_by_the_difference():
    card = use(card_in_use(), JAN_20, 5, read_at=at(JAN_21, 1))
    card = use(card, JAN_20, 8, read_at=at(JAN_21, 2))
    assert (facts(card), card.read_at) == (("in_use", "", 8), at(JAN_21, 2))
    assert list(UsageDay.objects.values_list("day", "bytes")) == [(JAN_20, 8 * MB)]


@pytest.mark.parametrize(
    ("hour", "mb", "counts", "used"),
    [(1, 9, {"stale": 1}, 5), (2, 5, {"stale": 1}, 5), (2, 9, {"refused": 1}, 5), (3, 9, {"updated": 1}, 9)],
)
def test_an_equal_or_older_reading_is_stale_and_one_that_contradicts_is_refused(hour, mb, counts, used):
    card = use(card_in_use(), JAN_20, 5, read_at=at(JAN_21, 2))
    counted, _ = apply_readings([Reading(card.pk, JAN_20, mb * MB, at(JAN_21, hour))], told_on=JAN_21)
    assert (dict(counted), fresh(card).used_bytes) == (counts, used * MB)


def test_a_carrier_that_corrects_downwards_takes_back_what_it_counted_and_the_hold_that_rests_on_it():
    card = use(card_in_use(), JAN_20, 31, read_at=at(JAN_21, 1))
    assert facts(card) == ("suspended", "credit", 31)
    assert facts(use(card, JAN_20, 30, read_at=at(JAN_21, 2), told_on=JAN_21)) == ("suspended", "credit", 30)
    card = use(card, JAN_20, 10, read_at=at(JAN_21, 3), told_on=JAN_21)
    assert facts(card) == ("in_use", "", 10)
    assert story(card)[-1] == ("lift_hold", "credit", "in_use", JAN_21)


def test_what_one_file_takes_back_and_adds_stops_nothing_in_vain():
    card = use(use(card_in_use(), JAN_20, 5, read_at=at(JAN_21, 1)), JAN_21, 20, read_at=at(JAN_21, 1))
    both = [Reading(card.pk, JAN_20, 15 * MB, at(JAN_21, 2)), Reading(card.pk, JAN_21, 9 * MB, at(JAN_21, 2))]
    apply_readings(both, told_on=JAN_21)
    assert (facts(fresh(card)), len(story(card))) == (("in_use", "", 24), 2)


def test_the_owner_reads_that_the_usage_was_corrected():
    card = use(card_in_use(), JAN_20, 31, read_at=at(JAN_21, 1))
    card = use(card, JAN_20, 10, read_at=at(JAN_21, 3), told_on=JAN_21)
    with override("en"):
        told = [entry.sentence for entry in history_entries(card.events.order_by("seq"))]
    assert told[-1] == "The carrier corrected the usage, and the suspension was lifted."
    card = do("place_hold", card, JAN_21, kind="anomaly")
    card = do("lift_hold", card, JAN_21, kind="anomaly")
    with override("en"):
        told = [entry.sentence for entry in history_entries(card.events.order_by("seq"))]
    assert told[-1] == "The carrier's block was lifted."


def test_several_readings_of_a_card_in_one_file_are_taken_in_the_order_of_their_days():
    card = open_card()
    late_first = [Reading(card.pk, JAN_21, 2 * MB, at(JAN_21, 9)), Reading(card.pk, JAN_20, 1 * MB, at(JAN_21, 1))]
    apply_readings(late_first, told_on=JAN_21)
    assert (fresh(card).activated_on, facts(fresh(card))) == (JAN_20, ("in_use", "", 3))


def test_bytes_of_a_closed_cycle_go_to_the_history_and_place_no_hold():
    card = use(use(card_in_use(), FEB_1, 1), date(2026, 1, 31), 40)
    assert facts(card) == ("in_use", "", 1)
    assert UsageDay.objects.filter(card=card).count() == 2


def test_a_new_cycle_starts_at_zero_without_a_record():
    card = use(card_in_use(), date(2026, 1, 31), 29)
    assert card.meter(FEB_1).used_bytes == 0
    card = use(card, FEB_1, 29)
    assert (facts(card), card.cycle_from, card.cycle_until) == (("in_use", "", 29), FEB_1, date(2026, 3, 1))
    assert [event[0] for event in story(card)] == ["open", "activate"]


def test_usage_of_a_suspended_card_counts_like_any_other():
    card = use(do("suspend", card_in_use(), JAN_20), JAN_20, 31)
    assert (facts(card), card.hold_list) == (("suspended", "credit,voluntary", 31), ("credit", "voluntary"))


def test_what_comes_late_takes_effect_on_the_day_of_the_last_event():
    card = do("unassign", open_card(customer="Acme"), JAN_21)
    card = use(card, JAN_20, 1)
    assert story(card)[-1] == ("activate", "first_use", "in_use", JAN_21)
    assert list(UsageDay.objects.values_list("day", flat=True)) == [JAN_20]


def test_what_is_due_before_a_reading_is_done_before_it():
    card = use(open_card(plan="M1-100"), date(2026, 9, 5), 1)
    assert [event[0] for event in story(card)] == ["open", "force_activate", "expire"]
    assert (card.state, card.stray_usage_on) == ("shut_down", date(2026, 9, 5))


# the test period


@pytest.mark.parametrize(("mb", "state"), [(29.9, "testing"), (30, "unused"), (31, "unused")])
def test_a_test_ends_on_the_day_its_allowance_is_used_up(mb, state):
    card = use(open_card(test_months=3, test_quota_mb=30), JAN_20, mb)
    assert card.state == state
    if state == "unused":
        assert (card.test_ended_on, card.silent_from, card.forced_activation_on) == (JAN_20, JAN_20, date(2026, 8, 1))


def test_the_day_on_which_a_test_was_used_up_belongs_to_it_and_bytes_of_a_later_day_are_first_use():
    card = use(open_card(test_months=3, test_quota_mb=30), JAN_20, 31, read_at=at(JAN_21, 1))
    assert use(card, JAN_20, 33, read_at=at(JAN_21, 2)).state == "unused"
    card = use(card, JAN_21, 2)
    assert (facts(card), card.activated_on) == (("in_use", "", 2), JAN_21)


def test_a_late_reading_of_a_day_in_the_test_is_not_first_use():
    card = swept(open_card(test_months=1, test_quota_mb=30), date(2026, 2, 16))
    assert card.state == "unused"
    assert use(card, date(2026, 2, 14), 3).state == "unused"
    assert use(card, date(2026, 2, 15), 3).state == "in_use"


def test_silence_may_count_from_opening():
    CarrierPolicy.objects.update(silent_from_opening=True)
    card = use(open_card(test_months=3, test_quota_mb=30), date(2026, 3, 1), 30)
    assert (card.silent_from, card.forced_activation_on) == (OPENED_ON, date(2026, 8, 1))


# first use


def test_first_use_starts_the_term_and_counts():
    card = use(open_card(), JAN_20, 2)
    assert facts(card) == ("in_use", "", 2)
    assert (card.activated_on, card.activation_cause, card.service_until) == (JAN_20, "first_use", date(2027, 1, 1))


def test_nothing_used_is_no_use():
    assert use(open_card(), JAN_20, 0).state == "unused"


def test_an_individual_card_without_its_check_is_stopped_by_its_first_use_and_waits_for_the_check():
    card = use(open_card(certification="individual"), JAN_20, 2)
    assert (facts(card), card.resumes_to, card.service_until) == (("suspended", "real_name", 2), "in_use", None)
    card = do("submit_real_name", card, JAN_20, name="张三丰", id_number="110101199003071234")
    card = do("approve_real_name", card, JAN_21)
    assert facts(card) == ("in_use", "", 0)
    assert (card.activated_on, card.activation_cause, card.service_from) == (JAN_21, "real_name", JAN_21)


def test_a_term_that_waits_for_the_check_starts_on_the_day_of_forced_activation_at_the_latest():
    card = swept(use(open_card(certification="individual"), JAN_20, 2), date(2026, 8, 1))
    assert (card.state, card.holds, card.service_from) == ("suspended", "real_name", date(2026, 8, 1))
    card = do("submit_real_name", card, date(2026, 8, 2), name="张三丰", id_number="110101199003071234")
    card = do("approve_real_name", card, date(2026, 8, 2))
    assert (card.state, card.service_from, card.activation_cause) == ("in_use", date(2026, 8, 1), "forced")


def test_an_individual_card_with_its_check_just_starts():
    card = do("submit_real_name", open_card(certification="individual"), JAN_20, name="张三", id_number="A1234567")
    card = use(do("approve_real_name", card, JAN_20), JAN_21, 1)
    assert (card.state, card.activated_on) == ("in_use", JAN_21)


# allowance and limit


@pytest.mark.parametrize(("mb", "holds"), [(29.99, ""), (30, "credit"), (30.1, "credit")])
def test_the_allowance_used_up_stops_the_card(mb, holds):
    assert use(card_in_use(), JAN_20, mb).holds == holds


@pytest.mark.parametrize(("mb", "holds"), [(9.99, ""), (10, "threshold"), (31, "credit,threshold")])
def test_the_limit_reached_stops_the_card_and_one_reading_may_do_both(mb, holds):
    assert use(do("set_limit", card_in_use(), JAN_20, limit_mb="10"), JAN_20, mb).holds == holds


@pytest.mark.parametrize(
    ("policy", "holds"),
    [
        ({}, ""),
        ({"restores_credit": False}, "credit"),
        ({"restores_threshold": False}, "threshold"),
    ],
)
def test_the_next_cycle_lifts_what_the_policy_restores(policy, holds):
    CarrierPolicy.objects.update(**policy)
    card = use(do("set_limit", card_in_use(), JAN_20, limit_mb="10"), JAN_20, 31)
    assert swept(card, date(2026, 1, 31)).holds == "credit,threshold"
    card = swept(card, FEB_1)
    assert (card.holds, card.used_bytes, card.cycle_from) == (holds, 0, FEB_1)


def test_a_waived_limit_stays_waived_until_the_next_cycle():
    card = use(do("set_limit", card_in_use(), JAN_20, limit_mb="10"), JAN_20, 11)
    card = use(do("resume", card, JAN_20), JAN_21, 5)
    assert (card.state, card.limit_waived) == ("in_use", True)
    card = use(card, FEB_1, 11)
    assert (facts(card), card.limit_waived) == (("suspended", "threshold", 11), False)


def test_a_pack_lifts_the_stop_only_when_it_suffices_and_ends_with_its_cycle():
    card = do("top_up", use(card_in_use(), JAN_20, 131), JAN_20, plan="PACK-100")
    assert (facts(card), card.pack_mb) == (("suspended", "credit", 131), 100)
    card = do("top_up", card, JAN_20, plan="PACK-100")
    assert (facts(card), card.pack_mb) == (("in_use", "", 131), 200)
    card = swept(card, FEB_1)
    assert (facts(card), card.pack_mb) == (("in_use", "", 0), 0)
    assert story(card)[-1] == ("roll_over", "roll_over", "in_use", FEB_1)


def test_a_top_up_does_not_wake_a_card_that_its_owner_stopped():
    card = do("suspend", use(card_in_use(), JAN_20, 31), JAN_20)
    assert do("top_up", card, JAN_20, plan="PACK-100").holds == "voluntary"


def test_a_term_that_ends_within_a_cycle_ends_its_holds_with_it():
    card = card_in_use(since=date(2026, 1, 20), plan="Y1-1024")
    card = do("renew", card, date(2026, 1, 20), plan="Y1-30")
    card = use(card, date(2027, 1, 5), 1024)
    assert facts(card) == ("suspended", "credit", 1024)
    card = swept(card, date(2027, 1, 20))
    assert (facts(card), card.term_number, card.quota_mb) == (("in_use", "", 0), 2, 30)


# devices


def test_the_first_device_seen_becomes_the_cards_and_another_one_stops_it():
    card = use(open_card(binding="first_use"), JAN_20, 1, imei=PHONE)
    assert (card.state, card.bound_imei, card.bound_on) == ("in_use", PHONE, JAN_20)
    assert use(card, JAN_21, 1, imei=PHONE).holds == ""
    card = use(card, FEB_1, 1, imei=CAMERA)
    assert (card.state, card.holds) == ("suspended", "rebind")
    card = do("rebind", card, FEB_1, imei=CAMERA)
    assert (card.state, card.bound_imei, card.rebinds) == ("in_use", CAMERA, 1)
    bindings = DeviceBinding.objects.values_list("imei", "bound_on", "is_rebind")
    assert list(bindings) == [(PHONE, JAN_20, False), (CAMERA, FEB_1, True)]


def test_a_card_for_any_device_is_never_stopped_for_its_device():
    card = use(use(card_in_use(), JAN_20, 1, imei=PHONE), JAN_21, 1, imei=CAMERA)
    assert (card.state, card.bound_imei, card.seen_imei) == ("in_use", "", CAMERA)


def test_on_the_day_of_a_rebind_the_old_device_is_still_on_its_way():
    card = use(card_in_use(binding="fixed", imei=PHONE), JAN_20, 1, imei=CAMERA)
    card = do("rebind", card, JAN_21, imei=CAMERA)
    assert use(card, JAN_21, 1, imei=PHONE).holds == ""
    assert use(card, JAN_21, 2, read_at=at(FEB_1), imei=METER).holds == "rebind"


def test_a_reading_from_before_the_rebind_says_nothing_of_the_device():
    card = do("rebind", card_in_use(binding="fixed", imei=PHONE), JAN_21, imei=CAMERA)
    assert use(card, JAN_20, 1, imei=PHONE).holds == ""
    assert use(card, FEB_1, 1, imei=PHONE).holds == "rebind"


def test_rebinds_are_counted_by_calendar_month_against_the_policys_cap():
    card = card_in_use(binding="fixed", imei=PHONE)
    card = do("rebind", card, JAN_20, imei=CAMERA)
    card = do("rebind", card, JAN_21, imei=METER)
    assert attempt("rebind", card, date(2026, 1, 31), imei=PHONE).refused.code == "rebinds_used_up"
    assert do("rebind", card, FEB_1, imei=PHONE).rebinds == 1


def test_the_cards_own_device_may_be_confirmed_again_without_being_counted():
    card = card_in_use(binding="fixed", imei=PHONE)
    assert attempt("rebind", card, JAN_20, imei=PHONE).refused.code == "same_device"
    card = do("rebind", use(card, JAN_20, 1, imei=CAMERA), JAN_21, imei=PHONE)
    assert (card.state, card.bound_imei, card.rebinds) == ("in_use", PHONE, 0)


# usage where there should be none


def test_usage_of_a_shut_down_card_is_kept_changes_nothing_and_is_noted():
    card = swept(card_in_use(plan="M1-100"), FEB_2)
    before = card.version
    card = use(card, date(2026, 1, 31), 50)
    assert (card.state, card.stray_usage_on) == ("shut_down", None)
    card = use(card, FEB_1, 3)
    assert (card.state, card.version, card.stray_usage_on) == ("shut_down", before, FEB_1)
    assert do("renew", card, FEB_2, plan="M1-100").stray_usage_on is None


def test_usage_of_a_card_cancelled_by_hand_is_noted_from_the_day_after():
    card = do("cancel", card_in_use(), JAN_20)
    assert use(card, JAN_20, 1).stray_usage_on is None
    assert use(card, JAN_21, 1).stray_usage_on == JAN_21
