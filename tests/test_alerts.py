"""The rules of Prometheus: each alert rings when it should, only then, and not before it should."""

import shutil
import subprocess

import pytest
import yaml
from django.conf import settings

from simportal import health
from tests.test_metrics import described

pytestmark = pytest.mark.once

RULES = settings.BASE_DIR / "docs" / "production" / "alerts.yml"
PARTS = {
    "tick": "SimportalTickOld",
    "sweep": "SimportalSweepBehind",
    "brake": "SimportalSweepBraked",
    "paid_and_not_served": "SimportalPaidNotServed",
    "online_money": "SimportalOnlineMoneyWaits",
    "proof": "SimportalProofFailed",
    "disk": "SimportalDiskFull",
    "backup": "SimportalBackupOld",
    "bells": "SimportalBellLate",
    "jobs": "SimportalJobsStandStill",
    "failed_jobs": "SimportalJobFailed",
    "steps": "SimportalStepFails",
    "carriers": "SimportalCarrierBroken",
    "carrier_orders": "SimportalCarrierOrdersStandStill",
    "comparisons": "SimportalComparisonHeld",
    "carrier_usage": "SimportalUsageIncomplete",
    "bills": "SimportalBillOverdue",
}
# What rings, and what does not, as promtool writes series: from a value on, by so much a minute, for so many minutes.
GOOD, BAD = "1x60", "0x60"
OF_FIGURES = {
    "SimportalDown": ({'up{job="simportal"}': BAD}, {'up{job="simportal"}': GOOD, 'up{job="other"}': BAD}),
    "SimportalDatabaseDown": ({"simportal_database_up": BAD}, {"simportal_database_up": GOOD}),
    "SimportalBrokerDown": ({"simportal_broker_up": BAD}, {"simportal_broker_up": GOOD}),
    "SimportalCardsParked": ({"simportal_cards_parked": "3x60"}, {"simportal_cards_parked": "0x60"}),
    "SimportalGuessing": (
        {'simportal_logins_failed_total{instance="a"}': "0+21x60"},
        {'simportal_logins_failed_total{instance="a"}': "0+19x60"},
    ),
    "SimportalFiguresMissing": (
        {"simportal_figures_read": BAD, "simportal_database_up": GOOD},
        {"simportal_figures_read": BAD, "simportal_database_up": BAD},
    ),
}


def responses(errors, in_all):
    """Answers of a minute, on two machines."""
    return {
        'simportal_http_responses_total{instance="a",status="200"}': f"0+{in_all - errors}x60",
        'simportal_http_responses_total{instance="b",status="500"}': f"0+{errors}x60",
    }


def times(slow, in_all):
    """Requests of a minute, so many of them slower than two seconds."""
    name, labels = "simportal_http_request_duration_seconds", 'method="GET",route="console/",status="2xx"'
    return {
        f'{name}_bucket{{{labels},le="2.0"}}': f"0+{in_all - slow}x60",
        f'{name}_bucket{{{labels},le="5.0"}}': f"0+{in_all}x60",
        f'{name}_bucket{{{labels},le="+Inf"}}': f"0+{in_all}x60",
        f"{name}_count{{{labels}}}": f"0+{in_all}x60",
    }


OF_PROCESSES = {
    "SimportalErrors": (responses(2, 100), responses(1, 200)),
    "SimportalSlow": (times(10, 100), times(4, 100)),
}


def of_part(part):
    series = f'simportal_part_ok{{part="{part}"}}'
    others = {f'simportal_part_ok{{part="{other}"}}': BAD for other in PARTS if other != part}
    return {series: BAD}, {series: GOOD} | others


TABLE = {alert: of_part(part) for part, alert in PARTS.items()} | OF_FIGURES | OF_PROCESSES


def rules():
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def test_each_part_of_the_full_answer_has_an_alert_and_each_alert_is_tried():
    assert set(PARTS) == {*health.PUBLIC, *health.FULL, *health.OF_MACHINE}
    assert set(rules()) == set(TABLE)
    assert {rule["labels"]["severity"] for rule in rules().values()} == {"critical", "warning"}


def test_alerts_ask_for_metrics_that_there_are_and_lead_to_their_entry():
    known = {*described(), *(f"simportal_http_request_duration_seconds_{end}" for end in ("bucket", "count"))}
    for name, rule in rules().items():
        asked = {word.split("{")[0] for word in rule["expr"].replace("(", " ").replace(")", " ").split()}
        asked = {word.split("[")[0] for word in asked if word.startswith("simportal_")}
        assert (asked - known, rule["annotations"]["page"]) == (set(), f"docs/operations.md#{name.lower()}")


def trial(name, rule, series, minute, rings):
    labels = {"severity": rule["labels"]["severity"]} | LABELS.get(name, {})
    if name in PARTS.values():
        labels["part"] = next(part for part, alert in PARTS.items() if alert == name)
    alert = {"exp_labels": labels, "exp_annotations": rule["annotations"]}
    return {
        "interval": "1m",
        "input_series": [{"series": each, "values": values} for each, values in series.items()],
        "alert_rule_test": [{"eval_time": minute, "alertname": name, "exp_alerts": [alert] if rings else []}],
    }


LABELS = {"SimportalDown": {"job": "simportal"}}


def trials(name, rule):
    ringing, quiet = TABLE[name]
    yield trial(name, rule, ringing, "55m", rings=True)
    yield trial(name, rule, quiet, "55m", rings=False)
    if all(values == BAD for values in ringing.values()):
        yield trial(name, rule, ringing, f"{int(rule['for'][:-1]) - 1}m", rings=False)


@pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool: apt-get install prometheus")
def test_each_alert_rings_when_it_should(tmp_path):
    tests = [each for name, rule in rules().items() for each in trials(name, rule)]
    (tmp_path / "trials.yml").write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": tests}))
    done = subprocess.run(["promtool", "test", "rules", tmp_path / "trials.yml"], capture_output=True, text=True)
    assert (done.returncode, done.stderr, len(tests)) == (0, "", 25 * 2 + 20), done.stdout
