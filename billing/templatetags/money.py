"""How the pages write amounts."""

from django import template

from billing import money

register = template.Library()


@register.filter
def yuan(amount):
    """`¥1,234.50`; nothing for nothing said."""
    return "" if amount is None else money.yuan(amount)
