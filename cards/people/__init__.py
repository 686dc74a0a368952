"""People: their accounts, how they log in, the second step, and the pages of both."""
