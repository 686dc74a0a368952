"""The drill: each alarm provoked on a machine that runs as the page says, what rang, and whether the page's commands
mend it, run as they are written there.

`python -m tests.recipe.drill --root TAR` on a machine that `python -m tests.recipe --last 6 --save TAR` has left;
`make drill` does both; `make recipe` does those that are short.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.databases import ROOT
from tests.recipe import provoked as p
from tests.recipe.machine import Machine, why_not
from tests.recipe.page import PAGE, commands_of

RINGS_WITHIN, MENDED_WITHIN = 330, 330
SHOWN, END = "<!-- written by the drill -->", "<!-- until here -->"
HEAD = (
    "| what happens | how it is provoked | rings | after | line in the log | the page's commands | well again after |\n"
)


@dataclass(frozen=True)
class Alarm:
    """`rings` are the parts that say so, `alert` is the entry of the page whose commands are run; `run` which of its
    blocks. `provoke` and `repair` (of the cause, where the page says that it has to be found) are asked with the
    machine; what `provoke` answers stands in the commands in the place of their examples."""

    words: str
    how: str
    alert: str
    rings: str
    provoke: Callable
    run: tuple = (-1,)
    repair: Callable = field(default=lambda machine: None)
    is_short: bool = False


ALARMS = (
    Alarm(
        "what a day does after its sweep fails",
        "a right is taken from the portal's role",
        "SimportalStepFails",
        "steps",
        p.step_fails,
        repair=p.step_mended,
    ),
    Alarm(
        "the web server is gone",
        "its unit and its socket stopped",
        "SimportalDown",
        "",
        p.stop("simportal-web.socket simportal-web"),
        is_short=True,
    ),
    Alarm(
        "PostgreSQL is gone",
        "its unit stopped",
        "SimportalDatabaseDown",
        "database",
        p.stop("postgresql"),
        is_short=True,
    ),
    Alarm("Redis is gone", "its unit stopped", "SimportalBrokerDown", "broker", p.stop("redis-server"), is_short=True),
    Alarm(
        "the disk for files is full",
        "a disk of its own, filled by uploads that were cut off",
        "SimportalDiskFull",
        "disk",
        p.fill_disk,
        is_short=True,
    ),
    Alarm(
        "the backup is too old", "its mark is 27 hours old", "SimportalBackupOld", "backup", p.age_backup, is_short=True
    ),
    Alarm(
        "a job meets a mistake",
        "what it works on is spoiled",
        "SimportalJobFailed",
        "failed_jobs",
        p.fail_job,
        (-2, -1),
        is_short=True,
    ),
    Alarm(
        "an order is paid and not served",
        "as above; then the row is mended",
        "SimportalPaidNotServed",
        "paid_and_not_served",
        p.fail_order,
        repair=p.order_mended,
        is_short=True,
    ),
    Alarm(
        "the worker is deaf",
        "SIGSTOP to all its processes",
        "SimportalTickOld",
        "tick",
        p.deafen,
    ),
    Alarm("the worker is gone", "its unit stopped", "SimportalTickOld", "tick", p.stop("simportal-worker")),
    Alarm(
        "jobs stand still", "no worker, and a job of 11 minutes ago", "SimportalJobsStandStill", "jobs", p.stand_still
    ),
    Alarm("beat is gone", "its unit stopped", "SimportalTickOld", "tick", p.stop("simportal-beat")),
    Alarm(
        "the brake holds a day",
        "1,200 cards marked as due, after 30 days with none; put back before it is let go",
        "SimportalSweepBraked",
        "brake",
        p.brake,
        repair=p.brake_mended,
    ),
    Alarm(
        "the proof finds something",
        "a counter changed past the triggers; the night's proof made once more, and again after the row was put back",
        "SimportalProofFailed",
        "proof",
        p.spoil,
        (-1,),
        p.unspoil,
    ),
)


@dataclass
class Drilled:
    """What came of an alarm: seconds until it rang and until all was well again, None: never; the line in the log."""

    alarm: Alarm
    rang: float | None
    line: str
    commands: str
    mended: float | None

    @property
    def is_good(self):
        return None not in (self.rang, self.mended)

    def row(self):
        a = self.alarm
        commands = "; ".join(f"`{command}`" for command in self.commands.splitlines() if not command.startswith("#"))
        cells = (
            a.words,
            a.how,
            a.alert,
            _seconds(self.rang),
            self.line and f"`{self.line}`",
            commands,
            _seconds(self.mended),
        )
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


class Watch:
    """Whoever watches the machine: asks for the full answer, as Prometheus does."""

    def __init__(self, machine):
        self.machine = machine
        self.token = machine.says("sed -n s/^METRICS_TOKEN=//p /etc/simportal/simportal.env")

    def asked(self):
        """The parts of the full answer; None where nobody answers."""
        said = self.machine.says(
            f"curl --silent --insecure --max-time 5 --header 'Authorization: Bearer {self.token}' "
            "--resolve sim.example.cn:443:127.0.0.1 'https://sim.example.cn/readyz?full' || true"
        )
        try:
            return json.loads(said)
        except ValueError:
            return None

    def rings(self, part):
        """Whether this part is not well; with no part, whether nobody answers."""
        told = self.asked()
        if told is None or not part:
            return told is None
        return part in told and not told[part]["ok"]

    def is_well(self, part):
        told = self.asked()
        return told is not None and (not part or (part in told and told[part]["ok"]))

    def ringing(self):
        told = self.asked() or {}
        return [name for name, part in told.items() if name != "ready" and not part["ok"]]

    def error_since(self, instant):
        """The first line of an error since then."""
        lines = self.machine.says(
            f"journalctl --unit 'simportal-*' --since @{instant:.3f} --output cat --no-pager | "
            """jq --raw-input --raw-output 'fromjson? | select(.level == "ERROR") | .message' | head -n 1"""
        )
        return lines.partition("\n")[0][:90]


def drill(alarm, watch):
    machine, began = watch.machine, time.time()
    if alarm.rings and not _until(lambda: watch.is_well(alarm.rings), MENDED_WITHIN):
        raise AssertionError(f"{alarm.rings} rings before anything was done")
    examples = alarm.provoke(machine) or {}
    rang = _until(lambda: watch.rings(alarm.rings), RINGS_WITHIN)
    line = watch.error_since(began)
    alarm.repair(machine)
    blocks = commands_of(alarm.alert)
    commands = "".join(blocks[number] for number in alarm.run)
    for example, real in examples.items():
        commands = commands.replace(example, real)
    start = time.monotonic()
    machine.run(f"set +e; {commands}", seconds=MENDED_WITHIN)
    well = _until(lambda: watch.is_well(alarm.rings), MENDED_WITHIN)
    mended = None if well is None else time.monotonic() - start
    return Drilled(alarm, rang, line, commands, mended)


def drill_all(machine, alarms):
    """Each in turn, told as it ends; those that did not ring or were not mended."""
    watch = Watch(machine)
    p.prepare(machine)
    done = []
    for alarm in alarms:
        done.append(drill(alarm, watch))
        print(f"{'ok ' if done[-1].is_good else 'BAD'} {done[-1].row().strip()}", flush=True)
    left = _until(lambda: not watch.ringing(), MENDED_WITHIN)
    assert left is not None, f"still rings: {watch.ringing()}"
    machine.run("simportal verify")
    return done


def table(done):
    return f"{HEAD}|{'---|' * 7}\n{''.join(drilled.row() for drilled in done)}"


def write(text, page=PAGE):
    before, _, rest = page.read_text().partition(SHOWN)
    page.write_text(f"{before}{SHOWN}\n\n{text}\n{END}{rest.partition(END)[2]}")


def short_drill(trial):
    """What `make recipe` does of it, after section 11."""
    done = drill_all(trial.machine, [alarm for alarm in ALARMS if alarm.is_short])
    assert all(drilled.is_good for drilled in done)


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.recipe.drill", description=__doc__)
    parser.add_argument("alerts", nargs="*", help="only those whose parts these are")
    parser.add_argument(
        "--root", type=Path, required=True, help="the machine, as `python -m tests.recipe --save` left it"
    )
    parser.add_argument("--write", action="store_true", help="write the table into docs/operations.md")
    asked = parser.parse_args()
    if reason := why_not():
        sys.exit(f"No machine can be booted here, because {reason}.")
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="drill-", dir=ROOT / "var") as folder,
        Machine(asked.root, Path(folder) / "root") as machine,
    ):
        done = drill_all(machine, [alarm for alarm in ALARMS if not asked.alerts or alarm.rings in asked.alerts])
    print(f"{time.monotonic() - began:.0f} s in all")
    if asked.write:
        write(table(done))
    sys.exit(0 if all(drilled.is_good for drilled in done) else 1)


def _until(happens, seconds):
    """How long it took; None if it did not happen."""
    start = time.monotonic()
    while not happens():
        if time.monotonic() - start > seconds:
            return None
        time.sleep(0.5)
    return time.monotonic() - start


def _seconds(value):
    return "never" if value is None else f"{value:.0f} s"


if __name__ == "__main__":
    main()
