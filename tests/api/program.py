"""A customer's program: it shows its key, and each answer that it gets is compared with the document of the API."""

import json
import re
import uuid
from functools import cache
from urllib.parse import urlsplit

from django.test import Client
from jsonschema import Draft202012Validator

from simportal.api.actions import limits
from simportal.api.actions.keys import make_key
from simportal.api.choices import ApiScope
from simportal.api.views.v1.api import api
from tests.build import SHELL

BASE = "/api/v1"


@cache
def the_document():
    return json.loads(json.dumps(api.get_openapi_schema()))


@cache
def routes():
    """(pattern, path of the document, methods) of each operation, those without parameters first."""
    paths = sorted(the_document()["paths"].items(), key=lambda item: item[0].count("{"))
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), path, methods) for path, methods in paths]


def operation_at(method, path):
    for pattern, _path, methods in routes():
        if pattern.fullmatch(path) and method.lower() in methods:
            return methods[method.lower()]
    return None


@cache
def validator_of(reference):
    schema = {"$ref": reference, "components": the_document()["components"]}
    return Draft202012Validator(schema)


def complaints_about(method, path, response):
    """What the document does not know of this answer."""
    operation = operation_at(method, path)
    if operation is None or response.status_code == 304:
        return []
    told = operation["responses"].get(str(response.status_code))
    if told is None:
        return [f"{method} {path}: {response.status_code} is not in the document: {response.content[:300]}"]
    schema = next(iter(told.get("content", {}).values()), {}).get("schema")
    if not schema or response.streaming:
        return []
    validator = Draft202012Validator(schema | {"components": the_document()["components"]})
    return [f"{method} {path}: {error.json_path}: {error.message}" for error in validator.iter_errors(response.json())]


class Program:
    """What a customer runs: `get`, `post` and the others answer (status, document).

    It asks as if it had not asked before, unless it `is_limited`.
    """

    is_limited = False

    def __init__(self, customer, scopes=tuple(ApiScope), **values):
        self.customer = customer
        self.row, self.key = make_key(customer, by=SHELL, name="erp", scopes=scopes, **values)
        self.client = Client(raise_request_exception=True)

    def send(self, method, path, body=None, **headers):
        """The whole answer; headers by their names with `_` for `-`."""
        if not self.is_limited:
            limits._owed.clear()
        sent = {"authorization": f"Bearer {self.key}", "accept-language": "en"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value is not None}
        options = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        response = getattr(self.client, method.lower())(path, headers=sent, **options)
        if found := complaints_about(method, urlsplit(path).path, response):
            raise AssertionError("\n".join(found))
        return response

    def get(self, path, **headers):
        return self._told(self.send("GET", BASE + path, **headers))

    def post(self, path, body, **headers):
        """With an idempotency key of its own unless one is given."""
        headers.setdefault("idempotency_key", uuid.uuid4().hex)
        return self._told(self.send("POST", BASE + path, body, **headers))

    def _told(self, response):
        if response.streaming:
            return response.status_code, response.getvalue()
        is_json = "json" in response.headers.get("Content-Type", "")
        return response.status_code, response.json() if is_json else response.content
