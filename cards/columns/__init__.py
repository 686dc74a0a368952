"""The columns of cards, each declared once: for the lists on pages and for exported files."""
