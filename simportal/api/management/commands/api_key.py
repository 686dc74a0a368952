from django.utils.translation import gettext as _

from cards.catalogue.assign import the_one
from cards.errors import BadInput, Refused
from cards.lookup import customers_named
from cards.management.base import PortalCommand, civil_day
from cards.permissions import Actor
from cards.phrases import listed, pair
from simportal.api.actions.keys import make_key, revoke_key
from simportal.api.choices import ApiScope
from simportal.api.models import ApiKey
from simportal.api.models.key import KEY_MARK
from simportal.api.pages.key_lines import key_facts
from simportal.api.pages.written import as_instant

_NAME = "shell"


class Command(PortalCommand):
    help = "Makes, lists and revokes the keys of the open API. A key is printed once, when it is made."

    def add_arguments(self, parser):
        parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
        add = parts.add_parser("add", help="make a key of a customer, and print it")
        add.add_argument("--customer", metavar="_NAME", required=True)
        scopes = f"what it may, all of it unless said: {', '.join(ApiScope.values)}"
        add.add_argument("--scopes", metavar="SCOPE", nargs="+", default=ApiScope.values, help=scopes)
        add.add_argument("--name", default=_NAME, help="the program that uses it")
        add.add_argument("--addresses", metavar="NETWORK", nargs="+", default=[], help="from where it is taken")
        add.add_argument("--expires-on", metavar="DAY", type=civil_day, help="the first day without it, else in a year")
        parts.add_parser("list", help="all keys, the newest first")
        revoke = parts.add_parser("revoke", help="the key opens nothing from now on")
        revoke.add_argument("id", metavar="ID", help=f"{KEY_MARK}_ and eight letters, as `list` has it")

    def carry_out(self, part, **options):
        return getattr(self, f"_{part}")(**options)

    def _add(self, customer, scopes, name, addresses, expires_on, json, **options):
        """Exit code 1 where the customer has too many keys, or was merged."""
        asked = {"name": name, "scopes": scopes, "addresses": addresses, "expires_on": expires_on}
        try:
            row, shown = make_key(_customer(customer), by=Actor.shell(), **asked)
        except Refused as refused:
            self.say(refused)
            return True
        if json:
            self.give({"id": row.public, "key": shown})
        else:
            self.stdout.write(shown)
            self.note(_("Keep it like a password: it is not shown again."))
        return False

    def _list(self, json, **options):
        keys = ApiKey.objects.select_related("customer", "created_by")
        if json:
            self.give({"keys": [key_document(key) for key in keys]})
            return
        for key in keys:
            self.stdout.write(pair(key.public, listed([key.name, key.customer.name, *key_facts(key)])))
        if not keys:
            self.note(_("There are no keys."))

    def _revoke(self, id, json, **options):
        """Revoking twice is revoking once."""
        key = ApiKey.objects.select_related("customer").filter(prefix=id.removeprefix(f"{KEY_MARK}_")).first()
        if key is None:
            raise BadInput("", _("There is no key {id}.").format(id=id))
        revoke_key(key, by=Actor.shell())
        if json:
            self.give(key_document(ApiKey.objects.select_related("customer", "created_by").get(pk=key.pk)))
        else:
            self.stdout.write(_("The key “{name}” is revoked: it opens nothing any more.").format(name=key.name))


def key_document(key):
    """The key as `--json` has it; what it is, nobody knows."""
    return {
        "id": key.public,
        "name": key.name,
        "customer": key.customer.name,
        "scopes": key.scopes,
        "addresses": key.addresses,
        "created_at": as_instant(key.created_at),
        "created_by": key.created_by and key.created_by.get_username(),
        "expires_on": key.expires_on,
        "last_used_on": key.last_used_on,
        "revoked_at": as_instant(key.revoked_at),
    }


def _customer(name):
    (found,) = customers_named([name]).values()
    if not found:
        raise BadInput("", _("There is no customer with this name."))
    return the_one(found)
