"""A customer's card: its page, the actions on it, and the guided check of a card that does not work."""

import uuid

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cards.actions.fleet_snapshot import LATE_AFTER_DAYS
from cards.actions.requests import LONGEST_TEXT, open_request
from cards.actions.write import attach_queues
from cards.calendar import civil_today
from cards.errors import BadInput
from cards.forms import MyActionForm, form_key
from cards.models import CardRequest
from cards.pages.action_form import CardAction
from cards.pages.frames import member_required, my_page, read_only
from cards.pages.own_card import MyCard, find
from cards.pages.way_back import go_back
from cards.paging import key_in
from cards.permissions import CUSTOMER_ACTIONS, Actor
from cards.sentences.customer_text import BUTTONS, describe
from cards.sentences.diagnosis import diagnose, evidence_now


class MyAction(CardAction):
    """An action as a customer asks for it."""

    form_class = MyActionForm

    def hint(self):
        return self.declared.customer_hint(self.card, self._request())

    def follows(self):
        """What follows, in sentences: from the table where it helps, otherwise from a rehearsal."""
        helping = (help.follows for help in describe(self.card).helps if help.action == self.action)
        return next(helping, "") or " ".join(self.preview())


@member_required
@require_safe
def card_page(request, iccid):
    card = find(request.user, iccid)
    if card.iccid != iccid:
        return redirect("my:card", iccid=card.iccid)
    (page,) = MyCard.of([card], Actor.of(request.user), civil_today())
    return my_page(request, "my/card.html", page.context(key_in(request.GET.get("older", ""))))


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def card_act(request, iccid, action):
    """The form of an action on a card, and doing it."""
    card = find(request.user, iccid)
    if action not in CUSTOMER_ACTIONS:
        raise Http404
    actor = Actor.of(request.user)
    if not actor.may(action, card):
        return read_only(request)
    attempt = MyAction(attach_queues([card])[0], action, actor, civil_today())
    if request.method == "POST":
        return _answer(request, attempt)
    return _action_page(request, attempt, attempt.form(), attempt.refusal())


@member_required
@require_http_methods(["GET", "HEAD", "POST"])
def card_help(request, iccid):
    """What was looked at and found; at its end the one step that helps, or a request to the dealer."""
    card, actor = find(request.user, iccid), Actor.of(request.user)
    (page,) = MyCard.of([card], actor, civil_today())
    checks = diagnose(card, page.today, LATE_AFTER_DAYS)
    complaint = ""
    if request.method == "POST":
        if card.customer_id not in actor.customers:
            return read_only(request)
        try:
            return redirect("my:request", pk=_open_request(request, card, evidence_now(card, checks, page.today)).pk)
        except BadInput as bad:
            complaint = str(bad.sentence)
    context = {
        "card": card,
        "shown": card.shown,
        "checks": checks,
        "way": page.recommended(),
        "said": page.description.sentence,
        "is_fine": all(check.finding == "good" for check in checks),
        "waiting": CardRequest.objects.waiting().filter(card=card, customer=card.customer).first(),
        "may_request": card.customer_id in actor.customers,
        "key": uuid.uuid4(),
        "text": request.POST.get("text", ""),
        "longest": LONGEST_TEXT,
        "complaint": complaint,
    }
    return my_page(request, "my/help.html", context, status=422 if complaint else None)


def _open_request(request, card, evidence):
    """The form's key is of one card: sent for another it is another request."""
    key = uuid.uuid5(form_key(request) or uuid.uuid4(), card.iccid)
    return open_request(card, by=request.user, text=request.POST.get("text", ""), evidence=evidence, key=key)


def _answer(request, attempt):
    """Do what was posted, and say what followed; or the form again, with what is wrong."""
    form, outcome = attempt.posted(request.POST)
    if outcome is None:
        return _action_page(request, attempt, form, None, 422)
    if outcome.refused or outcome.parked:
        now = MyAction(
            attach_queues([find(request.user, attempt.card.iccid)])[0],
            attempt.action,
            attempt.actor,
            attempt.today,
        )
        return _action_page(request, now, now.form(), outcome.refused or now.refusal(), 409)
    messages.success(request, _("Done. {now}").format(now=describe(outcome.card).sentence))
    return go_back(request, "my:card", iccid=attempt.card.iccid)


def _action_page(request, attempt, form, refused, status=None):
    can_try_again = refused is None or refused.code in ("changed_meanwhile", "too_many_cards", "same_device")
    context = {
        "card": attempt.card,
        "shown": attempt.card.shown,
        "said": describe(attempt.card).sentence,
        "action": attempt.action,
        "label": BUTTONS[attempt.action],
        "form": form,
        "refused": refused,
        "is_offered": can_try_again,
        "hint": attempt.hint() if can_try_again else "",
        "follows": attempt.follows() if can_try_again else "",
    }
    return my_page(request, "my/card_act.html", context, status=status)
