"""The page of whoever runs the portal, as sections with their blocks."""

import re
from dataclasses import dataclass

from tests.bench.databases import ROOT

PAGE = ROOT / "docs" / "operations.md"
SECTION = re.compile(r"^## (?P<number>\d+) (?P<name>.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```sh\n(?P<script>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Section:
    number: int
    name: str
    blocks: tuple  # of text, each a script of its own


def sections(page=PAGE):
    text = page.read_text()
    heads = list(SECTION.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [
        Section(int(head["number"]), head["name"], tuple(BLOCK.findall(text[head.end() : end])))
        for head, end in zip(heads, ends, strict=True)
    ]


def commands_of(entry, page=PAGE):
    """The blocks of an entry of the last section, which nobody runs unless its alarm rings."""
    _before, _, rest = page.read_text().partition(f"\n### {entry}\n")
    return re.findall(r"^```bash\n(.*?)^```$", rest.partition("\n### ")[0], re.MULTILINE | re.DOTALL)
