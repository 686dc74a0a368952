from html import escape
from math import copysign, hypot

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.translation import override

from cards.choices import Hold, State
from cards.management.lifecycle import edges, placed_from, ways_back

PICTURE = settings.BASE_DIR / "docs" / "lifecycle.svg"
DRAWING_WIDTH, BOX_WIDTH, BOX_HEIGHT = 1120, 150, 54
BOX_CENTRES = {
    State.TESTING: (100, 70),
    State.UNUSED: (390, 70),
    State.IN_USE: (700, 70),
    State.SHUT_DOWN: (1010, 70),
    State.SUSPENDED: (545, 330),
    State.CANCELLED: (1010, 330),
}
TABLE_TOP, ROW_HEIGHT = 450, 26
TABLE_COLUMNS = (30, 230, 500)
STYLE = (
    "text{font:13px system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;fill:#1e293b}"
    ".box{fill:#eff6ff;stroke:#1d4ed8;stroke-width:1.5}.final{fill:#f1f5f9;stroke:#475569}"
    ".edge{stroke:#64748b;stroke-width:1.3;fill:none;marker-end:url(#arrow)}"
    ".name{font-weight:600}.by{font-size:11.5px;fill:#334155}.under{fill:#ffffff}.small{font-size:12px;fill:#475569}"
)


class Command(BaseCommand):
    help = "Draws the state machine into docs/lifecycle.svg, from the code itself."

    def handle(self, **options):
        PICTURE.write_text(picture())
        self.stdout.write(str(PICTURE.relative_to(settings.BASE_DIR)))


def picture():
    """The states, the transitions between them, and the holds with their ways in and back, as an SVG."""
    height = TABLE_TOP + ROW_HEIGHT * (len(Hold) + 2)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {DRAWING_WIDTH} {height}">',
            f"<title>The life of a card</title><style>{STYLE}</style>",
            '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto"><path d="M0 0L8 4L0 8z" fill="#64748b"/></marker></defs>',
            f'<rect width="{DRAWING_WIDTH}" height="{height}" fill="#ffffff"/>',
            *_arrows(),
            *(_box(state) for state in State),
            *_notes(),
            *_table(),
            "</svg>\n",
        ]
    )


def _arrows():
    """Lines first, then their words, so that no line runs through a word."""
    drawn = {edge: names for edge, names in edges().items() if edge[0] != edge[1] and names != ["cancel"]}
    drawn[State.SHUT_DOWN, State.CANCELLED] = ["cancel"]
    lines = [_line(*edge) for edge in drawn]
    return [line for line, _ in lines] + [
        _names(*middle, names) for (_, middle), names in zip(lines, drawn.values(), strict=True)
    ]


def _line(source, target):
    """A straight arrow between two boxes, a little to the side so that the way back has room; and its middle."""
    (x1, y1), (x2, y2) = BOX_CENTRES[source], BOX_CENTRES[target]
    length = hypot(x2 - x1, y2 - y1)
    dx, dy = (x2 - x1) / length, (y2 - y1) / length
    aside = 13 if y1 == y2 else 18
    ox, oy = -dy * aside, dx * aside
    start, end = _border(x1, y1, ox, oy, dx, dy), _border(x2, y2, ox, oy, -dx, -dy)
    points = [round(value, 1) for value in (*start, *end)]
    share = 0.5 if y1 == y2 else 0.34
    middle = (points[0] + (points[2] - points[0]) * share, points[1] + (points[3] - points[1]) * share)
    return '<path class="edge" d="M{} {}L{} {}"/>'.format(*points), middle


def _border(x, y, ox, oy, dx, dy):
    """Where a ray that starts beside a box's middle leaves the box."""
    across = ((BOX_WIDTH / 2) - copysign(ox, ox * dx)) / abs(dx) if dx else 1e9
    upright = ((BOX_HEIGHT / 2) - copysign(oy, oy * dy)) / abs(dy) if dy else 1e9
    reach = min(across, upright)
    return x + ox + dx * reach, y + oy + dy * reach


def _names(x, y, names):
    """The names of the transitions, one to a line, on a white ground."""
    wide = max(map(len, names)) * 6.6 + 8
    top = y - 8 * len(names)
    ground = f'<rect class="under" x="{x - wide / 2:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{16 * len(names)}"/>'
    words = "".join(_text(x, top + 12 + 16 * line, name, "by", "middle") for line, name in enumerate(names))
    return ground + words


def _box(state):
    x, y = BOX_CENTRES[state]
    final = "" if any(source == state for source, _target in edges()) else " final"
    return (
        f'<rect class="box{final}" x="{x - BOX_WIDTH / 2}" y="{y - BOX_HEIGHT / 2}" '
        f'width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="9"/>'
        + _text(x, y - 3, state.value, "name", "middle")
        + _text(x, y + 15, _chinese(state), "", "middle")
    )


def _notes():
    """What does not change the state, and the one transition that starts nearly everywhere."""
    found = edges()
    staying = {source: names for (source, target), names in found.items() if source == target}
    yield _text(30, TABLE_TOP - 62, "No change of state: " + "; ".join(
        f"{state.value}: {', '.join(names)}" for state, names in staying.items()
    ), "small")  # fmt: skip
    sources = [source.value for (source, target), names in found.items() if "cancel" in names]
    yield _text(
        30,
        TABLE_TOP - 42,
        f"cancel: from {', '.join(sources)}; never from cancelled, and never while protected.",
        "small",
    )


def _table():
    heads = ("hold, by precedence", "joins a card that is, or resumes to", "lifted by")
    yield "".join(_text(x, TABLE_TOP, head, "name") for x, head in zip(TABLE_COLUMNS, heads, strict=True))
    for line, hold in enumerate(Hold, start=1):
        cells = (
            f"{hold.value} {_chinese(hold)}",
            ", ".join(state.value for state in placed_from(hold)),
            ", ".join(ways_back(hold)),
        )
        yield "".join(
            _text(x, TABLE_TOP + ROW_HEIGHT * line, cell) for x, cell in zip(TABLE_COLUMNS, cells, strict=True)
        )


def _chinese(word):
    with override("zh-hans"):
        return str(word.label)


def _text(x, y, words, style="", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">{escape(words)}</text>'
