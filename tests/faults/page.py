"""What the rounds came to, as the table of docs/reliability.md."""

from itertools import groupby
from operator import itemgetter
from pathlib import Path

from tests.faults.table import FAULTS
from tests.faults.works import WORKS

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "reliability.md"
FAULTS_SHOWN, PEOPLE = "<!-- written by `make faults` -->", "<!-- written by `make faults`: people -->"
END = "<!-- until here -->"
HEAD = (
    "| what happens | how it is provoked | what is at work | rounds, strikes | rows lost | doubled "
    "| goes on after | done after |\n|---|---|---|---|---|---|---|---|\n"
)


def table(done, left_out):
    """A line for each fault and work; the longest of the rounds' seconds."""
    groups = groupby(sorted(done, key=lambda one: list(FAULTS).index(one[0])), key=itemgetter(0, 1))
    lines = [_row(name, work, [round for *_, round in rounds]) for (name, work), rounds in groups]
    strikes = sum(round.strikes for *_, round in done)
    kills = sum(round.strikes for name, _, round in done if FAULTS[name].is_kill)
    ends = [f"\n{strikes} strikes in {len(done)} rounds, of which {kills} were kills and crashes."]
    ends += [f"Not provoked on this machine: {FAULTS[name].words}." for name in left_out]
    return HEAD + "\n".join([*lines, *ends]) + "\n"


def _row(name, work, rounds):
    fault = FAULTS[name]
    lost, doubled = (sum(getattr(round, what).total() for round in rounds) for what in ("lost", "doubled"))
    strikes = sum(round.strikes for round in rounds)
    cells = [fault.words, fault.how + _remarks(rounds), WORKS[work].words, f"{len(rounds)}, {strikes}"]
    cells += [str(lost), str(doubled), _longest(_all(rounds)), _longest([round.done_after for round in rounds])]
    return f"| {' | '.join(cells)} |"


def _all(rounds):
    return [seconds for round in rounds for seconds in round.went_on]


def _longest(seconds):
    if None in seconds:
        return "never"
    return f"{max(seconds):.0f} s" if seconds else "–"


def _remarks(rounds):
    remarks = [remark for round in rounds for remark in round.remarks]
    refused = sum(round.statuses[503] for round in rounds)
    broken = sum(round.statuses[500] for round in rounds)
    remarks += [f"{refused} pages said 503"] if refused else []
    remarks += [f"{broken} pages said 500"] if broken else []
    remarks += ["`verify` finds problems"] if any(round.problems for round in rounds) else []
    return "".join(f"; {remark}" for remark in dict.fromkeys(remarks))


def line(name, work, round):
    went_on = ", ".join("never" if seconds is None else f"{seconds:.1f}" for seconds in round.went_on)
    done = "never" if round.done_after is None else f"{round.done_after:.1f}"
    return (
        f"{name} / {work}: {round.strikes} strikes, lost {round.lost.total()}, doubled {round.doubled.total()}, "
        f"went on after {went_on}, done after {done}, pages {dict(round.statuses)}, {round.tracebacks} tracebacks "
        f"{'; '.join(round.remarks)}"
    )


def details(round):
    """A few of the rows that differ, for whoever looks for the reason."""
    lines = [f"- {row}" for row in list(round.lost)[:4]] + [f"+ {row}" for row in list(round.doubled)[:4]]
    return "\n".join(f"    {line:.400}" for line in [*lines, *round.problems])


def write(table, begin):
    """Put the table between this mark of the page and the next end."""
    before, _, rest = PAGE.read_text().partition(begin)
    PAGE.write_text(f"{before}{begin}\n\n{table}\n{END}{rest.partition(END)[2]}")
