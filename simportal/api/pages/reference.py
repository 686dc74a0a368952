"""The document of the API as a page: each operation with what goes in and what comes out, in the reader's language."""

from dataclasses import dataclass, field

from django.utils.translation import gettext, pgettext_lazy

from cards.errors import REFUSALS
from cards.phrases import paragraphs
from simportal.answers import PROBLEM_TITLES
from simportal.api.choices import ApiScope
from simportal.api.pages.examples import API_EXAMPLES, Example

_GROUPS = {
    "me": pgettext_lazy("API", "The key"),
    "cards": pgettext_lazy("API", "Cards"),
    "actions": pgettext_lazy("API", "Actions"),
    "operations": pgettext_lazy("API", "Operations"),
    "orders": pgettext_lazy("API", "Orders"),
    "money": pgettext_lazy("API", "Money"),
    "usage": pgettext_lazy("API", "Usage"),
    "requests": pgettext_lazy("API", "Requests"),
    "webhooks": pgettext_lazy("API", "Webhooks"),
    "events": pgettext_lazy("API", "Events"),
}
_SUCCESSES = {
    200: pgettext_lazy("API", "Done"),
    201: pgettext_lazy("API", "Created"),
    202: pgettext_lazy("API", "Accepted: it is being done"),
    204: pgettext_lazy("API", "Done"),
    304: pgettext_lazy("API", "Not changed"),
}
_PLACES = {
    "path": pgettext_lazy("API", "in the address"),
    "query": pgettext_lazy("API", "behind the ?"),
    "header": pgettext_lazy("API", "header"),
}
_REFERENCES = "#/components/schemas/"


@dataclass(frozen=True)
class ToldValue:
    """A parameter or a field: its type in words of JSON, the schema it follows if it has one, what it means."""

    name: str
    kind: str
    schema: str
    is_required: bool
    meaning: str
    place: str = ""


@dataclass(frozen=True)
class ToldAnswer:
    status: int
    title: str
    schema: str


@dataclass(frozen=True)
class ToldOperation:
    """An operation as the page has it; `scopes` are pairs of a word and what it means, of which a key needs one."""

    name: str
    method: str
    path: str
    told: list[str]
    scopes: list[tuple[str, str]]
    parameters: list[ToldValue]
    body: str
    answers: list[ToldAnswer]
    examples: list[Example] = field(default_factory=list)


@dataclass(frozen=True)
class ToldSchema:
    """A schema: what it is, and its fields; or the words that it allows."""

    name: str
    told: list[str]
    fields: list[ToldValue]
    words: list[str]


def reference(document):
    """What the page shows of the document: the operations by group, the schemas, and the codes of refusals."""
    schemas = document["components"]["schemas"]
    return {
        "groups": _groups(document),
        "shapes": [_shape(name, schema) for name, schema in schemas.items() if not name.endswith("Query")],
        "codes": [(code.replace("_", "-"), code, *map(str, told)) for code, told in REFUSALS.items()],
        "scopes": [(scope.value, scope.label) for scope in ApiScope],
    }


def _groups(document):
    """(title, entries) by the tags of the operations, in the order of the document."""
    groups = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append(_entry(method, path, operation))
    return [(tag, _GROUPS.get(tag, tag), entries) for tag, entries in groups.items()]


def _entry(method, path, operation):
    labels = {scope.value: scope.label for scope in ApiScope}
    name = operation["operationId"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return ToldOperation(
        name,
        method.upper(),
        path,
        _translated(operation.get("description", "")),
        [(scope, labels[scope]) for scope in operation.get("x-scopes", ())],
        [_parameter(parameter) for parameter in operation["parameters"]],
        _schema_of(body),
        [_answer(int(status), answer) for status, answer in operation["responses"].items()],
        [example for example in API_EXAMPLES if example.operation == name],
    )


def _parameter(parameter):
    schema = parameter["schema"]
    meaning = _meaning(parameter)
    place = str(_PLACES[parameter["in"]])
    return ToldValue(parameter["name"], _kind(schema), _schema_of(schema), parameter["required"], meaning, place)


def _answer(status, answer):
    title = _SUCCESSES.get(status) or PROBLEM_TITLES[status]
    content = next(iter(answer.get("content", {}).values()), {})
    return ToldAnswer(status, str(title), _schema_of(content.get("schema", {})))


def _shape(name, schema):
    required = schema.get("required", ())
    fields = [
        ToldValue(field_name, _kind(value), _schema_of(value), field_name in required, _meaning(value))
        for field_name, value in schema.get("properties", {}).items()
    ]
    return ToldSchema(name, _translated(schema.get("description", "")), fields, schema.get("enum", []))


def _kind(schema):
    """`string`, `integer | null`, `Summary[]`: in signs and the words of JSON, which are no language's."""
    if "anyOf" in schema:
        return " | ".join(map(_kind, schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if "$ref" in schema:
        return schema["$ref"].removeprefix(_REFERENCES)
    if schema.get("type") == "array":
        return f"{_kind(schema.get('items', {}))}[]"
    kind = schema.get("type", "any")
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _schema_of(schema):
    """The name of the schema that a value follows, or its items do; "" of a plain value."""
    for part in (schema, schema.get("items", {}), *schema.get("anyOf", ()), *schema.get("allOf", ())):
        if "$ref" in part:
            return part["$ref"].removeprefix(_REFERENCES)
        if "$ref" in part.get("items", {}):
            return part["items"]["$ref"].removeprefix(_REFERENCES)
    return ""


def _meaning(told):
    return " ".join(_translated(told.get("description", "")))


def _translated(text):
    """The paragraphs of a text of the document; their English stands in the code of the views."""
    return [gettext(paragraph) for paragraph in paragraphs(text)]
