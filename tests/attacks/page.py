"""What the attacks came to, as the table of docs/security.md. What was not tried this time stays as it was."""

from pathlib import Path

from tests.attacks.table import ATTACKS

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "security.md"
BEGIN, END = "<!-- written by `make attacks` -->", "<!-- until here -->"
HEAD = (
    "| what is tried | how | on SQLite | on PostgreSQL | longest try | memory | got through |\n"
    "|---|---|--:|--:|--:|--:|--:|\n"
)
ON = {"sqlite": 2, "postgresql": 3}
SECONDS, MEGABYTES, THROUGH = 4, 5, 6


def write(tallies, vendor):
    """Put these tallies, by the names of their attacks, into the column of their database."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    shown, _, after = rest.partition(END)
    rows = _standing(shown)
    for name, tally in tallies.items():
        rows[ATTACKS[name].words] = _row(ATTACKS[name], tally, rows.get(ATTACKS[name].words), ON[vendor])
    lines = [f"| {' | '.join(rows[words])} |\n" for words in _order() if words in rows]
    PAGE.write_text(f"{before}{BEGIN}\n\n{HEAD}{''.join(lines)}\n{END}{after}")


def _order():
    return [attack.words for attack in ATTACKS.values()]


def _standing(shown):
    """The rows that the page has, by what is tried."""
    cells = [line.strip("| ").split(" | ") for line in shown.splitlines() if line.startswith("| ")]
    return {row[0]: row for row in cells}


def _row(attack, tally, standing, column):
    row = list(standing or ["", "", "–", "–", "", "–", ""])
    row[0], row[1] = attack.words, "; ".join([attack.how, *tally.remarks])
    row[column] = f"{tally.tries:,}"
    row[SECONDS] = f"{tally.seconds:.2f} s"
    row[MEGABYTES] = "–" if tally.megabytes is None else f"{tally.megabytes:.0f} MB"
    row[THROUGH] = str(len(tally.through))
    return row
