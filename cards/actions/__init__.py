"""The only writers. Every change of a card, by a click, a file or a rule, goes through `cards.actions.write`."""
