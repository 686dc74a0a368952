"""/metrics, for Prometheus: figures from rows, and what the processes of the web server have counted."""

import logging
import os
import time

from django.conf import settings
from django.db import Error
from django.http import Http404, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from cards.counted import IN_PROCESS
from cards.faults import Fault
from cards.timeouts import READY_SECONDS, statements_within
from simportal import health
from simportal.figures import OF_PARTS, OF_ROWS, Figure

logger = logging.getLogger(__name__)

NO_TOKEN = "This needs METRICS_TOKEN, sent as Authorization: Bearer.\n"
WERE_READ = Figure("simportal_figures_read", "Whether all figures from rows were read in time.", bool)


def metrics(request):
    """All metrics as text. Without the token nobody reads them; where none is set, there is no such page."""
    if not settings.METRICS_TOKEN:
        raise Http404
    if not health.has_token(request):
        return HttpResponse(NO_TOKEN, status=401, content_type="text/plain", headers={"WWW-Authenticate": "Bearer"})
    figures = CollectorRegistry()
    figures.register(Figures())
    return HttpResponse(generate_latest(figures) + generate_latest(_of_processes()), content_type=CONTENT_TYPE_LATEST)


class Figures:
    """Asked once for each scrape, four seconds at the most; where the database is away, what needs none."""

    def collect(self):
        parts = {name: part for name, part in health.state(is_full=True).items() if name != "ready"}
        yield from filter(None, (_gauge(figure, figure.read(parts)) for figure in OF_PARTS))
        rows = _of_rows() if parts["database"]["ok"] else []
        yield from rows
        yield _gauge(WERE_READ, len(rows) == len(OF_ROWS))


def _of_rows():
    """As many as there is time for."""
    rows, give_up_at = [], time.monotonic() + READY_SECONDS
    try:
        for figure in OF_ROWS:
            with statements_within(give_up_at - time.monotonic()):
                rows.append(_gauge(figure, figure.read()))
    except Error as error:
        said = str(error).partition("\n")[0]
        logger.error("The database gives no figures: %s", said, extra={"outage": Fault.AWAY})
    return rows


def _gauge(figure, told):
    """What Prometheus reads; None where there is nothing to tell."""
    if told is None:
        return None
    gauge = GaugeMetricFamily(figure.name, figure.means, labels=[figure.label] if figure.label else None)
    for label, value in told.items() if figure.label else [("", told)]:
        if value is not None:
            gauge.add_metric([label] if figure.label else [], float(value))
    return gauge


def _of_processes():
    """The counters of all processes together, where gunicorn has given them a folder; else those of this one."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return IN_PROCESS
    together = CollectorRegistry()
    MultiProcessCollector(together)
    return together
