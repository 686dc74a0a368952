"""Requests made up from the URL conf and from the forms of the pages themselves, with something hostile in each."""

import re

from django.test import override_settings

from billing.models import Entry, Order, Payment, Refund
from cards.models import CardRequest, Job, Selection
from tests.attacks import hostile
from tests.attacks.asking import Caller, Request
from tests.attacks.attack import Attack, Tally
from tests.attacks.forms import Form, forms_of
from tests.attacks.raw import FORM, MULTIPART, File, Raw, encoded, multipart, path_of_bytes
from tests.build import on_day
from tests.my import test_every_url as walk

IN_SHORT, IN_FULL = 600, 20_000
LONGEST_SECONDS = 5
OWN = re.compile(r"(https?://testserver)?/(?![/\\]).*|\?.*")  # what a browser reads as a path of the portal
# Who asks, the first of these who may.
ASKING = ("admin", "operations", "owner", "owner of another", "anonymous")

TELLS_OF_FAULTS = {"readyz"}  # 503 is its answer where no worker is at work


def fuzzed(stage):
    tally, chance = Tally(), stage.chance
    with on_day(walk.DAY), override_settings(MEDIA_ROOT=stage.folder):
        people = walk.everybody()
        world = walk.everything(people)
        callers = {who: Caller(people[who]) for who in ASKING}
        for caller in callers.values():
            caller.client.raise_request_exception = False
        found = list(targets(callers, world))
        others = keys_of_others()
        for _ in range(IN_SHORT if stage.is_short else IN_FULL):
            who, form = chance.choice(found)
            request = chance.choice(WAYS)(chance, form, others)
            judge(tally, who, request, callers[who])
    return tally


def judge(tally, who, request, caller):
    with tally.one_try() as took:
        answer = caller.ask(request)
    if answer.status >= 500 or answer.raised:
        tally.got_through(f"{who}: {request}", answer.status, answer.raised)
    elif answer.status >= 400 and not answer.content and request.method != "HEAD":
        tally.got_through(f"{who}: {request}", answer.status, "without a word")
    if not OWN.fullmatch(answer.headers.get("Location", "/")):
        tally.got_through(f"{who}: {request}", "leads to", answer.headers["Location"])
    if took.seconds > LONGEST_SECONDS:
        tally.got_through(f"{who}: {request}", f"took {took.seconds:.1f} s")


def targets(callers, world):
    """(who, form) of every URL, asked for as it stands, and of every form that stands on a page; each shape once."""
    shapes = set()
    for name, route in walk.urls():
        entry = walk.TABLE[name]
        who = next((who for who in ASKING if who in entry.look | entry.change), "admin")
        path = walk.path_of(name, route, world)
        asked = [
            Form(method, path, dict(entry.data)) for method, may in (("GET", entry.look), ("POST", entry.change)) if may
        ]
        for form in [*asked, *on_page(callers[who], path, entry.data)]:
            if (who, form.shape) not in shapes and name not in TELLS_OF_FAULTS:
                shapes.add((who, form.shape))
                yield who, form


def on_page(caller, path, data):
    page = caller.ask(Request("get", path, data)).content.decode(errors="replace")
    return forms_of(path, page) if "<form" in page else []


def keys_of_others():
    """The keys of forms that somebody has sent already."""
    models = (Job, Selection, Order, Refund, CardRequest, Payment, Entry)
    return [str(key) for model in models for key in model.objects.values_list("key", flat=True)]


# the ways to ask for it


def a_value(chance, form, others):
    """One field has something that it should not."""
    names = [*form.values, "unheard-of", "next", "after"]
    return filled(form, form.values | {chance.choice(names): anything(chance, others)})


def every_value(chance, form, others):
    return filled(form, {name: anything(chance, others) for name in (*form.values, "x")})


def repeated(chance, form, others):
    """A field twice, a name that is none, or a thousand fields more."""
    name = chance.choice([*form.values, "key", "q"])
    more = [(name, anything(chance, others)), (anything(chance, others)[:200], "1")]
    return sent(form, [*form.values.items(), *more, *((f"x{n}", "") for n in range(chance.choice((0, 0, 0, 1_100))))])


def within_the_path(chance, form, others):
    parts = form.path.split("/")
    parts[chance.randrange(1, len(parts))] = anything(chance, others)[:6_000]
    return filled(Form(form.method, "/".join(parts)), form.values)


def a_header(chance, form, others):
    name, values = chance.choice([*hostile.HEADERS.items()])
    return filled(form, form.values, {name: chance.choice(values)})


def a_cookie(chance, form, others):
    return filled(form, form.values, {"HTTP_COOKIE": chance.choice(hostile.COOKIES)})


def a_body(chance, form, others):
    kind, body = chance.choice(hostile.KINDS_OF_BODY), chance.choice(hostile.BODIES)
    return Raw("POST", path_of_bytes(form.path), body=body, kind=kind)


def a_method(chance, form, others):
    return Raw(chance.choice(hostile.METHODS), path_of_bytes(form.path), encoded(form.values.items()))


def a_file(chance, form, others):
    file = File(chance.choice(hostile.FILE_NAMES), chance.choice(hostile.FILES))
    files = [(name, file) for name in form.files or {"file"}]
    return Raw("POST", path_of_bytes(form.path), body=multipart([*form.values.items(), *files]), kind=MULTIPART)


WAYS = (
    a_value,
    a_value,
    a_value,
    a_value,
    every_value,
    repeated,
    within_the_path,
    a_header,
    a_cookie,
    a_body,
    a_method,
    a_file,
)


def anything(chance, others):
    return chance.choice(chance.choice((*hostile.POOLS, others)))


def filled(form, values, environ=None):
    return sent(form, values.items(), environ)


def sent(form, pairs, environ=None):
    path = path_of_bytes(form.path)
    if form.method == "GET":
        return Raw("GET", path, encoded(pairs), environ=environ or {})
    return Raw("POST", path, body=encoded(pairs).encode(), kind=FORM, environ=environ or {})


ATTACKS = {
    "fuzz": Attack(
        "whatever comes to mind, by whoever may come in",
        f"requests made up from the URL conf and from the forms that stand on the pages, with something hostile in a "
        f"field, the path, a header, a cookie, the body, the method or a file. Looked for: 500, an answer without a "
        f"word, a way to another site, more than {LONGEST_SECONDS} s",
        fuzzed,
        asks_the_database=True,
    ),
}
