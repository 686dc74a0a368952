"""The wiring: settings, URLs, Celery, the commands that run the portal."""

from simportal.celery import app as celery_app

__version__ = "0.15.0"

__all__ = ["celery_app"]
