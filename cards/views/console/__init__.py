"""The console's doors to cards: its pages are for staff."""
