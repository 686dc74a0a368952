"""Pages that are compressed, and those that never are: what shows a secret says nothing by its length."""

import gzip
import re

import pytest

from tests.build import open_card
from tests.console.pages import superuser

pytestmark = pytest.mark.django_db

TAKES_IT = {"accept-encoding": "gzip", "accept-language": "en"}
OF_THE_REQUEST = re.compile(r'name="(?:csrfmiddlewaretoken|page|filter)" value="[^"]*"')


@pytest.fixture
def ops():
    for _ in range(3):
        open_card()
    return superuser()


def same(page):
    return OF_THE_REQUEST.sub("", page)


@pytest.mark.parametrize("url", ["/console/cards/", "/console/", "/console/queues/"])
def test_what_is_long_and_shows_no_secret_is_compressed_for_who_takes_it(ops, url):
    plain = ops.get(url, headers={"accept-language": "en"})
    packed = ops.get(url, headers=TAKES_IT)
    assert (plain.status_code, plain.headers.get("Content-Encoding")) == (200, None)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.content) < len(plain.content) / 3
    assert {"Accept-Encoding", "Cookie"} <= {*packed.headers["Vary"].split(", ")}
    assert packed.headers["Cache-Control"] == "no-store"
    assert same(gzip.decompress(packed.content).decode()) == same(plain.content.decode())


def test_its_length_is_another_each_time(ops):
    """Random bytes stand in front, and the token against forged forms is masked anew for each request."""
    pages = [ops.get("/console/cards/", headers=TAKES_IT).content for _ in range(8)]
    assert len({len(page) for page in pages}) > 1
    tokens = {re.search(r'csrfmiddlewaretoken" value="([^"]*)', gzip.decompress(page).decode())[1] for page in pages}
    assert len(tokens) == len(pages)


@pytest.mark.parametrize(
    "url",
    ["/account/", "/account/two-factor/", "/console/people/", "/console/cards/export/?format=csv", "/api/v1/cards"],
)
def test_what_shows_a_secret_or_goes_out_as_a_stream_never_is(ops, url):
    answer = ops.get(url, headers=TAKES_IT, follow=True)
    assert answer.status_code in (200, 401)
    assert "Content-Encoding" not in answer.headers
