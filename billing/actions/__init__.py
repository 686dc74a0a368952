"""The only writers of money: the books, orders, payments, renewals and notices."""
