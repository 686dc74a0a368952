"""Cards as the API writes them out: rows of the database straight into JSON, by the names of `interfaces.md`.

Never more than a customer is shown on their own pages: no prices, no remark or tag of the staff, of an ID verification
no more than how far it is.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cards.holds import Holds
from cards.quantities import MB


@dataclass(frozen=True)
class _Written:
    """A field of a card's document: the columns that it needs, and what is made of them."""

    needs: tuple[str, ...]
    made: Callable


def _as_it_is(name):
    return _Written((name,), lambda value: value if value != "" else None)


def _day(name):
    return _Written((name,), lambda day: day and day.isoformat())


def _instant(name):
    return _Written((name,), lambda at: at and at.astimezone().isoformat(timespec="seconds"))


def _cycle(starts_on, until, used, quota_mb, pack_mb, limit_mb):
    return {
        "starts_on": starts_on and starts_on.isoformat(),
        "until": until and until.isoformat(),
        "used_bytes": used,
        "quota_bytes": (quota_mb + pack_mb) * MB if starts_on else None,
        "limit_bytes": limit_mb and limit_mb * MB,
    }


_KEY = _Written(("pk",), int)
CARD_DOCUMENT = {
    **{name: _as_it_is(name) for name in ("iccid", "msisdn", "imsi", "carrier", "certification")},
    "state": _as_it_is("state"),
    "holds": _Written(("holds",), lambda text: list(Holds.read(text))),
    "resumes_to": _as_it_is("resumes_to"),
    "version": _as_it_is("version"),
    "plan": _as_it_is("plan__code"),
    "real_name": _as_it_is("real_name"),
    "binding": _as_it_is("binding"),
    "bound_imei": _as_it_is("bound_imei"),
    "protected": _Written(("protected",), bool),
    **{
        name: _day(name)
        for name in ("opened_on", "test_until", "silent_from", "forced_activation_on", "activated_on", "service_from")
    },
    **{name: _day(name) for name in ("service_until", "cancel_on", "changed_on")},
    "usage_level": _as_it_is("usage_level"),
    "cycle": _Written(("cycle_from", "cycle_until", "used_bytes", "quota_mb", "pack_mb", "limit_mb"), _cycle),
    "used_on": _day("used_on"),
    "read_at": _instant("read_at"),
}


def written_cards(cards, names=tuple(CARD_DOCUMENT)):
    """The documents of a queryset of cards, in its order, with the fields of these names; `pk` is the key."""
    fields = [(name, CARD_DOCUMENT.get(name, _KEY)) for name in names]
    columns = [column for _name, field in fields for column in field.needs]
    documents = []
    for row in cards.values_list(*columns):
        values, document = iter(row), {}
        for name, field in fields:
            document[name] = field.made(*[next(values) for _column in field.needs])
        documents.append(document)
    return documents
