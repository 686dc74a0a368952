"""What the pages of a card, which lie outside this room, show of it."""

from django import template
from django.urls import reverse

from cards.carriers.choices import told_words
from cards.carriers.pages.card_panel import CardAtCarrier, OwnersCard
from cards.carriers.pages.job_orders import job_told

register = template.Library()
register.filter(told_words)


@register.simple_tag(takes_context=True)
def at_the_carrier(context, card):
    """What is known of the card at its carrier, in the words of whoever reads the page."""
    reads = CardAtCarrier if context["frame"].for_staff else OwnersCard
    return reads(card, context["request"].user)


@register.inclusion_tag("cards/jobs/_at_the_carriers.html", takes_context=True)
def jobs_orders(context, job):
    """What became of the orders to the carriers that came of a job: its own part ends before theirs."""
    states = job_told(job)
    orders_url = reverse("carriers:job-orders", args=[job.pk]) if context["frame"].for_staff else ""
    return {"states": states, "waits": any(each.is_on_its_way for each in states), "orders_url": orders_url}
