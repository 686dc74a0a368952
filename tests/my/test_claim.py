"""Claiming a card by its number and the code on its label: who may, how often, and that nobody learns anything."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from cards.actions import claims
from cards.actions.claim_codes import codes_of, issue, reissue
from cards.actions.claims import claim
from cards.errors import BadInput
from cards.models import CardEvent, ClaimCode, Customer, Membership, Tries
from cards.models.claim import LENGTH, LETTERS, code_of, digest_of
from tests.build import correct, do, fresh, member, on_day, open_card, staff
from tests.console.pages import logged_in, text

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
ENGLISH = {"accept-language": "en"}
WRONG, NOWHERE = "AAAA-AAAA-AAAA", "89860099999999999999"


@pytest.fixture(autouse=True)
def today():
    with on_day(DAY):
        yield


def person(username="wang", **names):
    return User.objects.create_user(username, **names)


def printed(card):
    return codes_of([card])[card.pk].printed(card.iccid)


def post(client, iccid, code):
    return client.post("/my/claim/", {"iccid": iccid, "code": code}, headers=ENGLISH)


@pytest.mark.once
def test_a_code_has_sixty_bits_in_letters_that_nobody_takes_for_another():
    code = code_of(NOWHERE, 1)
    assert re.fullmatch(r"[A-Z2-9]{4}(-[A-Z2-9]{4}){2}", code)
    assert len(set(LETTERS)) ** LENGTH == 2**60
    assert not set("IO01") & set(LETTERS)
    assert len({code, code_of(NOWHERE, 2), code_of(NOWHERE[:-1] + "8", 1)}) == 3
    assert code == code_of(NOWHERE, 1)


def test_an_import_makes_the_code_and_keeps_its_hash_alone():
    card = open_card()
    kept = ClaimCode.objects.values().get()
    assert kept["digest"] == digest_of(card.iccid, code_of(card.iccid, 1))
    assert (kept["card_id"], kept["generation"], kept["used_by_id"], kept["used_at"]) == (card.pk, 1, None, None)
    assert not any(code_of(card.iccid, 1) in str(value) for value in kept.values())


def test_a_card_from_before_has_its_code_when_the_label_is_printed():
    card = open_card()
    ClaimCode.objects.all().delete()
    assert (printed(card), printed(card)) == (code_of(card.iccid, 1),) * 2


def test_who_has_a_code_keeps_it_when_codes_are_issued_once_more():
    card, another = open_card(), open_card()
    reissue(card.iccid, 1)
    ClaimCode.objects.filter(card=another).delete()
    issue([card, another])
    kept = ClaimCode.objects.order_by("card").values_list("card", "generation", "digest")
    assert list(kept) == [
        (card.pk, 2, digest_of(card.iccid, code_of(card.iccid, 2))),
        (another.pk, 1, digest_of(another.iccid, code_of(another.iccid, 1))),
    ]


def test_a_label_stays_valid_when_the_secret_key_changes_and_cannot_be_printed_again():
    card, user = open_card(), person()
    code = printed(card)
    with override_settings(SECRET_KEY="another"):
        assert printed(card) == ""
        assert claim(card.iccid, code, user=user) == card


def test_the_card_becomes_the_persons_who_becomes_a_customer():
    card, user = open_card(), person(first_name="王小明")
    response = post(logged_in(user), card.iccid, printed(card))
    assert (response.status_code, response.url) == (302, f"/my/cards/{card.iccid}/")
    customer = fresh(card).customer
    assert (customer.name, customer.kind, customer.registered_by) == ("王小明 @wang", "individual", user)
    assert list(customer.memberships.values_list("user", "role")) == [(user.pk, "owner")]
    event = CardEvent.objects.filter(card=card).latest("seq")
    assert (event.action, event.actor_kind, event.actor_name) == ("assign", "customer", "wang")
    assert event.evidence == {"customer": "王小明 @wang", "customer_id": customer.pk, "was_customer_id": None}
    assert ClaimCode.objects.get().used_by == user
    assert set(Tries.objects.values_list("count", flat=True)) == {0}


@pytest.mark.once
@pytest.mark.parametrize("typed", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code} "])
def test_a_code_may_be_typed_as_it_comes(typed):
    card = open_card()
    assert claim(card.iccid, typed(printed(card)), user=person()) == card


def test_twice_is_once():
    card, user = open_card(), person()
    client, code = logged_in(user), printed(card)
    answers = [post(client, card.iccid, code) for _time in range(7)]
    assert {(answer.status_code, answer.url) for answer in answers} == {(302, f"/my/cards/{card.iccid}/")}
    assert CardEvent.objects.filter(card=card, action="assign").count() == 1
    assert Customer.objects.count() == 1


def test_a_second_card_goes_to_the_same_customer_and_an_enterprise_gets_none():
    first, second, user = open_card(), open_card(), member("Acme", "wang")
    for card in (first, second):
        assert claim(card.iccid, printed(card), user=user) == card
    assert fresh(first).customer == fresh(second).customer == Customer.objects.get(name="wang @wang")
    assert Membership.objects.filter(user=user).count() == 2


def test_the_card_goes_to_the_customer_that_is_known_whatever_it_is_called():
    customer, user = Customer.objects.create(name=" Wang ", kind="individual"), person("wang")
    Membership.objects.create(customer=customer, user=user, role="owner")
    card = open_card()
    assert claim(card.iccid, printed(card), user=user) == card
    assert fresh(card).customer == customer


@pytest.mark.once
@pytest.mark.parametrize(
    "typed",
    [
        "https://sim.example.cn/my/claim/?iccid={}".format,
        "ICCID：{}".format,
        '="{}"'.format,
        lambda iccid: "-".join((iccid[:10], iccid[10:])),
        lambda iccid: iccid[:19],
        lambda iccid: f"{iccid[:19]}f",
    ],
)
def test_the_number_may_be_typed_or_scanned_as_it_comes(typed):
    card = open_card(iccid="89860426012345675475")
    response = post(logged_in(person()), typed(card.iccid), printed(card))
    assert (response.status_code, response.url) == (302, f"/my/cards/{card.iccid}/")


def test_however_the_number_is_written_the_wrong_tries_are_one_cards():
    card = open_card(iccid="8986042601234567547")
    code = printed(card)
    for number in range(5):
        assert claim(f"{card.iccid}{number}", WRONG, user=person(f"li{number}")) is None
    assert claim(card.iccid, code, user=person()) is None
    reissue(card.iccid, 1)
    assert claim(f"{card.iccid}7", printed(card), user=person("qian")) == card


def test_nineteen_characters_of_two_cards_claim_neither():
    first, second = open_card(iccid="89860426012345675475"), open_card(iccid="89860426012345675476")
    assert claim(first.iccid[:19], printed(first), user=person("li")) is None
    assert claim(second.iccid, printed(second), user=person("wang")) == second


def test_nobody_is_taken_for_a_customer_of_the_same_name():
    acme = Customer.objects.create(name="Acme")
    card = open_card()
    claim(card.iccid, printed(card), user=person(first_name="Acme"))
    assert (fresh(card).customer.name, acme.cards.count()) == ("Acme @wang", 0)


@pytest.mark.once
def test_what_is_not_a_number_of_a_card_is_said_and_not_counted():
    response = post(logged_in(person()), "1440", WRONG)
    assert "an ICCID has 19 or 20 characters and starts with 8986" in text(response)
    assert Tries.objects.count() == 0


def wrong_number(card, user):
    return NOWHERE, printed(card)


def wrong_code(card, user):
    return card.iccid, WRONG


def taken(card, user):
    Customer.objects.create(name="Acme")
    do("assign", card, DAY, customer="Acme")
    return card.iccid, printed(card)


def used_and_back_in_stock(card, user):
    old = printed(card)
    assert claim(card.iccid, old, user=person("li")) == card
    do("unassign", card, DAY)
    return card.iccid, old


def card_locked(card, user):
    for number in range(5):
        claim(card.iccid, WRONG, user=person(f"li{number}"))
    return card.iccid, printed(card)


def person_locked(card, user):
    for _time in range(5):
        claim(NOWHERE, WRONG, user=user)
    return card.iccid, printed(card)


def replaced(card, user):
    old = printed(card)
    reissue(card.iccid, 1)
    return card.iccid, old


REFUSED = (wrong_number, wrong_code, taken, used_and_back_in_stock, card_locked, person_locked, replaced)


def answer_to(case, monkeypatch):
    """What somebody sees and could measure: the page but for what they typed and the token, statements, hashes."""
    user, hashes = person(), []
    iccid, code = case(open_card(), user)
    client = logged_in(user)
    with monkeypatch.context() as patched, CaptureQueriesContext(connection) as queries:
        patched.setattr(claims, "digest_of", lambda *args: hashes.append(1) or digest_of(*args))
        response = post(client, iccid, code)
    body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text(response)).replace(iccid, "")
    statements = [re.sub(r"'[^']*'|\b\d+\b", "?", query["sql"]) for query in queries]
    return response.status_code, body, statements, len(hashes)


def test_every_refusal_is_the_same_page_after_the_same_statements_and_one_hash(monkeypatch):
    answers = []
    for case in REFUSED:
        with transaction.atomic():
            answers.append(answer_to(case, monkeypatch))
            transaction.set_rollback(True)
    assert answers == [answers[0]] * len(REFUSED)
    status, body, _statements, hashes = answers[0]
    assert (status, hashes) == (200, 1)
    assert "The card number and code do not match." in body


def test_five_wrong_tries_lock_the_card_for_everybody_until_a_new_label():
    card = open_card()
    code = printed(card)
    for number in range(4):
        assert claim(card.iccid, WRONG, user=person(f"li{number}")) is None
    assert claim(card.iccid, WRONG, user=person("li4")) is None
    assert claim(card.iccid, code, user=person()) is None
    reissue(card.iccid, 1)
    assert claim(card.iccid, code, user=person("zhao")) is None
    assert claim(card.iccid, printed(card), user=person("qian")) == card


def test_four_wrong_tries_lock_nothing_and_the_fifth_locks_the_person_for_a_day():
    user, card, another = person(), open_card(), open_card()
    for _time in range(4):
        claim(NOWHERE, WRONG, user=user)
    assert claim(card.iccid, printed(card), user=user) == card
    claim(NOWHERE, WRONG, user=user)
    assert claim(another.iccid, printed(another), user=user) is None
    Tries.objects.update(until="2026-03-01T00:00Z")  # the day is over
    assert claim(another.iccid, printed(another), user=user) == another


def test_who_had_a_card_does_not_get_it_back_by_its_old_label():
    """However the card leaves its customer: the label that is printed afterwards is the one that opens it."""
    sold, claimed, corrected = open_card(customer="Acme"), open_card(), open_card(customer="Acme")
    former = person("former")
    assert claim(claimed.iccid, printed(claimed), user=former) == claimed
    labels = {card: printed(card) for card in (sold, claimed, corrected)}
    correct(corrected, customer="Northwind")
    for card in labels:
        do("unassign", card, DAY)
    assert [claim(card.iccid, code, user=former) for card, code in labels.items()] == [None] * 3
    assert [claim(card.iccid, printed(card), user=person(f"new{card.pk}")) for card in labels] == [*labels]
    assert list(ClaimCode.objects.order_by("pk").values_list("generation", flat=True)) == [2, 2, 3]


def test_a_new_code_is_made_once_for_the_same_form():
    card = open_card()
    first = printed(card)
    reissue(card.iccid, 1)
    reissue(card.iccid, 1)
    assert ClaimCode.objects.get().generation == 2
    assert printed(card) == code_of(card.iccid, 2) != first
    with pytest.raises(BadInput):
        reissue(NOWHERE, 1)


def test_a_cancelled_card_is_nobodys_and_makes_no_customer():
    card = do("cancel", open_card(), DAY)
    assert claim(card.iccid, printed(card), user=person()) is None
    assert Customer.objects.count() == 0


def test_the_label_leads_a_stranger_to_the_login_and_staff_nowhere():
    url = f"/my/claim/?iccid={NOWHERE}"
    response = Client().get(url)
    assert (response.status_code, response.url.endswith(f"next=/my/claim/%3Ficcid%3D{NOWHERE}")) == (302, True)
    assert logged_in(staff()).get(url).status_code == 404
    assert f'value="{NOWHERE}"' in text(logged_in(person()).get(url))
    assert "/my/claim/" in text(logged_in(person("li")).get("/my/"))


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_at_the_same_moment_one_wins_and_one_who_asks_twice_has_it():
    li, wang, zhao = map(person, ("li", "wang", "zhao"))
    card = open_card()
    results = at_the_same_moment(card, [li, wang])
    assert sorted(results, key=bool) == [None, card]
    assert (assignments(card), Customer.objects.count()) == (1, 1)
    another = open_card()
    assert at_the_same_moment(another, [zhao, zhao]) == [another, another]
    assert (assignments(another), Customer.objects.count()) == (1, 2)


def at_the_same_moment(card, users):
    code, start = printed(card), Barrier(len(users))

    def try_it(user):
        start.wait()
        try:
            return claim(card.iccid, code, user=user)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(users)) as threads:
        return list(threads.map(try_it, users))


def assignments(card):
    return CardEvent.objects.filter(card=card, action="assign").count()
