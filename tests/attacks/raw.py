"""Requests as bytes, which no browser would send."""

from dataclasses import dataclass, field
from urllib.parse import quote_from_bytes

BOUNDARY = "fuzzed"
FORM, MULTIPART = "application/x-www-form-urlencoded", f"multipart/form-data; boundary={BOUNDARY}"


@dataclass(frozen=True)
class File:
    name: str
    content: bytes


@dataclass(frozen=True)
class Raw:
    """`path` and `query` as bytes stand in an address; `environ` overrides what a server would say of the rest."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    kind: str = ""
    environ: dict = field(default_factory=dict)

    def __str__(self):
        said = [self.method, self.path, self.query, self.kind, self.body, self.environ]
        return " ".join(f"{part!r:.200}" for part in said if part)

    def send(self, client):
        environ = {"PATH_INFO": self.path, "QUERY_STRING": self.query} | self.environ
        return client.generic(self.method, "/", self.body, self.kind or FORM, **environ)


def in_bytes(text):
    return text.encode(errors="surrogatepass")


def path_of_bytes(path):
    """A path as a server hands it on: each byte one character."""
    return in_bytes(path).decode("latin-1")


def encoded(pairs):
    """Names and values as an address or a form has them, also what is no text."""
    return "&".join(f"{quote_from_bytes(in_bytes(name))}={quote_from_bytes(in_bytes(value))}" for name, value in pairs)


def multipart(pairs):
    """Names and values or files, as a form with files sends them."""
    parts = []
    for name, value in pairs:
        head = f'Content-Disposition: form-data; name="{name}"'
        if isinstance(value, File):
            head += f'; filename="{value.name}"\r\nContent-Type: application/octet-stream'
        content = value.content if isinstance(value, File) else in_bytes(value)
        parts.append(b"--%b\r\n%b\r\n\r\n%b\r\n" % (BOUNDARY.encode(), in_bytes(head), content))
    return b"".join([*parts, b"--%b--\r\n" % BOUNDARY.encode()])
