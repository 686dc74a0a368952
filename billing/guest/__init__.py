"""Renewal without an account: whoever has a card's label, or knows its number, sees what helps and pays for it."""
