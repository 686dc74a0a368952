"""The pages for people without an account: nobody logs in, and nothing is told but of the one card or payment."""
