#!/usr/bin/env python
"""Every command of the portal: `python manage.py help`."""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - said in a sentence, where an import below would say it in a traceback
    sys.exit(f"simportal needs Python 3.11 or later; this is {sys.version.split()[0]}.")

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simportal.settings")
    execute_from_command_line(sys.argv)
