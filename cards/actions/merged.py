"""Who has what is written now under a customer whom somebody read before they were merged."""

from django.db import connection

from cards.models import Customer


def whose_now(customer_id: int) -> int:
    """The key of who has what is this customer's; the same until the caller's transaction ends.

    While a customer is being merged that is still the customer: what is written here goes along, and the merging does
    not end before the caller's transaction does.
    """
    holding = " FOR KEY SHARE" if connection.features.has_select_for_update else ""
    statement = f"SELECT merged_into_id, all_moved_at FROM {Customer._meta.db_table} WHERE id = %s{holding}"
    with connection.cursor() as cursor:
        cursor.execute(statement, [customer_id])
        target, all_moved_at = cursor.fetchone()
    return target if all_moved_at else customer_id
