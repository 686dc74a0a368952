"""Where service came from, as the cards' records say it: who opened a card, and which record gave it a term."""

from django.db.models import Exists, F, IntegerField, OuterRef, Q, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.db.models.lookups import IsNull

from cards.choices import Action
from cards.models import Card, CardEvent
from cards.models.event import GIVES_A_TERM
from cards.querysets import CardQuerySet

_TERM_TOLD = Cast(KeyTextTransform("term", "evidence"), IntegerField())
_ABOUT_THE_TERM = CardEvent.objects.filter(GIVES_A_TERM | Q(action=Action.UNRENEW), card=OuterRef("card"))

# Of service terms: the number of the record that added the term last, or took it away; None for the first term.
SAID_LAST = Subquery(
    _ABOUT_THE_TERM.annotate(told=_TERM_TOLD).filter(told=OuterRef("number")).order_by("-seq").values("seq")[:1]
)

# A file that takes a card in anew has the last word on whether it was in service when it came.
_ADOPTED = CardEvent.objects.filter(IsNull(OuterRef("anew_seq"), True), card=OuterRef("pk"), action=Action.ADOPT)
_ANEW_IN_SERVICE = Card.objects.filter(
    anew_seq__isnull=False, events__seq=F("anew_seq"), events__evidence__anew__has_key="state"
)


def opened_here(cards: CardQuerySet) -> CardQuerySet:
    """Those of the cards that were opened here, and not taken over in service from somebody else."""
    return cards.filter(~Exists(_ADOPTED)).exclude(pk__in=_ANEW_IN_SERVICE.values("pk"))
