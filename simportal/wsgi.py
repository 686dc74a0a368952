"""The door for a web server: `gunicorn simportal.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from cards.timeouts import PAGES, keep_to

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simportal.settings")

application = get_wsgi_application()
keep_to(PAGES)
