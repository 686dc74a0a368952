"""A customer's own cards as files."""

from cards.pages.frames import MY
from cards.views.exports import ExportPages

MY_EXPORTS = ExportPages(MY)
