"""Doors to money: the console's, the customers' own, and the one that payment providers knock at."""
