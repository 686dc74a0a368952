"""The console's lists and selections as files."""

from cards.pages.frames import CONSOLE
from cards.views.exports import ExportPages

CONSOLE_EXPORTS = ExportPages(CONSOLE)
