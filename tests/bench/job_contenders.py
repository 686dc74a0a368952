"""The contenders of the bulk action: each suspends cards in use in its own way, and prints how long it took."""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import django

django.setup()

from django.contrib import admin  # noqa: E402 -- Django has to be set up first
from django.contrib.auth.models import User  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.http import HttpRequest  # noqa: E402

from cards.actions.action_requests import act  # noqa: E402
from cards.actions.imports.card_rows import read_card_row  # noqa: E402
from cards.actions.imports.cards_applying import apply_cards  # noqa: E402
from cards.actions.jobs import control, worker  # noqa: E402
from cards.actions.selections import freeze  # noqa: E402
from cards.actions.write import chunked  # noqa: E402
from cards.calendar import civil_today, first_of_month  # noqa: E402
from cards.models import Card, CardEvent, Job, PolicyBook  # noqa: E402
from cards.permissions import Actor  # noqa: E402
from tests.bench.cost import as_deployed  # noqa: E402

LOOPED = 2_000
LANES = worker.TICKS_AT_ONCE


def prepare(cards):
    """Cards in use, and somebody who may act on them."""
    today = civil_today()
    for chunk in chunked((_row(number, today) for number in range(cards)), 5_000):
        apply_cards(chunk, actor=Actor.shell())
    for chunk in chunked(Card.objects.values_list("pk", flat=True)):
        act("activate", chunk, actor=Actor.shell())
    User.objects.create_superuser("admin")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {}


def _row(number, today):
    texts = {"iccid": f"8986{number:016d}", "carrier": "cmcc", "certification": "enterprise", "plan": "Y1-30"}
    return read_card_row(number, texts | {"opened_on": str(first_of_month(today))}, date.max)


def job(cards):
    """Everything as a person has it: the selection, the preview, the click, and as many workers as take part."""
    as_deployed()
    user, start = User.objects.get(), time.perf_counter()
    draft = control.draft(freeze(Card.objects.all(), owner=user, asked={}), "suspend", user=user)
    _work(draft)
    preview, start = time.perf_counter() - start, time.perf_counter()
    control.start(draft, user=user)
    _work(draft)
    click = time.perf_counter() - start
    assert Job.objects.get(pk=draft.pk).status == "done"
    return {"checked": cards / preview, "preview": preview, "done": cards / click, "click": click}


def _work(draft):
    """As beat has it done: two lanes beside each other where the database has more than one writer."""
    lanes = 1 if connection.vendor == "sqlite" else LANES
    with ThreadPoolExecutor(lanes) as pool:
        list(pool.map(lambda _lane: _work_and_hang_up(draft), range(lanes)))


def _work_and_hang_up(draft):
    try:
        worker.work_off(draft)
    finally:
        connection.close()


class StockAdmin(admin.ModelAdmin):
    """What a user would write: an action that loops in the request, with Django's own log of changes."""

    def suspend(self, request, queryset):
        policies = PolicyBook.read()
        for card in queryset:
            with transaction.atomic():
                card = Card.objects.select_for_update().get(pk=card.pk)
                policy = policies.in_force(card.carrier, civil_today())
                card.place_hold(on=civil_today(), policy=policy, hold="voluntary")
                card.version += 1
                card.save()
                CardEvent.objects.create(**_event(card, request.user))
                self.log_change(request, card, "suspend")


def _event(card, user):
    return {
        "card": card,
        "seq": card.version,
        "action": "suspend",
        "from_state": "in_use",
        "to_state": card.state,
        "holds": card.holds,
        "effective_on": civil_today(),
        "executed_at": f"{civil_today()}T00:00:00Z",
        "actor_kind": "staff",
        "actor_name": user.username,
    }


def looped(cards):
    request = HttpRequest()
    request.user = User.objects.get()
    start = time.perf_counter()
    StockAdmin(Card, admin.site).suspend(request, Card.objects.order_by("pk")[:LOOPED])
    return {"done": min(cards, LOOPED) / (time.perf_counter() - start)}


if __name__ == "__main__":
    name, count = sys.argv[1:]
    contender = {"prepare": prepare, "job": job, "admin": looped}[name]
    print(json.dumps(contender(int(count))))
