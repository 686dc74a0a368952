"""Lists of cards as files: which columns there are, what the database makes of them, and the bytes as a stream."""
