"""A customer's own cards as files."""

from cards.pages.frames import MY
from cards.views.exports import Export

MY_EXPORTS = Export(MY)
