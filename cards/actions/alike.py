"""Cards that are alike are worked on once: a chunk in classes, each with a representative that holds what they share.

What becomes of a representative becomes of every card of its class, for it knows nothing else of them: it raises
`Unlike` when another fact is asked for, and then its cards are worked on one by one. So no rule and no guard can come
to depend on anything that does not tell the classes apart.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, Self

from django.db import connection
from django.db.models.base import ModelState

from cards.choices import Binding, State, UsageLevel
from cards.models import Card, QueuedTerm
from cards.quantities import MB
from cards.querysets import one_parameter
from cards.rules import Change

# What rules and guards may ask of a card in any state, and what more of one in this state, held or not.
OF_ALL = (
    *("carrier", "certification", "real_name", "state", "holds", "resumes_to", "next_due_on", "protected"),
    "term_number",
)
OF_A_TERM = ("service_until", "anniversary_day", "pack_mb", "limit_mb", "limit_waived")
FACTS_IN: Mapping[str, tuple[str, ...]] = {
    State.TESTING: ("opened_on", "test_until"),
    State.UNUSED: ("silent_from", "forced_activation_on", *OF_A_TERM),
    State.IN_USE: (
        *("service_from", "cycle_from", "cycle_until", "quota_mb", "usage_level"),
        *OF_A_TERM,
    ),
    State.SHUT_DOWN: ("cancel_on", *OF_A_TERM),
    State.CANCELLED: (),
}

CARD_FIELDS = {field.attname: field for field in Card._meta.concrete_fields}

IN_PHASE = "COALESCE(NULLIF(c.resumes_to, ''), c.state)"
# Cards of which something is due that no fact above tells of, or that contradict themselves. What is used is divided:
# an allowance of some GB, multiplied, is more bytes than an `integer` of PostgreSQL holds.
ODD = f"""
    c.parked <> ''
    OR c.changed_on > %(day)s OR (c.next_due_on <= %(day)s AND c.changed_on >= c.next_due_on)
    OR {IN_PHASE} = '{State.TESTING}' AND c.used_bytes / {MB} >= c.test_quota_mb
    OR {IN_PHASE} = '{State.UNUSED}' AND c.used_bytes > 0
    OR {IN_PHASE} = '{State.IN_USE}' AND (
        c.service_until IS NULL
        OR c.used_bytes / {MB} >= c.quota_mb + c.pack_mb
        OR c.limit_mb IS NOT NULL AND c.used_bytes / {MB} >= c.limit_mb
    )
    OR c.binding <> '{Binding.NONE}' AND c.seen_imei <> '' AND c.seen_imei <> c.bound_imei
"""
QUEUE = """
    SELECT {gathered} FROM (
        SELECT t.number, p.code, t.months, t.alignment, t.quota_mb
        FROM cards_serviceterm t JOIN cards_plan p ON p.id = t.plan_id
        WHERE t.card_id = c.id AND t.starts_on IS NULL ORDER BY t.number
    ) AS t
"""
TERM = "t.number, t.code, t.months, t.alignment, t.quota_mb"
# A statement of its own: one that waits for a card sees it as it has become, but its queue as it was.
LOCK_CARDS = """
    SELECT COUNT(*) FROM (
        SELECT FROM cards_card WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id FOR UPDATE
    ) AS locked
"""
CLASSES = {
    "postgresql": f"""
        SELECT array_agg(id), array_agg(version), odd, queue, {{names}} FROM (
            SELECT c.id, c.version, {{facts}}, CASE WHEN {ODD} THEN c.id END AS odd,
                ({QUEUE.format(gathered=f"json_agg(json_build_array({TERM}))::text")}) AS queue
            FROM cards_card c WHERE c.id = ANY(%(ids)s::bigint[]) ORDER BY c.id
        ) AS c GROUP BY odd, queue, {{names}}
    """,
    # All facts as one text: to compare two dozen columns takes longer than to make it.
    "sqlite": f"""
        SELECT json_group_array(id), json_group_array(version), shared FROM (
            SELECT id, version, json_array(odd, queue, {{names}}) AS shared FROM (
                SELECT c.id, c.version, {{facts}}, CASE WHEN {ODD} THEN c.id END AS odd,
                    ({QUEUE.format(gathered=f"json_group_array(json_array({TERM}))")}) AS queue
                FROM cards_card c WHERE c.id IN (SELECT value FROM json_each(%(ids)s))
            )
        ) GROUP BY shared
    """,
}


class Unlike(Exception):
    """A fact was asked for that cards of one class need not share."""


class NotShared:
    """What a representative has only where somebody has given it one."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, card: Any, owner: type | None = None) -> Any:
        raise Unlike(self.name)


class Representative(Card):
    """A card that stands for all cards of a class: it has the facts they share, and no other.

    `keys` and `versions` are those of the cards; its own `version` counts what is done to it here. As long as nothing
    resets the meter it is only known that nothing is due for what was used, nor for where the card was seen; and of the
    day on which each changed last, that it was before `since`.
    """

    keys: Sequence[int]
    versions: Sequence[int]
    since: date
    on_order = NotShared()

    class Meta:
        abstract = True  # it is no table: the facts are those of a `Card`

    @classmethod
    def of(cls, facts: Mapping[str, Any], keys: Sequence[int], versions: Sequence[int]) -> Self:
        card = cls.__new__(cls)
        card.__dict__.update(facts, keys=keys, versions=versions, version=0)
        card._state = ModelState()
        return card

    def of_some(self, versions: Mapping[int, int]) -> Self:
        """The same for some of its cards, whose versions are given by their keys."""
        return self.of(self.facts(), list(versions), list(versions.values()))

    def __getattr__(self, name: str) -> Any:
        """Asked for what is not among its facts, for which Django looks by the key that it does not have either."""
        raise Unlike(name)

    @property
    def has_used_up_its_test(self) -> bool:
        return "used_bytes" in self.__dict__ and super().has_used_up_its_test

    @property
    def was_used(self) -> bool:
        return "used_bytes" in self.__dict__ and super().was_used

    @property
    def is_over_allowance(self) -> bool:
        return "used_bytes" in self.__dict__ and super().is_over_allowance

    @property
    def is_over_limit(self) -> bool:
        return "used_bytes" in self.__dict__ and super().is_over_limit

    @property
    def is_in_another_device(self) -> bool:
        return False

    @property
    def waits_for_its_first_device(self) -> bool:
        return False

    @property
    def level(self) -> UsageLevel:
        """As it was, while neither what is used nor what may be used has become another."""
        if "used_bytes" in self.__dict__ or not self.term_runs:
            return super().level
        return UsageLevel(self.usage_level)


def bear_out(card: Card, change: Change) -> None:
    """Raise `Unlike` for what happens to a representative on a day before which its cards may have changed last.

    No record goes back in time, so of such cards each would have a day of its own.
    """
    if isinstance(card, Representative) and change.on < card.since:
        raise Unlike("changed_on")


def classes_of(
    card_ids: Iterable[int], day: date, also: Sequence[str] = (), is_locked: bool = False
) -> list[Representative]:
    """Those of these cards that are alike on `day`, each class by its representative, in the order of their first keys.

    `also` names further facts that are asked for. Odd cards, for which nobody can stand, are left out. With `is_locked`
    all cards are locked, in the order of their keys.
    """
    names, statement = _statement(connection.vendor, tuple(also))
    among = {"day": day.isoformat(), "ids": one_parameter(card_ids, connection)}
    with connection.cursor() as cursor:
        if is_locked and connection.vendor == "postgresql":
            cursor.execute(LOCK_CARDS, among)
        cursor.execute(statement, among)
        found = cursor.fetchall()
    classes = []
    for keys, versions, *shared in found:
        odd, queue, *values = shared if connection.vendor == "postgresql" else _read(shared[0])
        facts = None if odd else _facts(names, values, also, day)
        if facts:
            facts["queue"] = [QueuedTerm(*term) for term in _read(queue or [])]
            classes.append(Representative.of(facts, _read(keys), _read(versions)))
    return sorted(classes, key=lambda card: card.keys[0])


@cache
def _statement(vendor: str, also: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """The facts that tell classes apart, and the statement: of each card it asks those of its phase."""
    phases: dict[str, list[str]] = {}
    for phase, names in FACTS_IN.items():
        for name in names:
            phases.setdefault(name, []).append(f"'{phase}'")
    of_some = {name: where for name, where in phases.items() if name not in also}
    names = (*OF_ALL, *also, *of_some)
    chosen = [f"c.{name}" for name in (*OF_ALL, *also)]
    chosen += [
        f"CASE WHEN {IN_PHASE} IN ({', '.join(among)}) THEN c.{name} END AS {name}" for name, among in of_some.items()
    ]
    return names, CLASSES[vendor].format(facts=", ".join(chosen), names=", ".join(names))


def _facts(names: Sequence[str], values: Sequence[Any], also: Sequence[str], day: date) -> dict[str, Any] | None:
    """The facts of one class; None where it is in no phase there is."""
    found = dict(zip(names, values, strict=True))
    phase = found["resumes_to"] or found["state"]
    if phase not in FACTS_IN:
        return None
    facts = {name: CARD_FIELDS[name].to_python(found[name]) for name in (*OF_ALL, *also, *FACTS_IN[phase])}
    since = min(facts["next_due_on"] or day, day)
    return facts | {"parked": "", "changed_on": since - timedelta(days=1), "since": since}


def _read(values: Any) -> Any:
    """What a database gives as a list, or as the text of one."""
    return json.loads(values) if isinstance(values, str) else values
