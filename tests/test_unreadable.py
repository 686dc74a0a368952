"""What another version wrote, or a hand: whatever stands in the database, each page that shows it answers."""

import json
from datetime import date

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from billing.choices import NoticeKind, OrderKind
from billing.models import MissedRenewal, Notice, OrderLine
from cards.actions.jobs import control, worker
from cards.actions.selections import freeze_ids
from cards.choices import State
from cards.errors import CONTRADICTIONS, REFUSALS, InvariantBroken, Refused
from cards.models import AuditEntry, Card, CardEvent, CardRequest, Job, JobChunk, Selection, StateTally, SweptDay
from cards.unreadable import tell_unreadable
from tests.billing import build as b
from tests.build import card_in_use, do, fresh, member, on_day, open_card, spoil, unguarded, use
from tests.commands.calls import run
from tests.console.pages import logged_in, superuser, text
from tests.engine.test_forecast import rolled_back

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
ENGLISH = {"accept-language": "en"}
anyhow = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=8)

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | words
inner = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3))
anything = inner.filter(lambda kept: kept is not None)
codes = st.sampled_from([*CONTRADICTIONS, *REFUSALS, "of_a_later_version"])
facts = st.dictionaries(
    st.sampled_from(["name", "state", "text", "carrier", "day", "count", "plan", "parked", "hold", "order"]), anything
)
reasons = anything | st.tuples(codes, facts).map(list)
kept_texts = words | reasons.map(json.dumps)
EVIDENCE = (
    *("hold", "holds", "lifted", "still_held", "plan", "why", "was", "before", "service_until", "used_bytes"),
    *("allowance_bytes", "limit_mb", "imei", "undoes", "term", "was_customer_id", "state", "real_name", "anew"),
    *("used_mb", "told_bytes", "reached_bytes", "customer_id"),
)
evidence = anything | st.dictionaries(st.sampled_from(EVIDENCE), anything)
unknown_codes = st.sampled_from(["lost", "tomorrow", "Ümlaut"])


@pytest.fixture
def console(db):
    return superuser()


@pytest.fixture
def mine(db):
    return logged_in(member("Acme"))


@pytest.fixture(autouse=True)
def _today():
    with on_day(DAY):
        yield


def answers(client, *pages):
    """Each page answers 200, to its last byte."""
    found = {}
    for page in pages:
        response = client.get(page, headers=ENGLISH)
        found[page] = response.status_code
        b"".join(response)
    assert found == dict.fromkeys(pages, 200)


def of_card(card):
    return f"/console/cards/{card.iccid}/", f"/my/cards/{card.iccid}/"


def shown_everywhere(console, mine, card):
    """Wherever a card is shown."""
    console_page, my_page = of_card(card)
    lists = ["/console/", "/console/cards/", "/console/queues/", "/console/sweep/", "/console/cards/export/?format=csv"]
    answers(console, console_page, *lists, "/console/cards/?cols=msisdn,state,next,usage,real_name,certification")
    answers(mine, my_page, "/my/", "/my/cards/", "/my/cards/export/?format=csv")
    assert [run("card", card.iccid, *how).code for how in ([], ["--json"])] == [0, 0]
    for command in (["forecast", card.iccid], ["verify"], ["sweep", "--dry-run", "--json"]):  # which may find faults
        assert run(*command).code in (0, 1)


def lived():
    """A card of Acme with records of many kinds."""
    b.customer("Acme Two")
    card = use(card_in_use(customer="Acme", binding="first_use"), DAY, 5, imei="868600000000001")
    card = do("top_up", do("set_limit", card, DAY, limit_mb="20"), DAY, plan="PACK-100")
    card = do("place_hold", do("tag", card, DAY, tag="north"), DAY, kind="anomaly")
    return do("lift_hold", do("assign", card, DAY, customer="Acme Two"), DAY, kind="anomaly")


@given(parked=kept_texts)
@example('{"code": "no_queued_term"}')
@example("")
@anyhow
def test_why_a_card_is_parked(console, mine, parked):
    with rolled_back():
        card = card_in_use(customer="Acme")
        unguarded()
        Card.objects.filter(pk=card.pk).update(parked=parked[:500] or "x", next_due_on=None)
        shown_everywhere(console, mine, card)
        do("unpark", fresh(card), DAY)
        answers(console, *of_card(card)[:1])


def test_a_reason_that_nobody_can_read_is_shown_as_it_stands_and_said_once(console, caplog):
    tell_unreadable.cache_clear()
    card = card_in_use()
    spoil(card, parked='{"code": "lost"}')
    for _visit in range(2):
        page = text(console.get("/console/sweep/", headers=ENGLISH))
        assert "the reason cannot be read: {&quot;code&quot;: &quot;lost&quot;}" in page
    assert [(each.levelname, each.message) for each in caplog.records if each.name == "cards.unreadable"] == [
        ("WARNING", 'What was kept cannot be read: {"code": "lost"}')
    ]


def test_a_reason_that_can_be_read_is_said_in_words():
    broken, refused = InvariantBroken("missing", name="cycle_until", state=State.IN_USE), Refused("not_parked")
    assert str(InvariantBroken.read(broken.written())) == str(broken)
    assert (Refused.read(refused.written()).code, Refused.read(["tag_missing", []]).code) == (
        refused.code,
        "unreadable",
    )


@given(evidence=evidence)
@anyhow
def test_the_evidence_of_records(console, mine, evidence):
    with rolled_back():
        card = lived()
        unguarded()
        Card.objects.filter(pk=card.pk).update(customer=b.customer("Acme"))
        CardEvent.objects.filter(card=card).update(evidence=evidence)
        shown_everywhere(console, mine, card)


@given(code=unknown_codes, column=st.sampled_from(["action", "from_state", "to_state", "holds", "actor_kind", "rule"]))
@anyhow
def test_words_of_a_later_version_in_records(console, mine, code, column):
    with rolled_back():
        card = lived()
        unguarded()
        Card.objects.filter(pk=card.pk).update(customer=b.customer("Acme"))
        CardEvent.objects.filter(card=card).update(**{column: code})
        StateTally.objects.update(**{column: code} if column in ("action", "holds") else {})
        shown_everywhere(console, mine, card)


@given(
    facts=st.sampled_from(
        [
            {"state": "lost"},
            {"state": "suspended", "holds": "lost", "resumes_to": "in_use"},
            {"state": "suspended", "holds": "credit,lost", "resumes_to": "lost"},
            *({name: "lost"} for name in ("real_name", "binding", "activation_cause")),
            {"certification": "lost"},
        ]
    )
)
@anyhow
def test_words_of_a_later_version_on_the_card(console, mine, facts):
    with rolled_back():
        card = card_in_use(customer="Acme")
        unguarded()
        Card.objects.filter(pk=card.pk).update(**facts)
        shown_everywhere(console, mine, card)


@given(why=reasons)
@anyhow
def test_why_cards_were_refused(console, mine, why):
    with rolled_back():
        owner = b.financier()
        card = open_card(customer="Acme")
        b.price("Y1-30", 10)
        b.fund(100)
        job = control.draft(freeze_ids([card.pk], owner=owner, asked={"from": "page"}), "tag", user=owner)
        worker.work_off(job)
        order = b.paid(OrderKind.RENEWAL, [card], user=owner)
        missed = {"customer": card.customer, "card": card, "term": 1, "plan": card.plan, "why": "short"}
        MissedRenewal.objects.create(**missed, refused=why, since=DAY, ends_on=date(2026, 4, 1))
        unguarded()
        result = {"counts": {"refused": 1}, "reasons": {"lost": 1}, "outcomes": [[card.pk, None, why]]}
        check = {"counts": {"cannot": 1}, "reasons": {"lost": [1, why, [card.pk]]}}
        JobChunk.objects.update(result=result, check_result=check, done_at="2026-03-10T08:00Z")
        Job.objects.update(status="done", started_at="2026-03-10T08:00Z")
        OrderLine.objects.update(refused=why)
        answers(console, "/console/jobs/", f"/console/jobs/{job.pk}/", f"/console/jobs/{job.pk}/failures.csv")
        money = "/console"
        answers(console, f"{money}/orders/{order.pk}/", f"{money}/orders/{order.pk}/lines.csv")
        answers(console, f"{money}/renewals/missed/", f"{money}/renewals/missed.csv")
        answers(mine, f"/my/orders/{order.pk}/", f"/my/orders/{order.pk}/lines.csv", "/my/jobs/", of_card(card)[1])


@given(facts=anything, kind=st.sampled_from([*NoticeKind.values, "lost"]))
@anyhow
def test_what_customers_were_told(console, mine, facts, kind):
    with rolled_back():
        card = card_in_use(customer="Acme")
        notices = [b.notice(card=each, kind=NoticeKind.EXPIRING, step=step) for step, each in enumerate([card, None])]
        unguarded()
        Notice.objects.update(facts=facts, kind=kind)
        assert len(notices) == Notice.objects.count()
        customer = f"/console/customers/{card.customer_id}/"
        answers(console, "/console/notices/", customer, f"{customer}notices/")
        answers(mine, "/my/wallet/", "/my/")


@given(kept=anything)
@anyhow
def test_what_was_asked_for(console, mine, kept):
    with rolled_back():
        owner = b.financier()
        card = card_in_use(customer="Acme")
        selection = freeze_ids([card.pk], owner=owner, asked={"from": "page"})
        job = worker.work_off(control.draft(selection, "tag", user=owner))
        asked = CardRequest.objects.create(customer=card.customer, card=card, by=owner, text="?", evidence=kept)
        unguarded()
        SweptDay.objects.update_or_create(day=DAY, defaults={"counts": kept})
        Job.objects.update(params=kept)
        Selection.objects.update(asked=kept)
        AuditEntry.objects.update(details=kept)
        pages = ("jobs/", f"jobs/{job.pk}/", "requests/", f"requests/{asked.pk}/", "sweep/", "log/", "log/log.csv")
        answers(console, *(f"/console/{page}" for page in pages))
        answers(mine, "/my/requests/", f"/my/requests/{asked.pk}/")
