"""An action on one card: its form, what it would lead to, and doing it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from cards.actions.action_requests import ActionRequest, RequestedAction, act, possible, rehearse
from cards.calendar import last_day
from cards.catalogue import CATALOGUE
from cards.choices import Action, Hold, PlanKind, label_of
from cards.errors import BadInput, InvariantBroken, Refused
from cards.forms import ActionForm, say_at_field
from cards.models import Plan, PolicyBook
from cards.phrases import listed
from cards.quantities import megabytes
from cards.sentences.terms import when_it_runs
from cards.templatetags.cards import shown_label


@dataclass(frozen=True)
class PlanChoice:
    """A plan that can be chosen, and what would follow, or why it cannot be had now."""

    plan: Plan
    effect: str


class CardAction:
    """One action on one card (with its queue), as one actor asks for it on one day."""

    form_class = ActionForm

    def __init__(self, card, action, actor, today):
        self.card, self.action, self.actor, self.today = card, Action(action), actor, today
        self.policies = PolicyBook.read()
        self.declared = CATALOGUE[self.action]
        self.offered = self.offers()

    def form(self, data=None, initial=None):
        choices = [(offer.plan.code, offer.plan.offer) for offer in self.offered]
        initial = {"version": self.card.version, **self.declared.initial(self.card), **(initial or {})}
        return self.form_class(self.declared, self.card.iccid, choices, data, initial)

    def posted(self, data):
        """(form, outcome) of what was posted; where the form says what is wrong, nothing was done and there is none."""
        form = self.form(data)
        if not form.is_valid():
            return form, None
        version, reason = form.cleaned_data["version"], form.cleaned_data.get("reason", "").strip()
        # A form that is out of date is refused, so that twice is once.
        checked = {"versions": None if version is None else {self.card.pk: version}, "reason": reason}
        try:
            (outcome,) = act(self.action, [self.card.pk], actor=self.actor, **checked, **form.values())
        except BadInput as bad:
            say_at_field(form, bad)
            return form, None
        return form, outcome

    def refusal(self):
        """What stands in the way now, whatever the parameters, or None."""
        try:
            return dict(possible(self.card, self.actor, self.today, self.policies))[self.action]
        except InvariantBroken as broken:
            return Refused("parked", parked=broken.written())

    def preview(self):
        """What will happen, in sentences; nothing for an action that still lacks parameters."""
        known = {"kind": Hold.ANOMALY} if "kind" in self.declared.parameters else {}
        if self.declared.parameters.keys() - known.keys() - set(self.declared.optional):
            return []
        after, _refused = self._rehearsed(**known)
        return what_follows(self.card, after) if after else []

    def offers(self):
        """The plans on sale that fit, each with what it would lead to."""
        return [PlanChoice(plan, self._effect(plan, *self._rehearsed(plan=plan))) for plan in plans_for(self.declared)]

    def names(self):
        """What may be typed, for the browser to offer."""
        return self.declared.names(self.card)

    def more(self, form):
        """What else the page of the form shows."""
        return {}

    def hint(self):
        """What somebody should know who fills in the form."""
        return self.declared.hint(self.card, self._request())

    def _effect(self, plan, after, refused):
        if refused:
            return refused.sentence
        if plan.kind == PlanKind.PACK:
            allowance = _("{quota} MB in this cycle.").format(quota=megabytes(after.allowance_bytes))
            return " ".join([allowance, *what_follows(self.card, after)])
        if after.term_number != self.card.term_number:
            return " ".join(what_follows(self.card, after))
        return when_it_runs(after, self.policies, is_one_more=self.card.is_renewed)

    def _rehearsed(self, **params):
        """(a copy of the card, to which the action was done, None), or (None, the refusal)."""
        return rehearse(RequestedAction(self.declared, self._request(**params)), self.card)

    def _request(self, **params):
        return ActionRequest(self.actor, self.today, self.policies, params=params)


def plans_for(action):
    """The plans on sale of the kinds that an action adds, if it adds any."""
    return Plan.objects.filter(kind__in=action.adds, is_sold=True) if action.adds else []


def what_follows(before, after):
    """What an action changes, or has changed, in sentences."""
    now = shown_label(after.shown)
    if before.shown == after.shown:
        sentences = [_("Remains “{shown}”.").format(shown=now)]
    else:
        sentences = [_("From “{before}” to “{after}”.").format(before=shown_label(before.shown), after=now)]
    remaining = [label_of(Hold, hold) for hold in after.hold_list if before.has_hold(hold)]
    if remaining:
        sentences.append(_("Still suspended: {holds}.").format(holds=listed(remaining)))
    if after.service_until and after.service_until != before.service_until:
        sentences.append(_("The last day of service is {day}.").format(day=last_day(after.service_until)))
    elif after.hold_list and not before.hold_list and after.term_runs:
        sentences.append(_("The term continues; its last day is {day}.").format(day=last_day(after.service_until)))
    if after.is_final:
        sentences.append(_("This is final: the card cannot be restored."))
    return sentences
