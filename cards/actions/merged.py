"""Who has what is written now under a customer whom somebody read before they were merged."""

from collections.abc import Collection

from django.db import connection

from cards.choices import JobKind, JobStatus
from cards.models import Customer, Job


def being_merged() -> list[int]:
    """The keys of customers whose merging is not over: what is theirs until its end goes along."""
    jobs = Job.objects.filter(kind=JobKind.MERGE).exclude(status=JobStatus.DONE)
    return list(jobs.values_list("params__former", flat=True))


def merged_away(customer_ids: Collection[int]) -> dict[int, int]:
    """Of these customers those whose merging is over, each with who has all of theirs.

    No merging of the others ends before the caller's transaction does: it then takes along what is written here.
    """
    if not customer_ids:
        return {}
    keys = sorted(customer_ids)
    holding = "FOR KEY SHARE" if connection.features.has_select_for_update else ""
    columns, places = "id, merged_into_id", ", ".join(["%s"] * len(keys))
    statement = f"SELECT {columns} FROM {Customer._meta.db_table} WHERE id IN ({places}) ORDER BY id {holding}"
    with connection.cursor() as cursor:
        cursor.execute(statement, keys)
        merged = {former: target for former, target in cursor.fetchall() if target}
    at_work = being_merged() if merged else ()
    return {former: target for former, target in merged.items() if former not in at_work}


def whose_now(customer_id: int) -> int:
    """The key of who has what is this customer's; the same until the caller's transaction ends."""
    return merged_away([customer_id]).get(customer_id, customer_id)
