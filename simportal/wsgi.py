"""The door for a web server: `gunicorn simportal.wsgi`."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import reverse
from django.utils.translation import override

from cards.collector import spare_the_program
from cards.timeouts import PAGES, keep_to

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simportal.settings")

application = get_wsgi_application()
for language, _label in settings.LANGUAGES:  # all pages and words are loaded before anybody asks for the first
    with override(language):
        reverse("home")
keep_to(PAGES)
spare_the_program()
