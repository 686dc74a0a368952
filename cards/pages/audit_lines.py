"""Entries of the audit list as people read them: what was before and after, and how much went out."""

from contextlib import suppress
from dataclasses import dataclass

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cards.choices import MemberRole, StaffRole, label_of
from cards.models import AuditEntry
from cards.phrases import listed, pair

LABELS = {
    "rows": pgettext_lazy("audit", "rows"),
    "role": pgettext_lazy("audit", "role"),
    "roles": pgettext_lazy("audit", "roles"),
    "name": pgettext_lazy("audit", "name"),
    "phone": gettext_lazy("phone"),
    "email": pgettext_lazy("audit", "email"),
    "reason": pgettext_lazy("audit", "reason"),
    "method": pgettext_lazy("audit", "method"),
    "former": pgettext_lazy("audit", "merged customer"),
    "approved_by": gettext_lazy("approved by"),
    "rows_added": pgettext_lazy("audit", "rows added"),
    "rows_changed": pgettext_lazy("audit", "rows changed"),
    "rows_deleted": pgettext_lazy("audit", "rows deleted"),
}
SAID_OTHERWISE = ("before", "after", "kind", "key", "job")
_settings = {}


def bring_settings(label, labels, words):
    """What the settings that a model (by its label) keeps beside its fields are called, and the words in them."""
    _settings[label] = labels, words


@dataclass(frozen=True)
class AuditLine:
    """An entry, the kind of thing that it is about where the admin keeps it, and what it says besides."""

    entry: AuditEntry
    kind: str
    facts: list

    @property
    def url(self):
        """The page of the job that it is about."""
        job = self.entry.details.get("job")
        return reverse("console:job", args=[job]) if job else ""


def audit_line(entry):
    model = _model(entry.details.get("kind"))
    changes = [_change(model, name, *values) for name, values in _changed(entry.details)]
    said = {name: value for name, value in entry.details.items() if name not in SAID_OTHERWISE}
    facts = [pair(LABELS.get(name, name), _shown(name, value)) for name, value in said.items()]
    return AuditLine(entry, model._meta.verbose_name if model else "", [*changes, *facts])


def _model(label):
    return apps.get_model(label) if label else None


def _changed(details):
    """(name, (before, after)) of each value; of what is new there is no before."""
    before, after = details.get("before", {}), details.get("after", {})
    return [(name, (before.get(name), after.get(name))) for name in {**before, **after}]


def _change(model, name, before, after):
    labels, words = _settings.get(model and model._meta.label_lower, ({}, {}))
    if name in labels:
        before, after = (words.get(value, value) for value in (before, after))
    label = labels.get(name) or LABELS.get(name, name)
    with suppress(FieldDoesNotExist):
        label = getattr(model._meta.get_field(name), "verbose_name", label) if model else label  # a relation has none
    return pair(label, _("{before} → {after}").format(before=_shown(name, before), after=_shown(name, after)))


def _shown(name, value):
    if value is None or value in ("", []):
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "roles":
        return listed(label_of(StaffRole, role) for role in value)
    if isinstance(value, list):
        return listed(value)
    return str(label_of(MemberRole, value)) if name == "role" else str(value)
