"""The document of the last release beside today's: what would break a program that was written for it.

`python -m tests.api.released` writes today's down as the last one; it refuses where something is broken.
"""

import json
import os
import sys
from pathlib import Path

RELEASED = Path(__file__).parents[2] / "docs" / "openapi-v1.json"
DESCRIBES = {"title", "description", "examples", "example", "default"}


def broken(old, new):
    """What of the old document a program may rely on that the new one does not have, a sentence for each."""
    found = []
    for path, methods in old["paths"].items():
        for method, operation in methods.items():
            now, name = new["paths"].get(path, {}).get(method), f"{method.upper()} {path}"
            found += [f"{name} is gone"] if now is None else list(_of_operation(name, operation, now))
    sent, answered = _uses(old)
    for name, schema in old["components"]["schemas"].items():
        now = new["components"]["schemas"].get(name)
        if now is not None:
            found += _of_schema(name, schema, now, name in sent, name in answered)
    return found


def _of_operation(name, old, new):
    before = {parameter["name"]: parameter for parameter in old.get("parameters", ())}
    after = {parameter["name"]: parameter for parameter in new.get("parameters", ())}
    yield from (f"{name}: the parameter {each} is gone" for each in before if each not in after)
    for each, parameter in after.items():
        if parameter.get("required") and not before.get(each, {}).get("required"):
            yield f"{name}: the parameter {each} is required now"
    yield from (f"{name}: the answer {status} is gone" for status in old["responses"] if status not in new["responses"])


def _of_schema(name, old, new, is_sent, is_answered):
    before, after = old.get("properties", {}), new.get("properties", {})
    for each, schema in before.items():
        if each not in after:
            yield f"{name}.{each} is gone"
        elif not _goes_on(_bare(schema), _bare(after[each])):
            yield f"{name}.{each} is something else now"
    missing = set(old.get("required", ())) - set(new.get("required", ()))
    if is_answered:
        yield from (f"{name}.{each} may be missing now" for each in sorted(missing) if each in after)
    if is_sent:
        asked = set(new.get("required", ())) - set(old.get("required", ()))
        yield from (f"{name}.{each} is required now" for each in sorted(asked))


def _goes_on(old, new):
    """Whether a value of before is one still; a list of words may grow."""
    if isinstance(old, dict) and isinstance(new, dict) and "enum" in old and "enum" in new:
        rest = [{key: value for key, value in each.items() if key != "enum"} for each in (old, new)]
        return set(old["enum"]) <= set(new["enum"]) and rest[0] == rest[1]
    return old == new


def _bare(schema):
    """The schema without what is only for people."""
    if isinstance(schema, dict):
        return {key: _bare(value) for key, value in schema.items() if key not in DESCRIBES}
    return [_bare(each) for each in schema] if isinstance(schema, list) else schema


def _uses(document):
    """The names of the schemas that are sent, and of those that are answered, with all that stands within them."""
    schemas, operations = document["components"]["schemas"], []
    for methods in document["paths"].values():
        operations += methods.values()
    sent = _named([operation.get("requestBody", {}) for operation in operations], schemas)
    return sent, _named([operation["responses"] for operation in operations], schemas)


def _named(part, schemas, found=None):
    found = set() if found is None else found
    if isinstance(part, dict):
        name = str(part.get("$ref", "")).rpartition("/")[2]
        if name and name not in found:
            found.add(name)
            _named(schemas.get(name, {}), schemas, found)
        for value in part.values():
            _named(value, schemas, found)
    elif isinstance(part, list):
        for value in part:
            _named(value, schemas, found)
    return found


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "simportal.settings")
    os.environ.setdefault("DEBUG", "1")
    import django

    django.setup()
    from tests.api.program import the_document

    if RELEASED.exists() and (found := broken(json.loads(RELEASED.read_text()), the_document())):
        sys.exit("This would break programs:\n" + "\n".join(found))
    RELEASED.write_text(json.dumps(the_document(), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
