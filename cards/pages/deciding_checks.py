"""Deciding real-name checks: what was chosen on the page, doing it, and which check comes next."""

from django.contrib import messages
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cards.actions.action_requests import act
from cards.choices import Action
from cards.errors import Refused
from cards.models import CardEvent, RealNameCheck
from cards.pages.ordering import act_url
from cards.paging import LARGEST_ID, key_in
from cards.permissions import Actor
from cards.phrases import pair
from cards.quantities import whole

CHECKS_DECIDED = {"approve": Action.APPROVE_REAL_NAME, "reject": Action.REJECT_REAL_NAME}
BUTTONS_OF_CHECK = (
    (Action.APPROVE_REAL_NAME, gettext_lazy("Approve")),
    (Action.REJECT_REAL_NAME, gettext_lazy("Reject")),
)
LONGEST_REASON = CardEvent._meta.get_field("reason").max_length


def versions_in(texts):
    """The cards that were checked, each with the version that was looked at; None for what no page of ours sends."""
    read = [(key_in(key), whole(version, 0, LARGEST_ID)) for key, _dash, version in (t.partition("-") for t in texts)]
    return None if any(None in pair_read for pair_read in read) else dict(read)


def complaint_about(decision, versions, reason):
    """What has to be put right before anything is decided; empty if nothing has to."""
    if not versions:
        return _("No cards are selected: there is nothing to do yet.")
    if decision == "reject" and not reason:
        return _("Give a reason: the customer reads it, and submits the verification again.")
    if len(reason) > LONGEST_REASON:
        return _("The reason can have at most {most} characters.").format(most=LONGEST_REASON)
    return ""


def decide_checks(request, decision, versions, reason):
    """Decide the checks of these cards as they were seen, and say of how many, and of which not and why."""
    action, actor = CHECKS_DECIDED[decision], Actor.of(request.user)
    outcomes = act(action, list(versions), actor=actor, reason=reason, versions=versions)
    done = sum(not (outcome.refused or outcome.parked) for outcome in outcomes)
    if done and decision == "approve":
        said = ngettext("{count} verification was approved.", "{count} verifications were approved.", done)
        messages.success(request, said.format(count=done))
    elif done:
        said = ngettext("{count} verification was rejected.", "{count} verifications were rejected.", done)
        messages.success(request, said.format(count=done))
    for outcome in outcomes:
        if refused := Refused("parked", parked=outcome.card.parked) if outcome.parked else outcome.refused:
            messages.error(request, pair(outcome.card.iccid, refused))


def next_check_url(card, action, back):
    """Where the check is decided in this way that waits next, behind the last one of this card; empty for the last."""
    if action not in CHECKS_DECIDED.values():
        return ""
    own = RealNameCheck.objects.filter(card=card).order_by("-pk").first()
    waiting = RealNameCheck.objects.to_decide().exclude(card=card).select_related("card").order_by("pk")
    following = waiting.filter(pk__gt=own.pk).first() if own else None
    return act_url(action, following.card.iccid, back) if following else ""
