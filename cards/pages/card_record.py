"""A card's record as the page shows it: filtered by the address, page by page; and the jobs that are in it."""

from collections import Counter
from dataclasses import dataclass

import django_filters
from django import forms
from django.db.models import F, Q
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cards.catalogue import CATALOGUE
from cards.choices import BY_THEMSELVES, HOLDS_THAT_END_WITH_A_CYCLE, Action, Rule, label_of
from cards.filters import LARGEST_ID, StrictForm
from cards.models import CardEvent, Customer, Job
from cards.models.event import GIVES_A_PACK
from cards.pages.job_labels import job_badge, title_of
from cards.paging import key_in
from cards.phrases import listed, pair
from cards.sentences import record

RECORDS_SHOWN = 50
JOBS_SHOWN = 20


def _declared(kind):
    return Q(action__in=[word for word, action in CATALOGUE.items() if action.record_kind == kind])


RECORD_KINDS = {
    "state": (gettext_lazy("State and holds"), ~Q(from_state=F("to_state")) | _declared("state")),
    "people": (gettext_lazy("By people"), ~Q(actor_kind__in=BY_THEMSELVES)),
    "rules": (gettext_lazy("By rules"), Q(actor_kind__in=BY_THEMSELVES)),
    "usage": (
        gettext_lazy("Usage and limit"),
        # A hold is placed by the rule of its name.
        _declared("usage")
        | GIVES_A_PACK
        | Q(action=Action.ROLL_OVER)
        | Q(rule__in=[Rule.FIRST_USE, *HOLDS_THAT_END_WITH_A_CYCLE]),
    ),
    "notes": (gettext_lazy("Remarks and tags"), _declared("notes")),
}


class RecordForm(StrictForm):
    """Has none of the list's cursors."""

    after = before = None


class Whole(django_filters.Filter):
    """A whole number from 1 up."""

    field_class = forms.IntegerField

    def __init__(self, **options):
        super().__init__(min_value=1, max_value=LARGEST_ID, **options)


class RecordFilter(django_filters.FilterSet):
    """What a card's record can be asked for. An invalid one finds nothing."""

    kind = django_filters.ChoiceFilter(
        choices=[(name, label) for name, (label, _condition) in RECORD_KINDS.items()],
        method="of_kind",
        widget=forms.HiddenInput,
    )
    by = django_filters.CharFilter(field_name="actor_name", label=gettext_lazy("Actor"))
    job = Whole(field_name="job_id", label=gettext_lazy("Job"))
    since = django_filters.DateFilter(field_name="effective_on", lookup_expr="gte", label=gettext_lazy("From date"))
    through = django_filters.DateFilter(
        field_name="effective_on", lookup_expr="lte", label=gettext_lazy("Through date")
    )

    older = Whole(field_name="seq", lookup_expr="lt", widget=forms.HiddenInput)

    class Meta:
        model = CardEvent
        fields = []
        form = RecordForm

    def __init__(self, data, history):
        super().__init__(data, queryset=CardEvent.objects.order_by("-seq"))
        fields = self.form.fields
        actors = {event.actor_name: record.by_whom(event) for event in history}
        jobs = sorted({event.job_id for event in history if event.job_id}, reverse=True)
        fields["by"].widget = _choice(_("Anyone"), actors.items(), data.get("by"))
        fields["job"].widget = _choice(_("Any job"), [(str(job), f"#{job}") for job in jobs], data.get("job"))
        for name in ("since", "through"):
            fields[name].input_formats = ["%Y-%m-%d"]
            fields[name].widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    @property
    def qs(self):
        return super().qs if self.is_valid() else self.queryset.none()

    def of_kind(self, queryset, name, kind):
        return queryset.filter(RECORD_KINDS[kind][1])


@dataclass(frozen=True)
class RecordTab:
    label: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Touch:
    """A job that changed the card: what it does, how far it is, and what it did here."""

    job: object
    title: str
    badge: object
    did: str
    count: int


class Record:
    """One page of a card's record. `history` is all of it that was read, oldest first."""

    def __init__(self, card, history, params):
        self.params = params
        filtered = RecordFilter(params, history)
        self.form = filtered.form
        self.complaints = list(_complaints(filtered.form))
        found = list(filtered.qs.filter(card=card)[: RECORDS_SHOWN + 1])
        shown = {event.seq: event.shown for event in history}
        former = filter(None, (key_in(str(event.evidence.get("was_customer_id"))) for event in found))
        names = dict(Customer.objects.filter(pk__in=set(former)).values_list("pk", "name"))
        self.entries = record.record_entries(found[:RECORDS_SHOWN], shown, names)
        self.older_than = found[RECORDS_SHOWN - 1].seq if len(found) > RECORDS_SHOWN else None
        given = {name for name, value in self.form.cleaned_data.items() if value}
        self.is_first_page = "older" not in given
        self.is_filtered = bool(given - {"older"})
        self.is_narrowed = bool(given - {"older", "kind"})

    @property
    def tabs(self):
        chosen = self.params.get("kind", "")
        kinds = [("", _("All")), *((name, label) for name, (label, _condition) in RECORD_KINDS.items())]
        return [RecordTab(label, self._url(kind=name), name == chosen) for name, label in kinds]

    @property
    def older_url(self):
        return self._url(older=self.older_than) if self.older_than else ""

    @property
    def newest_url(self):
        return "" if self.is_first_page else self._url()

    def _url(self, **changes):
        changed = QueryDict(mutable=True)
        for name, value in {**self.params.dict(), "older": "", **changes}.items():
            if value:
                changed[name] = str(value)
        return f"?{changed.urlencode()}#record"


def jobs_in(history):
    """The jobs that changed the card, newest first, each with what it did to it."""
    did = {}
    for event in history:
        if event.job_id:
            did.setdefault(event.job_id, Counter())[str(label_of(Action, event.action))] += 1
    jobs = Job.objects.filter(pk__in=sorted(did)[-JOBS_SHOWN:]).select_related("owner", "of") if did else []
    return [
        Touch(job, title_of(job), job_badge(job), listed(did[job.pk]), did[job.pk].total())
        for job in sorted(jobs, key=lambda job: job.pk, reverse=True)
    ]


def _complaints(form):
    """What is wrong with the parameters, in sentences."""
    for name, errors in form.errors.items():
        label = form.fields[name].label or name if name in form.fields else ""
        yield from (pair(label, error) if label else str(error) for error in errors)


def _choice(empty_label, choices, chosen):
    """A box of what is on this card's record; what was asked for stands in it also if it is not."""
    choices = [("", empty_label), *choices]
    if chosen and chosen not in dict(choices):
        choices.append((chosen, chosen))
    return forms.Select(choices=choices)
