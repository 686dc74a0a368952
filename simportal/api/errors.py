"""How the API says no."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cards.errors import REFUSALS, BadInput, Refused

KEY_REFUSALS = {
    "merged_customer": (
        _("{customer} was merged into another customer."),
        _("Make the key for that one."),
    ),
    "too_many_keys": (
        _("There are {most} keys already, which is the most."),
        _("Revoke one that is not used any more."),
    ),
}


HOOK_REFUSALS = {
    "customer_merged_away": (
        _("{customer} was merged into another customer."),
        _("Make the webhook for that one."),
    ),
    "too_many_webhooks": (
        _("There are {most} webhooks already, which is the most."),
        _("Delete one that is not used any more."),
    ),
    "webhook_off": (
        _("This webhook is off."),
        _("Switch it on first."),
    ),
}


class HookRefused(Refused):
    """What cannot be done with a webhook now."""

    sentences = REFUSALS | HOOK_REFUSALS


class KeyRefused(Refused):
    """A key that cannot be made now."""

    sentences = REFUSALS | KEY_REFUSALS


@dataclass
class Problem(Exception):
    """A program does not get what it asked for: `status`, `code`, a sentence, what helps (`more`), and headers."""

    status: int
    code: str
    detail: str | Promise
    more: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def passes(self) -> bool:
        """Whether the same may be asked again: it was too often, or something did not work."""
        return self.status == 429 or self.status >= 500


def of_refusal(refused: Refused, **more: Any) -> Problem:
    """A guard's no: its own code, its sentence and the way out."""
    return Problem(409, refused.code, refused.sentence, {"way_out": str(refused.way_out), **more})


def of_bad_input(bad: BadInput, at: str = "") -> Problem:
    """A value that a rule cannot read; `at` is where it stands in what was sent."""
    return invalid([{"pointer": f"{at}/{bad.field}", "code": "invalid", "detail": str(bad.sentence)}])


def of_schema(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """What the schema of an operation does not allow, each with where it stands."""
    told = [{"pointer": _pointer(error["loc"]), "code": error["type"], "detail": error["msg"]} for error in errors]
    if any(error["code"] == "json_invalid" for error in told):
        return Problem(400, "unreadable", _("The body is not JSON."))
    return invalid(told)


def invalid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """Values that do not fit, each with where it stands and what is wrong with it."""
    detail = "; ".join(f"{error['pointer']}: {error['detail']}" for error in errors[:3])
    return Problem(422, "invalid", detail, {"errors": list(errors)})


def no_such(what: str | Promise) -> Problem:
    return Problem(404, "not_found", what)


def _pointer(place: Sequence[Any]) -> str:
    """`("body", "payload", "cards", 3)` is `/cards/3`; of the query and the path the name says where it stands."""
    kind, *steps = place
    if kind == "body":
        return "/" + "/".join(map(str, steps[1:]))
    return f"{kind}:{'/'.join(map(str, steps))}"
