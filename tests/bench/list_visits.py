"""Visits to the card list of a fleet that `lists_fleet` has laid, and to a stock admin's: how long, how much."""

import gzip
import json
import sys
import time

import django

if __name__ == "__main__":
    django.setup()

from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test import override_settings
from django.urls import include, path

from cards.choices import Hold, State
from cards.filters import CardFilter
from cards.models import Card
from cards.quick import QUICK, SORTS
from tests.bench.cost import as_deployed
from tests.bench.lists_fleet import OF_THE_FLEET, TODAY, lay
from tests.console.pages import logged_in

LIST, STOCK = "/console/cards/", "/stock/cards/card/"
PASTED = 500
# What each filter is asked for; together with another, what lies across its index.
ASKED = {
    "state": State.values,
    "hold": Hold.values,
    "quick": list(QUICK),
    "carrier": ["cmcc", "cbn", "cucc&state=in_use"],
    "plan": ["Y1-30"],
    "certification": ["individual", "individual&hold=credit"],
    "customer": ["Customer 020 Ltd", "Customer 020 Ltd&state=in_use"],
    "stock": ["1"],
    "current_plan": ["Y1-30", "Y1-30&state=in_use"],
    "opened_since": ["2026-07-01&opened_through=2026-07-31"],
    "activated_since": ["2026-07-01&activated_through=2026-07-31"],
    "ends_since": ["2026-09-01&ends_through=2026-09-30"],
    "cancelled_since": ["2026-07-01&cancelled_through=2026-07-31"],
    "tag": ["lot-3", "lot-3&state=unused"],
    "expiring": ["30"],
    "due": ["7"],
    "parked": ["1"],
}
# A room above cards may bring a filter of its own.
FILTERS = [f"{name}={value}" for name in CardFilter.base_filters if name in ASKED for value in ASKED[name]]


class StockAdmin(admin.ModelAdmin):
    """What a user would write: the same columns, a search in them, filters beside them."""

    list_display = (
        *("iccid", "msisdn", "state", "customer", "tags", "remark", "used_bytes", "quota_mb", "service_until"),
        *("cancel_on", "plan", "carrier"),
    )
    list_filter = ("state", "carrier", "plan", "certification")
    list_select_related = ("customer", "plan")
    list_per_page = 50
    search_fields = ("iccid", "msisdn", "imsi", "customer__name")


stock = admin.AdminSite("stock")
stock.register(Card, StockAdmin)
urlpatterns = [path("stock/", stock.urls), path("", include("simportal.urls"))]


def visits():
    """(name, method, address, what is posted) of every visit."""
    cards = Card.objects.count()
    some = Card.objects.get(pk=cards // 3)
    yield "list", LIST, None
    for query in FILTERS:
        yield query, f"{LIST}?{query}", None
        yield from ((f"{query}, {sort}", f"{LIST}?{query}&sort={sort}", None) for sort in SORTS)
    yield from ((f"sort {name}", f"{LIST}?sort={name}", None) for name in SORTS)
    yield from ((f"search {name}", f"{LIST}?q={text}", None) for name, text in _searches(some))
    numbers = Card.objects.filter(pk__in=range(1, cards, cards // PASTED)).values_list("msisdn", flat=True)
    yield f"search {PASTED} pasted numbers", LIST, {"q": "\n".join(numbers)}
    yield "page deep in", f"{LIST}?after={cards // 2}", None
    place = f"{some.service_until or TODAY}_{some.pk}"
    yield "page deep in, by expiry", f"{LIST}?sort=expiry&after={place}", None
    yield "page deep in, filtered", f"{LIST}?carrier=cmcc&after={cards // 2}", None
    yield "last page", f"{LIST}?before=end", None
    yield "last page, filtered", f"{LIST}?carrier=cmcc&before=end", None
    yield "stock list", STOCK, None
    yield "stock search", f"{STOCK}?q={some.msisdn}", None
    yield "stock last page", f"{STOCK}?p={-(-cards // 50)}", None


def _searches(card):
    yield "ICCID", card.iccid
    yield "ICCID, 19 characters", card.iccid[:19]
    yield "MSISDN", card.msisdn
    yield "beginning of an ICCID", card.iccid[:17]
    yield "beginning of every ICCID", "8986"
    yield "beginning of an MSISDN", card.msisdn[:9]
    yield "beginning of an IMEI", "8674*"
    yield "end of a number", f"*{card.iccid[-4:]}"
    yield "end of a number, 3 digits", f"*{card.msisdn[-3:]}"
    yield "customer", "Customer 02"
    yield "nothing that is there", "Nobody"


def serve():
    """Go, for each line that comes in, where it says; what that cost goes out as a line of JSON."""
    client = logged_in(User.objects.get_or_create(username="bench", is_superuser=True, is_staff=True)[0])
    addresses = {name: (url, posted) for name, url, posted in visits()}
    as_deployed()
    print(json.dumps(list(addresses)), flush=True)
    for line in sys.stdin:
        print(json.dumps(_visit(client, *addresses[line.strip()])), flush=True)


def _visit(client, url, posted):
    statements = []

    def counted(execute, sql, *rest):
        statements.append(sql)
        return execute(sql, *rest)

    start, began = time.perf_counter(), time.process_time()
    with connection.execute_wrapper(counted):
        page = _ask(client, url, posted)
    seconds, own = time.perf_counter() - start, time.process_time() - began
    is_compressed = page.headers.get("Content-Encoding") == "gzip"
    content = gzip.decompress(page.content) if is_compressed else page.content
    return {
        "ms": seconds * 1_000,
        "own_ms": own * 1_000,
        "queries": len(statements),
        "bytes": len(content),
        "on_the_wire": len(page.content),
        "rows": content.count(b"<tr"),
    }


def _ask(client, url, posted):
    accepted = {"secure": True, "headers": {"Accept-Encoding": "gzip"}}
    page = client.get(url, **accepted) if posted is None else client.post(url, posted, **accepted)
    if page.status_code != 200:
        sys.exit(f"{url} answered {page.status_code}")
    return page


def prepare(cards):
    start = time.perf_counter()
    lay(cards)
    return {"seconds": time.perf_counter() - start}


SETTINGS = OF_THE_FLEET | {"ROOT_URLCONF": "tests.bench.list_visits"}

if __name__ == "__main__":
    with override_settings(**SETTINGS):
        if sys.argv[1] == "prepare":
            print(json.dumps(prepare(int(sys.argv[2]))))
        else:
            serve()
