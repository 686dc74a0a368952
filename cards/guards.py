"""What must be true of a card before an action is done to it. Each guard refuses with its own code and way out."""

from cards.choices import Action, Binding, Certification, Hold, RealName, State
from cards.errors import InvariantBroken, Refused
from cards.models.tag import MOST_TAGS
from cards.rules import check as check_facts


def check(action, card, ask):
    """Raise `Refused` with the first guard that fails; `ask` says who asks, on which day, and what for."""
    if not ask.actor.may(action, card):
        raise Refused("not_permitted", actor=ask.actor.name, action=str(action))
    if action != Action.UNPARK:
        _not_parked(card, ask)
    _not_cancelled(card, ask)
    for guard in GUARDS.get(action, ()):
        guard(card, ask)


def refusal(action, card, ask):
    """The `Refused` that the action would meet now, or None when nothing stands in its way."""
    try:
        check(action, card, ask)
    except Refused as refused:
        return refused


def _not_cancelled(card, ask):
    if card.is_final:
        raise Refused("cancelled")


def _not_parked(card, ask):
    if card.parked:
        raise Refused("parked", parked=card.parked)


def _not_shut_down(card, ask):
    if card.state == State.SHUT_DOWN:
        raise Refused("renew_first")


def _unused(card, ask):
    if card.state != State.UNUSED:
        raise Refused("not_unused")


def _real_name_known(card, ask):
    if card.lacks_real_name:
        raise Refused("real_name_first")


def _not_voluntary_yet(card, ask):
    if card.has_hold(Hold.VOLUNTARY):
        raise Refused("already_voluntary")


def _in_use(card, ask):
    if card.phase != State.IN_USE:
        raise Refused("not_in_use")


def _something_to_resume(card, ask):
    if not (card.has_hold(Hold.VOLUNTARY) or card.has_hold(Hold.THRESHOLD)):
        raise Refused("nothing_to_resume")


def _kind_is_anomaly(card, ask):
    kind = ask.params.get("kind", Hold.ANOMALY)
    if kind != Hold.ANOMALY:
        raise Refused("only_anomaly", hold=str(kind))


def _no_anomaly_yet(card, ask):
    if card.has_hold(Hold.ANOMALY):
        raise Refused("hold_stands", hold=str(Hold.ANOMALY))
    if not card.may_be_held(Hold.ANOMALY):
        raise Refused("not_from_this_state", state=str(card.state))


def _anomaly_open(card, ask):
    if not card.has_hold(Hold.ANOMALY):
        raise Refused("hold_not_open", hold=str(Hold.ANOMALY))


def _bound_to_a_device(card, ask):
    if card.binding == Binding.NONE:
        raise Refused("not_bound")


def _rebinds_left(card, ask):
    cap = ask.policies.in_force(card.carrier, ask.on).rebinds_per_month
    count = card.rebinds_in(ask.on)
    if card.bound_imei and count >= cap and ask.params.get("imei") != card.bound_imei:
        raise Refused("rebinds_used_up", count=count, cap=cap)


def _new_device(card, ask):
    """The card's own device may be confirmed again only when another one was seen meanwhile."""
    if ask.params.get("imei") == card.bound_imei and card.bound_imei and not card.has_hold(Hold.REBIND):
        raise Refused("same_device")


def _certified_by_a_person(card, ask):
    if card.certification != Certification.INDIVIDUAL:
        raise Refused("no_real_name_needed")


def _nothing_submitted(card, ask):
    if card.real_name == RealName.APPROVED:
        raise Refused("already_approved")
    if card.real_name == RealName.SUBMITTED:
        raise Refused("already_submitted")


def _submitted(card, ask):
    if card.real_name != RealName.SUBMITTED:
        raise Refused("not_submitted")


def _approved(card, ask):
    if card.real_name != RealName.APPROVED:
        raise Refused("not_approved")


def _last_term_waits(card, ask):
    """The last term in the queue can be taken back, unless it is the one that the card was opened with.

    Who means a certain term says its number; it has to be the last, so that the numbers stay without a gap.
    """
    last, meant = card.last_term_number, ask.params.get("term")
    if meant and meant <= card.term_number:
        raise Refused("term_started")
    if not card.queue or last == 1 or (meant and meant > last):
        raise Refused("nothing_renewed")
    if meant and meant < last:
        raise Refused("later_term")


def _term_running(card, ask):
    if not card.term_runs:
        raise Refused("no_running_term")


def _not_protected(card, ask):
    if card.protected:
        raise Refused("protected")


def _not_protected_yet(card, ask):
    if card.protected:
        raise Refused("already_protected")


def _protected(card, ask):
    if not card.protected:
        raise Refused("not_protected")


def _reason_given(card, ask):
    if ask.reason is not None and not ask.reason.strip():
        raise Refused("reason_required")


def _another_customer(card, ask):
    if "customer" in ask.params and card.customer_id == getattr(ask.params["customer"], "pk", None):
        raise Refused("same_customer")


def _tag_is_new(card, ask):
    tag = ask.params.get("tag")
    if tag in card.tag_list:
        raise Refused("already_tagged", tag=tag)
    if len(card.tag_list) >= MOST_TAGS:
        raise Refused("too_many_tags", count=MOST_TAGS)


def _tag_is_there(card, ask):
    if "tag" in ask.params and ask.params["tag"] not in card.tag_list:
        raise Refused("not_tagged", tag=ask.params["tag"])


def _another_remark(card, ask):
    if ask.params.get("remark") == card.remark:
        raise Refused("same_remark")


def _is_parked(card, ask):
    if not card.parked:
        raise Refused("not_parked")


def _facts_agree_again(card, ask):
    try:
        check_facts(card)
    except InvariantBroken as broken:
        raise Refused("still_broken", parked=broken.written()) from None


GUARDS = {
    Action.ACTIVATE: (_unused, _real_name_known),
    Action.FORCE_ACTIVATE: (_unused,),
    Action.SUSPEND: (_not_shut_down, _not_voluntary_yet, _in_use),
    Action.RESUME: (_not_shut_down, _something_to_resume),
    Action.PLACE_HOLD: (_kind_is_anomaly, _no_anomaly_yet),
    Action.LIFT_HOLD: (_kind_is_anomaly, _anomaly_open),
    Action.REBIND: (_bound_to_a_device, _new_device, _rebinds_left),
    Action.SUBMIT_REAL_NAME: (_certified_by_a_person, _nothing_submitted),
    Action.APPROVE_REAL_NAME: (_certified_by_a_person, _submitted),
    Action.REJECT_REAL_NAME: (_certified_by_a_person, _submitted),
    Action.REVOKE_REAL_NAME: (_certified_by_a_person, _approved),
    Action.UNRENEW: (_last_term_waits,),
    Action.TOP_UP: (_not_shut_down, _term_running),
    Action.PROTECT: (_not_protected_yet,),
    Action.UNPROTECT: (_protected,),
    Action.CANCEL: (_not_protected, _reason_given),
    Action.ASSIGN: (_another_customer,),
    Action.TAG: (_tag_is_new,),
    Action.UNTAG: (_tag_is_there,),
    Action.REMARK: (_another_remark,),
    Action.UNPARK: (_is_parked, _facts_agree_again),
}
