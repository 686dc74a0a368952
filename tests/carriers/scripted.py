"""A carrier that says what a test has written down, and keeps what it was asked: the other side of the port `Call`."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from cards.carriers.protocols import settings_of
from cards.carriers.results import Access, Answer

NOW = datetime(2026, 11, 28, 12, 0, 0, 1000, tzinfo=ZoneInfo("Asia/Shanghai"))


class Scripted:
    """Each call gets the next of `answers`: a document, a text, bytes, an `Answer`, or an exception to raise."""

    def __init__(self, *answers, tokens=("T1", "T2")):
        self.answers = list(answers)
        self.tokens = list(tokens)
        self.asked = []  # (method, path, document or query)
        self.sent = []  # whatever else went with them

    def __call__(self, method, path, *, query=(), document=None, body=None, headers=None, request_id=""):
        said = document if document is not None else body.decode() if body is not None else dict(query)
        self.asked.append((method, path, said))
        self.sent.append({"headers": dict(headers or {}), "request_id": request_id, "query": list(query)})
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Answer) else answered(answer)

    def token(self):
        return self.tokens[0]

    def renewed(self, refused):
        assert refused == self.tokens.pop(0)
        return self.tokens[0]

    def now(self):
        return NOW


def answered(said, status=200, **headers):
    body = said if isinstance(said, bytes) else said.encode() if isinstance(said, str) else json.dumps(said).encode()
    return Answer(status, headers, body, NOW)


def access_to(protocol, fields, secrets, **settings):
    """An account of a protocol with its careful settings, but for those given."""
    values = {name: protocol.DEFAULTS.get(name, each.default) for name, each in settings_of(protocol).items()}
    return Access("trial", "https://carrier.example", fields, secrets, {**values, **settings})
