from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from cards.actions.action_requests import act
from cards.actions.write import chunked
from cards.catalogue import asked_for
from cards.choices import MADE_BY_PEOPLE
from cards.errors import BadInput
from cards.management.base import PortalCommand
from cards.management.numbers import meant
from cards.models import Card
from cards.permissions import Actor

CARDS_PER_ROUND = 2_000
ACTION_CODES = [action.value for action in MADE_BY_PEOPLE]


class Command(PortalCommand):
    help = (
        "Does an action to cards, by the same rules as the pages do. "
        "`renew` and `top_up` grant the service: what is paid for needs an order."
    )

    def add_arguments(self, parser):
        parser.add_argument("action", metavar="ACTION", choices=ACTION_CODES, help=", ".join(ACTION_CODES))
        parser.add_argument("iccids", metavar="ICCID", nargs="+", help="19 or 20 characters")
        parser.add_argument("--actor", metavar="USER", help="act as this user, with what they may do (default: all)")
        parser.add_argument("--reason", metavar="TEXT", default="", help="why, for the record")
        parser.add_argument("--set", metavar="key=value", nargs="+", action="extend", default=[], dest="parameters")

    def carry_out(self, action, iccids, actor, reason, parameters, json, **options):
        actor, cards = actor_and_cards(actor)
        params = dict(map(_parameter, parameters))
        results = []
        for chunk in chunked(meant(iccids, cards), CARDS_PER_ROUND):
            ids = {pk for _iccid, pk, _complaint in chunk if pk}
            outcomes = {o.card.pk: o for o in act(action, ids, actor=actor, reason=reason, **params)}
            results += [_result(outcomes[pk]) if pk else _unknown(iccid, complaint) for iccid, pk, complaint in chunk]
        if json:
            self.give({"action": asked_for(action).word, "results": results})
        else:
            self.print_report(results)
        return not all(result["done"] for result in results)

    def print_report(self, results):
        for result in results:
            if result["done"]:
                holds = f" ({', '.join(result['holds'])})" if result["holds"] else ""
                self.stdout.write(f"{result['iccid']}: {result['state']}{holds}")
            else:
                self.say(f"{result['iccid']}: {result['message']} {result['way_out'] or ''}".rstrip())


def actor_and_cards(username):
    """Who acts, and the cards that they can see."""
    if username is None:
        return Actor.shell(), Card.objects.all()
    user = get_user_model().objects.filter(username=username).first()
    if user is None:
        raise BadInput("", _("There is no user {name}.").format(name=username))
    return Actor.of(user), Card.objects.visible_to(user)


def _parameter(text):
    name, equals, value = text.partition("=")
    if not equals:
        raise BadInput("", _("“{text}” is not key=value.").format(text=text))
    return name, value


def _result(outcome):
    refused = outcome.refused
    code = "parked" if outcome.parked else refused and refused.code
    return {
        "iccid": outcome.card.iccid,
        "done": code is None,
        "state": outcome.card.state,
        "holds": outcome.card.hold_list,
        "code": code,
        "message": outcome.parked or (refused and refused.sentence),
        "way_out": refused and refused.way_out,
    }


def _unknown(iccid, complaint):
    return {
        "iccid": iccid,
        "done": False,
        "state": None,
        "holds": [],
        "code": "no_such_card",
        "message": complaint,
        "way_out": None,
    }
