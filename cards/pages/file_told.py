"""What is asked of a file beside the file: what holds for all of its rows, and what its columns are."""

from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cards.actions.imports.told import Told
from cards.actions.imports.usage_rows import USAGE_READERS
from cards.actions.imports.usage_table import FILED_COLUMNS
from cards.choices import Carrier, Certification, JobKind, PlanKind
from cards.columns.declared import COLUMNS
from cards.errors import BadInput
from cards.files.cells import tidy
from cards.files.headings import LEFT_OUT
from cards.models import Customer, Plan
from cards.pages.import_columns import FILES
from cards.phrases import pair

LEAVE_OUT = "-"
EACH_ROW_SAYS = gettext_lazy("As each row says")
UNITS_OFFERED = [
    ("", gettext_lazy("As the file says")),
    ("bytes", gettext_lazy("Bytes")),
    ("kb", "KB"),
    ("mb", "MB"),
    ("gb", "GB"),
]
OF_CARDS_ONLY = ("certification", "plan")
OF_USAGE_ONLY = ("unit", "cumulative", "day", "read_at")
USAGE_LABELS = {
    "iccid": "ICCID",
    "msisdn": "MSISDN",
    "day": pgettext_lazy("usage", "Day"),
    "bytes": gettext_lazy("Usage"),
    "read_at": gettext_lazy("Usage as of"),
    "imei": "IMEI",
}


class WholeFileForm(forms.Form):
    """What holds for every row of a file. Carrier and customer also say whose file it is."""

    carrier = forms.ChoiceField(
        label=gettext_lazy("Carrier"), choices=[("", EACH_ROW_SAYS), *Carrier.choices], required=False
    )
    customer = forms.CharField(
        label=gettext_lazy("Customer"),
        max_length=Customer._meta.get_field("name").max_length,
        required=False,
        widget=forms.TextInput(attrs={"list": "customers", "autocomplete": "off"}),
    )
    certification = forms.ChoiceField(
        label=gettext_lazy("Certification"), choices=[("", EACH_ROW_SAYS), *Certification.choices], required=False
    )
    plan = forms.ChoiceField(label=gettext_lazy("Plan"), required=False)
    unit = forms.ChoiceField(label=gettext_lazy("Unit of the usage"), choices=UNITS_OFFERED, required=False)
    day = forms.CharField(
        label=gettext_lazy("Day of the usage"), required=False, widget=forms.TextInput(attrs={"type": "date"})
    )
    read_at = forms.CharField(
        label=gettext_lazy("Usage as of"),
        help_text=gettext_lazy("If the file says nothing, it is known as of now."),
        required=False,
        widget=forms.TextInput(attrs={"type": "datetime-local"}),
    )
    cumulative = forms.BooleanField(
        label=gettext_lazy("The usage is a total since the carrier's cycle began"), required=False
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        plans = Plan.objects.filter(kind=PlanKind.PLAN)
        self.fields["plan"].choices = [("", EACH_ROW_SAYS), *((plan.code, plan.offer) for plan in plans)]

    def clean_day(self):
        return self._read("day")

    def clean_read_at(self):
        return self._read("read_at")

    def _read(self, name):
        text = self.cleaned_data[name]
        try:
            return text and USAGE_READERS[name](text) and text
        except BadInput as bad:
            raise forms.ValidationError(str(bad.sentence)) from None

    def told(self, kind):
        """What the form says of a file of this kind, as `Told`."""
        of_usage = kind == JobKind.IMPORT_USAGE
        names = ("day", "read_at") if of_usage else ("carrier", "customer", "certification", "plan")
        defaults = {name: text for name in names if (text := tidy(self.cleaned_data.get(name) or ""))}
        if not of_usage:
            return Told(defaults=defaults)
        return Told(defaults=defaults, unit=self.cleaned_data["unit"], cumulative=self.cleaned_data["cumulative"])

    def of(self):
        """Whose file it is, for the memory of its columns."""
        return {name: self.cleaned_data[name] for name in ("carrier", "customer") if self.cleaned_data.get(name)}


@dataclass(frozen=True)
class AskedColumn:
    """A column of the file: its heading, some of its values, and the field that asks what it is."""

    heading: str
    examples: list
    field: forms.BoundField


class ColumnsForm(WholeFileForm):
    """What each column of a file is, as it was understood or as somebody says, and what holds for all of its rows."""

    def __init__(self, job, data=None):
        told = job.params.get("told", {})
        asked = {**job.params.get("of", {}), **told.get("defaults", {}), "unit": told.get("unit", "")}
        super().__init__(data, initial={**asked, "cumulative": told.get("cumulative", False)}, label_suffix="")
        self.kind, self.filed = job.kind, job.params["columns"]
        for name in OF_CARDS_ONLY if self.kind == JobKind.IMPORT_USAGE else OF_USAGE_ONLY:
            del self.fields[name]
        choices = [("", _("Choose…")), (LEAVE_OUT, _("Leave out")), *_columns_of(self.kind)]
        for place, (heading, column, _examples) in enumerate(self.filed):
            initial = "" if column is None else column or LEAVE_OUT
            self.fields[f"column-{place}"] = forms.ChoiceField(label=heading, choices=choices, initial=initial)

    @property
    def columns(self):
        return [
            AskedColumn(heading, examples, self[f"column-{place}"])
            for place, (heading, _column, examples) in enumerate(self.filed)
        ]

    @property
    def whole_file(self):
        """The fields for all rows."""
        return [field for field in self.visible_fields() if not field.name.startswith("column-")]

    def answer(self):
        """What the form says, as `Told`."""
        told = self.told(self.kind)
        said = {heading: self.cleaned_data[f"column-{place}"] for place, (heading, *_rest) in enumerate(self.filed)}
        mapping = {heading: LEFT_OUT if column == LEAVE_OUT else column for heading, column in said.items()}
        return Told(mapping, told.defaults, told.unit, told.cumulative)


def columns_read(job):
    """(heading, what it was taken for) of each column of the job's file that is taken, and the headings left out."""
    labels = dict(_columns_of(job.kind))
    filed = job.params.get("columns", ())
    taken = [(heading, labels.get(column, column)) for heading, column, _examples in filed if column]
    return taken, [heading for heading, column, _examples in filed if not column and heading]


def whole_file_facts(job):
    """(label, value) of what was told for all rows of the job's file."""
    told = Told.read(job.params.get("told", {}))
    said = {**told.defaults, "unit": told.unit}
    fields = WholeFileForm().fields
    facts = [(fields[name].label, _said(fields[name], value)) for name, value in said.items() if value]
    return facts + ([(_("Usage"), fields["cumulative"].label)] if told.cumulative else [])


def _said(field, value):
    return dict(getattr(field, "choices", ())).get(value, value)


def _columns_of(kind):
    """(column, what people call it) of each column that such files may have."""
    if kind == JobKind.IMPORT_USAGE:
        return [(column, _labelled(column, USAGE_LABELS[column])) for column in FILED_COLUMNS]
    headings = {column.name: column.heading for column in COLUMNS}
    return [(column, _labelled(column, headings.get(column, column))) for column in FILES["cards"].columns]


def _labelled(column, heading):
    return column if str(heading).lower() == column else pair(column, heading)
