"""The portal with its clock stopped on the day of the pictures: what it says of now never changes."""

from datetime import datetime, time

from django.conf import settings
from django.utils import timezone

TEN = timezone.make_aware(datetime.combine(settings.SIMPORTAL_TODAY, time(10)))
timezone.now = lambda: TEN

from simportal.wsgi import application  # noqa: E402, F401
