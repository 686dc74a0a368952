"""Lists of cards as files: which cards, what the database makes of their columns, and the bytes as a stream."""
