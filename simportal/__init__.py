"""The wiring: settings, URLs, Celery, the commands that run the portal."""

from simportal.celery import app as celery_app

__all__ = ["celery_app"]
