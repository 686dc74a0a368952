"""Requests, as whoever knocks sends them, and what is answered. What a request changes is taken back."""

import json
from dataclasses import dataclass, field
from traceback import extract_tb

from django.db import connection, transaction
from django.http import SimpleCookie
from django.test import Client

from tests.console.pages import logged_in

JSON = "application/json"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    data: dict = field(default_factory=dict)
    headers: dict = field(default_factory=dict)

    def __str__(self):
        return f"{self.method.upper()} {self.path} {self.data} {self.headers}"

    @property
    def changes(self):
        return self.method not in ("get", "head", "options", "trace")

    def send(self, client):
        headers = {name: value for name, value in self.headers.items() if name != "Content-Type"}
        send = getattr(client, self.method)
        if not self.changes:
            return send(self.path, query_params=self.data, headers=headers)
        if self.headers.get("Content-Type") == JSON:
            return send(self.path, json.dumps(self.data), content_type=JSON, headers=headers)
        return send(self.path, self.data, headers=headers)


@dataclass
class Answer:
    """`raised` is what broke the portal; `left` is what `remains` gave before what was written was taken back."""

    status: int
    headers: dict
    content: bytes
    raised: str = ""
    left: object = None

    @property
    def text(self):
        return f"{self.headers}\n{self.content.decode(errors='replace')}"


class Caller:
    """Somebody with a browser, which forgets between two requests whatever it was given meanwhile."""

    def __init__(self, user=None):
        self.name = user.get_username() if user else "nobody"
        self.client = logged_in(user) if user else Client()
        self.cookies = self.client.cookies.output().replace("Set-Cookie: ", "")

    def __str__(self):
        return self.name

    def ask(self, request, remains=lambda: None):
        """The answer. `remains` is asked where a table was written to."""
        self.client.cookies = SimpleCookie(self.cookies)
        written = Written()
        with transaction.atomic():
            with connection.execute_wrapper(written):
                response = request.send(self.client)
                content = b"".join(response) if response.streaming else response.content
            left = remains() if written.tables else None
            transaction.set_rollback(True)
        return Answer(response.status_code, response.headers, content, raised_by(response), left)


def raised_by(response):
    """What broke the portal, and where."""
    error = (getattr(response, "exc_info", None) or (None, None))[1]
    if error is None:
        return ""
    where = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in extract_tb(error.__traceback__)]
    return f"{type(error).__name__}: {error!s:.150} at {' < '.join(reversed(where[-6:]))}"


class Written:
    """The tables that statements write to."""

    def __init__(self):
        self.tables = set()

    def __call__(self, execute, sql, *rest):
        verb, *words = sql.split(maxsplit=3)
        if verb in ("INSERT", "UPDATE", "DELETE"):
            self.tables.add(words[verb != "UPDATE"].strip('"'))
        return execute(sql, *rest)
