"""The demo's cards before they exist: each with its numbers, its owner, its story and the days that belong to it."""

import zlib
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from cards.choices import Binding, Carrier, Certification
from cards.identifiers import luhn_holds
from simportal.demo.cast import ENTERPRISES, PERSONS, Client
from simportal.demo.stories import STORIES, Plea, Story

QUOTA_MB = {"Y1-30": 30, "Y1-1024": 1024, "M1-100": 100}
ISSUERS = {Carrier.CMCC: "00", Carrier.CUCC: "06", Carrier.CTCC: "11", Carrier.CBN: "15"}
MSISDN_STARTS = {Carrier.CMCC: "14400", Carrier.CUCC: "14500", Carrier.CTCC: "14100", Carrier.CBN: "14800"}
IMSI_STARTS = {Carrier.CMCC: "46004", Carrier.CUCC: "46006", Carrier.CTCC: "46011", Carrier.CBN: "46015"}
DEVICE_TYPES = ("86153704", "86790203", "35909611")
FAMILY_NAMES = "王李张刘陈杨赵黄周吴徐孙"
GIVEN_NAMES = ("伟", "芳", "娜", "秀英", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "建国")


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


def fleet(size, seed, today, delivery_days):
    """The parts, in the order of their numbers. The same size, seed and day make the same fleet."""
    random = Random(seed)
    deck = [name for name, story in STORIES.items() for _ in range(story.share)]
    random.shuffle(deck)
    fixed = [name for name, story in STORIES.items() for _ in range(story.count)]
    names = fixed + [deck[index % len(deck)] for index in range(size - len(fixed))]
    return [_part(index, STORIES[name], seed, today, delivery_days) for index, name in enumerate(names[:size], start=1)]


def _part(index, story, seed, today, delivery_days):
    random = Random(f"{seed}/{index}")
    clients = PERSONS if story.is_personal else ENTERPRISES
    shares = [client.share for client in clients]
    client = ENTERPRISES[0] if story.is_of_the_first else random.choices(clients, shares)[0]
    carrier = story.carrier or client.carrier
    ordered_for = today - _span(random, story.ago)
    part = Part(
        index=index,
        story=story,
        client=None if story.is_stock else client,
        carrier=carrier,
        opened_on=next(delivery for delivery in delivery_days if delivery >= ordered_for),
        iccid=_iccid(carrier, index),
        imei=with_check_digit(f"{random.choice(DEVICE_TYPES)}{index:06d}"),
        new_imei=with_check_digit(f"{random.choice(DEVICE_TYPES)}{900_000 - index:06d}"),
    )
    part.mb_a_day = random.uniform(*story.uses) * QUOTA_MB[story.plan] / 30
    if story.wakes:
        part.wakes_on = part.opened_on + _span(random, story.wakes)
    if story.moves_ago:
        part.moves_on = today - _span(random, story.moves_ago)
    part.pleas = [_dated(part, order, plea, today, random) for order, plea in enumerate(story.pleas)]
    return part


def _dated(part, order, plea, today, random):
    day = today - _span(random, plea.ago) if plea.ago else part.opened_on + _span(random, plea.after)
    own = {
        "person": random.choice(FAMILY_NAMES) + random.choice(GIVEN_NAMES),
        "id_number": f"4403{random.randint(0, 9):02d}19{random.randint(60, 99)}0{random.randint(1, 9)}{part.index:06d}",
        "new_imei": part.new_imei,
    }
    return DatedPlea(day, order, plea, tuple((name, text.format(**own)) for name, text in plea.params.items()))


def _span(random, days):
    return timedelta(days=random.randint(*days))


def _iccid(carrier, index):
    """20 digits with a check digit; China Telecom prints 19."""
    number = f"8986{ISSUERS[carrier]}26{index:011d}"
    return number if carrier == Carrier.CTCC else with_check_digit(number)


def with_check_digit(number):
    return next(number + digit for digit in "0123456789" if luhn_holds(number + digit))
