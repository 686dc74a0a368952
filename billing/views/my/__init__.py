"""The customers' own doors to what they buy and to their wallets."""
