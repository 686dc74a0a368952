from django.db import models
from django.utils import timezone


class Tick(models.Model):
    """When a bell of the beat table was last answered to the end: the pulse that `/readyz` feels."""

    name = models.CharField(max_length=100, unique=True)
    finished_at = models.DateTimeField()

    def __str__(self):
        return self.name

    @classmethod
    def record(cls, name):
        cls.objects.update_or_create(name=name, defaults={"finished_at": timezone.now()})

    def age(self):
        """Seconds since then."""
        return (timezone.now() - self.finished_at).total_seconds()
