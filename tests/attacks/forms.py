"""The forms that stand on a page: where they are sent, and the names and values that they have."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit


@dataclass
class Form:
    method: str
    path: str
    values: dict = field(default_factory=dict)
    files: set = field(default_factory=set)

    @property
    def shape(self):
        """Two forms of the same shape are tried as one: `/orders/1/pay/` and `/orders/2/pay/`."""
        path = "/".join("0" if part.isdecimal() else part for part in self.path.split("/"))
        return self.method, path, tuple(sorted(self.values)), tuple(sorted(self.files))


class Forms(HTMLParser):
    """Reads the forms of a page. Fields outside of one (`form="…"`) belong to the form of that id."""

    def __init__(self, path):
        super().__init__()
        self.path, self.found, self.by_id, self.form, self.select = path, [], {}, None, None

    def handle_starttag(self, tag, attributes):
        its = dict(attributes)
        if tag == "form":
            self._begin(its)
        elif tag == "option" and self.select:
            self._option(its)
        elif tag in ("input", "select", "textarea", "button") and its.get("name"):
            self._field(tag, its)

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None
        if tag == "select":
            self.select = None

    def _begin(self, its):
        path = urlsplit(urljoin(self.path, its.get("action") or self.path)).path
        self.form = self.by_id.setdefault(its.get("id") or len(self.found), Form("", ""))
        self.form.method, self.form.path = (its.get("method") or "get").upper(), path
        self.found.append(self.form)

    def _field(self, tag, its):
        form = self.by_id.setdefault(its["form"], Form("", "")) if "form" in its else self.form
        if form is None:
            return
        self.select = (form, its["name"]) if tag == "select" else None
        if its.get("type") == "file":
            form.files.add(its["name"])
        elif tag != "button" and its["name"] != "csrfmiddlewaretoken":
            form.values.setdefault(its["name"], its.get("value") or "")

    def _option(self, its):
        form, name = self.select
        if "selected" in its or not form.values[name]:
            form.values[name] = its.get("value") or ""


def forms_of(path, page):
    forms = Forms(path)
    forms.feed(page)
    return [form for form in forms.found if form.path.startswith("/")]
