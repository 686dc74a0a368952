"""What a web server does before its first visit, so that whoever comes first waits no longer than others do.

Django finds out about its expressions, fields and lookups as it puts the first statements together, and a database
reads up on its tables as a connection asks for them first.
"""

from contextlib import suppress

from django.contrib.auth import get_backends, get_user_model
from django.contrib.sessions.models import Session
from django.db import Error
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from cards.columns.kinds import Format
from cards.exports.stream import file_blocks
from cards.models import Card, Customer


def make_ready(languages: list[str]) -> None:
    """Load all pages, and all words of these languages, and put some statements together.

    None of them is asked: no database need be there yet.
    """
    get_backends()
    for language in languages:
        with override(language):
            reverse("home")
            for format in Format:
                file_blocks(Card.objects.order_by("-pk"), format)
    for asked in _asked_at_the_door():
        asked.query.sql_with_params()


def ask_for_nothing() -> None:
    """Have a connection, and ask it for what is asked at the door and for a file, of which there is nothing.

    Where the database is away, whoever comes first is told so.
    """
    with suppress(Error):
        for asked in _asked_at_the_door():
            list(asked)
        list(file_blocks(Card.objects.filter(pk=0), Format.CSV))


def _asked_at_the_door() -> list[QuerySet]:
    """Who comes, and whose cards they ask for."""
    people = get_user_model().objects.select_related("person")
    return [
        Session.objects.filter(session_key="", expire_date__gt=timezone.now()),
        people.filter(pk=0).order_by("pk")[:1],
        Customer.objects.filter(name="").order_by("pk")[:1],
    ]
