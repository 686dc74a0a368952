"""Whatever a carrier might answer: bytes, other people's documents, and its own with any value at any place."""

import json

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.carriers.scripted import answered

STATUSES = st.sampled_from([200, 200, 200, 301, 400, 404, 500, 503])
ODD = [None, True, "", "\x00", "\ud800", -1, 10**30, 1e300, float("nan"), "NaN"]

few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def answers(names, words, frame):
    """Three answers. `frame` puts a value into a document as it looks when all is well; `names` and `words` are the
    protocol's own, which lead deeper in."""
    keys, leaves = st.sampled_from(names), st.sampled_from([*ODD, *words]) | st.text(max_size=9)
    values = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=8
    )
    documents = (values | values.map(frame)).map(json.dumps)
    return st.lists(st.builds(answered, st.binary(max_size=20) | documents, STATUSES), min_size=3, max_size=3)
