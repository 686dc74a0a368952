"""What each process of the web server counts for Prometheus; `simportal.metrics` puts the processes together."""

from prometheus_client import CollectorRegistry, Counter

IN_PROCESS = CollectorRegistry()
ACTIONS_REFUSED = Counter(
    "simportal_refused", "Actions on cards that were refused, by code.", ["code"], registry=IN_PROCESS
)
LOGINS_FAILED = Counter(
    "simportal_logins_failed", "Logins with a wrong password, or after too many of them.", registry=IN_PROCESS
)
