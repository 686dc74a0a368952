"""The floor of the sweep: what becomes of each life is known beforehand, and is written by the fewest statements.

`foresee` writes it into two tables before the cards are multiplied, from the rules themselves; a copy's key says whose
copy it is. `Floor` then takes the cards through it as one who knew all of it would, as many at a time as the sweep and
with the triggers on: the same rows as the portal's, with their evidence, terms, sums and counts.
"""

import json
from collections import Counter, defaultdict

from django.db import connection, transaction
from django.utils import timezone

from cards.actions.sweep import DUE_AT_ONCE
from cards.actions.write import CARD_COLUMNS, attach_queues, chunked
from cards.models import Card, CardEvent, PolicyBook, StateTally, SweptDay
from cards.rules import catch_up
from tests.bench.lanes import in_lanes
from tests.bench.sweep_fleets import DAY

TABLES = """
    CREATE TABLE bench_card AS SELECT * FROM cards_card WHERE FALSE;
    CREATE TABLE bench_record AS SELECT * FROM cards_cardevent WHERE FALSE;
    CREATE TABLE bench_step (life integer, step text);
    CREATE INDEX bench_card_version ON bench_card (id, version);
    CREATE INDEX bench_record_seq ON bench_record (card_id, seq)
"""
LIFE = "(c.id - 1) %% {size} + 1"
COPIED = [field.column for field in CardEvent._meta.concrete_fields if field.column not in ("id", "card_id", "job_id")]
AMONG = {"postgresql": "= ANY(%s)", "sqlite": "IN (SELECT value FROM json_each(%s))"}[connection.vendor]
LOCK = "FOR UPDATE" if connection.vendor == "postgresql" else ""
TERMS_BEGIN = f"""
    UPDATE cards_serviceterm AS t SET starts_on = c.service_from, service_until = c.service_until
    FROM cards_card AS c WHERE c.id {AMONG} AND t.card_id = c.id AND t.number = c.term_number
"""


def foresee():
    """Write the day of each card that is due, change by change, beside the tables."""
    for statement in TABLES.split(";"):
        _execute(statement)
    policies = PolicyBook.read()
    for card in attach_queues(list(Card.objects.due(DAY).order_by("pk"))):
        before = card.facts()
        for change in catch_up(card, DAY, policies):
            card.version += 1
            card.usage_level = int(card.level)
            _foresee_change(card, before, change)
            before = card.facts()


def _foresee_change(card, before, change):
    record = CardEvent(
        card_id=card.pk,
        seq=card.version,
        action=change.action,
        from_state=before["state"],
        to_state=card.state,
        holds=card.holds,
        effective_on=change.on,
        executed_at=timezone.now(),
        actor_kind="system",
        actor_name=f"rule:{change.rule}",
        rule=change.rule,
        evidence=change.evidence,
    )
    _insert("bench_card", card)
    _insert("bench_record", record)
    step = {
        "action": change.action,
        "changed": [name for name in CARD_COLUMNS if before[name] != getattr(card, name)],
        "was": [before["state"], before["holds"]],
        "now": [card.state, card.holds],
    }
    _execute("INSERT INTO bench_step VALUES (%s, %s)", [card.pk, json.dumps(step)])


def _insert(table, row):
    fields = row._meta.concrete_fields
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    columns = ", ".join(field.column for field in fields)
    _execute(f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * len(fields))})", values)


class Floor:
    """The day, done to the copies of `size` cards."""

    def __init__(self, size):
        self.size, self.steps, changed = size, defaultdict(list), defaultdict(set)
        for life, text in _rows("SELECT life, step FROM bench_step ORDER BY life"):
            step = json.loads(text)
            self.steps[life].append(step)
            changed[step["action"]].update(step["changed"])
        life = LIFE.format(size=size)
        self.records = (
            f"INSERT INTO cards_cardevent (card_id, {', '.join(COPIED)}) SELECT c.id, r.{', r.'.join(COPIED)} "
            f"FROM cards_card AS c JOIN bench_record AS r ON r.card_id = {life} AND r.seq = c.version + 1 "
            f"WHERE c.id {AMONG}"
        )
        self.updates = {
            action: f"UPDATE cards_card AS c SET {', '.join(f'{name} = a.{name}' for name in sorted(names))} "
            f"FROM bench_card AS a WHERE c.id {AMONG} AND a.id = {life} AND a.version = c.version + 1"
            for action, names in changed.items()
        }
        self.begin_terms = {action for action, names in changed.items() if "term_number" in names}

    def sweep(self, lanes):
        """The number of changes."""
        SweptDay.objects.create(day=DAY)
        due = Card.objects.due(DAY).order_by("next_due_on", "pk").values_list("pk", flat=True)
        chunks = list(chunked(due.iterator(), DUE_AT_ONCE))
        in_lanes(self._take, [chunks[lane::lanes] for lane in range(lanes)])
        SweptDay.objects.filter(day=DAY).update(finished_at=timezone.now())
        return sum(SweptDay.objects.get(day=DAY).counts.values())

    def _take(self, chunks):
        for chunk in chunks:
            with transaction.atomic():
                self._take_chunk(chunk)

    def _take_chunk(self, card_ids):
        _execute(f"SELECT id FROM cards_card WHERE id {AMONG} ORDER BY id {LOCK}", [_array(card_ids)])
        counts, done = Counter(), 0
        while under_way := self._under_way(card_ids, done):
            _execute(self.records, [_array([card_id for card_id, _ in under_way])])
            self._move(under_way)
            counts.update(step["action"] for _, step in under_way)
            done += 1
        swept = SweptDay.objects.select_for_update().get(day=DAY)
        swept.counts = Counter(swept.counts) + counts
        swept.save(update_fields=["counts"])

    def _under_way(self, card_ids, done):
        """(card, what comes next) of those that have more to come than is done."""
        steps = ((card_id, self.steps[(card_id - 1) % self.size + 1]) for card_id in card_ids)
        return [(card_id, mine[done]) for card_id, mine in steps if len(mine) > done]

    def _move(self, under_way):
        alike, sums = defaultdict(list), Counter()
        for card_id, step in under_way:
            alike[step["action"]].append(card_id)
            if step["was"] != step["now"]:
                sums[step["action"], *step["now"]] += 1
                sums[step["action"], *step["was"]] -= 1
        for action, card_ids in alike.items():
            _execute(self.updates[action], [_array(card_ids)])
            if action in self.begin_terms:
                _execute(TERMS_BEGIN, [_array(card_ids)])
        StateTally.objects.bulk_create(
            StateTally(day=DAY, action=action, state=state, holds=holds, cards=grown)
            for (action, state, holds), grown in sums.items()
        )


def _array(card_ids):
    return card_ids if connection.vendor == "postgresql" else json.dumps(card_ids)


def _execute(statement, params=None):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def _rows(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()
