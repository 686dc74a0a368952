"""The door for a web server: `gunicorn simportal.wsgi`."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from cards.collector import spare_the_program
from cards.timeouts import PAGES, keep_to

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simportal.settings")

application = get_wsgi_application()

from simportal.first_visit import make_ready  # noqa: E402 -- Django has to be set up first

make_ready([language for language, _label in settings.LANGUAGES])
keep_to(PAGES)
spare_the_program()
