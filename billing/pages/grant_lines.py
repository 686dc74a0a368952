"""Grants as the report of free service tells them: a line of each, as a row of its page and of its file."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import get_language, override, pgettext
from django.utils.translation import gettext as _

from billing.grants import ListPrices
from cards.choices import ActorKind
from cards.files.writing import as_text
from cards.models import Customer
from cards.phrases import noted

GRANTS_PER_FETCH = 2_000


@dataclass(frozen=True)
class GrantLine:
    """One grant; `value` is None where the plan had no list price on that day, and `customer` of a card in stock."""

    on: date
    iccid: str
    customer: Customer | None
    plan: str
    person: str
    reason: str
    value: Decimal | None
    is_undone: bool


def grant_lines(grants, prices=None):
    """The lines of these grants, in their order; whose they were is read for all at once."""
    prices, grants = prices or ListPrices(), list(grants)
    customers = Customer.objects.in_bulk({grant.customer_then for grant in grants} - {None})
    return [
        GrantLine(
            on=grant.effective_on,
            iccid=grant.card.iccid,
            customer=customers.get(grant.customer_then),
            plan=prices.plans.named(grant.plan_code),
            person=person_label(grant.actor_kind, grant.actor_name),
            reason=grant.reason,
            value=prices.of(grant.plan_code, grant.effective_on),
            is_undone=grant.is_undone,
        )
        for grant in grants
    ]


def person_label(kind, name):
    return noted(name, ActorKind(kind).label.lower())


def grant_headings():
    return [
        _("Day"),
        "ICCID",
        _("Customer"),
        _("Plan or pack"),
        _("Person"),
        _("Reason"),
        _("List value"),
        pgettext("grant", "Taken back"),
    ]


def grant_file_rows(grants):
    """The rows of the file, a fetch at a time."""
    prices, language = ListPrices(), get_language()
    chunk = []
    for grant in grants.iterator(GRANTS_PER_FETCH):
        chunk.append(grant)
        if len(chunk) == GRANTS_PER_FETCH:
            yield from _file_rows(chunk, prices, language)
            chunk = []
    yield from _file_rows(chunk, prices, language)


def _file_rows(grants, prices, language):
    with override(language):
        lines = grant_lines(grants, prices)
        yes = pgettext("grant", "yes")
    for line in lines:
        whose, value = line.customer.name if line.customer else "", "" if line.value is None else line.value
        undone = yes if line.is_undone else ""
        yield [line.on, as_text(line.iccid), whose, line.plan, line.person, line.reason, value, undone]
