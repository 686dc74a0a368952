"""The page of an export: what of, whether the file is there, and until when."""

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cards.actions.jobs import control
from cards.columns.kinds import Format
from cards.models import Selection
from cards.pages.job_labels import origin_of


def export_context(job, request, frame):
    """For cards/jobs/_export.html. Only whoever asked for the file may fetch it; the others see that it was made."""
    origin = origin_of(Selection(asked={"from": "filter", "query": job.params.get("query", "")}), frame)
    columns = _("as shown in the list") if "shown" in job.params else _("all columns")
    facts = [(_("Format"), Format(job.params["format"]).label), (_("Columns of the file"), columns)]
    if job.total and not job.selection:
        facts.append((pgettext("count", "Cards"), f"{job.total:,}"))
    is_kept = bool(job.file) and (job.kept_until is None or job.kept_until > timezone.now())
    is_there = is_kept and job.file.storage.exists(job.file.name)
    return {
        "parameters": facts + ([] if job.selection else origin.filters),
        "list_url": "" if job.selection else origin.url,
        "is_there": is_there,
        "is_missing": is_kept and not is_there,
        "may_fetch": is_there and control.may(request.user, job),
        "size": job.file.size if is_there else None,
    }
