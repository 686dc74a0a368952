"""What a test has logged, for a fixture that looks at it when the test is over."""


def log_of(caplog):
    """All that was logged from the beginning to the end of the test: `caplog.text` begins anew behind it."""
    records = [record for when in ("setup", "call") for record in caplog.get_records(when)]
    return "\n".join(map(caplog.handler.format, records))
