"""Who answers for a card: the number of an identity card that fits, and how many cards a person may have."""

from datetime import date

import pytest
from django.utils.translation import override

from cards.actions.action_requests import act
from cards.errors import BadInput, Refused
from cards.identifiers import resident_number
from cards.models import CarrierPolicy, RealNameCheck
from tests.build import SHELL, attempt, do, fresh, open_card

DAY, LATER = date(2026, 3, 10), date(2026, 3, 12)
PERSON, OTHER = "110101199003071233", "11010519491231002X"


@pytest.mark.once
@pytest.mark.parametrize("text", [PERSON, "110101 19900307 1233", OTHER.lower()])
def test_the_number_of_an_identity_card_is_read(text):
    assert resident_number(text) in (PERSON, OTHER)


@pytest.mark.once
@pytest.mark.parametrize("text", ["", "1", PERSON[:-1], PERSON[:-1] + "4", "990101199003071233", "110101199013071230"])
def test_a_number_that_does_not_fit_is_refused(text):
    with pytest.raises(BadInput):
        resident_number(text)


def sent_in(number=PERSON, **columns):
    return do("submit_real_name", open_card(certification="individual", **columns), DAY, name="张三", id_number=number)


def refusal(card, number=PERSON):
    return attempt("submit_real_name", card, DAY, name="张三", id_number=number).refused


@pytest.mark.django_db
def test_a_person_answers_for_ten_cards_and_not_for_eleven():
    cards = [sent_in() for _card in range(10)]
    eleventh = open_card(certification="individual")
    refused = refusal(eleventh)
    assert (refused.code, refused.facts, fresh(eleventh).real_name) == (
        "too_many_cards",
        {"count": 10, "most": 10},
        "none",
    )
    with override("en"):
        assert str(refused) == (
            "This person already has 10 cards; the carrier allows 10. "
            "Submit another person, or remove a card from this one first."
        )
    assert refusal(eleventh, OTHER) is None
    do("reject_real_name", cards[0], DAY)  # a check that was rejected counts no more
    assert refusal(open_card(certification="individual")) is None


@pytest.mark.django_db
def test_a_second_check_leaves_the_rejected_first_one_rejected():
    def checks():
        return list(RealNameCheck.objects.order_by("pk").values_list("status", "submitted_on", "decided_on"))

    card = do("reject_real_name", sent_in(), DAY)
    card = do("submit_real_name", card, LATER, name="李四", id_number=OTHER)
    assert checks() == [("rejected", DAY, DAY), ("submitted", LATER, None)]
    card = do("approve_real_name", card, LATER)
    assert checks() == [("rejected", DAY, DAY), ("approved", LATER, LATER)]
    do("revoke_real_name", card, LATER)
    assert checks() == [("rejected", DAY, DAY), ("revoked", LATER, LATER)]


@pytest.mark.django_db
def test_of_eleven_cards_that_are_sent_in_together_the_last_is_refused():
    cards = [open_card(certification="individual").pk for _card in range(11)]
    outcomes = act("submit_real_name", cards, actor=SHELL, on=DAY, name="张三", id_number=PERSON)
    assert [outcome.refused and outcome.refused.code for outcome in outcomes] == [None] * 10 + ["too_many_cards"]
    assert RealNameCheck.objects.count() == 10


@pytest.mark.django_db
def test_cancelled_cards_make_room_and_the_policy_says_how_many():
    CarrierPolicy.objects.update(cards_per_person=1)
    first = sent_in()
    second = open_card(certification="individual")
    assert refusal(second).code == "too_many_cards"
    do("cancel", first, DAY)
    assert refusal(second) is None
    assert refusal(do("reject_real_name", second, DAY)) is None  # one's own card never counts twice
    assert isinstance(Refused.read(Refused("too_many_cards", count=1, most=1).written()), Refused)
