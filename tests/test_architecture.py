"""The house's rules, held to by reading the source: which room may know which, and what nobody may write."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import get_resolver

pytestmark = pytest.mark.once

ROOMS = ("simportal", "billing", "cards")  # each may import those to its right

RINGS = (
    {
        *("choices", "errors", "calendar", "holds", "identifiers", "quantities", "phrases", "money", "files", "paging"),
        *(
            "names",
            "visitors",
            "references",
            "amount_in_words",
            "faults",
            "links",
            "keys",
            "ciphers",
            "kept",
            "counted",
            "log_context",
            "results",
            "unreadable",
        ),
    },
    {
        *("models", "querysets", "scope", "laying", "triggers", "lookup", "search", "state_counts", "quick", "leases"),
        *("timeouts", "turns", "schema", "collector", "halving"),
    },
    {
        *("rules", "guards", "catalogue", "permissions", "columns", "sentences", "proof", "filters", "exports"),
        *("policy_effects", "statements", "items", "revenue", "origins", "not_paid", "grants", "audit_log"),
        *("wanted", "verdict"),
    },
    {"actions", "bills", "carriers", "guest", "payments", "protocols", "calling"},
    {"pages", "forms", "templatetags"},
    {"people", "backends"},
    {
        "admin",
        "views",
        "tasks",
        "mail",
        "management",
        "urls",
        "my_urls",
        "pay_urls",
        "hook_urls",
        "console_urls",
        "apps",
    },
)
DOORS = RINGS[-1]
DOORS_THAT_MEET = {
    ("urls", "views"),
    ("my_urls", "views"),
    ("pay_urls", "views"),
    ("hook_urls", "views"),
    ("console_urls", "views"),
    ("tasks", "mail"),
}

DJANGO_CALLS_THEM_SO = {"process_exception", "process_response"}  # what a middleware has
FORBIDDEN_NAMES = {"utils", "helpers", "manager", "managers"}


def sources():
    for room in ROOMS:
        for path in sorted((settings.BASE_DIR / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(settings.BASE_DIR)


@cache
def tree(path):
    return ast.parse((settings.BASE_DIR / path).read_text())


@cache
def nodes(path):
    return list(ast.walk(tree(path)))


@cache
def imported(path):
    """Every module of ours that a file imports, also inside a function body."""
    found = []
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names if alias.name.split(".")[0] in ROOMS)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in ROOMS:
            found += (f"{node.module}.{alias.name}" for alias in node.names)
    return found


def module(path, depth=1):
    """The part of a room that a file belongs to: `cards/actions/write.py` is of `actions`."""
    return path.parts[depth].removesuffix(".py")


def ring(name):
    return next(number for number, names in enumerate(RINGS) if name in names)


@cache
def calls(path):
    """Every call in a file as (dotted name, line)."""
    return [(ast.unparse(node.func), node.lineno) for node in nodes(path) if isinstance(node, ast.Call)]


FILES = list(sources())
OF_DOMAIN = [path for path in FILES if path.parts[0] in ("cards", "billing")]


def arrows_of_ours():
    """(file, what it imports) of each; asked for by those tests alone that need it, for every process loads this."""
    return [(path, imported(path)) for path in FILES]


def nested(paths):
    """The rooms within rooms: apps of their own in a folder of another."""
    return [path.parts[:-1] for path in paths if path.name == "apps.py" and len(path.parts) > 2]


def with_rings(paths):
    return [("cards",), ("billing",), *nested(paths)]


def within(arrows):
    """(file, its module, a module of the same room that it imports) of the rooms that have rings.

    A file of a room within a room has the ring that it has there: a door of it may know the doors around it.
    """
    rooms = with_rings([path for path, _names in arrows])
    for room in rooms:
        for path, names in arrows:
            if path.parts[: len(room)] == room and module(path, len(room)) != "__init__":
                innermost = max((each for each in rooms if path.parts[: len(each)] == each), key=len)
                for parts in (tuple(name.split(".")) for name in names):
                    is_of_it = parts[: len(room)] == room and len(parts) > len(room)
                    if is_of_it and (room == innermost or parts[: len(innermost)] != innermost):
                        yield str(path), module(path, len(innermost)), parts[len(room)]


def outward(arrows):
    return [(path, other) for path, own, other in within(arrows) if ring(other) > ring(own)]


def into_nested(arrows):
    """(file, what it imports) where a room knows of a room within it, or within one above."""
    for room in nested([path for path, _names in arrows]):
        for path, names in arrows:
            is_inside = path.parts[: len(room)] == room
            if not is_inside and ROOMS.index(path.parts[0]) >= ROOMS.index(room[0]):
                yield from ((str(path), name) for name in names if tuple(name.split("."))[: len(room)] == room)


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
    modules = {
        module(path, len(room)) for room in with_rings(FILES) for path in FILES if path.parts[: len(room)] == room
    }
    assert sorted(modules - known - {"__init__"}) == []


TYPED = set().union(*RINGS[:3])  # words, data, decisions
PORTS = {
    *map(Path, ("cards/actions/write.py", "cards/actions/jobs/engine.py")),  # `Work`, `Kind`
    Path("cards/actions/alike.py"),  # `Representative`
    *map(Path, ("billing/payments/port.py", "billing/payments/local.py")),  # `Provider`
    *map(Path, ("billing/payments/alipay.py", "billing/payments/wechat.py")),
}


def typed():
    """The files that `make lint` checks the types of."""
    named = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["tool"]["mypy"]["files"]
    return {path for path in FILES for name in named if path.is_relative_to(name)}


def test_types_are_checked_of_the_inner_rings_and_the_ports():
    rooms = with_rings(FILES)
    inner = {
        path for room in rooms for path in FILES if path.parts[: len(room)] == room and module(path, len(room)) in TYPED
    }
    assert typed() == inner | PORTS


def test_every_arrow_between_rings_points_inward():
    assert outward(arrows_of_ours()) == []


def test_no_room_knows_of_a_room_within_it():
    assert list(into_nested(arrows_of_ours())) == []


def test_a_room_within_a_room_is_read_by_the_same_rules():
    inside, outside = Path("cards/carriers"), Path("cards/views/console/card.py")
    arrows = [
        (inside / "apps.py", []),
        (inside / "models.py", ["cards.carriers.actions.send"]),
        (inside / "actions/send.py", ["cards.actions.write.change", "cards.carriers.models.Command"]),
        (inside / "actions/receive.py", ["cards.views.console.card.page"]),
        (inside / "management/commands/work.py", ["cards.management.base.PortalCommand"]),
        (outside, ["cards.carriers.actions.send.send"]),
        (Path("billing/actions/orders.py"), ["cards.carriers.models.Command"]),
    ]
    assert nested([path for path, _names in arrows]) == [("cards", "carriers")]
    assert outward(arrows) == [
        ("cards/carriers/actions/receive.py", "views"),
        ("cards/carriers/models.py", "actions"),
    ]
    assert list(into_nested(arrows)) == [(str(outside), "cards.carriers.actions.send.send")]


def test_doors_do_not_know_each_other():
    meeting = {(own, other) for _path, own, other in within(arrows_of_ours()) if own in DOORS and other in DOORS}
    assert {pair for pair in meeting if pair[0] != pair[1]} - DOORS_THAT_MEET == set()


def test_names_say_what_a_thing_is():
    bad = [str(path) for path in FILES if FORBIDDEN_NAMES & set(path.with_suffix("").parts)]
    functions = [
        (str(path), node.name)
        for path in FILES
        for node in nodes(path)
        if isinstance(node, ast.FunctionDef) and node.name.startswith(("process_", "handle_"))
        if node.name not in DJANGO_CALLS_THEM_SO
    ]
    assert (bad, functions) == ([], [])


# So many would be too many. Django and the catalogue ask for some; twins of the console and `my` are the others.
NAMES_TWICE = 40


def public_names(body):
    """The public classes, functions and constants that these statements at the top level of a module define."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
        else:
            names = []
        yield from (name for name in names if not name.startswith("_"))


def twice(modules):
    """(name, the modules that define it) of each public name in more than one of these modules, the commonest first."""
    found = {}
    for name, body in modules.items():
        for public in set(public_names(body)):
            found.setdefault(public, []).append(name)
    names = [(name, where) for name, where in found.items() if len(where) > 1]
    return sorted(names, key=lambda row: (-len(row[1]), row[0]))


def test_a_public_name_is_defined_once():
    """Whoever looks for a word of the business lands in one place; a twin of console and `my` may share its name."""
    names = twice({str(path): tree(path).body for path in FILES})
    listed = "\n".join(f"{name}: {', '.join(where)}" for name, where in names)
    assert len(names) < NAMES_TWICE, f"{len(names)} public names are defined in more than one module:\n{listed}"


def test_a_name_that_is_defined_twice_is_seen():
    sources = {
        "a.py": "KEPT, WIDTH = 1, 2\nclass Row: LIMIT = 3\ndef told(): size = 4\n_own = 5",
        "b.py": "KEPT: int = 1\nclass Row: pass\nfrom c import told\n_own = 5\nLIMIT = size = 6",
        "c.py": "async def told(): pass\nclass Row: pass",
    }
    assert twice({name: ast.parse(source).body for name, source in sources.items()}) == [
        ("Row", ["a.py", "b.py", "c.py"]),
        ("KEPT", ["a.py", "b.py"]),
        ("told", ["a.py", "c.py"]),
    ]


def test_the_day_comes_from_one_clock():
    """UTC's today at 00:06 in Shanghai is yesterday."""
    forbidden = ("date.today", "datetime.today", "datetime.now", "datetime.utcnow", "timezone.now().date")
    found = [(str(path), line) for path in FILES for name, line in calls(path) if name.endswith(forbidden)]
    assert found == []


def test_a_card_is_read_anew_and_never_refreshed():
    """django-fsm's refresh_from_db switches the protection of the state off, for all threads."""
    found = [(str(path), line) for path in FILES for name, line in calls(path) if name.endswith("refresh_from_db")]
    assert found == []


# Names under which a state travels; and where the rules about states stand, besides the models that have them.
STATE_NAMES = {"state", "phase", "status", "shown", "from_state", "to_state", "resumes_to"}
RULES_OF_STATES = {
    "simportal/api/choices.py",
    *("cards/holds.py", "cards/rules.py", "cards/guards.py", "billing/rules.py"),
    *("cards/carriers/wanted.py", "cards/carriers/verdict.py", "cards/actions/alike.py"),
    *("cards/proof/allowances.py", "cards/proof/chain.py", "cards/proof/counters.py", "cards/proof/facts.py"),
    *("cards/actions/jobs/engine.py", "cards/actions/jobs/worker.py"),
    *("cards/actions/imports/contradictions.py", "cards/actions/imports/in_service.py"),
}
QUERIES = {"filter", "exclude", "get", "Q", "When"}


def parts_of(node):
    return node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]


def is_state_word(node):
    """`State.IN_USE`, `JobStatus.READY` and their like."""
    of = node.value if isinstance(node, ast.Attribute) else None
    return isinstance(of, ast.Name) and of.id.endswith(("State", "Status")) and node.attr.isupper()


def is_a_state(node):
    """`card.state`, `phase`, `chosen["state"]`, `request.GET.get("status")`."""
    if isinstance(node, ast.Attribute | ast.Name):
        return (node.attr if isinstance(node, ast.Attribute) else node.id) in STATE_NAMES
    if isinstance(node, ast.Subscript):
        return isinstance(node.slice, ast.Constant) and node.slice.value in STATE_NAMES
    if isinstance(node, ast.Call) and node.args:
        return isinstance(node.args[0], ast.Constant) and node.args[0].value in STATE_NAMES
    return False


def is_said(node):
    """What is written down: a word for a state, a text, or the name of a table of such."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return is_state_word(node) or name.isupper() or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def compares_a_state(node):
    """Two states may be compared with each other: only what a state is called makes a rule."""
    if isinstance(node, ast.Compare):
        operands = [part for operand in (node.left, *node.comparators) for part in parts_of(operand)]
    elif isinstance(node, ast.Match):
        patterns = [pattern for case in node.cases for pattern in ast.walk(case.pattern)]
        operands = [node.subject, *(pattern.value for pattern in patterns if isinstance(pattern, ast.MatchValue))]
    else:
        return False
    return any(map(is_state_word, operands)) or (any(map(is_a_state, operands)) and any(map(is_said, operands)))


def asks_for_a_state(node):
    if not isinstance(node, ast.Call) or ast.unparse(node.func).split(".")[-1] not in QUERIES:
        return False
    asked_for = [key for key in node.keywords if key.arg and STATE_NAMES.intersection(key.arg.split("__"))]
    return any(is_said(part) for key in asked_for for part in parts_of(key.value))


def found_in(paths, is_wrong):
    return [(str(path), node.lineno) for path in paths for node in nodes(path) if is_wrong(node)]


def test_states_are_compared_only_where_rules_are_written():
    others = [path for path in FILES if "models" not in path.parts and str(path) not in RULES_OF_STATES]
    assert found_in(others, compares_a_state) == []


def test_states_are_asked_for_by_name_on_pages_and_at_doors():
    shell = set().union(
        *RINGS[RINGS.index({"actions", "bills", "carriers", "guest", "payments", "protocols", "calling"}) + 1 :]
    )
    outer = [path for path in FILES if path.parts[0] == "simportal" or module(path) in shell]
    assert found_in(outer, asks_for_a_state) == []


RULES = (
    "card.state == State.IN_USE",
    "State.IN_USE != phase",
    "card.phase in (State.TESTING, State.UNUSED)",
    "record.to_state not in HELD",
    "'in_use' == shown",
    "chosen['state'] == 'testing'",
    "request.GET.get('status') == 'open'",
    "job.status in POLLED",
    "following is JobStatus.DONE",
    "State.SUSPENDED in (before, after)",
    "match card.phase:\n case State.IN_USE: pass",
    "match following:\n case State.IN_USE | State.UNUSED: pass",
)
NO_RULES = (
    "card.is_over",
    "before.shown == after.shown",
    "job.status != request.GET.get('status')",
    "BY_STATE.get(card.state)",
    "status not in RequestStatus",
    "card.action == Action.RENEW",
    "match card.action:\n case Action.TAG: pass",
)
SAYING = ("cards.filter(state=State.IN_USE)", "Q(card__state__in=OVER)", "jobs.exclude(status='done')")
NOT_SAYING = ("cards.active()", "orders.filter(state=chosen)", "jobs.get(key=KEY)")


def sees(is_wrong, source):
    return any(map(is_wrong, ast.walk(ast.parse(source))))


def test_a_state_is_seen_under_any_name_and_on_either_side():
    assert [source for source in RULES if not sees(compares_a_state, source)] == []
    assert [source for source in NO_RULES if sees(compares_a_state, source)] == []
    assert [source for source in SAYING if not sees(asks_for_a_state, source)] == []
    assert [source for source in NOT_SAYING if sees(asks_for_a_state, source)] == []


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
        for node in nodes(path)
        if isinstance(node, ast.Import | ast.ImportFrom)
        if "django.core.mail" in ast.unparse(node).replace(" import ", ".")
    }
    assert importing == {"billing/mail.py"}


# Who lists or changes the members of a customer, or writes to them; none of it says what somebody may see.
MEMBERS = {
    *("cards/people/members.py", "cards/actions/claims.py", "cards/models/invitation.py", "billing/mail.py"),
    *("cards/people/personal_data.py", "simportal/api/mail.py"),
    *("cards/views/my/members.py", "cards/people/people_lines.py"),
    "simportal/api/actions/keys.py",  # a program is a member too
    "cards/people/views/customer_members.py",
    *("cards/actions/jobs/merge.py", "billing/pages/merging.py"),  # who goes with a customer that is merged
}


def test_whose_something_is_is_decided_in_one_place():
    """Whatever else wants to know asks a `Scope`; that somebody new is staff is said where they are made."""
    asking = {
        (str(path), ast.unparse(node))
        for path in FILES
        if path != Path("cards/scope.py")
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr in ("is_staff", "is_active")
        if not ast.unparse(node.value).startswith(("scope", "Scope.of("))
    }
    assert asking == set()
    reading = {
        str(path)
        for path in FILES
        for node in nodes(path)
        if (isinstance(node, ast.Attribute) and node.attr == "memberships")
        or (isinstance(node, ast.keyword) and "memberships" in (node.arg or ""))
        or (isinstance(node, ast.Call) and ast.unparse(node.func).startswith("Membership.objects"))
    }
    assert {path for path in reading if not path.startswith("simportal/demo/")} == {"cards/scope.py"} | MEMBERS
    templates = (settings.BASE_DIR / "templates").rglob("*.html")
    assert [path.name for path in templates if "user.is_staff" in path.read_text()] == ["base_site.html"]  # the admin's


# Who writes besides the actions: the room of people, for accounts; leases; the wiring, for rows of its own.
WRITERS = {
    *("cards/people/accounts.py", "cards/people/members.py", "cards/people/second_factor.py"),
    *("cards/people/personal_data.py", "cards/people/staff.py"),
    *("cards/people/login_tries.py", "cards/people/sessions.py"),
    "simportal/asked_mail.py",  # what a mail is about ends with it
    "cards/leases.py",  # for workers, and of a row no more than its lease
    "cards/schema.py",  # for migrations
    "simportal/days.py",  # how far the days have come
    *("simportal/models.py", "simportal/nightly_proof.py", "simportal/password_reset.py", "simportal/roles.py"),
    "simportal/invitation_mail.py",  # that the link was sent
    "simportal/translations.py",  # the catalogue is a file
}
WRITING = {
    *("save", "delete", "create", "get_or_create", "update_or_create", "bulk_create", "bulk_update"),
    *("asave", "adelete", "acreate", "aupdate", "aget_or_create", "aupdate_or_create", "abulk_create", "abulk_update"),
    *("create_user", "create_superuser", "insert_rows", "insert_selected", "update_rows", "delete_rows"),
}
RELATIONS = {"groups", "permissions", "user_permissions"}


def writes(node):
    """A model's or a queryset's writing method, called or passed on; `update` by columns, which no dict has."""
    if isinstance(node, ast.Attribute):
        is_of_many = node.attr in ("add", "set", "remove", "clear")
        return node.attr in WRITING or (is_of_many and ast.unparse(node.value).split(".")[-1] in RELATIONS)
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).split(".")[-1]
        by_columns = name == "update" and not node.args and bool(node.keywords)
        return by_columns or (isinstance(node.func, ast.Name) and name in WRITING)
    return False


WRITES = (
    "card.save()",
    "form.save()",
    "Card.objects.filter(pk=1).update(state='x')",
    "mine.update(**columns)",
    "write = Tag.objects.get_or_create",
    "update_rows(Card, (), [])",
    "user.groups.add(group)",
)
NO_WRITES = ("found.add(number)", "counts.update(more)", "card.__dict__.update(blank, **facts)", "bar.update(1)")


def test_only_the_actions_write():
    """Doors ask the actions, whatever the model. The demo makes a whole portal, accounts and all."""
    others = [
        path
        for path in FILES
        if "actions" not in path.parts and path.parts[:2] != ("simportal", "demo") and str(path) not in WRITERS
    ]
    assert found_in(others, writes) == []


def test_a_write_is_seen():
    assert [source for source in WRITES if not sees(writes, source)] == []
    assert [source for source in NO_WRITES if sees(writes, source)] == []


# the two audiences: the console, and the customers' own pages

ADDRESSES = {
    "console": re.compile("(console|money|bills|carriers|console-api):[a-z]"),
    "my": re.compile("(my|buying|my-api):[a-z]"),
}
AUDIENCES = (("console", "my"), ("my", "console"))
BOTH_FRAMES = "cards.pages.frames"
# Staff print what a customer's phone reads, and send the link by which somebody joins a customer.
READ_BY_THE_OTHER = {("cards.views.console.labels", "my:claim"), ("cards.people.people_lines", "my:join")}


def dotted(path):
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


MODULES = {dotted(path): path for path in FILES}


@cache
def imports_of(name):
    """The modules of ours that a module imports, also as `from cards.views import my`."""
    names = set()
    for node in nodes(MODULES[name]):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names & set(MODULES)


def needed(*names):
    """These modules and all that they import, and what that imports."""
    found, waiting = set(), set(names)
    while waiting:
        found |= waiting
        waiting = set().union(*map(imports_of, waiting)) - found
    return found


def views_of(audience):
    return [name for name in MODULES if f".views.{audience}." in name]


def words(name):
    """Every string in a module."""
    return [node.value for node in nodes(MODULES[name]) if isinstance(node, ast.Constant)]


@pytest.mark.parametrize(("audience", "other"), AUDIENCES)
def test_the_audiences_do_not_know_each_other(audience, other):
    """Nor does anything that their views need."""
    assert views_of(audience)
    assert needed(*views_of(audience)) & set(views_of(other)) == set()


@pytest.mark.parametrize(("audience", "other"), AUDIENCES)
def test_what_an_audience_needs_leads_to_no_page_of_the_other(audience, other):
    """Shared code asks the frame; `frames` alone has the addresses of both."""
    found = {
        (name, word)
        for name in needed(*views_of(audience)) - {BOTH_FRAMES}
        for word in words(name)
        if isinstance(word, str) and (ADDRESSES[other].match(word) or word.startswith(f"{other}/"))
    }
    assert found - READ_BY_THE_OTHER == set()


@pytest.mark.parametrize(("audience", "frame"), [("console", "MY"), ("my", "CONSOLE")])
def test_what_an_audience_needs_does_not_stand_in_the_frame_of_the_other(audience, frame):
    found = [
        name
        for name in needed(*views_of(audience)) - {BOTH_FRAMES}
        for node in nodes(MODULES[name])
        if isinstance(node, ast.ImportFrom) and node.module == BOTH_FRAMES and frame in [a.name for a in node.names]
    ]
    assert found == []


def test_billing_asks_no_view_of_cards():
    of_billing = [name for name in MODULES if name.startswith("billing.")]
    assert [name for name in needed(*of_billing) if name.startswith("cards.views")] == []


def addresses(resolver):
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from addresses(pattern)
        else:
            yield pattern


def test_no_address_leads_into_pages():
    """Pages say what is shown; views answer."""
    answering = {pattern.callback.__module__ for pattern in addresses(get_resolver())}
    assert {name for name in answering if ".pages" in name} == set()
    imported_there = [
        (str(path), name) for path in FILES if path.stem.endswith("urls") for name in imported(path) if ".pages" in name
    ]
    assert imported_there == []


def test_templates_of_an_audience_know_none_of_the_other_and_shared_ones_neither():
    folder = settings.BASE_DIR / "templates"
    forbidden = {"my": ("console",), "console": ("my",)}
    found = [
        (str(path.relative_to(folder)), other)
        for path in folder.rglob("*.html")
        if (room := path.relative_to(folder).parts[0]) != "admin"
        for other in forbidden.get(room, ("console", "my"))
        if re.search(rf'"{other}/|"({ADDRESSES[other].pattern})', path.read_text())
    ]
    assert found == []
