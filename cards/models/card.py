from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple, Self

from django.contrib.postgres.indexes import BrinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.base import ModelState
from django.db.models.functions import Reverse
from django.utils.translation import gettext_lazy as _
from django_fsm import RETURN_VALUE

from cards.calendar import add_months, cycle_start, next_cycle_start
from cards.choices import (
    HOLD_MAY_BE_PLACED_FROM,
    HOLDS_THAT_END_WITH_A_CYCLE,
    MADE_BY_PEOPLE,
    Alignment,
    Binding,
    Carrier,
    Cause,
    Certification,
    Hold,
    RealName,
    State,
    UsageLevel,
)
from cards.errors import InvariantBroken
from cards.holds import MOST_TEXT, Holds, shown
from cards.identifiers import device
from cards.models.fields import CharField, CodeField, StateField, transition
from cards.models.filled import FilledAtOnce
from cards.models.plan import service_until
from cards.models.policy import CarrierPolicy
from cards.models.tag import LONGEST_TAG, MOST_TAGS
from cards.models.term import OrderedTerm
from cards.quantities import MB
from cards.querysets import BOUND_ELSEWHERE, CardQuerySet, FirstHold

LONGEST_REMARK = 200


class QueuedTerm(NamedTuple):
    """A service term that waits for its turn, as the card's rules see it; `plan` is its plan's code."""

    number: int
    plan: str
    months: int
    alignment: str
    quota_mb: int


class Meter(NamedTuple):
    """What a card has used, of how much, from `starts_on` up to but not on `until`."""

    starts_on: date | None
    until: date | None
    used_bytes: int
    quota_bytes: int | None
    limit_bytes: int | None


class Card(FilledAtOnce):
    """A SIM card: its identity, and every fact that the rules of `domain.md` look at.

    In memory a card is its facts: the transitions below set the card's own fields and nothing else. They save
    nothing; only `cards.actions.write` does. `queue` holds the card's queued terms and is filled by the write path;
    `on_order` holds the terms that are on their way to its customer, for those who look at them.

    `anniversary_day` is the day of the month on which the running chain of anniversary terms began. `counted_from` is
    the day on which a card was taken over with a count that has the days before in it.

    `owned_from_seq` is the number of the record by which the present customer got the card, None if it was theirs
    from its first record on: what was before belongs to somebody else. The write path sets it. `anew_seq` is the number
    of the record by which a file took the card in anew, in whatever state: nothing had happened to it.
    """

    iccid = CodeField("ICCID", max_length=20)
    msisdn = CodeField("MSISDN", max_length=13, blank=True)
    imsi = CodeField("IMSI", max_length=15, blank=True)
    carrier = CharField(_("carrier"), max_length=4, choices=Carrier)
    customer = models.ForeignKey(
        "cards.Customer",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="cards",
        db_index=False,
        verbose_name=_("customer"),
    )
    owned_from_seq = models.PositiveIntegerField(_("owned since record"), null=True, editable=False)
    certification = CharField(_("certification"), max_length=10, choices=Certification)
    plan = models.ForeignKey(
        "cards.Plan", models.PROTECT, related_name="cards", db_index=False, verbose_name=_("opening plan")
    )

    state = StateField(_("state"), max_length=9, choices=State, protected=True, editable=False, db_index=False)
    holds = CodeField(_("holds"), max_length=MOST_TEXT, blank=True, editable=False)
    resumes_to = CharField(_("resumes to"), max_length=9, choices=State, blank=True, editable=False)
    version = models.PositiveIntegerField(_("version"), default=0, editable=False)
    changed_on = models.DateField(_("changed on"), editable=False)
    anew_seq = models.PositiveIntegerField(_("taken in anew by record"), null=True, editable=False)
    next_due_on = models.DateField(_("next due on"), null=True, editable=False)
    parked = CharField(_("parking reason"), max_length=500, blank=True, editable=False)

    opened_on = models.DateField(_("opened on"))
    test_months = models.PositiveSmallIntegerField(_("test months"), default=0, validators=[MaxValueValidator(9)])
    test_quota_mb = models.PositiveSmallIntegerField(
        _("test allowance (MB)"), default=0, validators=[MinValueValidator(5), MaxValueValidator(30)]
    )
    test_until = models.DateField(_("first day after the test"), null=True, editable=False)
    test_ended_on = models.DateField(_("test ended on"), null=True, editable=False)
    silent_from = models.DateField(_("silent from"), null=True, editable=False)
    forced_activation_on = models.DateField(_("forced activation on"), null=True, editable=False)
    activated_on = models.DateField(_("activated on"), null=True, editable=False)
    activation_cause = CharField(_("activated by"), max_length=10, choices=Cause, blank=True, editable=False)

    term_number = models.PositiveSmallIntegerField(_("current term"), default=0, editable=False)
    service_from = models.DateField(_("service from"), null=True, editable=False)
    service_until = models.DateField(_("first day without service"), null=True, editable=False)
    anniversary_day = models.PositiveSmallIntegerField(
        _("day of the month of its anniversary terms"), null=True, editable=False
    )
    cancel_on = models.DateField(_("cancelled on"), null=True, editable=False)
    protected = models.BooleanField(_("protected"), default=False, editable=False)

    cycle_from = models.DateField(_("cycle from"), null=True, editable=False)
    cycle_until = models.DateField(_("first day after the cycle"), null=True, editable=False)
    counted_from = models.DateField(_("usage counted from"), null=True, editable=False)
    quota_mb = models.PositiveIntegerField(_("allowance (MB)"), default=0, editable=False)
    pack_mb = models.PositiveIntegerField(_("add-on packs (MB)"), default=0, editable=False)
    limit_mb = models.PositiveIntegerField(_("usage limit (MB)"), null=True, editable=False)
    limit_waived = models.BooleanField(_("limit waived"), default=False, editable=False)
    used_bytes = models.BigIntegerField(_("used bytes"), default=0, editable=False)
    used_on = models.DateField(_("last used on"), null=True, editable=False)
    read_at = models.DateTimeField(_("usage as of"), null=True, editable=False)
    usage_level = models.PositiveSmallIntegerField(
        _("usage level"), choices=UsageLevel, default=UsageLevel.NORMAL, editable=False
    )
    stray_usage_on = models.DateField(_("usage after end of service"), null=True, editable=False)

    binding = CharField(_("device binding"), max_length=9, choices=Binding, default=Binding.NONE)
    bound_imei = CodeField(_("bound IMEI"), max_length=16, blank=True, editable=False)
    previous_imei = CharField(_("previous IMEI"), max_length=16, blank=True, editable=False)
    bound_on = models.DateField(_("bound on"), null=True, editable=False)
    seen_imei = CodeField(_("IMEI last seen"), max_length=16, blank=True, editable=False)
    seen_on = models.DateField(_("device last seen on"), null=True, editable=False)
    rebound_in = models.DateField(_("month of the last device change"), null=True, editable=False)
    rebinds = models.PositiveSmallIntegerField(_("device changes in that month"), default=0, editable=False)

    real_name = CharField(_("ID verification"), max_length=9, choices=RealName, default=RealName.NONE, editable=False)

    tags = CharField(_("tags"), max_length=MOST_TAGS * (LONGEST_TAG + 1), blank=True, editable=False)
    remark = CharField(_("remark"), max_length=LONGEST_REMARK, blank=True, editable=False)

    objects = CardQuerySet.as_manager()

    queue: list[QueuedTerm] = ()  # type: ignore[assignment]  # none, and none to be added, before it is filled
    on_order: Sequence[OrderedTerm] = ()

    class Meta:
        verbose_name = _("card")
        verbose_name_plural = _("cards")
        default_permissions = ("view",)
        permissions = [
            *((f"{action}_card", str(action)) for action in MADE_BY_PEOPLE),
            ("import_card", "import"),
            ("sweep_card", "sweep"),
            ("print_label", "print labels"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["iccid"], name="iccid_is_unique"),
            models.CheckConstraint(
                condition=models.Q(state=State.SUSPENDED) & ~models.Q(holds="") & ~models.Q(resumes_to="")
                | ~models.Q(state=State.SUSPENDED) & models.Q(resumes_to=""),
                name="suspended_means_held",
            ),
            models.CheckConstraint(
                condition=models.Q(holds="") | models.Q(state__in=[State.SUSPENDED, State.SHUT_DOWN, State.CANCELLED]),
                name="only_a_stopped_card_is_held",
            ),
            models.CheckConstraint(condition=models.Q(used_bytes__gte=0), name="used_bytes_are_not_negative"),
        ]
        indexes = [
            models.Index(fields=["next_due_on", "id"], name="card_due", condition=models.Q(next_due_on__isnull=False)),
            models.Index(fields=["state", "id"], name="card_state"),
            models.Index(fields=["state", "next_due_on", "id"], name="card_state_due"),
            models.Index(fields=["state", "service_until", "id"], name="card_state_until"),
            models.Index(
                fields=["state", "forced_activation_on", "id"],
                name="card_state_forced",
                condition=models.Q(activated_on=None),
            ),
            models.Index(FirstHold("holds"), "id", name="card_first_hold", condition=models.Q(state=State.SUSPENDED)),
            models.Index(fields=["customer", "id"], name="card_customer"),
            models.Index(
                "customer",
                FirstHold("holds"),
                "id",
                name="card_customer_held",
                condition=models.Q(state=State.SUSPENDED),
            ),
            models.Index(fields=["msisdn"], name="card_msisdn", condition=~models.Q(msisdn="")),
            models.Index(fields=["imsi"], name="card_imsi", condition=~models.Q(imsi="")),
            models.Index(fields=["bound_imei"], name="card_bound_elsewhere", condition=BOUND_ELSEWHERE),
            models.Index(fields=["seen_imei"], name="card_seen_imei", condition=~models.Q(seen_imei="")),
            models.Index(Reverse("iccid"), name="card_iccid_reversed"),
            models.Index(Reverse("msisdn"), name="card_msisdn_reversed", condition=~models.Q(msisdn="")),
            models.Index(fields=["carrier", "id"], name="card_carrier"),
            models.Index(
                fields=["id"], name="card_individual", condition=models.Q(certification=Certification.INDIVIDUAL)
            ),
            models.Index(fields=["plan", "id"], name="card_plan"),
            models.Index(fields=["id"], name="card_low", condition=models.Q(usage_level=UsageLevel.LOW)),
            models.Index(fields=["id"], name="card_used_up", condition=models.Q(usage_level=UsageLevel.USED_UP)),
            models.Index(
                fields=["forced_activation_on", "id"], name="card_forced", condition=models.Q(activated_on=None)
            ),
            models.Index(fields=["id"], name="card_real_name", condition=models.Q(real_name=RealName.SUBMITTED)),
            models.Index(fields=["service_until", "id"], name="card_service_until"),
            models.Index(fields=["cancel_on", "id"], name="card_cancelling", condition=models.Q(state=State.SHUT_DOWN)),
            models.Index(fields=["cancel_on", "id"], name="card_cancelled", condition=models.Q(state=State.CANCELLED)),
            # Cards come and are activated in lots, so a summary of each stretch of the table finds their days, and is
            # hardly ever written. SQLite makes a plain index of it, and writes that only when the day changes.
            BrinIndex(fields=["opened_on"], name="card_opened"),
            BrinIndex(fields=["activated_on"], name="card_activated", condition=models.Q(activated_on__isnull=False)),
            models.Index(fields=["remark", "id"], name="card_remark", condition=~models.Q(remark="")),
            models.Index(fields=["id"], name="card_parked", condition=~models.Q(parked="")),
            models.Index(fields=["id"], name="card_anew", condition=models.Q(anew_seq__isnull=False)),
            models.Index(
                fields=["stray_usage_on", "id"], name="card_stray", condition=models.Q(stray_usage_on__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.iccid

    @classmethod
    def new(cls, **facts: Any) -> Self:
        """A new card in memory with these facts, by the names of their columns, filled as `from_db` does it."""
        card = cls.__new__(cls)
        card.__dict__.update(_blank(), **facts)
        card._state = ModelState()
        return card

    # what the facts say

    @property
    def phase(self) -> str:
        """The state that the card would be in if no hold were open: its clocks run there."""
        return self.resumes_to or self.state

    @property
    def hold_list(self) -> Holds:
        """The open holds, by precedence."""
        return Holds.read(self.holds)

    @property
    def shown(self) -> str:
        """What to show as the card's state: the hold with the highest precedence, or else the state."""
        return shown(self.state, self.holds)

    def has_hold(self, hold: str) -> bool:
        return hold in Holds.read(self.holds)

    @property
    def is_in_known_words(self) -> bool:
        """Whether this version knows the card's state and all of its holds."""
        return self.state in State and not self.hold_list.unknown

    @property
    def parked_because(self) -> str:
        """Why the card is set aside, in the reader's language; empty when it is not."""
        return str(InvariantBroken.read(self.parked)) if self.parked else ""

    @property
    def is_final(self) -> bool:
        return self.state == State.CANCELLED

    @property
    def is_over(self) -> bool:
        """Whether the card has no service any more, and none queued."""
        return self.state in (State.SHUT_DOWN, State.CANCELLED)

    @property
    def is_in_test(self) -> bool:
        """Whether the test period runs, held or not."""
        return self.phase == State.TESTING

    @property
    def is_silent(self) -> bool:
        """Whether the card waits for its first use, held or not (沉默期)."""
        return self.phase == State.UNUSED

    @property
    def is_in_service(self) -> bool:
        """Whether the card is in use, or will be again as soon as nothing holds it."""
        return self.phase == State.IN_USE

    @property
    def term_runs(self) -> bool:
        """Whether a service term has started and not yet been seen to end."""
        return self.phase == State.IN_USE and self.service_until is not None

    @property
    def last_term_number(self) -> int:
        """The number of the term that the card has last, queued or not; 0 before it has any."""
        return self.queue[-1].number if self.queue else self.term_number

    @property
    def terms_from_now(self) -> int:
        """How many terms the card has from now on: the running one, if one runs, and those in its queue."""
        return self.last_term_number - self.term_number + self.term_runs

    @property
    def is_renewed(self) -> bool:
        """Whether the card has its next term already, queued or on order; `querysets.renewed` says the same."""
        return self.last_term_number > max(self.term_number, 1) or bool(self.on_order)

    @property
    def lacks_real_name(self) -> bool:
        """Whether the card may not be used for want of an approved real-name check (rule 3)."""
        return self.certification == Certification.INDIVIDUAL and self.real_name != RealName.APPROVED

    @property
    def allowance_bytes(self) -> int:
        """The running cycle's allowance, packs included."""
        return (self.quota_mb + self.pack_mb) * MB

    @property
    def test_quota_bytes(self) -> int:
        return self.test_quota_mb * MB

    @property
    def has_used_up_its_test(self) -> bool:
        return self.used_bytes >= self.test_quota_bytes

    @property
    def was_used(self) -> bool:
        """Whether anything was used since the meter began."""
        return self.used_bytes > 0

    @property
    def limit_bytes(self) -> int | None:
        return None if self.limit_mb is None else self.limit_mb * MB

    @property
    def is_over_allowance(self) -> bool:
        return self.term_runs and self.used_bytes >= self.allowance_bytes

    @property
    def is_over_limit(self) -> bool:
        """Whether use has reached a limit that is set and not waived."""
        if self.limit_bytes is None or self.limit_waived:
            return False
        return self.term_runs and self.used_bytes >= self.limit_bytes

    @property
    def level(self) -> UsageLevel:
        """How far the running cycle's allowance is used, as `usage_level` keeps it for lists to ask."""
        if not self.term_runs:
            return UsageLevel.NORMAL
        if self.used_bytes >= self.allowance_bytes:
            return UsageLevel.USED_UP
        return UsageLevel.LOW if self.used_bytes * 100 >= self.allowance_bytes * UsageLevel.LOW else UsageLevel.NORMAL

    @property
    def tag_list(self) -> list[str]:
        return self.tags.split(",") if self.tags else []

    @tag_list.setter
    def tag_list(self, names: Iterable[str]) -> None:
        self.tags = ",".join(sorted(names))

    @property
    def ends_with_cycle(self) -> bool:
        """Whether anything of the card ends with its cycle, so that the next one has to be started for it."""
        return bool(self.pack_mb or self.limit_waived or any(map(self.has_hold, HOLDS_THAT_END_WITH_A_CYCLE)))

    @property
    def is_in_another_device(self) -> bool:
        """Whether a device-bound card was last seen in a device that it is not bound to (rule 9)."""
        return self.binding != Binding.NONE and bool(self.seen_imei) and self.is_another_device(self.seen_imei)

    def is_another_device(self, imei: str) -> bool:
        """Whether the card is bound, and not to the device with this IMEI."""
        return bool(self.bound_imei) and device(imei) != device(self.bound_imei)

    @property
    def waits_for_its_first_device(self) -> bool:
        return self.binding == Binding.FIRST_USE and not self.bound_imei and bool(self.seen_imei)

    def rebinds_in(self, day: date) -> int:
        """How often the card was rebound in the calendar month of `day`."""
        return self.rebinds if self.rebound_in == day.replace(day=1) else 0

    def may_be_held(self, hold: Hold) -> bool:
        """Whether a hold of this kind can join the card where it is now (`domain.md`, "The six holds")."""
        return self.phase in HOLD_MAY_BE_PLACED_FROM[hold]

    @property
    def meter_from(self) -> date:
        """The first day whose readings belong to the meter: of the test, of silence, or of the cycle."""
        starts_on = self.opened_on
        if self.phase == State.UNUSED and self.test_ended_on:
            # The day on which the allowance of a test was used up belongs to the test.
            was_used_up = self.test_until is not None and self.test_ended_on < self.test_until
            starts_on = self.test_ended_on + timedelta(days=was_used_up)
        elif self.phase == State.IN_USE and self.cycle_from:
            starts_on = self.cycle_from
        return max(starts_on, self.counted_from or starts_on)

    def cycle_is_over(self, day: date) -> bool:
        """Whether the metered cycle has ended by `day`, recorded or not (`domain.md`, "Bytes and cycles")."""
        return (
            self.cycle_until is None or self.service_until is None or day >= min(self.cycle_until, self.service_until)
        )

    def meter(self, day: date) -> Meter:
        """The meter as it stands on `day`: the test period's, the cycle's, or one that does not run.

        No cycle follows the last one of a term whose end nobody has seen to yet.
        """
        limit = self.limit_bytes
        if self.phase == State.TESTING:
            return Meter(self.opened_on, self.test_until, self.used_bytes, self.test_quota_bytes, limit)
        service_until = self.service_until if self.term_runs else None
        if service_until is None or self.cycle_until is None:  # without a cycle the card contradicts itself
            return Meter(None, None, 0, None, limit)
        if day < self.cycle_until or service_until <= self.cycle_until:
            until = min(self.cycle_until, service_until)
            return Meter(self.cycle_from, until, self.used_bytes, self.allowance_bytes, limit)
        starts_on = cycle_start(min(day, service_until - timedelta(days=1)), self.cycle_until.day)
        until = min(add_months(starts_on, 1), service_until)
        return Meter(starts_on, until, 0, self.quota_mb * MB, limit)

    def facts(self) -> dict[str, Any]:
        """Everything the card is in memory, to be compared with later or put back by `restore`."""
        return {**self.__dict__, "queue": list(self.queue)}

    def restore(self, facts: Mapping[str, Any]) -> None:
        self.__dict__.clear()
        self.__dict__.update(facts)

    def copy(self) -> Self:
        """The same facts once more, to be taken through time without touching this card."""
        twin = type(self).__new__(type(self))
        twin.restore(self.facts())
        return twin

    def with_ordered(self) -> Self:
        """The card as it will be once all that is on order is paid: those terms have joined its queue."""
        twin = self.copy()
        for number, term in enumerate(self.on_order, start=self.last_term_number + 1):
            twin.queue.append(QueuedTerm(number, term.plan.code, term.months, term.alignment, term.quota_mb))
        twin.on_order = ()
        return twin

    # transitions: each sets the card's own fields, and saves nothing

    @transition(field=state, source=State.TESTING, target=State.UNUSED)
    @transition(field=state, source=State.SUSPENDED, target=State.SUSPENDED)
    def end_test(self, on: date, policy: CarrierPolicy) -> None:
        """Rule 2: the test is over, and the silent clock starts."""
        self.test_ended_on = on
        self.used_bytes = 0
        self.silent_from = self.opened_on if policy.silent_from_opening else on
        self.forced_activation_on = policy.forced_activation_on(self.silent_from)
        self._settle(State.UNUSED)

    @transition(field=state, source=State.UNUSED, target=State.IN_USE)
    @transition(field=state, source=State.SUSPENDED, target=State.SUSPENDED)
    def activate(self, on: date, policy: CarrierPolicy, cause: str) -> None:
        """Rule 3: the opening term starts; what made it start counts in its first cycle."""
        used = self.used_bytes
        self._begin_service(on, policy, cause)
        self.used_bytes = used if cause == Cause.FIRST_USE else 0
        self._settle(State.IN_USE)

    @transition(field=state, source=State.UNUSED, target=RETURN_VALUE(State.IN_USE, State.SUSPENDED))
    @transition(field=state, source=State.SUSPENDED, target=State.SUSPENDED)
    def force_activate(self, on: date, policy: CarrierPolicy) -> str:
        """Rule 4: the opening term starts in any case; without its real-name check the card is stopped."""
        self._begin_service(on, policy, Cause.FORCED)
        if self.lacks_real_name:
            self._hold(Hold.REAL_NAME)
        return self._settle(State.IN_USE)

    @transition(field=state, source=[State.TESTING, State.UNUSED, State.IN_USE], target=State.SUSPENDED)
    @transition(field=state, source=State.SUSPENDED, target=State.SUSPENDED)
    def place_hold(self, on: date, policy: CarrierPolicy, hold: str, resumes_to: str | None = None) -> None:
        """One more reason to stop the card, which goes back to where it was, or to `resumes_to`."""
        phase = resumes_to or self.phase
        self._hold(hold)
        self._settle(phase)

    @transition(
        field=state,
        source=State.SUSPENDED,
        target=RETURN_VALUE(State.TESTING, State.UNUSED, State.IN_USE, State.SUSPENDED),
    )
    @transition(field=state, source=State.SHUT_DOWN, target=State.SHUT_DOWN)
    def lift_hold(self, on: date, policy: CarrierPolicy, *holds: str) -> str:
        """Reasons to stop the card are gone; it comes back only when none is left."""
        phase = self.phase
        self._lift(*holds)
        return phase if phase == State.SHUT_DOWN else self._settle(phase)

    @transition(field=state, source=State.IN_USE, target=State.IN_USE)
    @transition(field=state, source=State.SUSPENDED, target=RETURN_VALUE(State.IN_USE, State.SUSPENDED))
    def roll_over(self, on: date, policy: CarrierPolicy) -> str:
        """Rule 6: a new cycle starts with an empty counter, and what belonged to the old one ends."""
        self._begin_next_cycle(on, policy)
        self._end_what_belongs_to_the_cycle(policy)
        return self._settle(State.IN_USE)

    @transition(field=state, source=State.IN_USE, target=State.IN_USE)
    @transition(field=state, source=State.SUSPENDED, target=RETURN_VALUE(State.IN_USE, State.SUSPENDED))
    def start_term(self, on: date, policy: CarrierPolicy) -> str:
        """Rule 7: the queued term takes over, with a counter of its own; what belonged to a cycle ends in any case."""
        self._begin_term(on, policy)
        self._end_what_belongs_to_the_term()
        return self._settle(State.IN_USE)

    @transition(field=state, source=[State.IN_USE, State.SUSPENDED], target=State.SHUT_DOWN)
    def expire(self, on: date, policy: CarrierPolicy) -> None:
        """Rule 7: no term is left; the holds stay on record, and the days to renew are counted."""
        self.resumes_to = ""
        self.cancel_on = policy.cancel_on(self._end_of_service())
        self.cycle_from = self.cycle_until = None

    @transition(field=state, source=State.SHUT_DOWN, target=RETURN_VALUE(State.IN_USE, State.SUSPENDED))
    def renew(self, on: date, policy: CarrierPolicy) -> str:
        """A shut-down card comes back with a new term: what the old term stopped is gone, the rest still holds."""
        self._begin_term(on, policy)
        self._end_what_belongs_to_the_term()
        self.cancel_on = self.stray_usage_on = None
        if self.lacks_real_name:
            self._hold(Hold.REAL_NAME)
        return self._settle(State.IN_USE)

    @transition(
        field=state,
        source=[State.TESTING, State.UNUSED, State.IN_USE, State.SUSPENDED, State.SHUT_DOWN],
        target=State.CANCELLED,
    )
    def cancel(self, on: date, policy: CarrierPolicy) -> None:
        """Rule 8: final."""
        self.resumes_to = ""
        self.cancel_on = on

    # what the transitions are made of

    def move_meter(self, day: date, policy: CarrierPolicy) -> None:
        """Bring the meter to the cycle of `day`. It moves by itself when nothing else ends with the old cycle."""
        if not self.term_runs:
            return
        if self.cycle_until is None:
            raise InvariantBroken("no_cycle")
        if self.cycle_until <= day < self._end_of_service() and not self.ends_with_cycle:
            self._begin_next_cycle(day, policy)

    def bind(self, on: date, policy: CarrierPolicy, imei: str) -> None:
        """Rule 9: the card belongs to this device from now on. Its own device once more tells where the card is."""
        if not self.bound_imei or self.is_another_device(imei):
            self.previous_imei, self.bound_imei = self.bound_imei, imei
        elif self.is_in_another_device:
            self.previous_imei = self.seen_imei
        self.bound_on = on
        self.seen_imei, self.seen_on = imei, on

    def hears_of_device(self, imei: str, day: date) -> None:
        """What a reading of `day` tells about where the card is: the device of the latest day counts ("The device").

        On the day of a rebind, readings from the device before are still on their way; before it, all are.
        """
        if self.seen_on and day < self.seen_on:
            return
        if self.bound_on and (
            day < self.bound_on or (day == self.bound_on and device(imei) == device(self.previous_imei))
        ):
            return
        self.seen_imei, self.seen_on = imei, day

    def count_rebind(self, on: date) -> None:
        self.rebinds = self.rebinds_in(on) + 1
        self.rebound_in = on.replace(day=1)

    def _settle(self, phase: str) -> str:
        self.resumes_to = phase if self.holds else ""
        return State.SUSPENDED if self.holds else phase

    def _hold(self, hold: str) -> None:
        self.holds = str(self.hold_list.joined_by(hold))

    def _lift(self, *holds: str) -> None:
        self.holds = str(self.hold_list.without(*holds))

    def _end_of_service(self) -> date:
        if self.service_until is None:
            raise InvariantBroken("missing", name="service_until", state=self.phase)
        return self.service_until

    def _begin_service(self, on: date, policy: CarrierPolicy, cause: str) -> None:
        self._begin_term(on, policy)
        self.activated_on, self.activation_cause = on, cause

    def _begin_term(self, on: date, policy: CarrierPolicy) -> None:
        if not self.queue:
            raise InvariantBroken("no_queued_term")
        term = self.queue.pop(0)
        self.term_number, self.quota_mb = term.number, term.quota_mb
        chain = self.anniversary_day if on == self.service_until else None
        self.anniversary_day = chain or on.day if term.alignment == Alignment.ANNIVERSARY else None
        self.service_from = on
        self.service_until = service_until(on, term.months, term.alignment, policy.cycle_day, self.anniversary_day)
        self._begin_cycle(on, policy)

    def _begin_cycle(self, on: date, policy: CarrierPolicy) -> None:
        self.cycle_from, self.cycle_until = on, next_cycle_start(on, policy.cycle_day)
        self.used_bytes = 0

    def _begin_next_cycle(self, day: date, policy: CarrierPolicy) -> None:
        """The cycle that holds `day`; the first one after the old cycle begins where that ended."""
        starts_on = cycle_start(day, policy.cycle_day)
        self._begin_cycle(max(starts_on, self.cycle_until or starts_on), policy)

    def _end_what_belongs_to_the_term(self) -> None:
        self._lift(*HOLDS_THAT_END_WITH_A_CYCLE)
        self.pack_mb, self.limit_waived = 0, False

    def _end_what_belongs_to_the_cycle(self, policy: CarrierPolicy) -> None:
        self._lift(*filter(policy.restores, HOLDS_THAT_END_WITH_A_CYCLE))
        if policy.ends_packs:
            self.pack_mb = 0
        if policy.ends_waiver:
            self.limit_waived = False


@cache
def _blank() -> dict[str, Any]:
    return {column.attname: column.get_default() for column in Card._meta.concrete_fields}
