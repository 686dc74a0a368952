"""SM3 by hand is SM3: the standard's own examples, and OpenSSL's where the machine has it."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.carriers.protocols.sm3 import sm3_by_hand, sm3_hex

pytestmark = pytest.mark.once

# GB/T 32905-2016, A.1 and A.2
EXAMPLES = {
    b"abc": "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
    b"abcd" * 16: "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732",
    b"": "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b",
}


@pytest.mark.parametrize(("data", "digest"), EXAMPLES.items())
def test_the_examples_of_the_standard(data, digest):
    assert (sm3_by_hand(data), sm3_hex(data)) == (digest, digest)


def test_where_openssl_has_none_it_is_done_by_hand(monkeypatch):
    def none(name, data):
        raise ValueError(f"unsupported hash type {name}")

    monkeypatch.setattr(hashlib, "new", none)
    assert sm3_hex(b"abc") == EXAMPLES[b"abc"]


@pytest.mark.skipif("sm3" not in hashlib.algorithms_available, reason="this OpenSSL has no SM3")
@given(st.binary(max_size=200))
def test_by_hand_it_is_as_openssl_does_it(data):
    assert sm3_by_hand(data) == hashlib.new("sm3", data).hexdigest()
