"""Buying, as customers do it: for one card in three taps, or for many; and cards that renew by themselves."""

import uuid

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from billing.actions import auto_renew as renewals
from billing.actions import orders
from billing.choices import KIND_OF, MissedWhy, OrderKind
from billing.errors import MoneyRefused
from billing.forms import shown_in
from billing.models import CardRenewal, CustomerAccount, PriceBook
from billing.pages.home_money import missed_within
from billing.pages.offered import sections_of
from billing.permissions import may_order
from billing.rules import PLAN_KINDS
from cards.actions.selections import freeze
from cards.calendar import civil_today
from cards.choices import PlanKind
from cards.forms import form_key
from cards.models import Card, Customer, Plan, Selection
from cards.pages.frames import MY, acting_required, member_required, my_page, read_only
from cards.pages.own_card import find
from cards.pages.selecting import back_to_list, chosen
from cards.scope import Scope
from cards.sentences.customer_text import describe
from cards.sentences.terms import renewal_text


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def buy_for_card(request, iccid):
    """What can be bought for a card, with prices and what follows; what is chosen becomes an order to be paid."""
    card = find(request.user, iccid)
    if not may_order(request.user, card.customer_id):
        return read_only(request)
    if request.method == "POST":
        (kind, plan), shown = _kind_and_plan(request), shown_in(request.POST)
        order = orders.draft_order(
            kind,
            card.customer,
            [card.pk],
            user=request.user,
            plan=plan,
            key=_key(request),
            also_renewed="also_renewed" in request.POST,
        )
        try:
            orders.place(order, user=request.user, shown=shown)
        except MoneyRefused as refused:  # the draft says more, and can be placed as it is now
            messages.error(request, str(refused))
        return redirect("buying:order", pk=order.pk)
    sections = [section for section in sections_of(card, user=request.user) if section.choices]
    context = {
        "card": card,
        "shown": card.shown,
        "said": describe(card).sentence,
        "sections": sections,
        "renewal": renewal_text(card),
        "on_order": card.on_order,
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
        return _to_drafts(made, selection)
    plans = Plan.objects.filter(is_sold=True).order_by("-kind", "code")
    context = {"selection": selection, "plans": list(_with_prices(plans, request.user))}
    return my_page(request, "my/order_new.html", context | {"key": uuid.uuid4()})


def _with_prices(plans, user):
    """(plan, what it costs this member today); None where it has no price, or their customers pay differently."""
    customers = list(Customer.objects.visible_to(user).values_list("pk", flat=True))
    book, today = PriceBook.read(customers), civil_today()
    for plan in plans:
        quotes = [book.quote(pk, plan.pk, today) for pk in customers]
        prices = {quote and quote.amount for quote in quotes}
        yield plan, prices.pop() if len(prices) == 1 else None


@acting_required
@require_POST
def order_cards(request):
    """An order for all cards of a view, straight to its preview: each gets its own plan again, or the only pack that is
    sold. Where several are, one is chosen first."""
    kind = KIND_OF.get(request.POST.get("action", ""))
    if kind not in (OrderKind.RENEWAL, OrderKind.PACK):
        raise Http404
    selection = chosen(request)
    if selection is None:
        return back_to_list(request, MY)
    plan = None
    if kind == OrderKind.PACK:
        packs = list(Plan.objects.filter(kind=PlanKind.PACK, is_sold=True)[:2])
        if len(packs) != 1:
            return redirect("buying:selection", pk=selection.pk)
        (plan,) = packs
    key = uuid.uuid5(selection.key, kind)
    return _to_drafts(orders.draft_for_selection(kind, selection, user=request.user, plan=plan, key=key), selection)


@acting_required
@require_POST
def select_missed(request):
    """Just the cards that did not renew automatically for one reason, as a selection."""
    why, form = request.POST.get("why", ""), form_key(request)
    if why not in MissedWhy:
        raise Http404
    key = form and uuid.uuid5(form, f"{request.user.pk} {why}")
    missed = missed_within(Scope.of(request.user)).filter(why=why)
    cards = Card.objects.filter(pk__in=missed.values("card"))
    if not cards.exists():  # all were renewed meanwhile
        return redirect("my:home")
    selection = freeze(cards, owner=request.user, asked={"from": "page"}, key=key)
    return redirect("my:selection", pk=selection.pk)


def _to_drafts(made, selection):
    """To the order that was drafted, or to all where the cards are several customers'."""
    if len(made) == 1:
        return redirect("buying:order", pk=made[0].pk)
    return redirect("buying:orders-together", pk=selection.pk) if made else redirect("buying:order-list")


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
    chosen = [request.POST.get(name) for name in ("kind", "plan", "also_renewed")]
    return form and uuid.uuid5(form, f"{request.user.pk} {chosen}")


def _renews(card):
    """Whether the card renews by itself; None for a card that never will again."""
    if card.is_final:
        return None
    said = CardRenewal.objects.filter(card=card, customer=card.customer).first()
    if said:
        return said.is_on
    return CustomerAccount.objects.filter(customer=card.customer, auto_renews=True).exists()
