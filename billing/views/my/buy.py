"""Buying, as customers do it: for one card in three taps, or for many; and cards that renew by themselves."""

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing.actions import auto_renew as renewals
from billing.actions import orders
from billing.actions.offers import options_for
from billing.choices import OrderKind
from billing.errors import MoneyRefused
from billing.forms import shown_in
from billing.models import CardRenewal, CustomerAccount
from billing.permissions import may_order
from billing.rules import PLAN_KINDS
from cards.choices import Hold
from cards.forms import form_key
from cards.models import Plan, Selection
from cards.pages.frames import acting_required, member_required, my_page, read_only
from cards.pages.own_card import find
from cards.phrases import joined
from cards.sentences.customer_text import describe, effect_text

KINDS_ON_OFFER = (OrderKind.PACK, OrderKind.RENEWAL)


@dataclass(frozen=True)
class Buyable:
    """One thing to buy, in a customer's words: what follows, and why not if it cannot be bought."""

    option: object
    follows: str


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def buy_for_card(request, iccid):
    """What can be bought for a card, with prices and what follows; what is chosen becomes an order to be paid."""
    card = find(request.user, iccid)
    if not may_order(request.user, card.customer_id):
        return read_only(request)
    if request.method == "POST":
        (kind, plan), shown = _kind_and_plan(request), shown_in(request.POST)
        order = orders.draft_order(kind, card.customer, [card.pk], user=request.user, plan=plan, key=_key(request))
        try:
            orders.place(order, user=request.user, shown=shown)
        except MoneyRefused as refused:  # the draft says more, and can be placed as it is now
            messages.error(request, str(refused))
        return redirect("buying:order", pk=order.pk)
    needs_data = card.has_hold(Hold.CREDIT) and not card.is_over
    sections = []  # first what helps the card
    for kind in KINDS_ON_OFFER if needs_data else KINDS_ON_OFFER[::-1]:
        choices = [Buyable(option, _follows(card, option)) for option in options_for(card, kind, user=request.user)]
        if choices:
            sections.append((kind, kind.label, choices))
    context = {
        "card": card,
        "shown": card.shown,
        "said": describe(card).sentence,
        "sections": sections,
        "renews": _renews(card),
        "key": uuid.uuid4(),
    }
    return my_page(request, "my/buy.html", context)


@member_required
@require_POST
def auto_renew(request, iccid):
    """Let a card renew by itself, or not."""
    card = find(request.user, iccid)
    if not may_order(request.user, card.customer_id):
        return read_only(request)
    renewals.switch([card], request.POST.get("on") == "1", user=request.user)
    return redirect("buying:card", iccid=card.iccid)


@acting_required
@require_http_methods(["GET", "HEAD", "POST"])
def order_selection(request, pk):
    """Renewals or packs for many cards: a draft that says who can, the price and what follows."""
    selection = get_object_or_404(Selection, pk=pk, owner=request.user)
    if request.method == "POST":
        kind, plan = _kind_and_plan(request)
        made = orders.draft_for_selection(kind, selection, user=request.user, plan=plan, key=_key(request))
        if len(made) == 1:
            return redirect("buying:order", pk=made[0].pk)
        return redirect("buying:order-list")
    plans = Plan.objects.filter(is_sold=True).order_by("-kind", "code")
    return my_page(request, "my/order_new.html", {"selection": selection, "plans": plans, "key": uuid.uuid4()})


def _follows(card, option):
    """What a customer gets for the money, in a sentence or two."""
    after = option.after
    if after is None:
        return ""
    if option.kind == OrderKind.PACK or after.term_number != card.term_number:
        until = _("Until {day}.").format(day=after.service_until) if after.term_number != card.term_number else ""
        return joined(effect_text(after), until)
    if after.service_until:
        return _("It starts when the current term ends, on {day}.").format(day=after.service_until)
    return _("It starts after the card's opening term.")


def _kind_and_plan(request):
    """What is to be bought, also a plan that was retired meanwhile; what was made up is not found."""
    kind = request.POST.get("kind", "")
    if kind not in PLAN_KINDS or kind == OrderKind.OPENING:
        raise Http404
    code = request.POST.get("plan", "")
    plans = {plan.code: plan for plan in Plan.objects.filter(kind=PLAN_KINDS[OrderKind(kind)])}
    if code and code not in plans:
        raise Http404
    plan = plans.get(code)
    if plan is None and kind == OrderKind.PACK:
        raise Http404
    return OrderKind(kind), plan


def _key(request):
    """One order for what this form asked for, however often it is sent; with another choice it is another."""
    form = form_key(request)
    return form and uuid.uuid5(form, f"{request.user.pk} {request.POST.get('kind')} {request.POST.get('plan')}")


def _renews(card):
    """Whether the card renews by itself; None for a card that never will again."""
    if card.is_final:
        return None
    said = CardRenewal.objects.filter(card=card, customer=card.customer).first()
    if said:
        return said.is_on
    return CustomerAccount.objects.filter(customer=card.customer, auto_renews=True).exists()
