"""The console's lists and selections as files."""

from cards.pages.frames import CONSOLE
from cards.views.exports import Export

CONSOLE_EXPORTS = Export(CONSOLE)
