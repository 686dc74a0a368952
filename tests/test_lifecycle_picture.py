"""The picture of the state machine is the code's: drawn by a command, held to it here."""

from cards.choices import Hold, State
from cards.management.commands.draw_lifecycle import PICTURE, picture
from cards.management.lifecycle import edges, ways_back


def test_the_picture_is_what_the_code_says():
    assert PICTURE.read_text() == picture(), "the lifecycle has changed: run `python manage.py draw_lifecycle`"


def test_the_ways_back_are_those_of_the_domain():
    assert {hold: ways_back(hold) for hold in Hold} == {
        Hold.ANOMALY: ["lift_hold"],
        Hold.REAL_NAME: ["approve_real_name"],
        Hold.REBIND: ["rebind"],
        Hold.CREDIT: ["top_up", "roll_over"],
        Hold.THRESHOLD: ["resume", "set_limit", "roll_over"],
        Hold.VOLUNTARY: ["resume"],
    }


def test_the_transitions_are_those_of_the_domain():
    suspended, shut_down = State.SUSPENDED, State.SHUT_DOWN
    assert {(edge[0].value, edge[1].value): names for edge, names in edges().items() if "cancel" not in names} == {
        ("testing", "unused"): ["end_test"],
        ("testing", "suspended"): ["place_hold"],
        ("unused", "in_use"): ["activate", "force_activate"],
        ("unused", "suspended"): ["force_activate", "place_hold"],
        ("in_use", "in_use"): ["roll_over", "start_term"],
        ("in_use", "suspended"): ["place_hold"],
        ("in_use", "shut_down"): ["expire"],
        (suspended, "testing"): ["lift_hold"],
        (suspended, "unused"): ["lift_hold"],
        (suspended, "in_use"): ["lift_hold", "roll_over", "start_term"],
        (suspended, suspended): [
            "activate",
            "end_test",
            "force_activate",
            "lift_hold",
            "place_hold",
            "roll_over",
            "start_term",
        ],
        (suspended, "shut_down"): ["expire"],
        (shut_down, "in_use"): ["renew"],
        (shut_down, suspended): ["renew"],
        (shut_down, shut_down): ["lift_hold"],
    }
    assert sorted(edge[0] for edge, names in edges().items() if names == ["cancel"]) == sorted(
        set(State) - {State.CANCELLED}
    )
