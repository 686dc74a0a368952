import pytest
from django.utils import translation


@pytest.fixture(autouse=True)
def _english(monkeypatch):
    """The shell's language is the commands'; a shell without one speaks English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    with translation.override("en"):
        yield
