"""An action on one card from its form: who may, what is asked, what is refused, and that twice is once."""

from datetime import date

import pytest

from cards.choices import MADE_BY_PEOPLE
from cards.models import Customer, Plan
from tests.build import attempt, card_in_use, do, fresh, member, on_day, open_card, spoil, staff, story, swept, use
from tests.console.pages import logged_in, of_role, superuser, text

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
ENGLISH = {"accept-language": "en"}
on_the_day = on_day(DAY)


def url_of(card, action):
    return f"/console/cards/{card.iccid}/{action}/"


def submit(client, card, action, **data):
    """Send the action's form as the page made it."""
    form = client.get(url_of(card, action), headers=ENGLISH).context["form"]
    sent = {name: form.get_initial_for_field(field, name) or "" for name, field in form.fields.items()}
    return send(client, card, action, **sent | data)


def send(client, card, action, **data):
    return client.post(url_of(card, action), data, headers=ENGLISH)


def said(client, response):
    """What the card page says after an action was done."""
    return [str(message) for message in client.get(response.headers["Location"], headers=ENGLISH).context["messages"]]


@pytest.fixture
def ops():
    return of_role("operations")


@on_the_day
@pytest.mark.parametrize(
    ("role", "action", "status"),
    [
        ("support", "suspend", 302),
        ("support", "protect", 403),
        ("operations", "suspend", 302),
        ("operations", "place_hold", 403),
        ("finance", "suspend", 403),
        ("carrier_desk", "place_hold", 302),
        ("carrier_desk", "suspend", 403),
        ("auditor", "suspend", 403),
    ],
)
def test_a_role_does_what_it_may_and_no_more(role, action, status):
    card, client = card_in_use(), of_role(role)
    before = story(card)
    form = client.get(url_of(card, action), headers=ENGLISH)
    response = (
        send(client, card, action, reason="because", kind="anomaly") if status == 403 else submit(client, card, action)
    )
    assert (form.status_code, response.status_code) == (200 if status == 302 else 403, status)
    assert len(story(card)) - len(before) == (1 if status == 302 else 0)
    if status == 403:
        assert f"{role} is not allowed to do this" in text(response)


@on_the_day
def test_strangers_and_customers_reach_no_form(client):
    card = card_in_use(customer="Acme")
    url = url_of(card, "suspend")
    assert client.post(url).headers["Location"] == f"/admin/login/?next={url}"
    assert logged_in(member("Acme")).post(url).status_code == 404
    assert fresh(card).state == "in_use"


@on_the_day
def test_an_action_is_recorded_with_its_person_and_reason(ops):
    card = card_in_use()
    response = submit(ops, card, "suspend", reason=" on holiday ")
    assert response.headers["Location"] == f"/console/cards/{card.iccid}/"
    assert said(ops, response) == [
        "Suspend: done. From “In use” to “Suspended manually”. The term continues; its last day is 2026-12-31."
    ]
    event = card.events.latest("seq")
    assert (event.action, event.actor_kind, event.actor_name, event.reason) == (
        "suspend", "staff", "operations", "on holiday",
    )  # fmt: skip


@on_the_day
def test_what_still_holds_the_card_is_said(ops):
    card = do("suspend", use(card_in_use(), DAY, 31), DAY)
    response = submit(ops, card, "resume")
    assert said(ops, response) == ["Resume: done. Remains “Allowance used up”. Still suspended: Allowance used up."]


@on_the_day
@pytest.mark.parametrize("action", ["suspend", "resume", "renew", "grant", "cancel", "set_limit", "assign", "unassign"])
def test_opening_a_form_changes_nothing(ops, action):
    card = do("suspend", card_in_use(), DAY)
    record, facts = story(card), fresh(card).facts()
    ops.get(url_of(card, action), {"reason": "x", "last_digits": card.iccid[-6:], "plan": "Y1-30", "limit_mb": "1"})
    assert (story(card), {**fresh(card).facts(), "_state": None}) == (record, {**facts, "_state": None})


@on_the_day
def test_a_form_sent_twice_acts_once(ops):
    """Giving away is what hurts twice: the second form is out of date, and says so."""
    card = card_in_use()
    version = card.version
    first = send(ops, card, "grant", plan="Y1-30", reason="fair", version=version)
    second = send(ops, card, "grant", plan="Y1-30", reason="fair", version=version)
    assert (first.status_code, second.status_code) == (302, 409)
    assert card.terms.count() == 2
    assert "The card has changed in the meantime." in text(second)
    assert second.context["form"].initial["version"] == version + 1
    third = submit(ops, card, "grant", plan="Y1-30", reason="fair")
    assert (third.status_code, card.terms.count()) == (302, 3)


@on_the_day
def test_what_is_sold_has_the_form_of_an_order_and_changes_nothing_itself(ops):
    """Also where somebody sends a form of before; who may not order is told so at once."""
    card, others = card_in_use(customer="Acme"), [of_role("finance"), of_role("support")]
    for action in ("renew", "top_up"):
        order = f"/console/orders/new/?action={action}&numbers={card.iccid}"
        for answer in (ops.get(url_of(card, action)), send(ops, card, action, plan="Y1-30", version=card.version)):
            assert (answer.status_code, answer.headers["Location"]) == (302, order)
        for other in others:
            assert send(other, card, action, plan="Y1-30").status_code == 403
    may_renew_and_not_order = logged_in(staff("renew", username="r"))
    assert may_renew_and_not_order.get(url_of(card, "renew")).status_code == 403
    assert [action for action, *_ in story(card)] == ["open", "activate"]


@on_the_day
def test_a_second_suspension_is_refused_with_its_own_reason(ops):
    card = card_in_use()
    send(ops, card, "suspend", version=card.version)
    for data in ({"version": card.version}, {}):
        response = send(ops, card, "suspend", **data)
        assert (response.status_code, "The card is already suspended manually." in text(response)) == (409, True)
    assert [action for action, *_ in story(card)] == ["open", "activate", "suspend"]


@on_the_day
def test_a_form_that_would_be_refused_says_so_and_is_not_offered(ops):
    response = ops.get(url_of(card_in_use(), "resume"), headers=ENGLISH)
    page = text(response)
    assert (response.status_code, response.context["is_offered"]) == (200, False)
    assert "The card is neither suspended manually nor at its usage limit." in page
    assert "Check why the card is suspended" in page


@on_the_day
def test_the_preview_says_what_will_happen_and_does_not_do_it(ops):
    card = card_in_use()
    response = ops.get(url_of(card, "suspend"), headers=ENGLISH)
    assert response.context["preview"] == [
        "From “In use” to “Suspended manually”.",
        "The term continues; its last day is 2026-12-31.",
    ]
    assert fresh(card).state == "in_use"
    last = ops.get(url_of(card, "cancel"), headers=ENGLISH).context["preview"]
    assert last == ["From “In use” to “Cancelled”.", "This is final: the card cannot be restored."]


@on_the_day
def test_granting_offers_what_is_on_sale_with_what_each_leads_to_or_why_not(ops):
    Plan.objects.filter(code="Y1-30").update(is_sold=False)
    card = swept(card_in_use(plan="M1-100"), DAY)
    response = ops.get(url_of(card, "grant"), headers=ENGLISH)
    assert [(str(offer.plan), offer.effect) for offer in response.context["offers"]] == [
        ("Add-on pack 100 MB (PACK-100)", "The card is shut down: its last term has ended."),
        ("Monthly plan 100 MB/month (M1-100)", "From “Shut down” to “In use”. The last day of service is 2026-03-31."),
        (
            "Yearly plan 1 GB/month, from activation day (Y1-1024)",
            "From “Shut down” to “In use”. The last day of service is 2027-03-09.",
        ),
    ]
    refused = submit(ops, card, "grant", plan="Y1-30", reason="fair")
    assert (refused.status_code, "Y1-30 is not one of the available choices" in text(refused)) == (422, True)
    no_reason = submit(ops, card, "grant", plan="M1-100")
    assert (no_reason.status_code, list(no_reason.context["form"].errors)) == (422, ["reason"])
    early = submit(ops, card, "grant", plan="PACK-100", reason="fair")
    assert (early.status_code, "Renew first." in text(early), len(story(card))) == (409, True, 3)
    assert said(ops, submit(ops, card, "grant", plan="M1-100", reason="fair")) == [
        "Grant free service: done. From “Shut down” to “In use”. The last day of service is 2026-03-31."
    ]


@on_the_day
def test_a_term_for_a_card_in_use_queues(ops):
    card = card_in_use()
    effects = {o.plan.code: o.effect for o in ops.get(url_of(card, "grant"), headers=ENGLISH).context["offers"]}
    assert effects["M1-100"] == "It starts on 2027-01-01; its last day is 2027-01-31."
    opened = open_card()
    effects = {o.plan.code: o.effect for o in ops.get(url_of(opened, "grant"), headers=ENGLISH).context["offers"]}
    assert effects["M1-100"] == "It starts after the card's opening term."


@on_the_day
def test_a_renewal_is_taken_back_by_its_number(ops):
    card = do("renew", card_in_use(), DAY, plan="M1-100")
    response = ops.get(url_of(card, "unrenew"), headers=ENGLISH)
    assert (response.context["preview"], response.context["hint"]) == (
        ["Remains “In use”."], "The last term bought is number 2.",
    )  # fmt: skip
    assert said(ops, submit(ops, card, "unrenew", term="2")) == ["Undo renewal: done. Remains “In use”."]
    assert list(card.terms.values_list("number", flat=True)) == [1]
    refused = send(ops, card, "unrenew")
    assert (refused.status_code, "The card has no such renewal queued." in text(refused)) == (409, True)


@on_the_day
def test_a_pack_brings_a_used_up_card_back(ops):
    card = use(card_in_use(), DAY, 31)
    offer = ops.get(url_of(card, "grant"), headers=ENGLISH).context["offers"][0]
    assert (str(offer.plan), offer.effect) == (
        "Add-on pack 100 MB (PACK-100)", "130 MB in this cycle. From “Allowance used up” to “In use”.",
    )  # fmt: skip
    assert submit(ops, card, "grant", plan="PACK-100", reason="fair").status_code == 302
    assert fresh(card).state == "in_use"


@on_the_day
@pytest.mark.parametrize(
    ("action", "data", "field", "message"),
    [
        ("rebind", {"imei": "123"}, "imei", "an IMEI has 14, 15 or 16 digits"),
        ("set_limit", {"limit_mb": "much"}, "limit_mb", "is not a whole number of MB"),
        ("set_limit", {"limit_mb": "0"}, "limit_mb", "is not a whole number of MB"),
        ("unrenew", {"term": "two"}, "term", "is not a whole number from 1 to 32767"),
        ("assign", {"customer": "Nobody"}, "customer", "there is no customer called"),
        ("assign", {"customer": ""}, "customer", "“Return to stock” returns the card to stock"),
        ("cancel", {"reason": "", "last_digits": "000001"}, "reason", "This field is required."),
        ("cancel", {"reason": "lost", "last_digits": "999999"}, "last_digits", "These are not the last characters"),
        ("cancel", {"reason": "lost", "last_digits": ""}, "last_digits", "This field is required."),
        ("grant", {"plan": "LOST", "reason": "fair"}, "plan", "is not one of the available choices"),
        ("suspend", {"reason": "x" * 501}, "reason", "at most 500 characters"),
        ("suspend", {"version": "x"}, "version", "Enter a whole number."),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(ops, action, data, field, message):
    card = card_in_use(binding="fixed", imei="868600000000001")
    record = story(card)
    response = submit(ops, card, action, **data)
    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])
    assert message in str(response.context["form"].errors[field])
    assert (message in text(response), story(card)) == (True, record)


@on_the_day
@pytest.mark.parametrize("data", [{"name": "", "id_number": "110101199003071234"}, {"name": "Li", "id_number": "1"}])
def test_a_person_must_be_named_in_full(ops, data):
    card = open_card(certification="individual")
    assert submit(ops, card, "submit_real_name", **data).status_code == 422
    assert card.real_name_checks.count() == 0


@on_the_day
def test_a_real_name_check_goes_its_way(ops):
    card = use(open_card(certification="individual"), DAY, 1)
    submit(ops, card, "submit_real_name", name="张三丰", id_number="110101199003071234")
    assert submit(ops, card, "approve_real_name").status_code == 302
    assert (fresh(card).state, fresh(card).real_name) == ("in_use", "approved")


@on_the_day
def test_the_device_that_was_seen_is_proposed(ops):
    card = use(card_in_use(binding="fixed", imei="868600000000001"), DAY, 1, imei="868600000000026")
    response = ops.get(url_of(card, "rebind"), headers=ENGLISH)
    assert response.context["form"].initial["imei"] == "868600000000026"
    assert response.context["hint"] == "Device changed 0 of 2 times this month. Bound to: 868600000000001"
    submit(ops, card, "rebind")
    assert (fresh(card).state, fresh(card).bound_imei) == ("in_use", "868600000000026")


@on_the_day
def test_a_card_is_assigned_by_name_and_put_back_in_stock(ops):
    Customer.objects.create(name="Acme")
    card = open_card()
    assert 'value="Acme"' in text(ops.get(url_of(card, "assign")))
    submit(ops, card, "assign", customer="Acme")
    assert fresh(card).customer.name == "Acme"
    same = submit(ops, card, "assign")
    assert "The card already belongs to this customer." in text(same)
    nobody = send(ops, card, "assign", customer="")
    assert "enter the customer; “Return to stock” returns the card to stock" in text(nobody)
    assert (nobody.status_code, fresh(card).customer.name) == (422, "Acme")
    assert said(ops, submit(ops, card, "unassign")) == ["Return to stock: done. Remains “Unused”."]
    assert fresh(card).customer is None
    again = submit(ops, card, "unassign")
    assert "The card is already in stock." in text(again)


@on_the_day
def test_a_limit_is_set_raised_and_taken_off(ops):
    card = use(card_in_use(), DAY, 12)
    submit(ops, card, "set_limit", limit_mb="10")
    assert (fresh(card).state, fresh(card).limit_mb) == ("suspended", 10)
    submit(ops, card, "set_limit", limit_mb="20")
    assert (fresh(card).state, fresh(card).limit_mb) == ("in_use", 20)
    submit(ops, card, "set_limit", limit_mb="")
    assert (fresh(card).state, fresh(card).limit_mb) == ("in_use", None)


@on_the_day
def test_cancelling_is_final_and_a_protected_card_is_spared(ops):
    card = do("protect", card_in_use(), DAY)
    spared = send(ops, card, "cancel", reason="lost", last_digits=card.iccid[-6:])
    assert (spared.status_code, "Remove the protection first." in text(spared)) == (409, True)
    submit(ops, card, "unprotect")
    assert submit(ops, card, "cancel", reason="lost", last_digits=card.iccid[-6:].lower()).status_code == 302
    assert fresh(card).state == "cancelled"
    again = send(ops, card, "suspend")
    assert (again.status_code, "The card is cancelled, which is final." in text(again)) == (409, True)


@on_the_day
def test_the_carrier_desk_places_and_lifts_control():
    desk, card = of_role("carrier_desk"), card_in_use()
    submit(desk, card, "place_hold", reason="abuse")
    assert fresh(card).holds == "anomaly"
    refused = send(desk, card, "lift_hold", kind="credit")
    assert (refused.status_code, fresh(card).holds) == (422, "anomaly")
    submit(desk, card, "lift_hold")
    assert fresh(card).state == "in_use"


@on_day(date(2026, 9, 1))
def test_what_is_due_is_done_before_the_action(ops):
    card = open_card()
    response = submit(ops, card, "suspend")
    assert [action for action, *_ in story(card)] == ["open", "force_activate", "suspend"]
    assert said(ops, response)[0].startswith("Suspend: done. From “Unused” to “Suspended manually”.")


@on_the_day
def test_a_card_that_contradicts_itself_is_parked_and_says_so(ops):
    card = card_in_use()
    spoil(card, service_from=None)
    assert ops.get(url_of(card, "suspend")).status_code == 200
    response = send(ops, card, "suspend")
    assert said(ops, response) == ["The card was parked because its data is inconsistent."]
    for action in ("renew", "unpark", "rebind", "top_up", "grant"):
        assert ops.get(url_of(card, action), follow=True).status_code == 200
    spoil(card, service_from=date(2026, 1, 15))
    response = submit(ops, card, "unpark")
    assert fresh(card).parked == ""
    entries = ops.get(response.headers["Location"], headers=ENGLISH).context["record"].entries
    assert entries[0].evidence == [("was", "a term is running, but no cycle is metered")]


@on_the_day
@pytest.mark.parametrize("action", ["expire", "roll_over", "nonsense", "bind"])
def test_what_nobody_asks_for_is_no_page(action):
    card = card_in_use()
    client = superuser()
    assert (client.get(url_of(card, action)).status_code, client.post(url_of(card, action)).status_code) == (404, 404)


@on_the_day
def test_a_card_that_does_not_exist_is_no_page_and_a_short_number_leads_to_the_form(ops):
    card = open_card(iccid="89860000000000000017")
    assert ops.post("/console/cards/89860000000000000099/suspend/").status_code == 404
    short = ops.get("/console/cards/8986000000000000001/protect/")
    assert short.headers["Location"] == url_of(card, "protect")


@on_the_day
def test_every_action_opens_in_every_state_and_none_fails():
    client = superuser()
    cards = [
        open_card(test_months=3, test_quota_mb=30),
        open_card(certification="individual"),
        card_in_use(binding="fixed", imei="868600000000001"),
        use(card_in_use(), DAY, 31),
        swept(card_in_use(plan="M1-100"), DAY),
        do("cancel", card_in_use(), DAY, reason="lost"),
        use(open_card(certification="individual"), DAY, 1),
    ]
    statuses = {
        (
            client.get(url_of(card, action), follow=True).status_code,
            send(client, card, action).status_code in (302, 409, 422),
        )
        for card in cards
        for action in MADE_BY_PEOPLE
    }
    assert statuses == {(200, True)}


@on_the_day
def test_an_action_on_a_parked_card_is_refused(ops):
    card = card_in_use()
    spoil(card, service_from=None)
    attempt("suspend", card, DAY)
    response = send(ops, card, "protect")
    assert (response.status_code, "Correct the data, then unpark the card" in text(response)) == (409, True)


def test_a_form_needs_its_token():
    from django.test import Client

    card = card_in_use()
    client = Client(enforce_csrf_checks=True)
    client.cookies = of_role("operations").cookies
    assert client.post(url_of(card, "suspend")).status_code == 403
    assert fresh(card).state == "in_use"


# from a queue, and back to it

QUEUE = "/console/queues/#cancelling"


@on_the_day
def test_whoever_came_from_a_queue_is_back_in_it_and_told_of_which_card(ops):
    card = card_in_use()
    form = ops.get(url_of(card, "protect"), {"next": QUEUE}, headers=ENGLISH)
    assert [text(form).count(each) for each in (f'name="next" value="{QUEUE}"', f'href="{QUEUE}"')] == [1, 1]
    response = submit(ops, card, "protect", next=QUEUE)
    assert (response.headers["Location"], fresh(card).protected) == (QUEUE, True)
    assert said(ops, response) == [f"{card.iccid}: Protect: done. Remains “In use”."]


@on_the_day
def test_the_way_back_goes_through_what_is_wrong_and_through_what_came_between(ops):
    card = card_in_use()
    wrong = send(ops, card, "cancel", next=QUEUE)
    do("suspend", card, DAY)
    outdated = send(ops, card, "protect", version=card.version, next=QUEUE)
    assert [(page.status_code, f'value="{QUEUE}"' in text(page)) for page in (wrong, outdated)] == [
        (422, True),
        (409, True),
    ]
    assert fresh(card).protected is False


@on_the_day
@pytest.mark.parametrize("elsewhere", ["https://elsewhere.example/", "//elsewhere.example/", "console/", "/\\e.test"])
def test_no_way_back_leads_anywhere_else(ops, elsewhere):
    card = card_in_use()
    assert [
        ops.get(url_of(card, "protect"), {"next": elsewhere}).status_code,
        send(ops, card, "protect", next=elsewhere).status_code,
    ] == [400, 400]
    assert fresh(card).protected is False


@on_the_day
def test_of_a_shortened_number_and_of_what_is_sold_the_way_back_stays(ops):
    card = card_in_use(iccid="89860000000000000017")
    asked = {"next": QUEUE}
    assert [ops.get(f"/console/cards/{number}/{action}/", asked)["Location"] for number, action in (
        (card.iccid[:19], "protect"), (card.iccid, "renew"),
    )] == [
        f"/console/cards/{card.iccid}/protect/?next=%2Fconsole%2Fqueues%2F%23cancelling",
        f"/console/orders/new/?action=renew&numbers={card.iccid}&next=%2Fconsole%2Fqueues%2F%23cancelling",
    ]  # fmt: skip
