"""The customers' own doors to their cards, below /my/."""
