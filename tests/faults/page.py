"""What the rounds came to, as the table of docs/reliability.md. What was not provoked this time stays as it was."""

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
ORDER = [(fault.words, WORKS[work].words) for fault in FAULTS.values() for work in fault.works]
KILLS = {fault.words for fault in FAULTS.values() if fault.is_kill}


def table(done):
    """A line for each fault and work, with the longest of the rounds' seconds; and what they come to."""
    rows = {(cells[0], cells[2]): cells for cells in standing(FAULTS_SHOWN, PAGE)} | _rows(done)
    rows = {place: rows[place] for place in ORDER if place in rows}
    counts = {place: [int(number) for number in cells[3].split(", ")] for place, cells in rows.items()}
    strikes = sum(count[1] for count in counts.values())
    kills = sum(count[1] for place, count in counts.items() if place[0] in KILLS)
    rounds = sum(count[0] for count in counts.values())
    lines = [f"| {' | '.join(cells)} |\n" for cells in rows.values()]
    return f"{HEAD}{''.join(lines)}\n{strikes} strikes in {rounds} rounds; {kills} of them kills and crashes.\n"


def standing(begin, page):
    """The cells of each line of the table that stands behind this mark of the page."""
    shown = page.read_text().partition(begin)[2].partition(END)[0]
    return [line.strip("| ").split(" | ") for line in shown.splitlines() if line.startswith("| ")][1:]


def _rows(done):
    groups = groupby(sorted(done, key=itemgetter(0, 1)), key=itemgetter(0, 1))
    return {_place(*named): _cells(*named, [round for *_, round in rounds]) for named, rounds in groups}


def _place(name, work):
    return FAULTS[name].words, WORKS[work].words


def _cells(name, work, rounds):
    fault = FAULTS[name]
    lost, doubled = (sum(getattr(round, what).total() for round in rounds) for what in ("lost", "doubled"))
    strikes = sum(round.strikes for round in rounds)
    went_on = [seconds for round in rounds for seconds in round.went_on]
    cells = [fault.words, fault.how + _remarks(rounds), WORKS[work].words, f"{len(rounds)}, {strikes}"]
    return [*cells, str(lost), str(doubled), _longest(went_on), _longest([round.done_after for round in rounds])]


def _longest(seconds):
    if None in seconds:
        return "never"
    return f"{max(seconds):.0f} s" if seconds else "–"


def _remarks(rounds):
    remarks = [round.remarks[-1] for round in rounds if round.remarks]
    refused = sum(round.statuses[503] for round in rounds)
    broken = sum(round.statuses[500] for round in rounds)
    remarks += [f"{refused} × 503"] if refused else []
    remarks += [f"{broken} × 500"] if broken else []
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


def write(table, begin, page=PAGE):
    """Put the table between this mark of the page and the next end."""
    before, _, rest = page.read_text().partition(begin)
    page.write_text(f"{before}{begin}\n\n{table}\n{END}{rest.partition(END)[2]}")
