"""Cards in use that were not read for days: a list that is kept, because no index of cards has them in that order."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cards.calendar import midnight
from cards.models import Card, FleetFigures, NotRead, Selection
from cards.quick import LAST_READ
from cards.tasks import housekeeping
from tests.build import card_in_use, do, member, on_day, open_card, use
from tests.console.filtering import complaints, found, in_order
from tests.console.pages import logged_in, of_role, text

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 10)
ENGLISH = {"accept-language": "en"}


@pytest.fixture(autouse=True)
def _clock():
    with on_day(TODAY):
        yield


def read(at, card=None):
    """A card in use that was last read then; never, without an instant."""
    card = card or card_in_use()
    Card.objects.filter(pk=card.pk).update(read_at=at)
    return card


def before_midnight(days):
    return midnight(TODAY - timedelta(days=days)) - timedelta(seconds=1)


def counted():
    """The list is brought in step."""
    FleetFigures.objects.update(as_of=timezone.now() - timedelta(days=1))
    housekeeping()


def kept():
    return list(NotRead.objects.order_by("read_at", "card").values_list("card", flat=True))


def test_a_card_is_late_from_the_fourth_day_on_and_the_oldest_reading_comes_first():
    in_time, late, later, never = (
        read(midnight(TODAY - timedelta(days=3))),
        *map(read, (before_midnight(3), before_midnight(5), None)),
    )
    counted()
    assert in_order("quick=late") == [never, later, late]
    assert kept() == [never.pk, later.pk, late.pk, in_time.pk]


@pytest.mark.parametrize("code", LAST_READ)
def test_each_age_of_the_last_reading_has_its_cards(code):
    yesterday = midnight(TODAY - timedelta(days=1))
    seconds = {"2-3": (1, 3), "4-7": (3, 7), "8": (7, 400)}
    edges = {
        name: [read(before_midnight(first)), read(midnight(TODAY - timedelta(days=last)))]
        for name, (first, last) in seconds.items()
    }
    edges["never"] = [read(None)]
    read(yesterday)
    counted()
    assert found(f"reading={code}") == edges[code]


def test_only_cards_in_use_are_late():
    open_card()
    stopped = card_in_use()
    do("suspend", stopped, TODAY)
    counted()
    assert (found("quick=late"), kept()) == ([], [])


def test_a_card_that_is_read_or_stopped_after_the_list_was_made_is_not_on_it():
    read_since, stopped_since, still = (read(before_midnight(4)) for _ in range(3))
    counted()
    use(read_since, TODAY, mb=1)
    do("suspend", stopped_since, TODAY)
    assert (found("quick=late"), len(kept())) == ([still], 3)
    counted()
    assert kept() == [still.pk]


def test_a_card_that_is_read_of_old_is_kept_with_its_new_reading():
    card = read(before_midnight(9))
    counted()
    read(before_midnight(4), card)
    assert (found("reading=8"), found("quick=late")) == ([], [card])
    counted()
    assert (found("reading=4-7"), NotRead.objects.get().read_at) == ([card], before_midnight(4))


def written():
    """The words with which what is done to the list begins, as it is brought in step once more."""
    with CaptureQueriesContext(connection) as queries:
        counted()
    said = [query["sql"].split()[0] for query in queries if "notread" in query["sql"]]
    return [word for word in said if word != "SELECT"]


def test_what_stays_true_is_not_written_again():
    read(before_midnight(4))
    counted()
    assert written() == []
    use(card_in_use(), TODAY, mb=1)
    assert (written(), written()) == (["DELETE", "INSERT"], [])  # of none
    assert NotRead.objects.count() == 1


def test_a_card_that_comes_back_into_use_is_listed_and_one_that_takes_its_place_at_midnight():
    first, second = read(before_midnight(4)), read(before_midnight(4))
    do("suspend", second, TODAY)
    counted()
    assert kept() == [first.pk]
    do("suspend", first, TODAY), do("resume", second, TODAY)
    counted()
    assert (found("quick=late"), kept()) == ([], [first.pk])
    with on_day(TODAY + timedelta(days=1)):
        counted()
        assert (found("quick=late"), kept()) == ([second], [second.pk])
    do("resume", first, TODAY)
    counted()
    assert kept() == [first.pk, second.pk]


def test_the_pages_follow_each_other_in_the_order_of_the_readings():
    cards = [read(datetime(2026, 5, day, tzinfo=UTC)) for day in range(1, 4) for _ in range(20)]
    counted()
    client, url, names = of_role("operations"), "/console/cards/?quick=late", []
    while url:
        page = client.get(url)
        names += [row["iccid"] for row in page.context["rows"]]
        url = page.context["next_url"]
    assert names == [card.iccid for card in cards]


@pytest.mark.parametrize(
    "place", ["2026-05-01_1", "x_1", "0001-01-01T00:00:00+14:00_1", "2026-05-01T00:00:00+00:00_x", "1"]
)
def test_a_place_that_is_none_is_refused_in_a_sentence(place):
    assert complaints(f"quick=late&after={place}".replace("+", "%2B")) == [
        f"after: “{place}” is not a position in this list."
    ]


def test_an_age_that_there_is_not_is_refused_in_a_sentence():
    assert complaints("reading=9") == [
        "Last usage reading: Select a valid choice. 9 is not one of the available choices."
    ]


def test_the_list_says_as_of_when_it_is():
    card = read(before_midnight(4))
    client = of_role("support")
    with CaptureQueriesContext(connection) as queries:
        page = text(client.get("/console/cards/?quick=late", headers=ENGLISH))
    assert ("Listed as of " in page, "have not been listed yet" in page) == (False, True)
    assert not [query for query in queries if not query["sql"].startswith(("SELECT", "SAVEPOINT", "RELEASE"))]
    counted()
    for query in ("quick=late", "reading=4-7"):
        page = text(client.get(f"/console/cards/?{query}", headers=ENGLISH))
        assert ("Listed as of " in page, card.iccid in page) == (True, True)
    assert "Listed as of " not in text(client.get("/console/cards/", headers=ENGLISH))


def test_late_cards_are_chosen_and_exported_like_others():
    late = read(before_midnight(4))
    read(midnight(TODAY))
    counted()
    client = of_role("operations")
    key = "0e8e3c5c-1b1f-4d0a-9a51-000000000001"
    client.post("/console/selections/", {"filter": key, "query": "quick=late"})
    chosen = Selection.objects.get()
    assert [part.card_ids for part in chosen.parts.all()] == [[late.pk]]
    file = client.get("/console/cards/export/?quick=late&format=csv")
    assert [late.iccid in line for line in file.getvalue().decode().splitlines()] == [False, True]


def test_customers_are_not_asked_for_it():
    client = logged_in(member())
    assert client.get("/my/cards/?quick=late").status_code == 400
    assert client.get("/my/cards/?reading=never").status_code == 400
