"""The document of the API: it is one, it says of each operation what a program needs, and no release breaks a client.

`docs/openapi-v1.json` is the document of the last release. What is new is written there with
`python -m tests.api.released`; what would break a client is not.
"""

import json

import pytest
from openapi_spec_validator import validate

from tests.api.program import the_document
from tests.api.released import RELEASED, broken


def test_the_document_is_one():
    validate(the_document())


def test_each_operation_has_a_name_of_its_own_and_says_what_it_does():
    operations = [each for methods in the_document()["paths"].values() for each in methods.values()]
    names = [operation["operationId"] for operation in operations]
    assert (len(names), sorted(set(names))) == (len(set(names)), sorted(names))
    assert [operation["operationId"] for operation in operations if not operation.get("description")] == []


def test_nothing_of_the_last_release_is_broken():
    assert broken(json.loads(RELEASED.read_text()), the_document()) == []


OLD = {
    "paths": {
        "/a": {
            "get": {
                "parameters": [{"name": "q", "in": "query", "required": False}],
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}},
            },
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/B"}}}},
                "responses": {"201": {}},
            },
        }
    },
    "components": {
        "schemas": {
            "A": {
                "type": "object",
                "properties": {"x": {"type": "string"}, "y": {"type": "integer"}},
                "required": ["x"],
            },
            "B": {"type": "object", "properties": {"kind": {"enum": ["one", "two"]}}, "required": []},
        }
    },
}


def changed(change):
    new = json.loads(json.dumps(OLD))
    change(new)
    return broken(OLD, new)


def operation(document, method="get"):
    return document["paths"]["/a"][method]


def schema(document, name):
    return document["components"]["schemas"][name]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda new: new["paths"].pop("/a"), ["GET /a is gone", "POST /a is gone"]),
        (lambda new: new["paths"]["/a"].pop("post"), ["POST /a is gone"]),
        (lambda new: operation(new)["parameters"].clear(), ["GET /a: the parameter q is gone"]),
        (
            lambda new: operation(new)["parameters"][0].update(required=True),
            ["GET /a: the parameter q is required now"],
        ),
        (
            lambda new: operation(new)["parameters"].append({"name": "z", "in": "query", "required": True}),
            ["GET /a: the parameter z is required now"],
        ),
        (lambda new: operation(new)["responses"].pop("200"), ["GET /a: the answer 200 is gone"]),
        (lambda new: schema(new, "A")["properties"].pop("y"), ["A.y is gone"]),
        (lambda new: schema(new, "A")["properties"]["y"].update(type="string"), ["A.y is something else now"]),
        (lambda new: schema(new, "A")["required"].clear(), ["A.x may be missing now"]),
        (lambda new: schema(new, "B")["required"].append("kind"), ["B.kind is required now"]),
        (lambda new: schema(new, "B")["properties"]["kind"]["enum"].pop(), ["B.kind is something else now"]),
    ],
)
def test_what_breaks_a_client_is_found(change, told):
    assert changed(change) == told


def test_what_is_only_new_breaks_nobody():
    def grow(new):
        new["paths"]["/b"] = operation(new)
        operation(new)["parameters"].append({"name": "z", "in": "query", "required": False})
        schema(new, "A")["properties"]["z"] = {"type": "string"}
        schema(new, "B")["properties"]["kind"]["enum"].append("three")
        operation(new)["responses"]["404"] = {}

    assert changed(grow) == []
