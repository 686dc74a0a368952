import uuid

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cards.carriers.choices import IN_FLIGHT, OPEN_COMMANDS, Aspect, CallKind, CallResult, CommandState
from cards.carriers.models.account import CarrierAccount
from cards.carriers.results import LONGEST_WORDS
from cards.models.fields import CharField, CodeField


class Command(models.Model):
    """An order to the carrier about one aspect of one card, from the wish to its end.

    It comes of the card's record `seq`, signed there; `actor` repeats who stands under it. `by` is the person who asked
    for it in this room, and `released_by` the second one where it cannot be taken back. `rank_at` orders what is due:
    the instant of the wish, later by a minute for each step of lesser urgency, so nothing waits for ever. `attempts`
    are the times it was sent, `repeats` those after it had been accepted; `due_at` is when something is to be done with
    it, `give_up_at` when patience is over. `broken_s` is the account's own figure when patience with it began: as it
    was made, and anew as it was first sent. `result` is what the last answer to it was, `is_final` whether that can
    never be another one; `worker` sends it at this moment.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    card = models.ForeignKey("cards.Card", models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(CarrierAccount, models.PROTECT, related_name="commands", db_index=False)
    aspect = CharField(max_length=10, choices=Aspect)
    goal = CharField(max_length=20, blank=True)
    seq = models.PositiveIntegerField(default=0)
    actor = CharField(max_length=150, blank=True)
    job = models.ForeignKey("cards.Job", models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    released_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    is_correction = models.BooleanField(default=False)
    rank_at = models.DateTimeField()

    state = CharField(max_length=10, choices=CommandState, default=CommandState.QUEUED)
    ticket = CodeField(max_length=64, blank=True)
    is_batch = models.BooleanField(default=False)
    batch = models.UUIDField(null=True)
    part = models.PositiveSmallIntegerField(default=0)  # 0: as the account says
    attempts = models.PositiveSmallIntegerField(default=0)
    repeats = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    give_up_at = models.DateTimeField(null=True)
    broken_s = models.PositiveIntegerField(default=0, editable=False)
    result = CharField(max_length=13, choices=CallResult, blank=True)
    is_final = models.BooleanField(default=False)
    worker = CharField(max_length=64, blank=True)
    ended_at = models.DateTimeField(null=True)
    code = CodeField(max_length=40, blank=True)
    text = CharField(max_length=LONGEST_WORDS, blank=True)

    class Meta:
        verbose_name = _("order to the carrier")
        verbose_name_plural = _("orders to the carriers")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["card", "aspect"], name="one_open_command", condition=Q(state__in=OPEN_COMMANDS)
            ),
            models.UniqueConstraint(fields=["card"], name="one_command_in_flight", condition=Q(state__in=IN_FLIGHT)),
        ]
        indexes = [
            models.Index(fields=["account", "due_at"], name="command_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["account", "rank_at"], name="command_queue", condition=Q(state=CommandState.QUEUED)),
            models.Index(fields=["card", "-id"], name="command_of_card"),
            models.Index(fields=["account", "made_at"], name="command_corrects", condition=Q(is_correction=True)),
            models.Index(fields=["account", "ended_at"], name="command_ended", condition=Q(ended_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.card_id} {self.aspect} {self.goal}: {self.state}"

    @property
    def is_queued(self) -> bool:
        return self.state == CommandState.QUEUED

    @property
    def is_in_flight(self) -> bool:
        return self.state in IN_FLIGHT

    @property
    def is_on_its_way(self) -> bool:
        """Whether the carrier still owes an answer to it, or gets to hear it only later."""
        return self.is_queued or self.is_in_flight

    @property
    def is_accepted(self) -> bool:
        return self.state == CommandState.ACCEPTED

    @property
    def is_by_hand(self) -> bool:
        return self.state == CommandState.BY_HAND

    @property
    def is_confirmed(self) -> bool:
        return self.state == CommandState.CONFIRMED


class Attempt(models.Model):
    """One call about a command, and what came of it. Never changed; no secret, and of bodies no more than a piece."""

    command = models.ForeignKey(Command, models.CASCADE, related_name="calls")
    at = models.DateTimeField(db_index=True)
    kind = CharField(max_length=6, choices=CallKind)
    ms = models.PositiveIntegerField(default=0)
    result = CharField(max_length=13, choices=CallResult)
    code = CharField(max_length=40, blank=True)
    text = CharField(max_length=LONGEST_WORDS, blank=True)
    request_id = CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.command_id} {self.kind}: {self.result}"
