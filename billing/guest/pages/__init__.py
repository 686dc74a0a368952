"""What the pages for people without an account show."""
