"""SIM cards: what they are, what happens to them, and who may change it."""
