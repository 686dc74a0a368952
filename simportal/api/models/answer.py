from django.db import models
from django.utils.translation import gettext_lazy as _

from cards.models import Customer
from cards.models.fields import CharField


class KeptAnswer(models.Model):
    """What a program was answered that asked for something with an `Idempotency-Key`: asked again, it is answered the
    same, and nothing is done twice.

    The row is there before anything is done; `status` is None until that is over. `taken` is by whom it is being done:
    who comes later than a minute may take it over, and who was so late finds another's word there and does nothing.
    """

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+")
    method = CharField(max_length=8)
    path = CharField(max_length=200)
    key = CharField(max_length=255)
    digest = CharField(max_length=64)
    taken = models.UUIDField()
    taken_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("kept answer")
        verbose_name_plural = _("kept answers")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["customer", "method", "path", "key"], name="one_answer_of_a_key")
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status or '…'}"

    @property
    def is_given(self) -> bool:
        return self.status is not None
