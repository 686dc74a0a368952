"""Actions: to one card within the request, to many in the background, and what would become of them before."""

from django.utils.translation import gettext_lazy as _
from ninja import Path, Router, Schema
from pydantic import ConfigDict, Field

from cards.actions.action_requests import act
from cards.choices import Action
from cards.errors import BadInput
from cards.models import Card, CardEvent
from cards.permissions import Actor
from simportal.api.actions import many
from simportal.api.choices import SCOPE_OF_ACTION, ApiScope
from simportal.api.errors import Problem, invalid, of_bad_input
from simportal.api.pages.entrance import demand, needs, needs_by_word
from simportal.api.pages.exactly_once import exactly_once
from simportal.api.pages.meant import meant_cards
from simportal.api.pages.numbers import card_named
from simportal.api.pages.operations import is_over, of_job, of_record
from simportal.api.pages.portal_api import IF_MATCH, WITH_ETAG
from simportal.api.pages.possible_actions import allowed_instead, possible_actions, refusal_document
from simportal.api.pages.written import json_answer
from simportal.api.views.v1.cards import etag_of
from simportal.api.views.v1.parameters import CardFilters, CardNumber
from simportal.api.views.v1.schemas import Actions, Operation, Preview, refused_with

router = Router(tags=["actions"])

_CHANGED = _("The card has changed since you looked at it: it is at version {version}.")
NONE_CAN = _("To none of these cards can this be done now.")
BUSY = _("{most} of your operations are running: ask again when one has ended.")
NOT_AN_ACTION = _("There is no such action. There are: {known}.")


class ActionBody(Schema):
    """What is to be done, with the arguments that the action asks for, and why."""

    model_config = ConfigDict(extra="forbid")

    action: str
    arguments: dict[str, str] = Field(default_factory=dict)
    reason: str = Field("", max_length=500)


class ManyBody(ActionBody):
    """The same for many cards: named by their numbers, or by the filters of the list."""

    cards: list[CardNumber] | None = Field(None, max_length=many.MOST_CARDS_AT_ONCE)
    selection: CardFilters | None = None


@router.get("/cards/{card}/actions", response={200: Actions, **refused_with(404, 409)})
@needs(*ApiScope)
def list_actions(request, card: Path[CardNumber]):
    """What the key may have done to the card now, and why the rest is not possible."""
    return json_answer({"items": possible_actions(card_named(card, request.user), request.auth)})


@router.post(
    "/cards/{card}/actions",
    response={200: Operation, 202: Operation, **refused_with(404, 409, 412)},
    openapi_extra={"parameters": [IF_MATCH], "responses": {200: WITH_ETAG, 202: WITH_ETAG}},
)
@needs_by_word(*SCOPE_OF_ACTION.values())
@exactly_once
def act_on_card(request, card: Path[CardNumber], payload: ActionBody):
    """Do it now. 200 when all of it is done; 202 when the carrier has to do its part: look at `Location` again."""
    action, found = _action(request, payload.action), card_named(card, request.user)
    seen = request.headers.get("If-Match", "")
    if seen and seen not in ("*", etag_of(found.version)):
        raise Problem(412, "changed_meanwhile", _said(_CHANGED, version=found.version), {"card": found.iccid})
    versions = {found.pk: found.version} if seen and seen != "*" else None
    actor = Actor.of(request.user)
    try:
        (outcome,) = act(action, [found.pk], actor=actor, reason=payload.reason, versions=versions, **payload.arguments)
    except BadInput as bad:
        raise of_bad_input(bad, "/arguments" if bad.field else "") from None
    if outcome.refused or outcome.parked:
        raise _refused(outcome, action, request.auth)
    number = next(done.seq for done in outcome.done if done.change.action == action)
    record = CardEvent.objects.select_related("card").get(card=found.pk, seq=number)
    return _begun(of_record(record), etag_of(outcome.card.version))


@router.post("/actions/preview", response={200: Preview, **refused_with(404)})
@needs_by_word(*SCOPE_OF_ACTION.values())
def preview(request, payload: ManyBody):
    """What would become of each card, and nothing is done: the dry run of `POST /actions`."""
    action, card_ids = _action(request, payload.action), meant_cards(request, payload, many.MOST_CARDS_AT_ONCE)
    try:
        can, refusals = many.rehearse_many(action, card_ids, payload.arguments, request.user)
    except BadInput as bad:
        raise of_bad_input(bad, "/arguments" if bad.field else "") from None
    named = dict(
        Card.objects.filter(pk__in=[pk for _refused, _count, keys in refusals.values() for pk in keys]).values_list(
            "pk", "iccid"
        )
    )
    summary = [{"outcome": "possible", "count": can}] if can else []
    rows = sorted(refusals.values(), key=lambda row: -row[1])
    summary += [{"outcome": "refused", "code": refused.code, "count": count} for refused, count, _keys in rows]
    told = [
        refusal_document(refused) | {"count": count, "examples": [named[pk] for pk in keys]}
        for refused, count, keys in rows
    ]
    return json_answer({"action": action, "cards": len(card_ids), "summary": summary, "refusals": told})


@router.post("/actions", response={202: Operation, **refused_with(404, 409)})
@needs_by_word(*SCOPE_OF_ACTION.values())
@exactly_once
def act_on_many(request, payload: ManyBody):
    """Begin it for all cards that can; what became of each stands in the operation's items.

    Refused wholly, and nothing begun, where a number is none of your cards' or nothing can be done to any of them.
    """
    action, card_ids = _action(request, payload.action), meant_cards(request, payload, many.MOST_CARDS_AT_ONCE)
    if many.is_busy(request.user):
        headers = {"Retry-After": "5"}
        raise Problem(429, "too_many_operations", _said(BUSY, most=many.MOST_AT_WORK), headers=headers)
    try:
        job = many.begin_many(action, card_ids, payload.arguments, payload.reason, request.user)
    except BadInput as bad:
        if not bad.field:
            raise Problem(409, "none_possible", NONE_CAN) from None
        raise of_bad_input(bad, "" if bad.field == "reason" else "/arguments") from None
    return _begun(of_job(job))


def _begun(document, etag=None):
    headers = {"ETag": etag} if etag else {}
    if is_over(document):
        return json_answer(document, headers=headers)
    return json_answer(document, 202, headers | {"Location": document["links"]["self"]})


def _action(request, word):
    """The action of this word, if the key has the permission for it."""
    if word not in SCOPE_OF_ACTION:
        known = _said(NOT_AN_ACTION, known=", ".join(SCOPE_OF_ACTION))
        raise invalid([{"pointer": "/action", "code": "no_such_action", "detail": known}])
    demand(request.auth, SCOPE_OF_ACTION[Action(word)])
    return Action(word)


def _refused(outcome, action, key):
    said = refusal_document(outcome.refused) if outcome.refused else None
    if said is None:
        return Problem(409, "parked", outcome.parked, {"card": outcome.card.iccid, "action": action.value})
    card = Card.objects.get(pk=outcome.card.pk)
    more = {"card": card.iccid, "action": action.value, "allowed": allowed_instead(card, key)}
    return Problem(409, said["code"], said["detail"], {"way_out": said["way_out"], **more})


def _said(sentence, **facts):
    return str(sentence).format(**facts)
