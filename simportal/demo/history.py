"""The demo's months, told in rounds: sweeps, readings, deliveries and what people ask for, each on its day.

Rounds are weeks long at first and days in the end. A carrier reads its quieter cards once a week, and all of them
yesterday. Everything goes through the actions, dated `at` the round.
"""

from collections import defaultdict
from contextlib import contextmanager, nullcontext
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import groupby, pairwise

from django.utils import timezone
from django.utils.translation import gettext as _

from cards.actions.action_requests import act
from cards.actions.imports.card_rows import read_card_row
from cards.actions.imports.cards_applying import apply_cards
from cards.actions.sweep import sweep
from cards.actions.usage import Reading, apply_readings
from cards.calendar import WEEK, days
from cards.choices import Action, Carrier, Hold
from cards.models import Card, CarrierPolicy
from cards.models.card import MB
from simportal.demo import connections, money, office, takeover
from simportal.demo.fleet import fleet

HISTORY = timedelta(days=427)
DAILY_ROUNDS = timedelta(days=35)
DAILY_READINGS = timedelta(days=62)
STOCKTAKING = 5
RENEWS_AHEAD = 10
COMES_BACK_WITHIN = timedelta(days=21)


def round_days(today):
    """The days on which the demo's people come to work; nobody has come yet today."""
    weekly = [today - HISTORY + timedelta(days=n) for n in range(0, (HISTORY - DAILY_ROUNDS).days, WEEK)]
    return [*weekly, *days(today - DAILY_ROUNDS, today - timedelta(days=1))]


class History:
    """The state of the telling: the parts, and which cards they have become."""

    def __init__(self, size, seed, today, actors, say):
        self.today, self.actors, self.say = today, actors, say
        self.rounds = round_days(today)
        self.months = sorted({day.replace(day=1) for day in self.rounds})
        self.desk_days = {*self.rounds[::-WEEK], *(day for day in self.rounds if day < today - DAILY_ROUNDS)}
        self.taken_over = takeover.how_many(size)
        self.parts = {part.iccid: part for part in fleet(size - self.taken_over, seed, today, self.rounds)}
        self.ids, self.unlabelled = {}, []
        self.till = money.Till(self.rounds[0], today, instant)
        self.deliveries = defaultdict(list)
        for part in self.parts.values():
            self.deliveries[part.opened_on].append(part)
        self.pleas = sorted(
            ((plea, part) for part in self.parts.values() for plea in part.pleas),
            key=lambda plea: (plea[0].day, plea[0].order, plea[1].index),
        )

    def build(self, progress):
        """From the first day to this morning."""
        self.say(_("Creating cards and {count} months of history, day by day.").format(count=len(self.months)))
        for before, day in pairwise([self.rounds[0] - timedelta(days=1), *self.rounds]):
            self.announce(before, day)
            self.sweep(before, day)
            self.read(days(before, day - timedelta(days=1)), instant(day, 2))
            self.deliver(day)
            self.answer(day)
            if day in self.desk_days:
                self.look_after(day)
            self.tag_and_remark(day)
            progress((day - before).days)
        self.sweep(self.rounds[-1], self.today)
        self.read([self.rounds[-1]], instant(self.today, 0, 20))
        self.surge()
        self.say(_("This morning: cards taken over, orders, jobs on many cards, saved views."))
        takeover.take_over(self.taken_over, self.today, self.actors["ops"], instant(self.today, 0, 40))
        connections.connect()
        self.lose()
        self.till.this_morning()
        office.work_on_many()
        office.share_views()
        self.swap_one()
        progress(1)

    def announce(self, before, day):
        """Say which month begins with this round, if one does."""
        month = day.replace(day=1)
        if before < month or day == self.rounds[0]:
            sentence = _("Month {number} of {count}: {month}, {cards} cards so far.")
            number = self.months.index(month) + 1
            facts = {"number": number, "count": len(self.months), "month": f"{month:%Y-%m}"}
            self.say(sentence.format(**facts, cards=f"{len(self.ids):,}"))

    def sweep(self, before, day):
        for swept in days(before + timedelta(days=1), day):
            sweep(swept, at=instant(swept, 0, 10))

    def deliver(self, day):
        parts = self.deliveries.get(day, ())
        rows = [read_card_row(number, part.texts(), day) for number, part in enumerate(parts, start=2)]
        if rows:
            apply_cards(rows, actor=self.actors["ops"], at=instant(day, 10))
            created = Card.objects.filter(iccid__in=[row.iccid for row in rows])
            self.ids |= dict(created.values_list("iccid", "pk"))
            self.unlabelled += self.deliveries[day]
            self.till.open(list(created.values_list("pk", flat=True)), day)

    # usage

    def read(self, covered, at):
        """Take the readings of these days, as the carriers send them."""
        stopped = set(Card.objects.without_service().values_list("iccid", flat=True))
        readings = [
            Reading(self.ids[part.iccid], day, count, at, part.imei_on(day))
            for day in covered
            for part in self.in_use_on(day)
            if (part.story.never_stops or part.iccid not in stopped) and (count := self.used_bytes(part, day))
        ]
        apply_readings(readings, at=at)
        self.repeat(readings, at)

    def in_use_on(self, day):
        return (p for p in self.parts.values() if p.wakes_on and p.wakes_on <= day and p.iccid in self.ids)

    def used_bytes(self, part, day):
        """What the device used on the day: each day of late, before that all of a week on one day of it."""
        if part.story.first_mb:
            return part.story.first_mb * MB if day == part.wakes_on else 0
        first_use = day == part.wakes_on or day == part.moves_on
        by_day = (part.story.is_daily and day > self.today - DAILY_READINGS) or day == self.rounds[-1]
        if not (by_day or first_use or (day.toordinal() + part.index) % WEEK == 0):
            return 0
        covered = 1 if by_day or first_use else WEEK
        quiet = 0.6 if day.weekday() >= 5 and covered == 1 else 1
        return int(part.mb_a_day * covered * quiet * (0.5 + part.fate(day)) * MB)

    def repeat(self, readings, at):
        """Carriers send some days again: with a larger figure later, or as they were before."""
        later, earlier = timedelta(hours=6), timedelta(hours=-6)
        index_of = {self.ids[part.iccid]: part.index for part in self.parts.values() if part.iccid in self.ids}
        chosen = [reading for reading in readings if (index_of[reading.card_id] + reading.day.toordinal()) % 97 == 0]
        for reading in chosen:
            reading.bytes += reading.bytes // 16
            reading.read_at += later if index_of[reading.card_id] % 2 else earlier
        apply_readings(chosen, at=at + later)

    def surge(self):
        """What has been used this morning already."""
        at = instant(self.today, 0, 30)
        parts = [part for part in self.parts.values() if part.story.surge_mb]
        apply_readings(
            [Reading(self.ids[part.iccid], self.today, part.story.surge_mb * MB, at, "") for part in parts], at=at
        )

    def lose(self):
        """Some devices were lost this morning; their carrier refuses to stop their cards."""
        at, ids = instant(self.today, 0, 45), connections.refused_there()
        act(Action.SUSPEND, ids, actor=self.actors["support"], reason="设备丢失", on=self.today, at=at)

    def swap_one(self):
        """One SIM is broken this morning, and an unused one from stock takes over."""
        for new in Card.objects.filter(customer=None, activated_on=None, test_months=0, parked="").order_by("-pk"):
            of_its_kind = Card.objects.active().filter(carrier=new.carrier, certification=new.certification)
            broken = of_its_kind.filter(holds="", protected=False, parked="").exclude(customer=None).order_by("-pk")
            if new.is_silent and (card := broken.first()):
                said = {"reason": "卡片损坏，更换新卡", "on": self.today, "at": instant(self.today, 0, 50)}
                act(Action.SWAP, [card.pk], actor=self.actors["ops"], iccid=new.iccid, **said)
                return

    # people

    def answer(self, day):
        """Do what was asked for by this day, in the order in which it was asked."""
        due = []
        while self.pleas and self.pleas[0][0].day <= day:
            due.append(self.pleas.pop(0))
        for minute, ((plea, params), group) in enumerate(groupby(due, key=lambda plea: (plea[0].plea, plea[0].params))):
            ids = [self.ids[part.iccid] for _plea, part in group]
            if plea.action == Action.RENEW:
                self.till.renew(ids, dict(params)["plan"], day, minute, also_renewed=True)
                continue
            with mistyped_policy() if plea.action == Action.ACTIVATE else nullcontext():
                self.act(plea.action, ids, day, minute, actor=plea.actor, reason=plea.reason, **dict(params))

    def look_after(self, day):
        """What staff do by themselves when they look at their queues, once a week."""
        self.till.look_after(day)
        self.renew(self.expiring(day), day, 120)
        self.renew(self.coming_back(day), day, 150)
        month = day.replace(day=1)
        used_up = self.held_by(Hold.CREDIT, lambda part: part.fate(month) < part.story.tops_up)
        nobodys = self.till.top_up(used_up, day, 180)
        self.act(Action.GRANT, nobodys, day, 180, reason="库存卡测试", plan="PACK-100")
        waived = self.held_by(Hold.THRESHOLD, lambda part: part.fate(month) < part.story.waives)
        self.act(Action.RESUME, waived, day, 200, actor="support", reason="客户确认继续使用")

    def tag_and_remark(self, day):
        """Now and then the cards that came in since are told apart: by tags, and by what is remarked on some."""
        if self.rounds.index(day) % STOCKTAKING == 0 or day == self.rounds[-1]:
            office.write_notes(self.unlabelled, self.ids, partial(self.act, day=day, minute=220))
            self.unlabelled = []

    def expiring(self, day):
        """Cards whose last term ends within days, and whose owners renew."""
        for card in Card.objects.active().ending(day, RENEWS_AHEAD).order_by("pk"):
            part = self.parts[card.iccid]
            if part.fate("renews", card.term_number) < part.story.renews:
                yield part

    def coming_back(self, day):
        """Shut-down cards whose owners noticed it."""
        since = day - COMES_BACK_WITHIN
        for card in Card.objects.ended().filter(service_until__gte=since).order_by("pk"):
            part = self.parts[card.iccid]
            if part.story.renews and part.fate("back", card.term_number, day) < 0.02:
                yield part

    def held_by(self, hold, wanted):
        cards = Card.objects.held_by(hold).order_by("pk")
        return [card.pk for card in cards if wanted(self.parts[card.iccid])]

    def renew(self, parts, day, minute):
        by_plan = defaultdict(list)
        for part in parts:
            by_plan[part.story.plan].append(self.ids[part.iccid])
        for plan, ids in sorted(by_plan.items()):
            self.act(Action.GRANT, self.till.renew(ids, plan, day, minute), day, minute, reason="库存卡续费", plan=plan)

    def act(self, action, ids, day, minute, actor="ops", reason="", **params):
        if ids:
            at = instant(day, 9, minute * 2)
            act(action, ids, actor=self.actors[actor], reason=reason, on=day, at=at, **params)


@contextmanager
def mistyped_policy():
    """By somebody's slip China Broadnet has no policy for a while: cards that need it meanwhile are parked."""
    right = dict(CarrierPolicy.objects.filter(carrier=Carrier.CBN).values_list("pk", "valid_from"))
    CarrierPolicy.objects.filter(pk__in=right).update(valid_from=date(2999, 1, 1))
    yield
    for pk, valid_from in right.items():
        CarrierPolicy.objects.filter(pk=pk).update(valid_from=valid_from)


def instant(day, hour, minute=0):
    return timezone.make_aware(datetime.combine(day, time(hour)) + timedelta(minutes=minute))
