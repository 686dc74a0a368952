"""The customer's first page: a few cards themselves; of a fleet what needs them, each with the one button that helps,
and what was used this cycle."""

import uuid
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cards.actions.customer_figures import LARGE_FLEET, figures_of, kept_figures
from cards.calendar import civil_today
from cards.choices import Action, Hold, State
from cards.models import Card, CardRequest
from cards.models.card import MB
from cards.pages.frames import MY, member_required, my_page
from cards.pages.own_card import MyCard, action_url
from cards.paging import count_label
from cards.permissions import Actor
from cards.quantities import per_cent
from cards.scope import Scope
from cards.sentences.customer_text import BUTTONS, HEADLINES, WAYS
from cards.state_counts import COUNTED, shown_of_customers

# Besides the stopped cards: what will stop them next, and what helps.
COMING = {
    "low": (
        gettext_lazy("Their data is nearly used up"),
        gettext_lazy("Then they are suspended."),
    ),
    "expiring": (
        gettext_lazy("Their service ends within 30 days"),
        gettext_lazy("Without renewal their service ends then."),
    ),
    "cancelling": (
        gettext_lazy("They will be cancelled within 14 days"),
        gettext_lazy("Without renewal they will be permanently cancelled then."),
    ),
    "expired": (
        gettext_lazy("Their service has ended"),
        gettext_lazy("Renewing restores them."),
    ),
    "unpaid": (
        gettext_lazy("Their renewal is ordered, not paid yet"),
        gettext_lazy("They are renewed once the order is paid."),
    ),
    "no_real_name": (
        gettext_lazy("Their ID verification was not submitted"),
        gettext_lazy("Open each card and submit its user's details."),
    ),
    "real_name": (
        gettext_lazy("Their ID verification is pending"),
        gettext_lazy("Your dealer is reviewing it."),
    ),
}
# What is bought for all cards that need it.
BOUGHT_FOR = {
    "low": Action.TOP_UP,
    "expiring": Action.RENEW,
    "cancelling": Action.RENEW,
    "expired": Action.RENEW,
    Hold.CREDIT: Action.TOP_UP,
}
FEW = 10  # so many cards stand on the page themselves


@dataclass(frozen=True)
class Need:
    """Cards that need something: how many, why, what helps, and where they are.

    `query` lists them. Where one `action` helps all of them the button asks for it, and `is_bought` says whether that
    is an order; elsewhere it leads to `url`.
    """

    code: str
    count_label: str
    sentence: str
    helps: str
    query: str
    label: str = ""
    url: str = ""
    action: str = ""
    is_bought: bool = False

    @property
    def list_url(self):
        return f"{reverse('my:card-list')}?{self.query}"


@dataclass(frozen=True)
class UsageOfAll:
    """What the cards whose meter runs have used in their cycles, of how much."""

    used_bytes: int
    allowance_bytes: int

    @property
    def per_cent(self):
        return per_cent(self.used_bytes, self.allowance_bytes)


@member_required
@require_safe
def home(request):
    """For a few cards the cards themselves; for a fleet what needs somebody."""
    scope, actor = Scope.of(request.user), Actor.of(request.user)
    cards = Card.objects.within(scope)
    own_requests = CardRequest.objects.visible_to(request.user)
    shown_now = shown_of_customers(scope.roles)
    owned = sum(shown_now[state] for state in State.values)
    living = owned - shown_now[State.CANCELLED]
    if living > FEW:
        shown = _fleet(scope, living, shown_now, actor)
    else:
        few = list(cards.not_cancelled().select_related("customer", "plan").order_by("pk")) if living else []
        shown = {"few": [card.in_short for card in MyCard.of(few, actor, civil_today())]}
    context = {
        "has_cards": owned > 0,
        "has_living": living > 0,
        "answered": own_requests.answered()[:3],
        **shown,
    }
    return my_page(request, "my/home.html", context | {"key": uuid.uuid4()})


def _fleet(scope, living, shown_now, actor):
    """What needs somebody among many cards, and what all of them have used; as of when, if that was not just now."""
    cards = Card.objects.within(scope)
    if living > LARGE_FLEET:
        sums, as_of = kept_figures(scope.roles, civil_today())
    else:
        sums, as_of = figures_of(cards, civil_today()), None
    return {
        "needs": [_stopped(hold, shown_now[hold], cards, actor) for hold in Hold if shown_now[hold]],
        "coming": [_coming(code, sums[code], actor) for code in COMING if sums[code]],
        "usage": UsageOfAll(sums["used_bytes"], sums["mb"] * MB) if sums["mb"] else None,
        "as_of": as_of,
    }


def _stopped(hold, count, cards, actor):
    """Stopped cards, by the hold that they show, with the button that helps them, for members who may press it."""
    need = Need(str(hold), f"{count:,}", str(HEADLINES[hold]), str(WAYS[hold].sentence), f"hold={hold}")
    action = WAYS[hold].action
    if not actor.customers or action not in BUTTONS:
        return need
    if count == 1:
        iccid = cards.stopped_by(hold).values_list("iccid", flat=True).first()
        url = action_url(action, iccid) if iccid else need.list_url
        return replace(need, label=str(BUTTONS[action]), url=url)
    if action == Action.RESUME:
        return replace(need, label=_("Resume all…"), action=str(action))
    return _bought(need) if hold in BOUGHT_FOR else replace(need, label=f"{BUTTONS[action]}…", url=need.list_url)


def _coming(code, count, actor):
    """Cards that stop soon; what helps is bought for all of them."""
    sentence, helps = COMING[code]
    need = Need(code, count_label(count, COUNTED), str(sentence), str(helps), f"quick={code}")
    if actor.customers and code in BOUGHT_FOR:
        return _bought(need)
    if code == "unpaid":
        return replace(need, label=_("Show orders"), url=MY.money_url("order-list"))
    return need


def _bought(need):
    """The button leads straight to the preview of the order, with its price."""
    action = BOUGHT_FOR[need.code]
    return replace(need, label=f"{BUTTONS[action]}…", action=str(action), is_bought=True)
