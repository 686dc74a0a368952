"""The record on a card's page: what its address can ask for, page by page, and the jobs that are in it."""

import re
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.utils import translation

from cards.actions.action_requests import act
from cards.choices import JobKind, JobStatus
from cards.models import CardEvent, Customer, Job
from cards.permissions import Actor
from cards.sentences.record import evidence_labels
from tests.build import card_in_use, do, fresh, on_day, open_card, use
from tests.console.pages import of_role, text

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 10)
ENGLISH = {"accept-language": "en"}
on_the_day = on_day(DAY)


def record_of(client, card, query="", status=200):
    response = client.get(f"/console/cards/{card.iccid}/{query}", headers=ENGLISH)
    assert response.status_code == status
    return response.context["record"], text(response)


def numbers(record):
    return [entry.seq for entry in record.entries]


def a_life():
    """A card to which something of every kind happened; its records by number."""
    card = do("set_limit", card_in_use(), date(2026, 2, 1), limit_mb="20")  # 3
    card = do("tag", card, date(2026, 2, 2), tag="trial")  # 4
    card = use(card, date(2026, 2, 3), 31)  # 5 and 6: allowance and limit
    card = do("suspend", card, DAY, actor=Actor.of(User.objects.create_superuser("mei")))  # 7: a cycle; 8
    return do("protect", card, DAY)  # 9


@on_the_day
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ("?kind=state", [8, 7, 6, 5, 2, 1]),
        ("?kind=people", [9, 8, 4, 3, 2, 1]),
        ("?kind=rules", [7, 6, 5]),
        ("?kind=usage", [7, 6, 5, 3]),
        ("?kind=notes", [4]),
        ("?by=mei", [8]),
        ("?by=rule:roll_over", [7]),
        ("?by=nobody", []),
        ("?since=2026-02-02&through=2026-02-03", [6, 5, 4]),
        ("?since=2026-03-11", []),
        ("?kind=people&through=2026-02-01&by=manage.py", [3, 2, 1]),
        ("?job=1", []),
        ("?older=4", [3, 2, 1]),
        ("?kind=&by=&since=", [9, 8, 7, 6, 5, 4, 3, 2, 1]),
    ],
)
def test_the_address_says_which_records(query, expected):
    record, _page = record_of(of_role("auditor"), a_life(), query)
    assert numbers(record) == expected


@pytest.mark.parametrize(
    "query",
    [
        "?kind=nonsense",
        "?since=yesterday",
        "?through=2026-13-01",
        "?job=x",
        "?job=0",
        "?older=x",
        "?older=-1",
        "?older=1.5",
        "?older=99999999999999999999",
        "?kind=state&kind=notes",
        "?colour=blue",
        "?after=3",
    ],
)
def test_what_cannot_be_understood_finds_nothing_and_says_so(query):
    record, page = record_of(of_role("support"), open_card(), query, status=400)
    assert (record.entries, len(record.complaints)) == ([], 1)
    assert record.complaints[0] in page.replace("&#x27;", "'")


@on_the_day
def test_a_filtered_record_still_tells_what_the_card_showed_before():
    record, _page = record_of(of_role("auditor"), a_life(), "?by=mei")
    assert [(entry.shown_before, entry.shown) for entry in record.entries] == [("in_use", "voluntary")]


@on_the_day
def test_the_record_is_read_in_pages_and_keeps_its_filters():
    card = card_in_use()
    for _ in range(30):
        card = do("protect", card, DAY)
        card = do("unprotect", card, DAY)
    client = of_role("support")
    first, page = record_of(client, card)
    assert numbers(first) == list(range(62, 12, -1))
    assert (first.older_url, first.newest_url) == ("?older=13#record", "")
    assert 'href="?older=13#record"' in page
    second, _page = record_of(client, card, "?older=13")
    assert (numbers(second), second.older_url, second.newest_url) == (list(range(12, 0, -1)), "", "?#record")
    filtered, _page = record_of(client, card, "?kind=people&since=2026-03-10")
    assert filtered.older_url == "?kind=people&since=2026-03-10&older=13#record"
    assert [tab.url for tab in filtered.tabs][:2] == ["?since=2026-03-10#record", "?kind=state&since=2026-03-10#record"]
    assert [tab.is_current for tab in filtered.tabs] == [False, False, True, False, False, False]
    assert numbers(record_of(client, card, "?older=1")[0]) == []


@on_the_day
def test_only_who_and_what_is_on_the_record_is_offered():
    record, page = record_of(of_role("auditor"), a_life(), "?by=somebody")
    offered = [value for value, _label in record.form.fields["by"].widget.choices]
    assert sorted(offered) == ["", "manage.py", "mei", "rule:credit", "rule:roll_over", "rule:threshold", "somebody"]
    assert re.search(r'<details class="filters" open>', page)


@on_the_day
def test_jobs_that_touched_the_card_are_listed_newest_first_and_linked():
    ops = User.objects.create_superuser("mei")
    jobs = [
        Job.objects.create(kind=JobKind.ACTION, action=action, owner=ops, status=JobStatus.DONE)
        for action in ("suspend", "resume", "protect")
    ]
    card, other = card_in_use(), card_in_use()
    for job in jobs[:2]:
        act(job.action, [card.pk], actor=Actor.of(ops), job_id=job.pk)
    act("protect", [other.pk], actor=Actor.of(ops), job_id=jobs[2].pk)
    response = of_role("auditor").get(f"/console/cards/{card.iccid}/", headers=ENGLISH)
    touches = response.context["jobs"]
    assert [(touch.job, touch.title, touch.did, touch.count) for touch in touches] == [
        (jobs[1], "Resume", "Resume", 1),
        (jobs[0], "Suspend", "Suspend", 1),
    ]
    page = text(response)
    assert f'<a href="/console/jobs/{jobs[0].pk}/">job #{jobs[0].pk}</a>' in page
    assert f'href="?job={jobs[0].pk}#record"' in page
    record, _page = record_of(of_role("support"), card, f"?job={jobs[0].pk}")
    assert [str(entry.action) for entry in record.entries] == ["Suspend"]
    assert CardEvent.objects.filter(card=fresh(card), job=jobs[2]).count() == 0


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                "limit: 30 MB",
                "tag: VIP",
                "remark: b",
                "previous remark: a",
                "previous limit: 20 MB",
                "undoes record: #5",
            ],
        ),
        ("zh-hans", ["用量上限: 30 MB", "标签: VIP", "备注: b", "原备注: a", "原用量上限: 20 MB", "撤销记录: #5"]),
    ],
)
def test_what_is_noted_for_taking_a_change_back_reads_well(language, expected):
    kept = {"undoes": 5, "was_limit_mb": 20, "limit_mb": 30, "was_waived": False}
    kept |= {"customer_id": 8, "was_customer_id": 7}
    with translation.override(language):
        words = evidence_labels({**kept, "was_remark": "a", "remark": "b", "tag": "VIP"})
        assert [f"{name}: {value}" for name, value in words] == expected


@on_the_day
def test_a_record_that_took_the_card_from_somebody_names_them():
    for name in ("Acme", "Globex"):
        Customer.objects.create(name=name)
    card = do("assign", do("assign", open_card(), DAY, customer="Acme"), DAY, customer="Globex")
    record, _page = record_of(of_role("operations"), do("unassign", card, DAY))
    assert [(str(e.action), [f"{name}: {value}" for name, value in e.evidence]) for e in record.entries[:3]] == [
        ("Return to stock", ["previous customer: Globex"]),
        ("Assign to customer", ["customer: Globex", "previous customer: Acme"]),
        ("Assign to customer", ["customer: Acme"]),
    ]
