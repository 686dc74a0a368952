"""What people call a plan, and that its code never stands alone where people read."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from billing.errors import MoneyRefused
from billing.models import Order
from cards.choices import Alignment, PlanKind
from cards.errors import InvariantBroken, Refused
from cards.models import Plan, PlanBook
from cards.quantities import volume
from cards.sentences.record import record_entries
from tests.billing import build as b
from tests.build import card_in_use, do, on_day
from tests.console.pages import of_role, superuser, text

DAY = date(2026, 3, 10)
ENGLISH = {"accept-language": "en"}


def plan(code="Y1-30", months=12, alignment=Alignment.CALENDAR, quota_mb=30, name=""):
    return Plan(code=code, kind=PlanKind.PLAN, months=months, alignment=alignment, quota_mb=quota_mb, name=name)


def pack(quota_mb=100, name=""):
    return Plan(code="PACK", kind=PlanKind.PACK, quota_mb=quota_mb, name=name)


@pytest.mark.parametrize(
    ("made", "english", "chinese"),
    [
        (plan(), "Yearly plan 30 MB/month", "年包 30 MB/月"),
        (plan(months=1, quota_mb=100), "Monthly plan 100 MB/month", "月包 100 MB/月"),
        (plan(months=3, quota_mb=512), "Quarterly plan 512 MB/month", "季包 512 MB/月"),
        (plan(months=6, quota_mb=1536), "Half-yearly plan 1.5 GB/month", "半年包 1.5 GB/月"),
        (plan(months=5, quota_mb=1100), "5-month plan 1,100 MB/month", "5 个月套餐 1,100 MB/月"),
        (
            plan(alignment=Alignment.ANNIVERSARY, quota_mb=1024),
            "Yearly plan 1 GB/month, from activation day",
            "年包 1 GB/月（按激活日起算）",
        ),
        (pack(), "Add-on pack 100 MB", "叠加包 100 MB"),
        (plan(name="畅享"), "畅享", "畅享"),
    ],
)
def test_a_plan_is_called_by_its_name_or_by_what_it_is(made, english, chinese):
    told = []
    for language in ("en", "zh-hans"):
        with override(language):
            told.append((made.title, str(made)))
    assert told == [(english, f"{english} ({made.code})"), (chinese, f"{chinese}（{made.code}）")]


@override("en")
def test_among_others_a_plan_with_a_name_also_says_what_it_is():
    assert (plan().offer, plan(name="畅享").offer) == (
        "Yearly plan 30 MB/month (Y1-30)",
        "畅享 (Y1-30): Yearly plan 30 MB/month",
    )


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "1 MB"),
        (512, "512 MB"),
        (1023, "1,023 MB"),
        (1024, "1 GB"),
        (1100, "1,100 MB"),
        (10_752, "10.5 GB"),
        (1_048_576, "1,024 GB"),
    ],
)
def test_gigabytes_stand_only_for_what_they_say_exactly(count, said):
    assert volume(count) == said


@pytest.mark.django_db
@override("en")
def test_refusals_and_contradictions_call_things_as_people_do_and_keep_codes():
    refused = Refused.read(["not_a_plan", {"plan": "PACK-100"}], PlanBook())
    assert refused.sentence == "Add-on pack 100 MB (PACK-100) is an add-on pack, not a plan."
    assert Refused("not_a_plan", plan="PACK-100").written() == ["not_a_plan", {"plan": "PACK-100"}]
    assert Refused.read(["not_a_plan", {"plan": "GONE"}], PlanBook()).sentence.startswith("GONE is")
    written = ["no_price", {"plan": "M1-100", "day": "2026-03-02"}]
    assert MoneyRefused.read(written, PlanBook()).sentence == (
        "Monthly plan 100 MB/month (M1-100) has no price for this customer on 2026-03-02."
    )
    assert [
        str(InvariantBroken("no_policy", carrier="cbn", day="2026-03-02")),
        str(InvariantBroken("missing", name="cancel_on", state="shut_down")),
        str(InvariantBroken("unknown_state", state="lost")),
    ] == [
        "no policy of the carrier China Broadnet is in force on 2026-03-02",
        "“cancelled on” is missing on a card in the state “Shut down”",
        "the card is in an unknown state: lost",
    ]


@pytest.mark.django_db
@override("en")
def test_a_record_names_the_plans_of_all_its_entries_with_one_query():
    card = card_in_use()
    for code in ("Y1-1024", "M1-100"):
        do("renew", card, DAY, plan=code)
    events = list(card.events.order_by("seq"))
    with CaptureQueriesContext(connection) as queries:
        entries = record_entries(events, {}, {})
    assert [value for entry in entries for name, value in entry.evidence if str(name) == "plan"] == [
        "Yearly plan 1 GB/month, from activation day (Y1-1024)",
        "Monthly plan 100 MB/month (M1-100)",
    ]
    assert len(queries) == 1


@pytest.mark.django_db
def test_who_has_no_price_for_a_plan_reads_its_name():
    with on_day(DAY):
        b.price("Y1-30", "30.00")
        card_in_use(customer="Acme")
        unpriced = card_in_use(customer="Acme", plan="M1-100")
        order = b.drafted(cards=[unpriced], plan="M1-100")
        page = of_role("operations").get(f"/console/orders/{order.pk}/", headers=ENGLISH)
    assert Order.objects.get().plan.code == "M1-100"
    (group,) = page.context["groups"]
    assert (group.code, group.refused.sentence) == (
        "no_price",
        f"Monthly plan 100 MB/month (M1-100) has no price for this customer on {DAY}.",
    )


@pytest.mark.django_db
def test_the_form_of_a_plan_says_what_an_empty_name_means():
    admin = superuser()
    assert "Leave empty for an automatic name" in text(admin.get("/admin/cards/plan/add/", headers=ENGLISH))
    assert "Yearly plan 30 MB/month" in text(admin.get("/admin/cards/plan/", headers=ENGLISH))
