"""What pages show of money: orders, lines, notices, statements. No request is answered here."""
