"""What a card should be at its carrier, and what is ordered for it: tables of section 4 of the design."""

from itertools import product

import pytest

from cards.carriers.choices import ServiceState
from cards.carriers.wanted import CardFacts, Wanted, Wish, is_seen_so, is_so, is_wanted, orders, wanted
from cards.choices import Binding

pytestmark = pytest.mark.once

SERVICE = [
    ("testing", "", "", "test"),
    ("unused", "", "", "silent"),
    ("in_use", "", "", "active"),
    ("suspended", "in_use", "voluntary", "stopped"),
    ("suspended", "in_use", "credit", "stopped"),
    ("suspended", "unused", "real_name", "silent"),
    ("suspended", "testing", "anomaly", "test"),
    ("shut_down", "", "", "stopped"),
    ("shut_down", "", "credit", "stopped"),
    ("cancelled", "", "voluntary", "cancelled"),
]


@pytest.mark.parametrize(("state", "resumes_to", "holds", "service"), SERVICE)
def test_service_follows_from_the_state(state, resumes_to, holds, service):
    assert wanted(CardFacts(state, resumes_to, holds)) == Wanted(service)


@pytest.mark.parametrize(
    ("state", "resumes_to", "holds", "service", "data"),
    [
        ("in_use", "", "", "active", "on"),
        ("suspended", "in_use", "credit", "active", "off"),
        ("suspended", "in_use", "credit,threshold", "active", "off"),
        ("suspended", "in_use", "credit,voluntary", "stopped", "off"),
        ("suspended", "in_use", "anomaly", "stopped", "on"),
        ("suspended", "unused", "real_name", "silent", ""),
        ("unused", "", "", "silent", ""),
        ("shut_down", "", "credit", "stopped", ""),
    ],
)
def test_an_account_may_stop_what_has_no_allowance_by_its_data(state, resumes_to, holds, service, data):
    assert wanted(CardFacts(state, resumes_to, holds), stop_by="data") == Wanted(service, data)


def test_cap_and_device_are_wanted_where_the_account_orders_them():
    card = CardFacts("in_use", allowance_mb=1000, binding=Binding.FIXED, bound_imei="861537040000019")
    assert wanted(card) == Wanted("active")
    assert wanted(card, is_capped=True, is_bound=True) == Wanted("active", "", 1100, "861537040000019")
    assert wanted(CardFacts("in_use", allowance_mb=100), is_capped=True).cap_mb == 110
    assert wanted(CardFacts("unused", allowance_mb=1000), is_capped=True, is_bound=True) == Wanted("silent")


STOP, RESUME = Wish("service", "stopped"), Wish("service", "active")
ACTIVATE, END_TEST, CANCEL = Wish("activation", "active"), Wish("service", "silent"), Wish("cancel", "")
ORDERS = {  # what is wanted, what was seen: what is ordered where the portal has activated the card, and where not
    ("silent", "test"): ([END_TEST], [END_TEST]),
    ("active", "test"): ([ACTIVATE], []),
    ("active", "silent"): ([ACTIVATE], []),
    ("active", "stopped"): ([RESUME], [RESUME]),
    ("stopped", "active"): ([STOP], [STOP]),
    ("cancelled", "active"): ([CANCEL, STOP], [CANCEL, STOP]),
    ("cancelled", "test"): ([CANCEL], [CANCEL]),
    ("cancelled", "silent"): ([CANCEL], [CANCEL]),
    ("cancelled", "stopped"): ([CANCEL], [CANCEL]),
}


@pytest.mark.parametrize(("wish", "seen"), list(product(ServiceState.values, ServiceState.values)))
def test_what_is_ordered_follows_from_what_is_wanted_and_what_was_seen(wish, seen):
    told = tuple(list(orders(Wanted(wish), seen, "", may_activate=may)) for may in (True, False))
    assert told == ORDERS.get((wish, seen), ([], []))


@pytest.mark.parametrize(
    ("reasons", "ordered"), [("", [RESUME]), ("own", [RESUME]), ("own,managed", []), ("credit", []), ("other", [])]
)
def test_what_the_carrier_stopped_is_not_resumed(reasons, ordered):
    assert list(orders(Wanted("active"), "stopped", "", reasons)) == ordered


@pytest.mark.parametrize(
    ("data", "seen", "seen_data", "ordered"),
    [
        ("off", "active", "on", [Wish("data", "off")]),
        ("on", "active", "off", [Wish("data", "on")]),
        ("on", "active", "", [Wish("data", "on")]),
        ("off", "active", "off", []),
        ("off", "stopped", "on", [RESUME]),
        ("", "active", "off", []),
    ],
)
def test_data_is_switched_where_it_flows(data, seen, seen_data, ordered):
    assert list(orders(Wanted("active", data), seen, seen_data)) == ordered


def test_a_card_that_was_never_activated_is_stopped_well_enough():
    so = {(wish, seen) for wish, seen in product(ServiceState.values, ServiceState.values) if is_so(wish, seen)}
    assert so == {(state, state) for state in ServiceState.values} | {("stopped", "test"), ("stopped", "silent")}


@pytest.mark.parametrize(
    ("aspect", "goal", "seen", "seen_data", "is_done"),
    [
        ("service", "stopped", "stopped", "", True),
        ("service", "stopped", "active", "off", False),
        ("service", "active", "", "", False),
        ("activation", "active", "active", "", True),
        ("data", "off", "active", "off", True),
        ("data", "off", "stopped", "", False),
        ("cancel", "", "cancelled", "", True),
        ("cancel", "", "stopped", "", False),
    ],
)
def test_an_order_is_done_when_it_is_seen_so(aspect, goal, seen, seen_data, is_done):
    assert is_seen_so(aspect, goal, seen, seen_data) is is_done


@pytest.mark.parametrize(
    ("aspect", "goal", "wish", "still"),
    [
        ("service", "stopped", Wanted("stopped"), True),
        ("service", "stopped", Wanted("cancelled"), True),
        ("service", "stopped", Wanted("active"), False),
        ("service", "active", Wanted("stopped"), False),
        ("activation", "active", Wanted("active"), True),
        ("activation", "active", Wanted("stopped"), False),
        ("data", "off", Wanted("active", "on"), False),
        ("data", "off", Wanted("active", "off"), True),
        ("cap", "10", Wanted("active", cap_mb=10), True),
        ("cap", "10", Wanted("active", cap_mb=20), False),
        ("binding", "861537040000019", Wanted("active", imei="861537040000019"), True),
        ("binding", "861537040000019", Wanted("active", imei="861537040000027"), False),
        ("cancel", "", Wanted("cancelled"), True),
    ],
)
def test_an_order_is_wanted_as_long_as_the_portal_wants_that(aspect, goal, wish, still):
    assert is_wanted(aspect, goal, wish) is still
