"""The console's imports: a file is uploaded, looked at as a job, and leaves a report."""

import uuid
from io import BytesIO

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import filesizeformat
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from xlsxwriter import Workbook

from cards.actions.jobs import control
from cards.actions.jobs.cards_import import MOST_ROWS
from cards.choices import IMPORT_KINDS
from cards.errors import BadInput
from cards.files.writing import as_text, csv_blocks
from cards.forms import say_at_field
from cards.lookup import names_of
from cards.models import Customer, Job
from cards.pages.downloads import CSV, as_download, csv_response
from cards.pages.file_told import WholeFileForm
from cards.pages.frames import console_page, permitted, takes_up_to
from cards.pages.import_columns import FILES
from cards.pages.job_import import report_of
from cards.pages.job_labels import title_of
from cards.permissions import MAY_IMPORT

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LARGEST_FILE = 512 * 1024**2
LARGEST_FORM = LARGEST_FILE + 8 * 1024**2  # docs/production/nginx.conf lets as much through


class ImportForm(WholeFileForm):
    """What is brought in, and what holds for all of it. `key` is the form's own: sent twice, it is one import."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    what = forms.ChoiceField(
        label=gettext_lazy("File contents"),
        choices=[(name, file.label) for name, file in FILES.items()],
        widget=forms.RadioSelect,
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx"}),
        error_messages={"empty": gettext_lazy("The file is empty.")},
    )
    update = forms.BooleanField(
        label=gettext_lazy("Correct existing cards"),
        help_text=gettext_lazy(
            "MSISDN, IMSI and customer, where the file differs; everything but the ICCID of cards that nothing has "
            "happened to yet. Empty cells change nothing."
        ),
        required=False,
    )
    field_order = ("key", "what", "file", "update")

    @property
    def whole_file(self):
        """The fields for all rows, and of which kind of file they are: those of both first."""
        return [field for field in self.visible_fields() if field.name not in self.field_order]

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > LARGEST_FILE:
            message = _("The file is {size}, but at most {most} can be imported: split it.")
            sizes = {"size": filesizeformat(file.size), "most": filesizeformat(LARGEST_FILE)}
            raise forms.ValidationError(message.format(**sizes))
        return file


@takes_up_to(LARGEST_FORM)
@permitted(MAY_IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def imports_page(request):
    """The form. What is uploaded is only read and checked; the job's page asks whether to go on."""
    what = request.GET.get("what")
    form = ImportForm(
        request.POST or None,
        request.FILES or None,
        initial={"key": uuid.uuid4(), "what": what if what in FILES else "cards"},
        label_suffix="",
    )
    if form.is_valid() and (job := _uploaded(form, request.user)):
        return redirect("console:job", pk=job.pk)
    context = {"form": form, "files": FILES.values(), "most_rows": MOST_ROWS, "names": names_of(Customer)}
    return console_page(request, "console/imports/upload.html", context, status=422 if form.is_bound else None)


def _uploaded(form, user):
    """The job of the file; None if it cannot be taken now, and the form says why."""
    cleaned = form.cleaned_data
    file = FILES[cleaned["what"]]
    params = {"update": cleaned["update"]} if file.name == "cards" else {}
    params |= {"told": form.told(file.kind).written(), "of": form.of()}
    try:
        return control.upload(file.kind, cleaned["file"], user=user, key=cleaned["key"], params=params)
    except BadInput as bad:
        say_at_field(form, bad)


@permitted(MAY_IMPORT)
@require_safe
def template(request, what, suffix):
    """An empty file with its header and a row that shows how it is meant."""
    if what not in FILES or suffix not in TEMPLATE_WRITERS:
        raise Http404
    return as_download(TEMPLATE_WRITERS[suffix](FILES[what]), f"{what}.{suffix}", by=None)


@permitted("cards.view_job")
@require_safe
def report(request, pk):
    """What became of each row as a file; before the import goes on, what is wrong with which."""
    job = get_object_or_404(Job.objects.visible_to(request.user), pk=pk, kind__in=IMPORT_KINDS)
    headings = [_("Row"), "ICCID", _("Result"), _("Column"), _("Message")]
    rows = report_of(job, get_language())
    return csv_response(f"{title_of(job)}-{job.pk}", headings, rows, by=request.user, job=job.pk)


def _csv_template(file):
    rows = [[as_text(cell) if cell.isdecimal() and len(cell) > 10 else cell for cell in row] for row in file.rows]
    return HttpResponse(b"".join(csv_blocks(file.columns, rows)), content_type=CSV)


def _xlsx_template(file):
    made = BytesIO()
    with Workbook(made, {"in_memory": True, "strings_to_numbers": False}) as workbook:
        sheet, text = workbook.add_worksheet(file.name), workbook.add_format({"num_format": "@"})
        sheet.set_column(0, len(file.columns) - 1, 22, text)
        sheet.freeze_panes(1, 0)
        for number, cells in enumerate([file.columns, *file.rows]):
            for place, cell in enumerate(cells):
                sheet.write_string(number, place, cell, text)
    return HttpResponse(made.getvalue(), content_type=XLSX)


TEMPLATE_WRITERS = {"csv": _csv_template, "xlsx": _xlsx_template}
