"""The customers that the rows of a file name: who is meant, and who would be new."""

from collections import Counter
from operator import itemgetter

from django.db import connection, transaction
from django.utils.translation import gettext as _

from cards.catalogue.assign import the_one
from cards.errors import BadInput
from cards.lookup import customers_named
from cards.models import Customer
from cards.models.customer import ENDS_LIKE_REGISTERED
from cards.names import Likeness, is_registered_name, name_key
from cards.phrases import listed

NEW_NAMES_ASKED = 500  # for how many it is looked whether somebody else is meant


class FileCustomers:
    """Who is meant by each of these names. `new` are those who are not there yet: by their keys (name, first row).
    `met` are those who are, by their keys, with how many rows give them a card.

    Who is new has no key before `make`. In a rehearsal nobody is made: a stand-in is, which no table has, in a
    transaction that is rolled back.
    """

    def __init__(self, names, rehearses):
        self.known, self.rehearses = customers_named(set(names) - {""}), rehearses
        self.new, self.made, self.met = {}, {}, Counter()

    def means(self, name, customer_id):
        """Whether it is this customer who may be meant."""
        return any(customer.pk == customer_id for customer in self.known.get(name, ()))

    def of(self, row):
        """The customer whom a row names, be they new; None without one, `BadInput` where it is not clear who."""
        if not row.customer:
            return None
        found = self.known.get(row.customer)
        if not found:
            return self._new(row.customer, row.number)
        customer = the_one(found)
        if customer.is_registered:
            message = _("“{name}” is a person who registered here: their cards are claimed, or assigned one by one")
            raise BadInput("customer", message.format(name=customer.name))
        self.met[customer.pk] += 1
        return customer

    def make(self):
        """Make all who are new, at once."""
        missing = [customer for customer in self.made.values() if customer.pk is None]
        if self.rehearses:
            for number, customer in enumerate(self.made.values(), start=1):
                customer.pk = -number
        elif missing:
            names = [customer.name for customer in missing]
            make_customers(names)
            for customer, (found,) in zip(missing, customers_named(names).values(), strict=True):
                customer.pk, customer.name = found.pk, found.name

    def _new(self, name, number):
        if is_registered_name(name):
            raise BadInput("customer", ENDS_LIKE_REGISTERED)
        key = name_key(name)
        if key not in self.made:
            self.new[key], self.made[key] = (name, number), Customer(name=name)
        return self.made[key]


def make_customers(names):
    """Make those of these customers that are not there, in one order, while nobody else makes any."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE cards_customer IN SHARE ROW EXCLUSIVE MODE")
        known = customers_named(names)
        missing = {name_key(name): name for name in reversed(names) if not known[name]}
        Customer.objects.bulk_create(Customer(name=name) for name in sorted(missing.values()))


def joined_by_name(new):
    """Each of these (name, row) once, whatever the width, the case and the blanks of its letters, as it came first."""
    firsts = {}
    for name, number in sorted(new, key=itemgetter(1)):
        firsts.setdefault(name_key(name), (name, number))
    return list(firsts.values())


def asked_of(new):
    """(name, row, whom it may mean instead) of each new customer: of those that are there, and of those before it."""
    if not new:
        return []
    firms = Customer.objects.filter(is_registered=False)
    named = firms.exclude(name__in=[name for name, _number in new]).order_by("name")
    others, asked = Likeness(named.values_list("name", flat=True)), []
    for place, (name, number) in enumerate(new):
        asked.append((name, number, others.near(name) if place < NEW_NAMES_ASKED else []))
        others.add(name)
    return asked


def question(name, near):
    """Whom a new name may mean instead, as it is asked."""
    return _("{name}: do you mean {others}?").format(name=name, others=listed(near))
