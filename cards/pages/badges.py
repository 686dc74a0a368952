"""Badges: a word for how far something is, in a colour that says whether that is good."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Badge:
    """`tone` is `good`, `info`, `warning`, `bad`, or empty for neither."""

    label: str
    tone: str
