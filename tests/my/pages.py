"""A browser without JavaScript, as far as tests need one: it follows links and presses the buttons of forms."""

from html.parser import HTMLParser

from tests.console import pages

ENGLISH = {"accept-language": "en"}


class Reader(HTMLParser):
    """The links and forms of a page: what each link and button is called, and what would be sent where."""

    def __init__(self, html):
        super().__init__()
        self.links, self.forms, self._form, self._open = [], {}, None, []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self._form = attrs.get("id") or f"form {len(self.forms)}"
            self.forms[self._form] = {"action": attrs.get("action", ""), "fields": {}, "buttons": []}
        elif tag == "input" and self._form and "name" in attrs and attrs.get("type") != "checkbox":
            self.forms[self._form]["fields"][attrs["name"]] = attrs.get("value") or ""
        elif tag in ("a", "button", "textarea"):
            self._open.append((tag, attrs, attrs.get("form") or self._form, []))

    def handle_data(self, data):
        for *_element, text in self._open:
            text.append(data)

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif self._open and tag == self._open[-1][0]:
            _tag, attrs, form, text = self._open.pop()
            name = " ".join("".join(text).split())
            if tag == "a":
                self.links.append((name, attrs.get("href", "")))
            elif tag == "textarea":
                self.forms[form]["fields"][attrs["name"]] = "".join(text)
            elif form in self.forms:
                self.forms[form]["buttons"].append((name, attrs))


class Phone:
    """Somebody's phone without JavaScript. Whatever is opened must be a page."""

    def __init__(self, client):
        self.client = client

    def open(self, url):
        return self._at(self.client.get(url, headers=ENGLISH, follow=True))

    def follow(self, name):
        """Follows the first link that is called so, or whose name begins so."""
        return self.open(next(url for text, url in self._read().links if text.startswith(name)))

    def press(self, name, /, **typed):
        """Presses the first button that is called so, with what was typed into its form; or follows such a link."""
        for form in self._read().forms.values():
            for text, button in form["buttons"]:
                if text == name:
                    assert set(typed) <= set(form["fields"])
                    pressed = {button["name"]: button.get("value", "")} if "name" in button else {}
                    url = button.get("formaction") or form["action"] or self.url
                    data = form["fields"] | typed | pressed
                    return self._at(self.client.post(url, data, headers=ENGLISH, follow=True))
        return self.follow(name)

    def _read(self):
        return Reader(self.text)

    def _at(self, response):
        assert response.status_code == 200, (response.status_code, response.request["PATH_INFO"])
        self.url, self.text = response.request["PATH_INFO"], pages.text(response)
        return self
