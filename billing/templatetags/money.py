"""How the pages write amounts."""

from django import template
from django.utils.translation import pgettext

from billing import money
from billing.amount_in_words import in_capitals
from billing.choices import OrderKind
from billing.pages.home_money import money_of_home
from cards.templatetags.cards import with_code

register = template.Library()


@register.filter("yuan")
def yuan_or_nothing(amount):
    """`¥1,234.50`; nothing where no amount is known."""
    return "" if amount is None else money.yuan(amount)


register.filter(in_capitals)


@register.filter
def sold(plan):
    """What a price or a line is for: a plan, with its code, or, for nothing, the card itself."""
    return with_code(plan) if plan else pgettext("product", "Card")


@register.filter
def ordered(order):
    """What an order is for: its kind, and its plan; a pack's name says both."""
    if order.plan is None:
        return order.get_kind_display()
    return order.plan.title if order.kind == OrderKind.PACK else f"{order.get_kind_display()} · {order.plan.title}"


@register.simple_tag(takes_context=True)
def money_url(context, name, *args):
    """An address of money in the frame that the page stands in: `{% money_url "order" order.pk %}`."""
    return context["frame"].money_url(name, *args)


@register.inclusion_tag("my/_money.html")
def money_at_home(user):
    """Of a member's first page: the orders that wait to be paid, and why cards were not renewed automatically."""
    return money_of_home(user)
