"""Doors to the carriers: the console's, and the one at which a carrier knocks."""
