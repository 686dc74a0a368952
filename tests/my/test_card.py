"""A customer's card: what its page says, what can be done from it, and what is not told."""

from datetime import date

import pytest

from cards.models import CardEvent, RealNameCheck
from cards.permissions import Actor
from tests.build import attempt, card_in_use, do, fresh, member, on_day, open_card, spoil, story, use
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
IMEI, OTHER_IMEI = "868600000000001", "868600000000026"
PERSON = "110101199003071233"
on_the_day = on_day(DAY)


@pytest.fixture(autouse=True)
def _on_the_day():
    with on_the_day:
        yield


@pytest.fixture
def alice():
    client = logged_in(member("Acme", "alice"))
    client.cookies["django_language"] = "en"
    return client


def mine(**columns):
    return card_in_use(customer="Acme", **columns)


def page(client, card, query=""):
    response = client.get(f"/my/cards/{card.iccid}/{query}")
    assert response.status_code == 200
    return response.context


def url(card, action):
    return f"/my/cards/{card.iccid}/{action}/"


def ways(context):
    return [
        (way.help.code, way.evidence, way.button and str(way.button.label), way.help.follows) for way in context["ways"]
    ]


def test_a_card_that_works_is_told_in_one_sentence_with_what_can_be_done(alice):
    card = use(mine(binding="fixed", imei=IMEI), DAY, 12)
    seen = page(alice, card)
    assert (seen["said"], ways(seen)) == ("The card works.", [])
    assert [str(button.label) for button in seen["buttons"]] == [
        "Suspend card",
        "Set a usage limit",
        "Confirm the new device",
    ]
    assert [(step.on, step.sentence) for step in seen["steps"]] == [
        (date(2027, 1, 1), "No service from this day on unless the card is renewed first."),
        (date(2027, 4, 1), "The card will be permanently cancelled unless it is renewed first."),
    ]
    assert (seen["usage"].per_cent, seen["rebinds_left"], len(seen["by_day"].used)) == (40, 2, 1)


def test_every_hold_is_told_with_its_evidence_its_button_and_what_follows(alice):
    card = do("suspend", use(mine(), DAY, 31), DAY)
    assert ways(page(alice, card)) == [
        (
            "credit",
            "31 of 30 MB used",
            "Buy more data",
            "It will still be suspended: requested by you or your dealer.",
        ),
        ("voluntary", "", "Resume card", "It will still be suspended: its data is used up."),
    ]
    assert page(alice, card)["ways"][0].ends_on == date(2026, 4, 1)


def test_the_first_step_that_helps_is_the_one_blue_button(alice):
    card = do("suspend", use(mine(), DAY, 31), DAY)
    assert [way.is_first for way in page(alice, card)["ways"]] == [True, False]
    blocked = do("place_hold", card, DAY, kind="anomaly")
    waits = "This can wait: the card will not work before the carrier lifts its block."
    told = [(way.help.code, way.button, way.help.sentence == waits) for way in page(alice, blocked)["ways"]]
    assert told == [("anomaly", None, False), ("credit", None, True), ("voluntary", None, True)]
    assert [button.label for button in page(alice, blocked)["buttons"] if button.url == url(card, "resume")] == []
    assert alice.get(url(card, "help")).context["way"] is None


def test_stopping_and_resuming_a_card(alice):
    card = mine()
    form = alice.get(url(card, "suspend")).context["form"]
    response = alice.post(url(card, "suspend"), {"version": form["version"].value()}, follow=True)
    assert response.redirect_chain == [(f"/my/cards/{card.iccid}/", 302)]
    assert "Done. The card is suspended: requested by you or your dealer." in text(response)
    assert alice.post(url(card, "suspend"), {"version": form["version"].value()}).status_code == 409  # twice is once
    response = alice.post(url(card, "resume"), {"version": fresh(card).version}, follow=True)
    assert "Done. The card works." in text(response)
    last = CardEvent.objects.filter(card=card).last()
    assert (last.actor_kind, last.actor_name, last.action) == ("customer", "alice", "resume")


def test_a_refusal_is_one_sentence_and_no_button(alice):
    card = mine()
    response = alice.get(url(card, "resume"))
    assert response.status_code == 200
    assert "The card is neither suspended manually nor at its usage limit." in text(response)
    assert '<button class="btn is-primary"' not in text(response)


def test_setting_a_limit_and_what_cannot_be_read_is_said_at_its_field(alice):
    card = use(mine(), DAY, 12)
    wrong = alice.post(url(card, "set_limit"), {"version": card.version, "limit_mb": "-1"})
    assert (wrong.status_code, "not a whole number of MB" in text(wrong)) == (422, True)
    alice.post(url(card, "set_limit"), {"version": card.version, "limit_mb": "10"})
    card = fresh(card)
    assert (card.limit_mb, card.holds) == (10, "threshold")
    assert ways(page(alice, card)) == [
        ("threshold", "12 of 10 MB used", "Resume card", "The card then works again immediately.")
    ]


def test_a_new_device_is_confirmed_as_often_as_the_policy_allows(alice):
    card = use(mine(binding="fixed", imei=IMEI), DAY, 1, imei=OTHER_IMEI)
    seen = alice.get(url(card, "rebind"))
    assert "It can be changed 2 more times this month." in text(seen)
    alice.post(url(card, "rebind"), {"version": card.version, "imei": OTHER_IMEI})
    card = fresh(card)
    assert (card.state, card.bound_imei, page(alice, card)["rebinds_left"]) == ("in_use", OTHER_IMEI, 1)
    alice.post(url(card, "rebind"), {"version": card.version, "imei": IMEI})
    card = fresh(card)
    used_up = alice.post(url(card, "rebind"), {"version": card.version, "imei": OTHER_IMEI})
    assert (used_up.status_code, fresh(card).bound_imei) == (409, IMEI)
    assert "The device was changed 2 times this month; the carrier allows 2." in text(used_up)


def test_a_real_name_check_is_sent_in_looked_at_and_the_card_works_again(alice):
    card = use(open_card(customer="Acme", certification="individual"), DAY, 1)
    assert ways(page(alice, card)) == [
        (
            "real_name",
            "ID verification: Not submitted",
            "Submit ID verification",
            "Once approved, the card works again.",
        )
    ]
    person = {"version": card.version, "name": "张三丰", "id_number": PERSON}
    wrong = alice.post(url(card, "submit_real_name"), person | {"id_number": PERSON[:-1] + "4"})
    assert (wrong.status_code, fresh(card).real_name) == (422, "none")
    assert "This is not a valid resident ID number" in text(wrong)
    alice.post(url(card, "submit_real_name"), person)
    check = RealNameCheck.objects.get(card=card)
    assert (check.masked_name, check.masked_number) == ("张**", "1101************33")
    assert PERSON not in str(CardEvent.objects.filter(card=card).values_list("evidence", flat=True))
    seen = page(alice, card)
    assert seen["said"] == "The card is suspended: its ID verification is not approved yet."
    assert (seen["check"].get_status_display(), ways(seen)[0][2]) == ("Pending approval", None)
    ops = of_role("operations", "ops")
    ops.post(f"/console/cards/{card.iccid}/approve_real_name/", {"version": fresh(card).version})
    assert page(alice, card)["said"] == "The card works."


def test_why_a_check_was_rejected_is_told_and_it_can_be_sent_in_again(alice):
    card = open_card(customer="Acme", certification="individual")
    card = do("submit_real_name", card, DAY, name="张三丰", id_number=PERSON)
    ops = of_role("operations", "ops")
    ops.cookies["django_language"] = "en"
    form = ops.get(f"/console/cards/{card.iccid}/reject_real_name/")
    assert "Visible to the customer." in text(form)
    ops.post(f"/console/cards/{card.iccid}/reject_real_name/", {"version": card.version, "reason": "name misspelt"})
    seen = page(alice, card)
    assert (seen["check"].get_status_display(), seen["verdict"]) == ("Rejected", "name misspelt")
    assert str(ways(seen)[0][2]) == "Submit ID verification"


def test_the_check_of_whoever_had_the_card_before_is_not_told(alice):
    card = open_card(customer="Globex", certification="individual")
    card = do("submit_real_name", card, DAY, name="李四", id_number=PERSON)
    card = do("assign", do("reject_real_name", card, DAY, reason="not Li"), DAY, customer="Acme")
    seen = page(alice, card)
    assert (seen["check"], seen["verdict"]) == (None, "")


def test_the_eleventh_card_of_a_person_is_refused_with_its_own_sentence(alice):
    for _card in range(10):
        do("submit_real_name", open_card(certification="individual"), DAY, name="张三", id_number=PERSON)
    card = open_card(customer="Acme", certification="individual")
    refused = alice.post(url(card, "submit_real_name"), {"version": card.version, "name": "张三", "id_number": PERSON})
    assert refused.status_code == 409
    assert "This person already has 10 cards; the carrier allows 10." in text(refused)


def test_the_history_is_in_customer_text_and_without_what_staff_note(alice):
    card = do("remark", do("tag", mine(), DAY, tag="vip"), DAY, remark="pays late")
    card = do("suspend", card, DAY, reason="owes us", actor=Actor("staff", "support", frozenset({"suspend"})))
    seen = alice.get(f"/my/cards/{card.iccid}/")
    assert [(entry.sentence, entry.by) for entry in seen.context["entries"]] == [
        ("The card was suspended manually.", "your dealer"),
        ("The term started.", "your dealer"),
        ("The card was opened.", "your dealer"),
    ]
    assert not any(word in text(seen) for word in ("vip", "pays late", "owes us", "support"))


def test_nothing_is_told_of_the_time_when_the_card_was_somebody_elses(alice):
    card = use(card_in_use(customer="Globex", certification="enterprise"), date(2026, 3, 1), 5)
    bob = Actor.of(member("Globex", "bob"))
    card = do("resume", do("suspend", card, date(2026, 3, 2), actor=bob), date(2026, 3, 3), actor=bob)
    card = do("assign", card, date(2026, 3, 5), customer="Acme")
    seen = alice.get(f"/my/cards/{card.iccid}/")
    assert [entry.sentence for entry in seen.context["entries"]] == ["The card was assigned to you."]
    assert (seen.context["by_day"].used, "bob" in text(seen), "Globex" in text(seen)) == ([], False, False)


def test_a_long_history_has_pages(alice):
    card = mine()
    for _time in range(11):
        card = do("resume", do("suspend", card, DAY), DAY)
    seen = page(alice, card)
    assert (len(seen["entries"]), seen["older"]) == (20, 5)
    assert [entry.seq for entry in page(alice, card, "?older=5")["entries"]] == [4, 3, 2, 1]
    assert page(alice, card, f"?older={'9' * 5000}")["is_newest"]  # not a place: the newest


def test_a_card_whose_data_contradict_each_other_waits_for_the_dealer(alice):
    card = mine()
    spoil(card, service_until=None)
    seen = page(alice, card)
    assert seen["said"] == "Your dealer is correcting this card's data. No actions are possible until then."
    assert (seen["ways"], seen["buttons"], seen["steps"]) == ([], [], [])
    assert alice.get(url(card, "suspend")).status_code == 200


def test_a_card_whose_future_cannot_be_foreseen_is_shown_all_the_same(alice):
    card = open_card(customer="Acme")
    card.terms.all().delete()
    seen = page(alice, card)
    assert (seen["said"], seen["steps"]) == ("The card is new and ready to use.", [])
    assert alice.get(url(card, "help")).status_code == 200


@pytest.mark.parametrize("path", ["", "help/", "suspend/", "submit_real_name/"])
def test_anothers_card_is_not_there(alice, path):
    card = card_in_use(customer="Globex")
    assert alice.get(f"/my/cards/{card.iccid}/{path}").status_code == 404
    assert alice.post(f"/my/cards/{card.iccid}/suspend/", {"version": card.version}).status_code == 404
    assert story(card)[-1][0] == "activate"


def test_customers_have_no_actions_of_the_staff(alice):
    theirs = ("cancel", "renew", "approve_real_name", "assign", "unassign", "x")
    assert [alice.get(url(mine(), action)).status_code for action in theirs] == [404] * 6


def test_a_viewer_looks_and_changes_nothing():
    card = do("suspend", mine(), DAY)
    client = logged_in(member("Acme", "eve", role="viewer"))
    client.cookies["django_language"] = "en"
    seen = page(client, card)
    assert (ways(seen)[0][2], seen["buttons"]) == (None, [])
    for method in (client.get, client.post):
        response = method(url(card, "resume"))
        assert response.status_code == 403
        assert "View only" in text(response)
    assert fresh(card).holds == "voluntary"


def test_a_member_of_two_customers_acts_where_they_may():
    user = member("Acme", "eve", role="viewer")
    user.memberships.create(customer=member("Globex", "frank").customers.get(), role="operator")
    client = logged_in(user)
    looked_at, operated = mine(), card_in_use(customer="Globex")
    assert client.post(url(looked_at, "suspend"), {"version": looked_at.version}).status_code == 403
    assert client.post(url(operated, "suspend"), {"version": operated.version}).status_code == 302
    assert (fresh(looked_at).holds, fresh(operated).holds) == ("", "voluntary")
    assert attempt("suspend", looked_at, DAY, actor=Actor.of(user)).refused.code == "not_permitted"


def test_the_page_asks_a_fixed_number_of_questions(alice, django_assert_max_num_queries):
    card = do("suspend", use(mine(), DAY, 31), DAY)
    for _time in range(5):
        card = do("suspend", do("resume", card, DAY), DAY)
    with django_assert_max_num_queries(17):
        page(alice, card)
