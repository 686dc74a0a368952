"""A problem as it is answered (RFC 9457), in the reader's language."""

from simportal.answers import problem


def answer_to(error):
    """The answer that says a `Problem`."""
    response = problem(error.status, error.code, error.detail, **error.more)
    for name, value in error.headers.items():
        response.headers[name] = value
    return response
