"""What the document of the API says, and its page: nothing is asked of a program that they do not tell."""

import json
import re
from html.parser import HTMLParser

import pytest
from django.conf import settings

from simportal.answers import PROBLEM
from simportal.api.choices import ApiScope
from simportal.api.views.v1.api import api
from tests.api.program import the_document
from tests.console.pages import text
from tests.console.test_csp import POLICY

PROBLEMS = range(400, 600)


def operations():
    """(method and path, operation) of all that the document has."""
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in the_document()["paths"].items()
        for method, operation in methods.items()
    ]


def test_everybody_may_have_the_document(client):
    answer = client.get("/api/v1/openapi.json")
    assert (answer.status_code, answer.json()) == (200, the_document())
    assert client.post("/api/v1/openapi.json").status_code == 405


def test_who_needs_which_permission_is_told():
    """`me` is for every key; of the others each says one permission at least, and each permission is said."""
    told = {where: operation.get("x-scopes", []) for where, operation in operations()}
    assert [where for where, scopes in told.items() if not scopes] == ["GET /api/v1/me"]
    assert {scope for scopes in told.values() for scope in scopes} <= set(ApiScope.values)
    assert told["POST /api/v1/orders"] == ["orders:write"]
    assert told["POST /api/v1/cards/{card}/actions"] == ["cards:act", "cards:limit", "cards:bind", "real_name:write"]


def test_whatever_acts_asks_for_an_idempotency_key():
    asking = {
        where
        for where, operation in operations()
        for parameter in operation["parameters"]
        if parameter["name"] == "Idempotency-Key" and parameter["required"]
    }
    acting = {where for where, _operation in operations() if where.startswith("POST ")}
    # What changes nothing: previews, and a link that is fetched.
    harmless = {where for where in acting - asking if where.endswith(("/preview", "/real-name/{card}"))}
    assert acting - asking - harmless == set()


def test_refusals_are_problems_and_answers_say_what_may_still_be_asked():
    for where, operation in operations():
        for status, answer in operation["responses"].items():
            kinds, headers = list(answer.get("content", {})), set(answer["headers"])
            if int(status) in PROBLEMS:
                assert kinds == [PROBLEM], (where, status)
            assert ("RateLimit" in headers) == (status != "401"), (where, status)
            assert ("Retry-After" in headers) == (status in ("429", "503")), (where, status)


def test_each_parameter_of_an_address_says_what_it_means():
    silent = [
        (where, parameter["name"])
        for where, operation in operations()
        for parameter in operation["parameters"]
        if parameter["in"] == "path" and not parameter.get("description")
    ]
    assert silent == []


def test_an_answer_has_the_headers_that_are_told(client):
    answer = client.get("/api/v1/me", headers={"authorization": "Bearer spk_no"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, PROBLEM)


class Anchors(HTMLParser):
    """Where the links of a page lead within it, and what is there."""

    def __init__(self):
        super().__init__()
        self.links, self.ids, self.inline = set(), [], []

    def handle_starttag(self, tag, attrs):
        said = dict(attrs)
        if (said.get("href") or "").startswith("#"):
            self.links.add(said["href"][1:])
        if "id" in said:
            self.ids.append(said["id"])
        if "style" in said or tag == "style" or any(name.startswith("on") for name in said):
            self.inline.append(tag)


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_has_all_of_it_under_the_strict_policy(client, language):
    page = client.get("/api/", headers={"accept-language": language})
    found = Anchors()
    found.feed(page.content.decode())
    assert (page.status_code, set(page.headers["Content-Security-Policy"].split("; ")) >= POLICY) == (200, True)
    assert (found.links - set(found.ids), found.inline) == (set(), [])
    assert len(found.ids) == len(set(found.ids))
    assert {operation["operationId"] for _where, operation in operations()} <= set(found.ids)
    assert f'lang="{language}"' in page.content.decode()


@pytest.mark.django_db
def test_the_page_in_chinese_has_no_english_sentence(client):
    """What the document says is in the reader's language; words of JSON and code stay as they are."""
    page = text(client.get("/api/", headers={"accept-language": "zh-hans"}))
    prose = re.sub(r"<(pre|code)\b.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    told = {operation["description"].split(". ")[0] for _where, operation in operations()}
    assert [sentence for sentence in told if sentence in prose] == []


@pytest.mark.django_db
def test_the_type_of_a_problem_leads_to_what_its_code_means(client):
    assert client.get("/api/problems/already-voluntary").headers["Location"] == "/api/#already-voluntary"
    lost = client.get("/api/problems/no-such-code")
    assert (lost.status_code, lost.json()["code"]) == (404, "not_found")


def test_the_document_is_made_once():
    assert api.get_openapi_schema() is api.get_openapi_schema()
    assert json.loads(json.dumps(api.get_openapi_schema()))["servers"] == [{"url": settings.PORTAL_URL}]
