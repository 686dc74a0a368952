"""Files of cards and of usage: read, staged, compared with what is known, and applied."""
