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
