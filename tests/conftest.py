"""The suite's own environment and the fixtures that need another program."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "simportal.settings"
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "")
os.environ["DEBUG"] = "1"
for name in ("ALLOWED_HOSTS", "PORT", "REDIS_URL", "SECRET_KEY", "SIMPORTAL_TODAY"):
    os.environ.pop(name, None)

import django  # noqa: E402 -- the settings read the environment above

django.setup()

from django.conf import settings  # noqa: E402

from simportal.management.commands.compile_translations import compile_stale  # noqa: E402

settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
compile_stale()
