"""Doors to cards: the console's and the customers' own, which do not know each other."""
