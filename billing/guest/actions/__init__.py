"""What is done for somebody without an account: a number looked up, an order bought, a receipt found."""
