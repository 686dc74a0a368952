"""The pages of everybody's own account: joining, logging in, changing it."""
