"""One card in the console: its page, and the actions on it."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cards.actions.jobs import control
from cards.actions.write import attach_queues
from cards.calendar import civil_today
from cards.catalogue import CATALOGUE
from cards.choices import Action
from cards.errors import Refused
from cards.models import Card
from cards.pages.action_form import CardAction, what_follows
from cards.pages.addresses import given
from cards.pages.card_detail import MAY_DECIDE, CardPage
from cards.pages.deciding_checks import next_check_url
from cards.pages.frames import console_page, permitted
from cards.pages.ordering import act_url, console_actor
from cards.pages.swap_form import SwapAttempt
from cards.pages.way_back import go_back, way_back
from cards.phrases import pair
from cards.views.jobs import NOT_ALONE

# The form of an action, and the page that it stands on, where they are its own.
OWN_FORMS = {Action.SWAP: (SwapAttempt, "console/card_swap.html")}
OF_ALL_ACTIONS = CardAction, "console/card_act.html"


@permitted("cards.view_card")
@require_safe
def card_page(request, iccid):
    """Everything about one card, and what this person may do to it."""
    card = _find(request.user, iccid)
    if card is None:
        return _unknown(request, iccid)
    if card.iccid != iccid:
        return redirect("console:card", iccid=card.iccid)
    page = CardPage(card, console_actor(request.user), civil_today(), request.user.has_perm(MAY_DECIDE))
    record = page.record(given(request.GET))
    status = 400 if record.complaints else None
    return console_page(request, "console/card_detail.html", page.context(record), status=status)


@permitted("cards.view_card")
@require_http_methods(["GET", "HEAD", "POST"])
def card_act(request, iccid, action):
    """The form of an action on one card, and doing it; what is sold has the form of an order."""
    card = _find(request.user, iccid)
    if card is None or action not in CATALOGUE:
        return _unknown(request, iccid)
    if card.iccid != iccid:
        return redirect(act_url(action, card.iccid, way_back(request)))
    actor = console_actor(request.user)
    attempt = _attempt(card, action, actor)
    if action not in actor.actions:
        refused = Refused("not_permitted", actor=actor.name, action=action)
        return _action_page(request, attempt, None, refused, 403)
    if attempt.declared.is_sold:
        return redirect(act_url(action, iccid, way_back(request)))
    if request.method == "POST":
        return _answer(request, attempt)
    typed = request.GET.get("iccid", "").strip()
    return _action_page(request, attempt, attempt.form(initial={"iccid": typed}), attempt.refusal())


def _attempt(card, action, actor):
    form, _template = OWN_FORMS.get(action, OF_ALL_ACTIONS)
    return form(attach_queues([card])[0], action, actor, civil_today())


def _answer(request, attempt):
    """Do what was posted, and say what followed; or the form again, with what is wrong, for the card as it is now."""
    form, outcome = attempt.posted(request.POST)
    if outcome is None:
        return _action_page(request, attempt, form, None, 422)
    if outcome.refused and outcome.refused.code == "cancels_alone":
        return _ask(request, attempt, form.cleaned_data["reason"], outcome.refused)
    if outcome.refused:
        now = _attempt(_find(request.user, attempt.card.iccid), attempt.action, attempt.actor)
        typed = {name: value for name, value in form.cleaned_data.items() if name != "version"}
        return _action_page(request, now, now.form(initial=typed), now.refusal() or outcome.refused, 409)
    if outcome.parked:
        parked = _("The card was parked because its data is inconsistent.")
        messages.error(request, pair(attempt.card.iccid, parked) if _goes_elsewhere(request) else parked)
    else:
        done = _("{action}: done.").format(action=attempt.action.label)
        said = [pair(attempt.card.iccid, done) if _goes_elsewhere(request) else done]
        messages.success(request, " ".join([*said, *what_follows(attempt.card, outcome.card)]))
    onward = next_check_url(attempt.card, attempt.action, way_back(request)) if "onward" in request.POST else ""
    return redirect(onward) if onward else go_back(request, "console:card", iccid=outcome.card.iccid)


def _goes_elsewhere(request):
    """Whether what is said is not read on the card's own page, and so has to name the card."""
    return bool(way_back(request)) or "onward" in request.POST


def _ask(request, attempt, reason, refused):
    """What somebody may not do alone becomes a job that waits for a colleague."""
    job = control.draft_to_ask(attempt.card, attempt.action, user=request.user, reason=reason)
    messages.warning(request, refused.sentence)
    messages.info(request, NOT_ALONE)
    return redirect("console:job", pk=job.pk)


def _action_page(request, attempt, form, refused, status=None):
    is_offered = form is not None and (refused is None or refused.code == "changed_meanwhile")
    context = {
        "card": attempt.card,
        "shown": attempt.card.shown,
        "action": attempt.action,
        "label": attempt.action.label,
        "form": form,
        "refused": refused,
        "is_offered": is_offered,
        "is_dangerous": attempt.declared.is_final,
        "submit_label": attempt.declared.submit_label,
        "offers": attempt.offered,
        "preview": attempt.preview() if is_offered else [],
        "hint": attempt.hint() if is_offered else "",
        "names": attempt.names() if is_offered else [],
        **(attempt.more(form) if is_offered else {}),
        "onward": next_check_url(attempt.card, attempt.action, way_back(request)),
    }
    _form, template = OWN_FORMS.get(attempt.action, OF_ALL_ACTIONS)
    return console_page(request, template, context, status=status)


def _find(user, iccid):
    return Card.objects.visible_to(user).select_related("customer", "plan").meant_by(iccid)


def _unknown(request, iccid):
    return console_page(request, "console/card_unknown.html", {"iccid": iccid}, status=404)
