"""The demo's cards before they exist: each with its numbers, its owner, its story and the days that belong to it."""

import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from operator import itemgetter
from random import Random

from cards.choices import Binding, Carrier, Certification
from cards.identifiers import luhn_holds
from simportal.demo.cast import ENTERPRISES, Client, persons
from simportal.demo.stories import STORIES, Plea, Story

QUOTA_MB = {"Y1-30": 30, "Y1-1024": 1024, "M1-100": 100}
ISSUERS = {Carrier.CMCC: "00", Carrier.CUCC: "06", Carrier.CTCC: "11", Carrier.CBN: "15"}
MSISDN_STARTS = {Carrier.CMCC: "14400", Carrier.CUCC: "14500", Carrier.CTCC: "14100", Carrier.CBN: "14800"}
IMSI_STARTS = {Carrier.CMCC: "46004", Carrier.CUCC: "46006", Carrier.CTCC: "46011", Carrier.CBN: "46015"}
DEVICE_TYPES = ("86153704", "86790203", "35909611")
BOX = 300
TOLD_ALWAYS = [name for name, story in STORIES.items() for _ in range(story.count)]
EARLY_BOXES = 2  # of each customer, in the first half of the history


@dataclass
class Part:
    """One card to be: what its file says, how its device behaves, and who asks what for it on which day."""

    index: int
    story: Story
    client: Client | None
    carrier: str
    opened_on: date
    iccid: str
    imei: str
    new_imei: str
    wakes_on: date | None = None
    moves_on: date | None = None
    mb_a_day: float = 0
    pleas: list = field(default_factory=list)

    def texts(self):
        """Its row in the file of a delivery."""
        story = self.story
        return {
            "iccid": self.iccid,
            "msisdn": f"{MSISDN_STARTS[self.carrier]}{self.index:08d}",
            "imsi": f"{IMSI_STARTS[self.carrier]}{self.index:010d}",
            "carrier": self.carrier,
            "customer": self.client.name if self.client else "",
            "certification": Certification.INDIVIDUAL if story.is_personal else Certification.ENTERPRISE,
            "opened_on": str(self.opened_on),
            "test_months": str(story.test_months or ""),
            "test_quota_mb": str(story.test_quota_mb or ""),
            "plan": story.plan,
            "binding": story.binding,
            "imei": self.imei if story.binding == Binding.FIXED else "",
        }

    def imei_on(self, day):
        """The device that the carrier saw the card in; of plain meters it reports none."""
        if not self.story.is_daily:
            return ""
        return self.new_imei if self.moves_on and day >= self.moves_on else self.imei

    def fate(self, *of):
        """A number from 0 to 1 that is the card's own, and always the same."""
        return zlib.crc32("/".join([self.iccid, *map(str, of)]).encode()) / 2**32


@dataclass(frozen=True)
class DatedPlea:
    """A plea of one card on its day."""

    day: date
    order: int
    plea: Plea
    params: tuple


def stories_of(size, seed):
    """The names of as many stories: each once as far as they go, and then as they are shared out."""
    shares = [story.share for story in STORIES.values()]
    return (TOLD_ALWAYS + Random(seed).choices(list(STORIES), shares, k=max(0, size - len(TOLD_ALWAYS))))[:size]


def individuals_of(size, seed):
    """The persons among the customers of a fleet of this size."""
    return persons(sum(STORIES[name].is_personal for name in stories_of(size, seed)))


def fleet(size, seed, today, delivery_days):
    """The parts, in the order of their numbers. The same size, seed and day make the same fleet."""
    people, drawn = individuals_of(size, seed), []
    personal = 0
    for index, name in enumerate(stories_of(size, seed), start=1):
        story, random = STORIES[name], Random(f"{seed}/{index}")
        is_of_the_first = story.is_of_the_first or index <= len(TOLD_ALWAYS)
        client = people[personal % len(people)] if story.is_personal else _enterprise(story, is_of_the_first, random)
        personal += story.is_personal
        drawn.append((index, story, client, random))
    boxes = _boxes(drawn, seed, today, delivery_days)
    return [_part(*card, seed, today, boxes) for card in drawn]


def _enterprise(story, is_of_the_first, random):
    """Who has the card; None as long as it is in stock."""
    if story.is_stock:
        return None
    shares = [client.share for client in ENTERPRISES]
    return ENTERPRISES[0] if is_of_the_first else random.choices(ENTERPRISES, shares)[0]


def _boxes(drawn, seed, today, delivery_days):
    """On which days each customer opens a box of cards: on few, as their stories allow, or one for each `BOX` cards."""
    spans = defaultdict(list)
    for _index, story, client, _random in drawn:
        spans[client and client.name].append((today - timedelta(story.ago[1]), today - timedelta(story.ago[0])))
    boxes = {}
    for name, of_client in spans.items():
        random, days = Random(f"{seed}/{name}"), []
        for first, last in _common(of_client):
            fitting = [day for day in delivery_days if first <= day <= last]
            days.append(random.choice(fitting) if fitting else next(day for day in delivery_days if day >= first))
        early = random.sample(delivery_days[: len(delivery_days) // 2], EARLY_BOXES)
        more = min(max(0, len(of_client) // BOX - len(days)), len(delivery_days))
        boxes[name] = sorted({*days, *early, *random.sample(delivery_days, more)})
    return boxes


def _common(spans):
    """The fewest spans of days such that each of these has one of them in common."""
    common = []
    for first, last in sorted(spans, key=itemgetter(1)):
        if common and first <= common[-1][1]:
            common[-1] = max(first, common[-1][0]), common[-1][1]
        else:
            common.append((first, last))
    return common


def _part(index, story, client, random, seed, today, boxes):
    carrier = story.carrier or (client or random.choice(ENTERPRISES)).carrier
    first, last = (today - timedelta(days) for days in reversed(story.ago))
    of_client = boxes[client and client.name]
    fitting = [day for day in of_client if first <= day <= last]
    opened_on = random.choice(fitting or [min(of_client, key=lambda day: abs(day - first))])
    part = Part(
        index=index,
        story=story,
        client=client,
        carrier=carrier,
        opened_on=opened_on,
        iccid=_iccid(carrier, index),
        imei=with_check_digit(f"{random.choice(DEVICE_TYPES)}{index:06d}"),
        new_imei=with_check_digit(f"{random.choice(DEVICE_TYPES)}{900_000 - index:06d}"),
    )
    part.mb_a_day = random.uniform(*story.uses) * QUOTA_MB[story.plan] / 30
    if story.wakes:
        part.wakes_on = opened_on + _with_its_box(story.wakes, Random(f"{seed}/{client}/{opened_on}"), random)
    if story.moves_ago:
        part.moves_on = today - _span(random, story.moves_ago)
    part.pleas = [_dated(part, order, plea, today, random) for order, plea in enumerate(story.pleas)]
    return part


def _with_its_box(span, of_box, random):
    """When in this span of days a device is switched on: within days of the others of its box."""
    first, last = span
    return timedelta(days=min(last, first + int(of_box.random() * (last - first)) + random.randint(0, 2)))


def _dated(part, order, plea, today, random):
    day = today - _span(random, plea.ago) if plea.ago else part.opened_on + _span(random, plea.after)
    own = {
        "person": part.client.name if part.client else "",
        "id_number": _id_number(part.client),
        "new_imei": part.new_imei,
    }
    return DatedPlea(day, order, plea, tuple((name, text.format(**own)) for name, text in plea.params.items()))


def _id_number(client):
    random = Random(client and client.name)
    month, day, serial = random.randint(1, 12), random.randint(1, 28), random.randint(1, 9_999)
    return f"440301{random.randint(1960, 2005)}{month:02d}{day:02d}{serial:04d}"


def _span(random, days):
    return timedelta(days=random.randint(*days))


def _iccid(carrier, index):
    """20 digits with a check digit; China Telecom prints 19."""
    number = f"8986{ISSUERS[carrier]}26{index:011d}"
    return number if carrier == Carrier.CTCC else with_check_digit(number)


def with_check_digit(number):
    return next(number + digit for digit in "0123456789" if luhn_holds(number + digit))
