"""The house's rules, held to by reading the source: which room may know which, and what nobody may write."""

import ast
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.once

ROOMS = ("simportal", "billing", "cards")  # each may import those to its right

RINGS = (
    {"choices", "errors", "calendar", "identifiers", "quantities", "money", "files", "paging", "visitors"},
    {"models", "querysets", "triggers", "lookup", "search", "tallies", "quick"},
    {
        *("rules", "guards", "catalogue", "permissions", "sentences", "proof", "filters", "exports", "policy_effects"),
        *("statements", "figures"),
    },
    {"actions", "carriers", "payments"},
    {"pages", "forms", "templatetags"},
    {"people", "backends"},
    {"admin", "views", "tasks", "mail", "management", "urls", "my_urls", "pay_urls", "apps"},
)
DOORS = RINGS[-1]
DOORS_THAT_MEET = {("urls", "views"), ("my_urls", "views"), ("pay_urls", "views"), ("tasks", "mail")}

FORBIDDEN_NAMES = {"utils", "helpers", "manager", "managers"}


def sources():
    for room in ROOMS:
        for path in sorted((settings.BASE_DIR / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(settings.BASE_DIR)


def tree(path):
    return ast.parse((settings.BASE_DIR / path).read_text())


def imported(path):
    """Every module of ours that a file imports, also inside a function body."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in ROOMS)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in ROOMS:
            if node.module in ROOMS:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module


def module(path):
    """The part of a room that a file belongs to: `cards/actions/write.py` is of `actions`."""
    return path.parts[1].removesuffix(".py")


def ring(name):
    return next(number for number, names in enumerate(RINGS) if name in names)


def calls(path):
    """Every call in a file as (dotted name, line)."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


FILES = list(sources())
OF_DOMAIN = [path for path in FILES if path.parts[0] in ("cards", "billing")]


def within():
    """(file, its module, a module of the same room that it imports) of the rooms that have rings."""
    for path in OF_DOMAIN:
        for name in imported(path):
            room, _, rest = name.partition(".")
            if room == path.parts[0] and module(path) != "__init__":
                yield str(path), module(path), rest.split(".")[0]


def test_every_arrow_between_rooms_points_down():
    upward = [
        (str(path), name)
        for path in FILES
        for name in imported(path)
        if ROOMS.index(name.split(".")[0]) < ROOMS.index(path.parts[0])
    ]
    assert upward == []


def test_every_module_has_its_ring():
    known = set().union(*RINGS)
    assert sorted({module(path) for path in OF_DOMAIN} - known - {"__init__"}) == []


def test_every_arrow_between_rings_points_inward():
    outward = [(path, other) for path, own, other in within() if ring(other) > ring(own)]
    assert outward == []


def test_doors_do_not_know_each_other():
    meeting = {(own, other) for _path, own, other in within() if own in DOORS and other in DOORS}
    assert {pair for pair in meeting if pair[0] != pair[1]} - DOORS_THAT_MEET == set()


def test_names_say_what_a_thing_is():
    bad = [str(path) for path in FILES if FORBIDDEN_NAMES & set(path.with_suffix("").parts)]
    functions = [
        (str(path), node.name)
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith(("process_", "handle_"))
    ]
    assert (bad, functions) == ([], [])


def test_the_day_comes_from_one_clock():
    """UTC's today at 00:06 in Shanghai is yesterday."""
    forbidden = ("date.today", "datetime.today", "datetime.now", "datetime.utcnow", "timezone.now().date")
    found = [(str(path), line) for path in FILES for name, line in calls(path) if name.endswith(forbidden)]
    assert found == []


def test_a_card_is_read_anew_and_never_refreshed():
    """django-fsm's refresh_from_db switches the protection of the state off, for all threads."""
    found = [(str(path), line) for path in FILES for name, line in calls(path) if name.endswith("refresh_from_db")]
    assert found == []


def test_states_are_compared_only_where_rules_are_written():
    allowed = {
        *("cards/models/card.py", "cards/rules.py", "cards/guards.py", "cards/proof.py"),
        *("billing/models/order.py", "billing/models/payment.py", "billing/rules.py"),
    }
    found = [
        (str(path), node.lineno)
        for path in FILES
        if str(path) not in allowed
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Compare) and ast.unparse(node).split(" ")[1] in ("==", "!=")
        if isinstance(node.left, ast.Attribute) and node.left.attr == "state"
    ]
    assert found == []


def test_templates_neither_query_nor_compare_states():
    folder = settings.BASE_DIR / "templates"
    words = (".state ==", ".objects", ".all ")
    found = [path.name for path in folder.rglob("*.html") for word in words if word in path.read_text()]
    assert found == []


def transitions():
    """The functions that django-fsm guards."""
    for node in ast.walk(tree(Path("cards/models/card.py"))):
        if isinstance(node, ast.FunctionDef) and any("transition(" in ast.unparse(d) for d in node.decorator_list):
            yield node


def test_no_transition_saves_sends_or_drives_another_model():
    assert len(list(transitions())) == 10
    calls_made = {
        ast.unparse(call.func) for body in transitions() for call in ast.walk(body) if isinstance(call, ast.Call)
    }
    foreign = [name for name in calls_made if not name.startswith(("self.", "policy.", "transition", "RETURN_VALUE"))]
    assert foreign == []
    saving = [name for name in calls_made if name.split(".")[-1] in {"save", "delete", "send", "delay", "objects"}]
    assert saving == []


def test_no_transition_starts_anywhere():
    wildcards = [ast.unparse(d) for body in transitions() for d in body.decorator_list if "'*'" in ast.unparse(d)]
    assert wildcards == []


def test_the_domain_neither_enqueues_mails_nor_calls_out():
    forbidden = ("delay", "apply_async", "send_mail", "send_task", "urlopen", "on_commit")
    found = [
        (str(path), name, line)
        for path in OF_DOMAIN
        for name, line in calls(path)
        if name.split(".")[-1] in forbidden or name.startswith("requests.")
    ]
    assert found == []


def test_mail_goes_out_by_one_door():
    """What customers are told is rows; one drain mails them. Django's own reset of passwords is its own."""
    importing = {
        str(path)
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
        if "django.core.mail" in ast.unparse(node).replace(" import ", ".")
    }
    assert importing == {"billing/mail.py"}


def test_only_the_actions_write_cards():
    """Doors ask the actions; a queryset's own writing methods on cards or events stand nowhere else."""
    writing = {"bulk_create", "bulk_update", "update", "save", "delete", "create", "get_or_create", "update_or_create"}
    found = [
        (str(path), line, name)
        for path in FILES
        if module(path) not in ("actions",)
        for name, line in calls(path)
        if name.split(".")[-1] in writing
        and (name.startswith(("Card.objects", "CardEvent.objects")) or name.rpartition(".")[0] == "card")
    ]
    assert found == []
