"""A believable dealer in an empty database: made only through the portal's own actions, and always the same."""

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.translation import gettext as _

from cards.errors import BadInput
from cards.models import Card, Customer
from simportal.demo.cast import make_cast
from simportal.demo.fleet import individuals_of
from simportal.demo.history import HISTORY, History

SEED = 20260301
DAYS_OF_HISTORY = HISTORY.days + 1


def fill_database(size, today, progress, say, seed=SEED):
    """Fill the empty database, wholly or, when something comes between, not at all.

    `progress` is called with how many days of history were told since the last call, `say` with a sentence about
    what is being done now.
    """
    with transaction.atomic():
        refuse_what_is_not_empty()
        say(_("Creating staff, customers and carrier policies."))
        actors = make_cast(individuals_of(size, seed))
        History(size, seed, today, actors, say).build(progress)


def refuse_what_is_not_empty():
    for model in (Card, Customer, get_user_model()):
        if model.objects.exists():
            raise BadInput("", _("The database is not empty: demo data needs an empty one."))
