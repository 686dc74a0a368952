"""Which cards are meant: by numbers from a file or a command line, many at a time; by what is on a label; by a number
that a stranger types. And names for a form to offer."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter

from django.db.models import Count, Model, Q, QuerySet

from cards.identifiers import canonical, iccid_in, msisdn, without_country
from cards.models import Card, ClaimCode, Customer
from cards.models.claim import TOKEN, read_token
from cards.names import name_key
from cards.querysets import CardQuerySet

LABEL_ADDRESS = re.compile(rf"[^\s,;|、]{{0,200}}/c/{TOKEN.pattern}", re.IGNORECASE | re.ASCII)
PREFIXES_AT_ONCE = 200
NAMES_OFFERED = 100


def ids_by_iccid(iccids: Collection[str], cards: CardQuerySet | None = None) -> dict[str, list[int]]:
    """The primary keys of the cards that each ICCID may mean: the card itself, or else by its first 19 characters.

    A number of 19 characters may stand for several cards of 20; an unknown one stands for none.
    """
    cards = Card.objects.all() if cards is None else cards
    wanted = set(iccids)
    wanted |= {iccid[:19] for iccid in wanted}
    known = dict(cards.filter(iccid__among=wanted).values_list("iccid", "pk"))
    short = sorted({iccid for iccid in iccids if len(iccid) == 19 and iccid not in known})
    longer = _beginning_with(short, cards)
    return {iccid: _meant(iccid, known, longer) for iccid in iccids}


def _meant(iccid: str, known: Mapping[str, int], longer: Mapping[str, list[int]]) -> list[int]:
    for number in (iccid, iccid[:19]):
        if number in known:
            return [known[number]]
    return longer.get(iccid, [])


def _beginning_with(prefixes: Sequence[str], cards: CardQuerySet) -> dict[str, list[int]]:
    """The cards of 20 characters behind numbers of 19: ranges, which an index serves."""
    found: dict[str, list[int]] = {}
    for start in range(0, len(prefixes), PREFIXES_AT_ONCE):
        ranges = (Q(iccid__gt=prefix, iccid__lt=prefix + "~") for prefix in prefixes[start : start + PREFIXES_AT_ONCE])
        for iccid, pk in cards.filter(Q(*ranges, _connector=Q.OR)).values_list("iccid", "pk"):
            found.setdefault(iccid[:19], []).append(pk)
    return found


def living_by_msisdn(msisdns: Collection[str]) -> dict[str, list[str]]:
    """The ICCIDs of the cards that have each MSISDN: of the living, or where none lives, of the cancelled.

    A carrier gives the number of a cancelled card to another one.
    """
    living: dict[str, list[str]] = {}
    cancelled: dict[str, list[str]] = {}
    having = Card.objects.filter(msisdn__in=msisdns).exclude(msisdn="")
    for card in having.only("msisdn", "iccid", "state"):
        (cancelled if card.is_final else living).setdefault(card.msisdn, []).append(card.iccid)
    return cancelled | living


def card_at(token: str) -> Card | None:
    """The card whose label has this address now. It takes one statement and one hash, whether there is one or not."""
    key, letters = read_token(token)
    code = ClaimCode.objects.select_related("card__customer", "card__plan").filter(card=key).first()
    fits = (code or ClaimCode()).opens_with(code.card.iccid if code else "", letters)
    return code.card if code and fits else None


def with_numbers_of_labels(text: str) -> str:
    """A text with the ICCID of its card in place of the address on a label, as a scanner types it; also of a label that
    was replaced. It takes a statement only where there is an address."""
    keys = {int(found[1], 36) for found in LABEL_ADDRESS.finditer(text)}
    if not keys:
        return text
    iccids = dict(Card.objects.filter(pk__among=keys).values_list("pk", "iccid"))
    return LABEL_ADDRESS.sub(lambda found: iccids.get(int(found[1], 36), found[0]), text)


def card_of_number(text: str) -> Card | None:
    """The one living card that a typed ICCID or MSISDN means: one statement, whether there is one or not.

    None for a number that several have as well. Raises `BadInput` for what is no number of a card.
    """
    iccid = iccid_in(text)
    cards = Card.objects.numbered(iccid) if iccid else Card.objects.filter(msisdn=msisdn(text)).not_cancelled()
    found = list(cards.select_related("customer", "plan").order_by("iccid")[:2])
    if iccid:
        exact = [card for card in found if card.iccid == iccid]
        found = [card for card in exact or found if not card.is_final]
    return found[0] if len(found) == 1 else None


def customers_named(names: Iterable[str]) -> dict[str, list[Customer]]:
    """The customers that each name may mean: the one who is written so, or else all who are but for width and case.

    The name of somebody who was merged means who has all of theirs now.
    """
    keys = {name: name_key(name) for name in names}
    if not keys:
        return {}
    by_name: dict[str, Customer] = {}
    by_key: defaultdict[str, list[Customer]] = defaultdict(list)
    alike = Q(name_key__in=set(keys.values())) | Q(name_key="") | Q(name__in=list(keys))
    found = Customer.objects.filter(alike).select_related("merged_into")
    for customer in sorted(found, key=attrgetter("name")):
        by_name[customer.name] = customer.now
        if customer.now not in (meant := by_key[name_key(customer.name)]):
            meant.append(customer.now)
    return {name: [by_name[name]] if name in by_name else by_key.get(key, []) for name, key in keys.items()}


def customers_called(text: str) -> QuerySet[Customer]:
    """The customers in whose name this text stands, by their names, whatever the width, case and blanks: the names of
    companies begin with their city. It reads all names, of which there are thousands."""
    return Customer.objects.filter(Q(name_key__contains=name_key(text)) | Q(name__icontains=text)).order_by("name")


def customers_known_by(text: str) -> Q:
    """The customers who are meant by any part of their name, or by their whole contact or phone number."""
    means = Q(pk__in=customers_called(text).values("pk")) | Q(contact=text)
    phone = without_country(canonical(text))
    return means | Q(phone=phone) if phone else means


def customers_alike() -> list[Customer]:
    """The first customers whose name is another's but for width, case and blanks, by their names."""
    several = Customer.objects.living().exclude(name_key="").order_by("name_key").values("name_key")
    keys = several.annotate(customers=Count("pk")).filter(customers__gt=1).values_list("name_key", flat=True)
    return list(Customer.objects.living().filter(name_key__in=list(keys[:NAMES_OFFERED])).order_by("name_key", "name"))


def names_of(model: type[Model]) -> list[str]:
    """The first names, in order: of a model of which there are few."""
    rows = Customer.objects.living() if model is Customer else model._default_manager.all()
    return list(rows.order_by("name").values_list("name", flat=True)[:NAMES_OFFERED])
