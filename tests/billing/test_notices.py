"""What customers are told: each kind and step on its days, and once; the list of it, and who may switch it off."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from billing.actions.notices import gather
from billing.choices import NoticeKind
from billing.models import CustomerAccount, Digest, Notice
from billing.pages.notice_lines import notice_line
from cards.models import Customer
from tests.billing import build as b
from tests.build import card_in_use, do, member, on_day, open_card, swept, use
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db

# A card in use since then with M1-100 has service until 2026-04-01, and is cancelled 90 days later.
SINCE = date(2026, 3, 2)
END = date(2026, 4, 1)
CANCELLED = date(2026, 6, 30)
# One that was opened on 2026-01-15 and never used.
FORCED = date(2026, 8, 1)


def monthly(name="Acme", **columns):
    return card_in_use(SINCE, plan="M1-100", customer=name, **columns)


def notices(**only):
    """(kind, ICCID, step, day) of each notice, in the order in which they were given."""
    found = Notice.objects.filter(**only).order_by("pk")
    return [(n.kind, n.card and n.card.iccid, n.step, n.on) for n in found.select_related("card")]


def notified_on(day, *days_after):
    """The notices after a gathering on a day, and on days after it."""
    for each in (day, *days_after):
        gather(each)
    return notices()


# what cards give cause for


NEARNESS = [(31, []), (30, [30]), (29, [30]), (8, [30]), (7, [7]), (2, [7]), (1, [1]), (0, []), (-1, [])]


@pytest.mark.parametrize(("days", "steps"), NEARNESS)
def test_when_a_customer_is_told_that_service_ends(days, steps):
    card = card_in_use(date(2026, 2, 1), plan="M1-100", customer="Acme")
    end = date(2026, 3, 1)
    assert card.service_until == end
    gathered = notified_on(end - timedelta(days=days))
    assert gathered == [("expiring", card.iccid, step, end) for step in steps]


@pytest.mark.parametrize(("days", "steps"), NEARNESS)
def test_when_a_customer_is_told_that_a_card_will_be_cancelled(days, steps):
    card = swept(monthly(), END)
    assert card.cancel_on == CANCELLED
    assert notified_on(CANCELLED - timedelta(days=days)) == [
        ("cancelling", card.iccid, step, CANCELLED) for step in steps
    ]


@pytest.mark.parametrize(("days", "steps"), NEARNESS)
def test_when_a_customer_is_told_that_a_card_will_be_forced_active(days, steps):
    card = open_card(customer="Acme")
    assert card.forced_activation_on == FORCED
    assert notified_on(FORCED - timedelta(days=days)) == [("forcing", card.iccid, step, FORCED) for step in steps]


@pytest.mark.parametrize(("mb", "steps"), [(79.9, []), (80, [80]), (99.9, [80]), (100, [100]), (120, [100])])
def test_when_a_customer_is_told_how_much_is_used(mb, steps):
    card = use(card_in_use(SINCE, plan="M1-100", customer="Acme"), SINCE, mb)
    gather(SINCE)
    assert notices(kind=NoticeKind.ALLOWANCE) == [("allowance", card.iccid, step, card.cycle_from) for step in steps]


def test_each_step_is_told_once_however_often_it_is_looked_at():
    card = monthly()
    days = [END - timedelta(days=days) for days in range(30, -2, -1)]
    assert notified_on(*days, *days) == [("expiring", card.iccid, step, END) for step in (30, 7, 1)]


def test_who_is_to_be_told_is_asked_once_however_many_they_are(monkeypatch):
    """Each time anew, with all who were told already, it takes a minute for a fleet of a million."""
    monkeypatch.setattr("billing.actions.notices.NOTICES_PER_STATEMENT", 1)
    cards = [monthly(name) for name in ("One", "Two", "Three")]
    with CaptureQueriesContext(connection) as queries:
        gather(SINCE)
    statements = [query["sql"] for query in queries if '"billing_notice"' in query["sql"]]
    asked = [sql for sql in statements if sql.startswith("SELECT") and '"service_until"' in sql]
    written = [sql for sql in statements if sql.startswith("INSERT")]
    assert (len(asked), len(written)) == (1, len(cards))
    assert notices() == [("expiring", card.iccid, 30, END) for card in cards]


def test_what_a_portal_that_was_down_did_not_tell_is_not_told_later():
    card = monthly()
    assert notified_on(END - timedelta(days=29), END - timedelta(days=1)) == [
        ("expiring", card.iccid, 30, END),
        ("expiring", card.iccid, 1, END),
    ]


def test_a_term_that_is_renewed_ends_for_nobody():
    card = do("renew", monthly(), SINCE, plan="M1-100")
    assert notified_on(END - timedelta(days=7)) == []
    assert do("unrenew", card, SINCE, term=2).queue == ()
    assert notified_on(END - timedelta(days=7)) == [("expiring", card.iccid, 7, END)]


def test_the_next_term_is_told_of_anew():
    card = monthly()
    gather(END - timedelta(days=1))
    renewed = do("renew", card, END - timedelta(days=1), plan="M1-100")
    swept(renewed, END)
    assert notified_on(date(2026, 4, 24)) == [
        ("expiring", card.iccid, 1, END),
        ("expiring", card.iccid, 7, date(2026, 5, 1)),
    ]


def test_a_protected_card_is_not_said_to_be_cancelled():
    card = do("protect", swept(monthly(), END), END)
    assert notified_on(CANCELLED - timedelta(days=7)) == []
    do("unprotect", card, END)
    assert notified_on(CANCELLED - timedelta(days=7)) == [("cancelling", card.iccid, 7, CANCELLED)]


def test_a_card_that_was_used_is_not_said_to_be_forced_active():
    do("activate", open_card(customer="Acme", plan="Y1-1024"), date(2026, 7, 1))
    assert notified_on(FORCED - timedelta(days=7)) == []


def test_a_cancelled_card_gives_cause_for_nothing():
    do("cancel", monthly(), SINCE), do("cancel", open_card(customer="Acme"), SINCE)
    assert notified_on(END - timedelta(days=1), FORCED - timedelta(days=1)) == []


def test_a_stopped_card_ends_like_any_other():
    card = do("suspend", monthly(), SINCE)
    assert notified_on(END - timedelta(days=1)) == [("expiring", card.iccid, 1, END)]


def test_eighty_and_then_a_hundred_per_cent_are_two_notices_and_the_next_cycle_has_its_own():
    card = card_in_use(SINCE, plan="Y1-1024", customer="Acme")
    for day, mb in [(SINCE, 900), (SINCE, 950), (SINCE + timedelta(days=1), 200), (date(2026, 4, 1), 900)]:
        use(card, day, mb)
        gather(day)
    assert notices() == [
        ("allowance", card.iccid, 80, SINCE),
        ("allowance", card.iccid, 100, SINCE),
        ("allowance", card.iccid, 80, date(2026, 4, 1)),
    ]


def test_a_cycle_that_is_over_has_said_its_last_word():
    use(card_in_use(SINCE, plan="Y1-1024", customer="Acme"), SINCE, 900)
    assert notified_on(date(2026, 4, 1)) == []


def test_of_cards_in_stock_nobody_is_told_and_a_new_owner_is():
    card = monthly("")
    b.customer("Acme"), b.customer("Other")
    day = END - timedelta(days=7)
    assert notified_on(day) == []
    for name in ("Acme", "Other"):
        do("assign", card, SINCE, customer=name)
        gather(day)
    assert [(n.customer.name, n.card) for n in Notice.objects.order_by("pk")] == [("Acme", card), ("Other", card)]


def test_kinds_that_somebody_does_not_want_to_hear_of_are_not_made():
    for name in ("Acme", "Other"):
        monthly(name)
    b.agree(muted=["expiring"])
    assert notified_on(END - timedelta(days=7)) == notices(customer__name="Other", kind=NoticeKind.EXPIRING)
    assert len(notices()) == 1
    b.agree(muted=["cancelling"])
    assert len(notified_on(END - timedelta(days=7))) == 2


# wallets


def spend(amount):
    b.fund(f"-{amount}")


def test_a_wallet_is_told_of_once_for_each_time_that_it_becomes_low():
    b.agree(low_below=Decimal(100))
    first, second = SINCE + timedelta(days=1), SINCE + timedelta(days=5)
    with on_day(SINCE):
        b.fund("100")
    gather(SINCE)
    assert notices() == []  # not below
    with on_day(first):
        spend("0.01")
    gather(first)
    with on_day(first + timedelta(days=1)):
        spend("50")
    gather(first + timedelta(days=1))
    with on_day(second):
        b.fund("500"), spend("500")
    gather(second), gather(second + timedelta(days=1))
    assert notices() == [("wallet_low", None, 0, first), ("wallet_low", None, 0, second)]
    assert list(Notice.objects.order_by("pk").values_list("facts", flat=True)) == [
        {"balance": "99.99", "low_below": "100.00"},
        {"balance": "49.99", "low_below": "100.00"},
    ]


def test_a_wallet_that_nothing_was_ever_paid_into_is_low_since_the_customer_is_there():
    b.agree(low_below=Decimal(1))
    Customer.objects.update(created_at=datetime(2026, 3, 1, 16, 30, tzinfo=UTC))
    assert notified_on(SINCE, END) == [("wallet_low", None, 0, SINCE)]


def test_where_nothing_was_agreed_on_no_wallet_is_low():
    b.agree(low_below=None, credit_limit=Decimal(10))
    spend("5")
    assert notified_on(SINCE) == []


def test_a_muted_wallet_is_not_told_of():
    b.agree(low_below=Decimal(1), muted=["wallet_low"])
    assert notified_on(SINCE) == []


# the console


def in_english(client):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


NOTICES = "/console/notices/"
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


def listed(client, query=""):
    response = client.get(NOTICES + query)
    return response.status_code, [(line.notice.customer.name, line.notice.kind) for line in response.context["notices"]]


@pytest.mark.parametrize("role", ["finance", "operations", "support", "auditor", "carrier_desk"])
def test_all_staff_read_what_customers_are_told(role):
    card = open_card(customer="Acme")
    b.notice(card=card), b.notice("Other", kind=NoticeKind.WALLET_LOW, balance="1.00", low_below="5.00")
    client = in_english(of_role(role))
    both = [("Other", "wallet_low"), ("Acme", "expiring")]
    assert (listed(client), listed(client, "?kind=expiring"), listed(client, "?customer=Other")) == (
        (200, both),
        (200, both[1:]),
        (200, both[:1]),
    )
    page = text(client.get(NOTICES))
    link = f'<a href="/console/cards/{card.iccid}/">{card.iccid}</a>'
    assert f"The last day of service of card {link} is 2026-03-31 unless it is renewed." in page
    assert "The wallet balance has been low since 2026-04-01: ¥1.00, below ¥5.00." in page
    assert "in the next email" in page


@pytest.mark.parametrize("query", ["?kind=nonsense", "?customer=Nobody", "?kinds=expiring", "?after=x"])
def test_a_parameter_that_is_not_understood_finds_nothing(query):
    b.notice()
    assert listed(in_english(of_role("support")), query) == (400, [])


def test_the_list_goes_on_page_by_page(django_assert_max_num_queries):
    for step in range(60):
        b.notice(card=open_card(customer="Acme") if step < 2 else None, step=step)
    client = in_english(of_role("support"))
    with django_assert_max_num_queries(8):
        first = client.get(NOTICES).context
    second = client.get(f"{NOTICES}?{first['next_query']}").context
    assert ([len(page["notices"]) for page in (first, second)], second["next_query"]) == ([50, 10], None)


@pytest.mark.parametrize(
    ("became", "words"),
    [
        ({"sent_at": NOON}, "emailed on 2026-03-02"),
        ({"due_at": NOON}, "sending email"),
        ({"due_at": NOON, "problem": "OSError: no route"}, "retrying: OSError: no route"),
        ({"problem": "nobody"}, "not emailed: No owner or operator of this customer has an email address."),
    ],
)
def test_what_became_of_the_mail_is_said(became, words):
    digest = Digest.objects.create(customer=b.customer(), day=SINCE, **became)
    each = b.notice()
    each.digest = digest
    with translation.override("en"):
        assert notice_line(each).mailed == words


def switches(client, **posted):
    response = client.post(f"/console/customers/{b.customer().pk}/notices/", posted)
    account = CustomerAccount.objects.filter(customer=b.customer()).first()
    return response.status_code, account and (account.muted, account.low_below)


def test_finance_says_what_a_customer_wants_to_hear_of():
    client = in_english(of_role("finance"))
    kinds = ["expiring", "cancelling", "allowance", "renewal_failed", "payment_kept"]
    left_out = [kind for kind in NoticeKind.values if kind not in kinds]
    assert left_out[:5] == ["forcing", "renewing", "price_changed", "wallet_low", "not_renewed"]
    kept = (left_out, Decimal("1234.50"))
    for _ in range(2):
        assert switches(client, kinds=kinds, low_below="1,234.5") == (302, kept)
    form = client.get(f"/console/customers/{b.customer().pk}/notices/").context["form"]
    assert (form["kinds"].value(), form["low_below"].value()) == (kinds, Decimal("1234.50"))
    assert switches(client, kinds=NoticeKind.values, low_below="") == (302, ([], None))


@pytest.mark.parametrize(
    ("posted", "field", "sentence"),
    [
        ({"low_below": "much"}, "low_below", "“much” is not an amount; write it as 1234.50"),
        ({"low_below": "-1"}, "low_below", "the amount must be at least ¥0.00"),
        ({"kinds": ["birthday"]}, "kinds", "Select a valid choice. birthday is not one of the available choices."),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(posted, field, sentence):
    response = in_english(of_role("finance")).post(f"/console/customers/{b.customer().pk}/notices/", posted)
    assert (response.status_code, response.context["form"].errors) == (422, {field: [sentence]})


@pytest.mark.parametrize("role", ["operations", "support", "auditor", "carrier_desk"])
def test_other_roles_change_nothing(role):
    assert switches(of_role(role)) == (403, None)


def test_customers_find_no_console():
    client = logged_in(member())
    assert (client.get(NOTICES).status_code, switches(client)) == (404, (404, None))


def test_a_customer_that_is_not_there_is_a_404():
    assert of_role("finance").get("/console/customers/999/notices/").status_code == 404
