"""Changes of what money is reckoned by, as staff read them: what of, before and after, and who wanted and agreed."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import BooleanField
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.choices import Deed, NoticeKind, PriceKind
from billing.models import CustomerAccount, MoneyRules, Price, PriceTier, TermsRecord
from billing.models.fields import MoneyField
from billing.money import yuan
from cards.choices import label_of
from cards.models import Plan
from cards.phrases import listed, pair
from cards.unreadable import read_kept

CHANGES_SHOWN = 20
MODELS = {Deed.TERMS: CustomerAccount, Deed.PRICE: Price, Deed.RULES: MoneyRules}


@dataclass(frozen=True)
class TermsLine:
    """One change: what it is of, and (label, before, after) of each value."""

    change: TermsRecord
    about: str
    values: list

    @property
    def sentence(self):
        """All values in one line, for files."""
        changed = [pair(label, _("{before} → {after}").format(before=b, after=a)) for label, b, a in self.values]
        return listed(changed)


def terms_line(change):
    return TermsLine(change, _about(change), values_of(change.deed, change.before, change.after))


def changes_seen():
    """The changes, newest first, with all that a line of them reads."""
    related = ("customer", "by", "approved_by", "price__plan", "price__tier", "price__customer")
    return TermsRecord.objects.select_related(*related).order_by("-pk")


def terms_lines(**of):
    """The last changes, of a customer for instance."""
    return [terms_line(change) for change in changes_seen().filter(**of)[:CHANGES_SHOWN]]


def values_of(deed, before, after):
    """(label, before, after) of each value that a change changes."""
    model = MODELS[deed]
    fields = [model._meta.get_field(name) for name in after if name in before]
    return [
        (field.verbose_name, _value(field, before[field.name]), _value(field, after[field.name])) for field in fields
    ]


def price_label(price):
    """What a price is for: the plan, the kind, and whose it is where it is not everybody's."""
    what = price.plan.title if price.plan else pgettext("product", "Card")
    return listed([each for each in (what, price.get_kind_display(), price.tier or price.customer) if each])


def proposed_prices(proposals):
    """The prices that wait, as they would be set, by the keys of their proposals; of other proposals there is none."""
    of_prices = [proposal for proposal in proposals if proposal.deed == Deed.PRICE]
    plans = Plan.objects.in_bulk({proposal.after["plan"] for proposal in of_prices}, field_name="code")
    tiers = PriceTier.objects.in_bulk({proposal.after["tier"] for proposal in of_prices} - {None})
    return {
        proposal.pk: Price(
            kind=PriceKind(proposal.after["kind"]),
            plan=plans.get(proposal.after["plan"]),
            tier=tiers.get(proposal.after["tier"]),
            customer=proposal.customer,
            amount=Price._meta.get_field("amount").to_python(proposal.after["amount"]),
            valid_from=Price._meta.get_field("valid_from").to_python(proposal.after["valid_from"]),
        )
        for proposal in of_prices
    }


def _about(change):
    if change.price:
        since = _("from {day}").format(day=change.price.valid_from)
        return listed([price_label(change.price), since])
    return str(change.customer or change.get_deed_display())


def _value(field, value):
    return read_kept(lambda value: _told(field, value), value, str)


def _told(field, value):
    if value is None or value == "":
        return "—"
    if isinstance(field, MoneyField):
        return yuan(Decimal(value))
    if isinstance(field, BooleanField):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return listed(label_of(NoticeKind, kind) for kind in value) or "—"
    return str(value)
