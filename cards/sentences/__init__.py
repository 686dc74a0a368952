"""The sentences about a card: why, what helps, its history, its diagnosis, its record."""
