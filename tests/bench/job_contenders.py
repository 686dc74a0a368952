"""The contenders of the bulk action: each suspends cards in use in its own way, and prints what it cost."""

import json
import sys

import django

django.setup()

from django.contrib import admin  # noqa: E402 -- Django has to be set up first
from django.contrib.auth.models import User  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from django.utils import timezone  # noqa: E402

from cards.actions.jobs import control, worker  # noqa: E402
from cards.actions.selections import freeze  # noqa: E402
from cards.calendar import civil_today, first_of_month  # noqa: E402
from cards.models import Card, CardEvent, Job, PolicyBook  # noqa: E402
from tests.bench.cost import as_deployed, costing  # noqa: E402
from tests.bench.lanes import in_lanes  # noqa: E402
from tests.bench.written import digest  # noqa: E402
from tests.billing import build as b  # noqa: E402

LOOPED = 500
MODELS = 100
LANES = 1 if connection.vendor == "sqlite" else worker.TICKS_AT_ONCE
# All at once: records, cards, sums.
STATEMENTS = (
    "INSERT INTO cards_cardevent (card_id, seq, action, from_state, to_state, holds, effective_on, executed_at, "
    "actor_kind, actor_name, rule, reason, evidence) SELECT id, version + 1, 'suspend', state, 'suspended', "
    """'voluntary', %(day)s, %(now)s, 'staff', 'admin', '', '', '{"hold": "voluntary"}' FROM cards_card""",
    "UPDATE cards_card SET state = 'suspended', holds = 'voluntary', resumes_to = 'in_use', version = version + 1, "
    "changed_on = %(day)s",
    "INSERT INTO cards_statetally (day, action, state, holds, cards) SELECT %(day)s, 'suspend', to_state, holds, "
    "COUNT(*) FROM cards_cardevent WHERE action = 'suspend' GROUP BY 3, 4 UNION ALL SELECT %(day)s, 'suspend', "
    "from_state, '', -COUNT(*) FROM cards_cardevent WHERE action = 'suspend' GROUP BY 3, 4",
)


def prepare():
    """A few cards in use, and somebody who may act on them."""
    b.fleet(MODELS, first_of_month(civil_today()))
    User.objects.create_superuser("admin")
    return {}


def job():
    """Everything as a person has it: the selection, the preview, the click, and as many workers as take part."""
    as_deployed()
    user = User.objects.get()
    with costing() as preview:
        draft = control.draft(freeze(Card.objects.all(), owner=user, asked={}), "suspend", user=user)
        in_lanes(worker.work_off, [draft] * LANES)
    with costing() as click:
        control.start(draft, user=user)
        in_lanes(worker.work_off, [draft] * LANES)
    assert Job.objects.get(pk=draft.pk).status == "done"
    return {"preview": preview["seconds"], "rows": digest(civil_today()), **click}


def statements():
    """The limit: who knows that all of them can says it in three statements, with the triggers on."""
    told = {"day": civil_today(), "now": connection.ops.adapt_datetimefield_value(timezone.now())}
    with costing() as cost, transaction.atomic(), connection.cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement, told)
    return {"rows": digest(civil_today()), **cost}


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
                CardEvent.objects.create(**_event(card, request.user))
                card.save()
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


def looped():
    request = HttpRequest()
    request.user = User.objects.get()
    cards = Card.objects.order_by("pk")[:LOOPED]
    with costing() as cost:
        StockAdmin(Card, admin.site).suspend(request, cards)
    return {"cards": len(cards), **cost}


CONTENDERS = {"prepare": prepare, "job": job, "statements": statements, "admin": looped}

if __name__ == "__main__":
    print(json.dumps(CONTENDERS[sys.argv[1]]()))
