"""How long pages take and how they end, counted in each process of the web server, by the pattern of their address.

No label has a value that a visitor chooses: numbers of cards and names stand in no metric.
"""

from time import perf_counter

from django.conf import settings
from prometheus_client import Counter, Histogram

from cards.counted import IN_PROCESS

METHODS = ("GET", "HEAD", "POST")
FOR_WATCHERS = ("healthz", "readyz", "metrics")
NO_PATTERN = "none"

TIMES = Histogram(
    "simportal_http_request_duration_seconds",
    "How long an answer took until its first byte, by the pattern of its address, method and kind of status.",
    ["route", "method", "status"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
    registry=IN_PROCESS,
)
RESPONSES = Counter("simportal_http_responses", "Answers, by status.", ["status"], registry=IN_PROCESS)


def request_times(get_response):
    def answer(request):
        began = perf_counter()
        response = get_response(request)
        _note(request, response.status_code, perf_counter() - began)
        return response

    return answer


def _note(request, status, seconds):
    if is_of_no_person(request):
        return
    route = request.resolver_match.route or "/" if request.resolver_match else NO_PATTERN
    method = request.method if request.method in METHODS else "other"
    TIMES.labels(route, method, f"{status // 100}xx").observe(seconds)
    RESPONSES.labels(str(status)).inc()


def is_of_no_person(request):
    """What machines ask for every few seconds, and what pages bring along."""
    route = request.resolver_match and request.resolver_match.route
    return route in FOR_WATCHERS or request.path_info.startswith(settings.STATIC_URL)
