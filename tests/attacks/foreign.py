"""Whatever belongs to another: its numbers in paths, queries and forms, by every method, with whatever headers."""

from itertools import product

from django.contrib.auth.models import User

from billing.models import CustomerAccount, Order, Payment
from cards.models import Card, CardRequest, Customer, Invitation, Job, Membership, SavedView
from tests.attacks.asking import JSON, Caller, Request
from tests.attacks.attack import Attack, Tally
from tests.build import member, on_day
from tests.my import test_every_url as walk

# What nobody can guess and nobody sends: whoever finds it in an answer has seen what is Acme's, or a colleague's alone.
PLANTED, OF_A_COLLEAGUE = "grundelvask", "thornwickel"
NUMBERS = {"msisdn": "14783920561", "imsi": "460079182736455"}
OF_ACME = (PLANTED, walk.STAFFS_OWN, walk.FOR_CUSTOMERS, OF_A_COLLEAGUE, *NUMBERS.values())

READ_AND_SENT, RARE = ("get", "post"), ("head", "put", "delete")
METHODS = (*READ_AND_SENT, *RARE)
HEADERS = (
    {},
    {"Accept": JSON},
    {"X-Requested-With": "XMLHttpRequest"},
    {"HX-Request": "true", "HX-Target": "main"},
    {"X-HTTP-Method-Override": "DELETE"},
    {"X-Original-URL": "/console/", "X-Rewrite-URL": "/console/"},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "127.0.0.1"},
    {"Authorization": "Bearer admin", "X-Forwarded-User": "admin", "Remote-User": "admin"},
    {"Content-Type": JSON},
)
# What a query or a form may name another's things by, and what in the world is named so.
NAMED_BY = {
    **{"customer": "cards_customer", "user": "auth_user", "pk": "cards_card", "id": "placed", "iccid": "card"},
    **{"selection": "my selection", "job": "my job", "view": "view", "numbers": "card", "q": "card"},
    "key": "payment",
}
HAS_THE_LINK = {"my:join-by-path"}  # whoever holds an invitation may read whose it is
ASKED_IN_SHORT = 300


def belonging_to_others(stage):
    with on_day(walk.DAY):
        people = walk.everybody()
        world = planted(people)
        everything_asked = list(asked(strangers(people), world))
        tally = Tally()
        for others, caller, request in chosen(stage, everything_asked):
            with tally.one_try():
                answer = caller.ask(request, others.rows)
            if seen := [secret for secret in others.secrets if secret in answer.text]:
                tally.got_through(f"{caller}: {request}", "shows", seen)
            if answer.left not in (None, others.standing):
                tally.got_through(f"{caller}: {request}", "changed what is another's")
        tally.through += [f"nobody could have seen {secret}" for secret in unseen_by_owner(people, world)]
        return tally


def chosen(stage, asked):
    return stage.chance.sample(asked, ASKED_IN_SHORT) if stage.is_short else asked


class Others:
    """What belongs to others: the `secrets` that nobody may see, and the `rows` that nobody may change."""

    def __init__(self, secrets, rows):
        self.secrets, self.rows, self.standing = secrets, rows, rows()


def strangers(people):
    """(what is others', who): to the staff, whose work Acme's cards and money are, only what a colleague keeps."""
    others = [
        people["owner of another"],
        *(member("Northwind", f"other-{role}", role) for role in ("operator", "viewer")),
    ]
    outsiders = (User.objects.create_user("nobody's"), User.objects.create_user("no-role", is_staff=True), None)
    of_acme, of_a_colleague = Others(OF_ACME, acmes), Others((OF_A_COLLEAGUE,), colleagues)
    for user in (*others, *outsiders):
        yield of_acme, Caller(user)
    for role in walk.STAFF - walk.FILED_BY - walk.ADMIN:
        yield of_a_colleague, Caller(people[role])


def asked(callers, world):
    """Every URL by every method, with each header, and with each name of another's thing in the query and the form."""
    pages = [(name, walk.path_of(name, route, world)) for name, route in walk.urls() if name not in HAS_THE_LINK]
    named = [{}, *({parameter: str(world[thing])} for parameter, thing in NAMED_BY.items())]
    for (others, caller), (name, path) in product(list(callers), pages):
        data = walk.TABLE[name].data
        for method, headers in (*product(READ_AND_SENT, HEADERS), *product(RARE, ({},))):
            yield others, caller, Request(method, path, data, headers)
        for method, parameters in product(READ_AND_SENT, named):
            yield others, caller, Request(method, path, data | parameters)


def planted(people):
    """Acme's world with what nobody could guess in it."""
    world = walk.everything(people, **NUMBERS)
    walk.noted_by_staff(people, world)
    customer = world["cards_customer"]
    Customer.objects.filter(pk=customer).update(name=f"{PLANTED} Ltd", contact=PLANTED, phone=NUMBERS["msisdn"])
    User.objects.filter(memberships__customer=customer).update(email=f"{PLANTED}@acme.example", first_name=PLANTED)
    CardRequest.objects.filter(customer=customer).update(text=PLANTED)
    SavedView.objects.create(owner=people["operations"], name=OF_A_COLLEAGUE, query=f"q={OF_A_COLLEAGUE}")
    return world


def acmes():
    """What is Acme's, as the database has it."""
    its = {"customer__name__startswith": PLANTED}
    return [
        *Card.objects.filter(**its).order_by("pk").values_list("pk", "version", "state", "holds", "remark"),
        *Membership.objects.filter(**its).order_by("pk").values_list("user", "role"),
        *Invitation.objects.filter(**its).order_by("pk").values_list(),
        *CardRequest.objects.filter(**its).order_by("pk").values_list("status", "answer"),
        *Order.objects.filter(**its).order_by("pk").values_list("pk", "state", "total", "refunded"),
        *Payment.objects.filter(order__in=Order.objects.filter(**its)).order_by("pk").values_list(),
        *CustomerAccount.objects.filter(**its).values_list(),
        *Job.objects.filter(owner__memberships__customer__name__startswith=PLANTED).order_by("pk").values_list(),
        *User.objects.order_by("pk").values_list("pk", "password", "email", "is_active", "is_staff", "is_superuser"),
        *colleagues(),
    ]


def colleagues():
    """What somebody of the staff keeps for themselves, and how they get in."""
    return [
        *SavedView.objects.order_by("pk").values_list(),
        *User.objects.filter(is_staff=True).order_by("pk").values_list("pk", "password", "email", "is_superuser"),
    ]


def unseen_by_owner(people, world):
    """What was planted so badly that not even Acme's owner reads it."""
    caller = Caller(people["owner"])
    paths = (f"/my/cards/{world['card']}/", "/my/members/", "/my/requests/", "/my/wallet/")
    read = "".join(caller.ask(Request("get", path)).text for path in paths)
    return [secret for secret in (PLANTED, walk.FOR_CUSTOMERS, NUMBERS["msisdn"]) if secret not in read]


ATTACKS = {
    "foreign": Attack(
        "what belongs to another customer, or to a colleague alone",
        "every URL as every role to whom it does not belong, and as nobody: GET and POST with each of nine headers "
        "that APIs and proxies send, HEAD, PUT, DELETE; its numbers in path, query and form. Looked for: marks that "
        "were planted in it, and any change of it",
        belonging_to_others,
    ),
}
