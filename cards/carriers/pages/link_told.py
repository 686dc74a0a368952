"""The address of a carrier's page, as people are shown it."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class LinkTold:
    url: str

    @property
    def host(self):
        """Where it leads, so that nobody follows it unawares."""
        return urlsplit(self.url).hostname

    @property
    def is_plain(self):
        """Whether what is typed there travels unprotected."""
        return urlsplit(self.url).scheme == "http"
