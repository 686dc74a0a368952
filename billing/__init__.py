"""Prices, orders, the ledger, wallets, renewals: what cards cost and who paid. Comes after the lifecycle."""
