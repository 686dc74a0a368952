"""What a command is told as `name=value`; of a secret, from where nobody else reads it."""

import sys
from getpass import getpass

from django.utils.translation import gettext as _

from cards.errors import BadInput

FROM_STDIN = "-"


def name_and_value(text):
    """The two sides of `name=value`. The complaint repeats nothing: it may be a secret."""
    name, equals, value = text.partition("=")
    if not equals:
        raise BadInput("", _("Write fields, settings and secrets as name=value."))
    return name, value


def name_and_secret(text):
    """The two sides of `name=value`; for `name=-` the next line of standard input, which a terminal does not show."""
    name, value = name_and_value(text)
    if value != FROM_STDIN:
        return name, value
    return name, getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.readline().strip("\r\n")
