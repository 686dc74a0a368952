"""What the pages of a card, which lie outside this room, show of it."""

from django import template
from django.template.loader import render_to_string
from django.urls import reverse

from cards.carriers.choices import told_words
from cards.carriers.pages.card_panel import CardAtCarrier, cut_at_carrier, offers_owner_link, told_to_customer
from cards.carriers.pages.job_orders import job_told

register = template.Library()
register.simple_tag(cut_at_carrier)
register.filter(told_words)


@register.simple_tag(takes_context=True)
def at_the_carrier(context, card):
    """What is known of the card at its carrier, in the words of whoever reads the page."""
    request, frame = context["request"], context["frame"]
    if frame.for_staff:
        facts = {"at": CardAtCarrier(card, request.user)}
    else:
        facts = {"sentences": told_to_customer(card), "offers_link": offers_owner_link(card, request.user)}
    template_name = f"{frame.name}/card/_at_the_carrier.html"
    return render_to_string(template_name, {"card": card, "frame": frame, **facts}, request)


@register.inclusion_tag("cards/jobs/_at_the_carriers.html", takes_context=True)
def jobs_orders(context, job):
    """What became of the orders to the carriers that came of a job: its own part ends before theirs."""
    states = job_told(job)
    orders_url = reverse("carriers:job-orders", args=[job.pk]) if context["frame"].for_staff else ""
    return {"states": states, "waits": any(each.is_on_its_way for each in states), "orders_url": orders_url}
